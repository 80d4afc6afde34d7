"""A storm is retries of many records that get nothing done; a peak, a backlog and one bad batch are none."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from connectors.record import Record, Span
from tests.factories import (
    LOG_GROUP,
    QUEUE,
    STREAM,
    clock,
    instant,
    kinesis_record,
    page,
    sqs_message,
)
from tests.workbench.findings.consumers.stories import found
from tests.workbench.trace.invoked import consumed_by, invoked
from workbench.findings import Finding, find
from workbench.trace import TraceWriter, open_trace

Storm = Callable[..., list[Finding]]
BOOM = "ConnectionError: refused"


@pytest.fixture
def storm(tmp_path: Path) -> Storm:
    return lambda *groups, **more: found("retry_storm", tmp_path / "t.trace", *groups, **more)


def arrivals(count: int, *, at: float = 0, every: float = 3, first: int = 1) -> list[Record]:
    return [sqs_message(first + n, seconds=at + every * n) for n in range(count)]


def tried(
    messages: list[Record], *, after: float = 1, failing: bool = False, first: int = 1
) -> list[Record]:
    """Each message in a request of its own, so long after it was sent."""
    seconds = [(m.source_at - instant(0)).total_seconds() for m in messages if m.source_at]
    return [
        event
        for n, (message, sent) in enumerate(zip(messages, seconds, strict=True))
        for event in invoked(
            first + n,
            f"got {message.record_id}",
            at=sent + after,
            lasting=0.5,
            raised=BOOM if failing else None,
            log_stream=f"s{first + n}",
        )
    ]


def outage() -> list[Record]:
    """Twenty messages of the first minute, tried four times each, half a minute apart."""
    messages = arrivals(20)
    tries = [
        tried(messages, after=1 + 30 * k, failing=True, first=1_000 * (k + 1)) for k in range(4)
    ]
    return [*messages, *(event for each in tries for event in each)]


def test_many_records_retried_with_nothing_done_are_a_storm(storm: Storm) -> None:
    (finding,) = storm(outage(), tried(later := arrivals(30, at=300), first=9_000), later)

    (instance,) = finding.instances
    assert finding.source_arn == instance["key"] == QUEUE
    assert (instance["from"], instance["to"]) == (instant(60), instant(180))
    assert (instance["attempts"], instance["arrivals"]) == (50, 0)
    assert (instance["retried"], instance["succeeded"]) == (20, 0)
    assert instance["amplification"] == 50


def test_messages_that_go_on_arriving_are_counted_against_the_attempts(storm: Storm) -> None:
    more = arrivals(10, at=60, every=6, first=50)

    (finding,) = storm(outage(), more, tried(more, failing=True, first=9_000))

    (instance,) = finding.instances
    assert instance["arrivals"] == 10
    assert instance["amplification"] == pytest.approx(60 / 10)


def test_a_load_peak_is_no_storm(storm: Storm) -> None:
    calm, peak = arrivals(20), arrivals(100, at=60, every=0.5, first=100)

    assert storm(calm, peak, tried(calm), tried(peak, first=5_000)) == []


def test_a_backlog_that_is_worked_off_is_no_storm(storm: Storm) -> None:
    waiting = arrivals(40, every=0.5)

    assert storm(waiting, tried(waiting, after=300)) == []


def test_first_attempts_that_fail_are_no_storm_though_some_are_retries(storm: Storm) -> None:
    waiting = arrivals(50, every=0.5)
    retried = tried(waiting[:12], after=320, failing=True, first=500)

    assert storm(waiting, tried(waiting, after=300, failing=True), retried) == []


def test_one_message_tried_over_and_over_is_no_storm(storm: Storm) -> None:
    bad = arrivals(1)
    tries = [tried(bad, after=5 * k, failing=True, first=100 * (k + 1)) for k in range(30)]

    assert storm(bad, *tries) == []


def test_one_batch_of_a_shard_tried_over_and_over_is_no_storm(storm: Storm) -> None:
    batch = [kinesis_record(n) for n in range(20)]
    around = [kinesis_record(98, seconds=-100), kinesis_record(99, seconds=600)]
    line = " ".join(str(each.sequence_number) for each in batch)
    log = [event for n in range(1, 40) for event in invoked(n, line, at=5 * n, raised=BOOM)]

    assert storm(around, batch, log) == []


def test_retries_that_succeed_are_no_storm(storm: Storm) -> None:
    messages = arrivals(20)
    failed = tried(messages, failing=True)

    assert storm(messages, failed, tried(messages, after=61, first=5_000)) == []


def test_successes_after_which_the_messages_come_again_get_nothing_done(storm: Storm) -> None:
    messages = arrivals(20)
    tries = [tried(messages, after=1 + 30 * k, first=1_000 * (k + 1)) for k in range(4)]

    (finding,) = storm(messages, *tries, resources=[consumed_by(partial=True)])

    assert finding.instances[0]["succeeded"] < finding.instances[0]["attempts"] / 2


def test_thresholds_decide(storm: Storm) -> None:
    assert storm(outage(), least_retried=21) == []
    assert storm(least_amplification=51.0) == []
    assert len(storm(attempts_window_ms=30_000)) == 1


def stream_story(folder: Path, *spans: Span) -> list[Finding]:
    records = [kinesis_record(n, seconds=n) for n in range(1, 21)]
    events = [
        event
        for k in range(4)
        for n, record in enumerate(records)
        for event in invoked(
            100 * k + n + 1,
            str(record.sequence_number),
            at=n + 2 + 30 * k,
            lasting=0.5,
            raised=BOOM,
            log_stream=f"s{k}-{n}",
        )
    ]
    writer = TraceWriter(folder, "capture", ["test"], clock)
    writer.append_pages(
        [(STREAM, page(*records, spans=spans)), *((LOG_GROUP, page(e)) for e in events)]
    )
    writer.close()
    with open_trace(folder) as trace:
        return list(find(trace, only=["retry_storm"]))


def test_where_a_stream_was_not_read_its_arrivals_are_not_known(tmp_path: Path) -> None:
    whole = Span(instant(0), instant(600))

    assert len(stream_story(tmp_path / "a", whole)) == 1
    assert stream_story(tmp_path / "b", Span(instant(0), instant(30))) == []
    assert stream_story(tmp_path / "c", whole, Span(instant(40), instant(200), "unreadable")) == []


@settings(max_examples=4, deadline=None, phases=[Phase.generate])
@given(st.randoms(use_true_random=False), st.integers(1, 2))
def test_a_storm_does_not_follow_from_the_order_of_writing_or_from_repeated_capture(
    shuffled: Random, captured: int
) -> None:
    messages = arrivals(20)
    groups = [[event] for event in [*messages * captured, *outage()[20:]]]
    shuffled.shuffle(groups)

    with TemporaryDirectory() as aside:
        (finding,) = found("retry_storm", Path(aside, "t.trace"), *groups)

    (instance,) = finding.instances
    assert (instance["attempts"], instance["retried"]) == (50, 20)
