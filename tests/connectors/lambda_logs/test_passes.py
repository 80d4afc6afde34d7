"""Passes over a log group, as arithmetic: what is read, what is counted, what is proved."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.answers import instant_of_ms
from connectors.lambda_logs.passes import (
    begin_pass,
    counted_on,
    end_pass,
    page_refused,
    seen_partly,
    token_forgotten,
    within,
)
from connectors.lambda_logs.position import MINUTE_MS, LogPosition, Stretch

NOW = 600 * MINUTE_MS


def event(at_ms: int, late_ms: int = 0) -> dict[str, Any]:
    return {"timestamp": at_ms, "ingestionTime": at_ms + late_ms}


def position(**more: Any) -> LogPosition:
    members = {"since_ms": 0, "newest_ms": NOW, "read_to_ms": NOW}
    return LogPosition(**(members | more))


def windows(begun: LogPosition) -> list[tuple[float, float]]:
    return [(a / MINUTE_MS, b / MINUTE_MS) for a, b in within(begun).windows]


def test_a_poll_begins_five_minutes_before_the_newest_event() -> None:
    begun = begin_pass(position(newest_ms=NOW - MINUTE_MS), NOW, NOW, recount=False)

    assert windows(begun) == [(594, 600)]


def test_what_is_not_read_yet_is_always_in_the_pass() -> None:
    begun = begin_pass(position(read_to_ms=NOW - 90 * MINUTE_MS), NOW, NOW, recount=False)

    assert windows(begun) == [(510, 600)]


def test_only_stretches_that_are_due_are_read_again_and_nothing_between() -> None:
    unsealed = {
        100: Stretch(500 * MINUTE_MS, 7, 565 * MINUTE_MS),
        110: Stretch(550 * MINUTE_MS, 7, 615 * MINUTE_MS),
    }
    begun = begin_pass(position(unsealed=unsealed), NOW, NOW, recount=False)

    assert windows(begun) == [(500, 505 - 1 / MINUTE_MS), (595, 600)]
    assert 100 in within(begun).counted
    assert 110 not in within(begun).counted


def test_a_reader_that_knows_nothing_counts_every_stretch_that_is_not_sealed() -> None:
    unsealed = {110: Stretch(550 * MINUTE_MS, 7, 615 * MINUTE_MS)}
    begun = begin_pass(position(unsealed=unsealed), NOW, NOW, recount=True)

    assert 110 in within(begun).counted


def test_a_stretch_that_lies_whole_in_the_pass_is_counted_anew_others_by_what_is_fresh() -> None:
    unsealed = {119: Stretch(595 * MINUTE_MS, 7, NOW), 118: Stretch(590 * MINUTE_MS, 3, 2 * NOW)}
    begun = begin_pass(position(unsealed=unsealed), NOW, NOW, recount=False)
    old, again, fresh = event(592 * MINUTE_MS), event(597 * MINUTE_MS), event(598 * MINUTE_MS)
    counted = counted_on(begun, [old, again, fresh], [old, fresh])

    assert within(counted).counted[119] == 2
    assert counted.unsealed[118].events == 4


def test_a_pass_that_goes_on_in_a_new_reader_does_not_pretend_to_know_what_it_held() -> None:
    unsealed = {118: Stretch(590 * MINUTE_MS, 3, 2 * NOW)}
    begun = begin_pass(position(unsealed=unsealed), NOW, NOW, recount=False)

    assert seen_partly(begun).unsealed[118].events is None


@pytest.mark.parametrize(
    ("lateness", "lookback_min"),
    [
        ([0] * 1000, 5),
        ([0] * 999 + [19], 5),
        ([0] * 998 + [19, 19], 20),
        ([0] * 900 + [50] * 100, 60),
        ([500] * 10, 60),
        ([], 5),
    ],
)
def test_the_lookback_holds_what_99_9_percent_of_events_needed_within_its_bounds(
    lateness: list[int], lookback_min: int
) -> None:
    events = [event(NOW - n, late * MINUTE_MS) for n, late in enumerate(lateness)]
    begun = begin_pass(position(), NOW, NOW, recount=False)
    ended, _ = end_pass(counted_on(begun, events, events))

    assert ended.lookback_ms == lookback_min * MINUTE_MS


def test_a_refused_page_is_halved_then_its_window_then_given_up_as_one_millisecond() -> None:
    refused = begin_pass(position(newest_ms=NOW), NOW, NOW, recount=False)
    limits = []
    for _ in range(3):
        refused, spans = page_refused(refused, 8)
        limits.append(within(refused).limit)
        assert spans == ()
    assert limits == [4, 2, 1]
    asked = 0
    while not spans:
        refused, spans = page_refused(refused, 8)
        asked += 1
    at = 595 * MINUTE_MS
    assert asked < 30
    assert (spans[0].from_at, spans[0].to_at) == (instant_of_ms(at), instant_of_ms(at + 1))
    assert within(refused).windows[0][0] == at + 1
    assert within(refused).windows[-1][1] == NOW


def test_halving_ends_and_time_is_cut_where_aws_takes_no_token_with_another_limit() -> None:
    begun = begin_pass(position(), NOW, NOW, recount=False)
    halved, _ = page_refused(begun, 8)
    forgotten = within(token_forgotten(halved))

    assert (forgotten.split, forgotten.limit, forgotten.forgotten) == (True, None, 0)


@given(
    st.integers(0, 200 * MINUTE_MS),
    st.lists(st.tuples(st.integers(0, 30 * MINUTE_MS), st.booleans()), max_size=40),
)
def test_read_and_sealed_spans_cover_all_time_up_to_the_last_pass(
    since_ms: int, pauses: list[tuple[int, bool]]
) -> None:
    now_ms = since_ms + 120 * MINUTE_MS
    at = LogPosition(since_ms, since_ms, since_ms)
    spans = []
    for pause_ms, recount in pauses:
        now_ms += pause_ms
        at, proved = end_pass(begin_pass(at, now_ms, now_ms, recount=recount))
        spans += proved
    reached = instant_of_ms(since_ms)
    for span in sorted(spans, key=lambda span: span.from_at):
        assert span.from_at <= reached, "no moment is left out"
        assert span.from_at < span.to_at
        reached = max(reached, span.to_at)
    assert reached == instant_of_ms(at.read_to_ms)
    assert all(
        span.to_at <= instant_of_ms(max(0, now_ms - 60 * MINUTE_MS))
        for span in spans
        if span.sealed
    )
    assert len(at.unsealed) <= 14 + 7, "no more than an hour waits, and one longest pause"
