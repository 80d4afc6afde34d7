"""Log groups: nothing lost to lateness, new streams, odd pages or a restart; by script and against a local AWS."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import (
    Checkpoint,
    ConnectorError,
    CorruptAnswerError,
    Mode,
    OperationRefusedError,
    SourceNotFoundError,
    ThrottledError,
    local_client,
    open_connector,
)
from connectors.access.guard import Guard
from connectors.answers import instant_of_ms, ms_of
from connectors.lambda_logs.group import LogGroup
from connectors.record import Page
from tests.connectors.lambda_logs.log_reading import WHOLE, Reading, group
from tests.connectors.local import access_to, bodies, epoch_ms, now, unique, until_tip
from tests.scripted_aws.clock import START, VirtualClock
from tests.scripted_aws.faults import Fault, FaultScript, aws_error, no_faults, one_by_one
from tests.scripted_aws.logs import ScriptedLogs, minutes
from workbench.local_aws import LocalAws


def scripted(**more: Any) -> ScriptedLogs:
    return ScriptedLogs(VirtualClock(), **more)


def ids(pages: list[Page]) -> list[str]:
    return [record.record_id for page in pages for record in page.records]


def damaged(*answers: Any) -> FaultScript:
    """These in place of the first pages; then all goes well."""
    faults = [
        Fault(error=answer)
        if isinstance(answer, Exception)
        else Fault(damaged=lambda _, a=answer: a)
        for answer in answers
    ]
    return one_by_one(faults, only="FilterLogEvents")


@dataclass
class CuttingLogs:
    """A local server: no tokens, a long answer is cut at its limit; no ids either."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    events: list[dict[str, Any]] = field(default_factory=list)

    def put(self, *ms_before_start: int) -> None:
        for ms in ms_before_start:
            event = {"timestamp": ms_of(START) - ms, "message": f"{len(self.events)}"}
            self.events.append(event | {"logStreamName": "s"})

    def filter_log_events(self, **asked: Any) -> dict[str, Any]:
        found = [e for e in self.events if asked["startTime"] <= e["timestamp"] <= asked["endTime"]]
        return {"events": sorted(found, key=lambda e: int(e["timestamp"]))[: asked["limit"]]}

    def describe_log_groups(self, **asked: Any) -> dict[str, Any]:
        return {"logGroups": []}


# Passes


def test_a_pass_takes_every_page_and_ends_at_the_tip() -> None:
    logs = scripted()
    lines = [logs.put("x", ago_ms=ago) for ago in (5000, 4000, 3000, 2000, 1000)]
    reading = Reading(logs, {"limit": 2})
    pages = reading.to_tip()

    assert set(reading.bodies) == {line.event_id for line in lines}
    assert [page.millis_behind_latest for page in pages] == [None, None, 0]
    assert pages[0].records[0].partition_id == "s"


def test_only_the_end_of_a_pass_proves_a_span_and_spans_touch() -> None:
    logs = scripted()
    for ago in (9000, 5000, 1000):
        logs.put("x", ago_ms=ago)
    reading = Reading(logs, {"limit": 2})
    first = reading.page()
    assert first is not None
    assert first.spans == ()
    for _ in range(4):
        reading.to_tip()
    assert reading.spans[0].from_at == START - timedelta(hours=1)
    assert reading.spans[0].to_at == START
    assert all(before.to_at == after.from_at for before, after in pairwise(reading.spans))


def test_the_end_of_a_window_is_no_place_to_go_on_from_events_of_that_millisecond_come_later() -> (
    None
):
    logs = scripted()
    reading = Reading(logs)
    logs.put("before")
    reading.page()
    after = logs.put("in the same millisecond")
    logs.clock.forward(seconds=1)
    reading.to_tip()

    assert after.event_id in reading.bodies


def test_an_empty_pass_never_moves_the_watermark() -> None:
    logs = scripted()
    reading = Reading(logs)
    reading.to_tip()
    logs.clock.forward(minutes=10)
    late = logs.put("late", ago_ms=minutes(9))
    reading.to_tip()

    assert late.event_id in reading.bodies


def test_a_slower_parallel_invocation_is_neither_lost_nor_repeated() -> None:
    logs = scripted()
    reading = Reading(logs)
    for _ in range(4):
        logs.put("fast", "fast")
        logs.put("slow", "slow", ago_ms=40_000, late_ms=90_000)
        reading.follow(minutes=1)
    reading.follow(minutes=2)

    assert len(reading.bodies) == 8
    assert reading.twice == []


def test_the_cursor_is_the_time_of_events_never_that_of_ingestion() -> None:
    logs = scripted()
    reading = Reading(logs, {"limit": 2})
    lines = [logs.put(f"{n}", ago_ms=60_000 - n, late_ms=60_000) for n in range(7)]
    reading.to_tip(), reading.to_tip()

    assert set(reading.bodies) == {line.event_id for line in lines}


def test_a_stream_that_appears_later_is_read_without_being_asked_for() -> None:
    logs = scripted()
    reading = Reading(logs)
    reading.to_tip()
    for n in range(60):
        logs.put("hello", f"stream {n}")
    reading.to_tip()

    assert len(reading.bodies) == 60


def test_equal_events_are_two_events() -> None:
    logs = scripted()
    logs.put("same"), logs.put("same")
    reading = Reading(logs)
    reading.to_tip()

    assert list(reading.bodies.values()) == [b"same", b"same"]


def test_nothing_before_what_was_asked_for_is_read() -> None:
    logs = scripted()
    logs.put("before", ago_ms=61_000)
    wanted = logs.put("in", ago_ms=1000)
    reading = Reading(logs, {"since": START - timedelta(minutes=1)})
    reading.to_tip(), reading.to_tip()

    assert set(reading.bodies) == {wanted.event_id}


def test_reading_ends_once_everything_up_to_until_was_read() -> None:
    logs = scripted()
    wanted = logs.put("in", ago_ms=5000)
    logs.put("after", ago_ms=1000)

    assert ids(list(group(logs, until=START - timedelta(seconds=3)).read(WHOLE, None))) == [
        wanted.event_id
    ]


# Lateness and sealing


def test_what_is_older_than_an_hour_is_sealed_at_its_first_reading_the_rest_is_read() -> None:
    reading = Reading(scripted(), {"since": START - timedelta(hours=3)})
    reading.to_tip()

    hour = timedelta(hours=1)
    assert [(s.from_at, s.to_at, s.sealed) for s in reading.spans] == [
        (START - 3 * hour, START - hour, True),
        (START - hour, START, False),
    ]


def test_an_hour_after_its_end_a_stretch_is_sealed() -> None:
    logs = scripted()
    logs.put("x")
    reading = Reading(logs)
    reading.follow(minutes=64)
    assert max((span.to_at for span in reading.of(sealed=True)), default=START) <= START
    reading.follow(minutes=3)

    assert max(span.to_at for span in reading.of(sealed=True)) == START + timedelta(minutes=5)
    assert reading.of(cause="late") == []


def test_what_came_after_the_lookback_is_found_a_quarter_of_an_hour_later_and_said_to_be_late() -> (
    None
):
    logs = scripted()
    for _ in range(2_000):
        logs.put("in time")
    late = logs.put("late", late_ms=minutes(12))
    reading = Reading(logs)
    logs.clock.forward(seconds=1)
    reading.follow(minutes=7)
    for _ in range(20):
        logs.put("newer")  # so that the lookback has left the late one's time behind
    reading.follow(minutes=12)
    assert late.event_id not in reading.bodies
    reading.follow(minutes=3)

    assert late.event_id in reading.bodies
    five = timedelta(minutes=5)
    assert [(s.from_at, s.to_at) for s in reading.of(cause="late")] == [(START, START + five)]
    reading.follow(minutes=45)
    assert any(s.from_at <= START and s.to_at >= START + five for s in reading.of(sealed=True))


def test_a_stretch_that_gained_an_event_after_an_hour_is_not_sealed_before_a_pass_finds_none() -> (
    None
):
    logs = scripted()
    logs.put("in time"), logs.put("late", late_ms=minutes(50))
    logs.clock.forward(seconds=1)
    reading = Reading(logs)
    while logs.clock.now() < START + timedelta(minutes=70):
        logs.put("newer")
        reading.follow(minutes=1)
    in_stretch = [span for span in reading.of(sealed=True) if span.from_at <= START < span.to_at]
    assert in_stretch == []
    assert [(s.from_at, s.to_at) for s in reading.of(cause="late")] == [
        (START, START + timedelta(minutes=5))
    ]
    reading.follow(minutes=15)

    assert any(s.from_at <= START < s.to_at for s in reading.of(sealed=True))


def test_the_lookback_grows_with_the_lateness_that_is_seen() -> None:
    logs = scripted()
    for n in range(100):
        logs.put("x", ago_ms=minutes(15) + n, late_ms=minutes(15))
    reading = Reading(logs)
    reading.to_tip()

    assert reading.checkpoint is not None
    assert '"lookback_ms":1200000' in reading.checkpoint.position


def test_a_late_event_in_time_for_the_lookback_is_no_hole() -> None:
    logs = scripted()
    logs.put("x", late_ms=minutes(4))
    logs.clock.forward(seconds=1)
    reading = Reading(logs)
    reading.follow(minutes=70)

    assert len(reading.bodies) == 1
    assert reading.of(cause="late") == []


# Restarts


def test_a_capture_cut_short_goes_on_with_the_next_page() -> None:
    logs = scripted()
    for ago in (9000, 7000, 5000, 3000, 1000):
        logs.put("x", ago_ms=ago)
    reading = Reading(logs, {"limit": 2})
    reading.page()
    reading.crash()
    logs.clock.forward(minutes=1)
    rest = reading.to_tip()

    assert len(reading.bodies) == 5
    assert reading.twice == []
    assert rest[-1].spans[0].to_at == START


def test_what_was_not_sealed_is_read_again_after_a_restart_under_its_old_ids() -> None:
    logs = scripted()
    early = logs.put("early", ago_ms=minutes(50))
    logs.put("newest")
    late = logs.put("late", ago_ms=minutes(45), late_ms=minutes(46))
    reading = Reading(logs)
    reading.to_tip()
    reading.crash()
    logs.clock.forward(minutes=2)
    reading.to_tip()

    assert late.event_id in reading.bodies
    assert early.event_id in reading.twice


def test_a_page_that_aws_no_longer_knows_begins_its_window_anew() -> None:
    logs = scripted()
    for ago in (9000, 5000, 1000):
        logs.put("x", ago_ms=ago)
    reading = Reading(logs, {"limit": 2})
    reading.page()
    reading.crash()
    logs.clock.forward(hours=25)
    reading.to_tip()

    assert len(reading.bodies) == 3


def test_a_reader_that_was_throttled_goes_on_and_reads_nothing_again() -> None:
    logs = scripted()
    logs.put("x", ago_ms=minutes(30))
    reading = Reading(logs)
    reading.to_tip()
    logs.put("y")
    logs.faults = damaged(aws_error("ThrottlingException"), aws_error("ThrottlingException"))
    reading.to_tip(), reading.to_tip()

    assert len(reading.bodies) == 2
    assert reading.twice == []


def test_a_page_that_did_not_become_durable_comes_again_from_the_same_reader() -> None:
    logs = scripted()
    for ago in (9000, 7000, 5000, 3000, 1000):
        logs.put("x", ago_ms=ago)
    connector = group(logs, limit=2)
    reader = connector.read(WHOLE, None)
    durable, lost = next(reader), next(reader)
    again = next(connector.read(WHOLE, durable.checkpoint))

    assert ids([again]) == ids([lost])


def test_throttling_is_for_the_caller_to_wait_out() -> None:
    logs = scripted()
    logs.other_reader(calls=4)
    with pytest.raises(ThrottledError, match="Rate exceeded"):
        next(group(logs).read(WHOLE, None))


def test_a_position_of_an_older_workbench_is_read_on() -> None:
    logs = scripted()
    line = logs.put("x", ago_ms=1000)
    hour_ago = ms_of(START) - minutes(60)
    old = f'{{"since_ms":{hour_ago},"from_ms":{hour_ago},"newest_ms":{ms_of(START)},"read_to_ms":{hour_ago}}}'

    assert ids([next(group(logs).read(WHOLE, Checkpoint("", old)))]) == [line.event_id]


def test_a_position_of_somebody_else_is_refused() -> None:
    with pytest.raises(ConnectorError, match="a position in a log group"):
        next(group(scripted()).read(WHOLE, Checkpoint("", '{"after":"1"}')))


# Odd pages


def test_an_empty_page_with_a_token_is_no_end_even_where_the_token_repeats() -> None:
    logs = scripted(empties=2, repeats=3, calls_per_second=100)
    for ago in (3000, 2000, 1000):
        logs.put("x", ago_ms=ago)
    reading = Reading(logs, {"limit": 2})
    reading.to_tip()

    assert len(reading.bodies) == 3


def test_a_server_that_answers_the_same_token_for_ever_ends_the_pass() -> None:
    logs = scripted()
    logs.filter_log_events = lambda **_: {"events": [], "nextToken": "t"}  # type: ignore[method-assign]

    assert len(Reading(logs).to_tip()) == 6


def test_a_server_that_never_knows_its_own_tokens_is_no_endless_search() -> None:
    logs = scripted(calls_per_second=100)
    logs.put("a"), logs.put("b"), logs.put("c")
    reader = group(logs, limit=1).read(WHOLE, None)
    for _ in range(7):
        next(reader)
        logs.state.tokens.clear()
    with pytest.raises(CorruptAnswerError, match="forgets"):
        next(reader)


def test_a_full_page_without_a_token_is_continued_by_time() -> None:
    logs = CuttingLogs()
    logs.put(5000, 4000, 4000, 3000, 2000, 1000)
    pages = until_tip(group(logs, limit=3), WHOLE)

    assert sorted(bodies(pages)) == [b"0", b"1", b"2", b"3", b"4", b"5"]


def test_a_full_page_of_one_millisecond_without_a_token_is_never_taken_for_the_end() -> None:
    logs = CuttingLogs()
    logs.put(*[4000] * 5)
    with pytest.raises(ConnectorError, match="one millisecond"):
        until_tip(group(logs, limit=3), WHOLE)


ODD_ANSWERS: list[Any] = [
    {},
    {"nextToken": "t"},
    {"events": None},
    {"events": [{"eventId": "e"}]},
    {"events": ["x"]},
    None,
    [1, 2],
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    RecursionError("nested"),
    ValueError("timestamp"),
]


@pytest.mark.parametrize("answer", ODD_ANSWERS)
def test_a_damaged_answer_is_never_the_end_of_a_pass(answer: Any) -> None:
    logs = scripted(faults=damaged(answer, answer))
    for ago in (3000, 2000, 1000):
        logs.put("x", ago_ms=ago)
    reading = Reading(logs)
    pages = reading.to_tip()

    assert len(reading.bodies) == 3
    assert [page.spans for page in pages[:2]] == [(), ()]
    assert [span.cause for span in reading.spans] == [None]


def test_an_event_that_no_answer_survives_is_a_hole_of_its_millisecond_and_reading_goes_on() -> (
    None
):
    logs = scripted(calls_per_second=100)
    for n in range(200):
        logs.put(f"{n}", ago_ms=3_000_000 - n * 10_000)
    bad = logs.state.lines[77]
    logs.state.poison = {bad.event_id}
    reading = Reading(logs, {"limit": 50})
    reading.to_tip()

    assert set(reading.bodies) == {line.event_id for line in logs.state.lines} - {bad.event_id}
    [hole] = reading.of(cause="corrupt_page")
    assert (hole.from_at, hole.to_at) == (instant_of_ms(bad.at_ms), instant_of_ms(bad.at_ms + 1))
    covered = [span for span in reading.spans if span.cause is None]
    assert not any(s.from_at < hole.to_at and hole.from_at < s.to_at for s in covered)


def test_events_of_a_millisecond_before_the_one_that_cannot_be_read_are_kept() -> None:
    logs = scripted(calls_per_second=100)
    lines = [logs.put(f"{n}", ago_ms=1000) for n in range(3)]
    logs.state.poison = {lines[2].event_id}
    reading = Reading(logs)
    reading.to_tip()

    assert set(reading.bodies) == {lines[0].event_id, lines[1].event_id}


def test_a_millisecond_that_could_not_be_read_is_not_asked_for_by_every_pass() -> None:
    logs = scripted(calls_per_second=100)
    logs.state.poison = {logs.put("bad", ago_ms=1000).event_id}
    logs.put("good")
    reading = Reading(logs)
    reading.to_tip()
    calls = len(logs.state.calls_ms)
    reading.to_tip()

    assert len(logs.state.calls_ms) - calls == 2  # one on either side of it
    assert len(reading.of(cause="corrupt_page")) == 1


def test_a_service_that_gives_nothing_readable_is_no_endless_search() -> None:
    logs = scripted(
        faults=lambda operation, _: (
            Fault(damaged=lambda _: {}) if operation == "FilterLogEvents" else None
        ),
        calls_per_second=1000,
    )
    reader, last = group(logs).read(WHOLE, None), Checkpoint("", "")
    for _ in range(64):
        last = next(reader).checkpoint
    with pytest.raises(CorruptAnswerError):
        next(reader)
    with pytest.raises(CorruptAnswerError):  # also a next reader, so that its caller's tries count
        next(group(logs).read(WHOLE, last))


def test_memory_does_not_grow_with_the_window() -> None:
    logs = scripted(calls_per_second=1000)
    for n in range(3_000):
        logs.put("x", ago_ms=(3_000 - n) * 60_000)
    connector = group(logs, since=START - timedelta(days=3), limit=100)
    for page in connector.read(WHOLE, None):
        assert len(connector._lately.seen) <= 200
        assert len(page.checkpoint.position) < 2_000
        if page.millis_behind_latest == 0:
            break


# What is missing


def test_lines_that_lambda_dropped_are_a_hole_between_the_lines_beside_them() -> None:
    logs = scripted()
    before = logs.put("before", "s", ago_ms=5000)
    logs.put("other stream", "t", ago_ms=4000)
    dropped = '{"time":"t","type":"platform.logsDropped","record":{"droppedRecords":123,"droppedBytes":9}}'
    at = logs.put(dropped, "s", ago_ms=3000)
    reading = Reading(logs)
    reading.to_tip()

    [hole] = reading.of(cause="logs_dropped")
    assert (hole.from_at, hole.to_at) == (instant_of_ms(before.at_ms), instant_of_ms(at.at_ms + 1))
    assert dropped.encode() in reading.bodies.values()


def test_a_group_deleted_while_it_is_read_is_a_hole_and_an_end() -> None:
    logs = scripted()
    logs.put("x")
    reading = Reading(logs)
    reading.to_tip()
    logs.clock.forward(minutes=3)
    logs.state.deleted = True
    page = reading.page()

    assert page is not None
    assert [(s.cause, s.from_at, s.to_at) for s in page.spans] == [
        ("gone", START, logs.clock.now())
    ]
    with pytest.raises(StopIteration):
        reading.page()


def test_a_group_made_anew_under_the_same_name_is_read_on_after_a_hole() -> None:
    logs = scripted()
    reading = Reading(logs)
    reading.to_tip()
    reading.crash()
    logs.clock.forward(minutes=30)
    logs.state.created_ms = ms_of(logs.clock.now())
    logs.clock.forward(minutes=1)
    line = logs.put("new")
    reading.to_tip()

    assert line.event_id in reading.bodies
    [hole] = reading.of(cause="gone")
    assert (hole.from_at, hole.to_at) == (START, START + timedelta(minutes=30, seconds=1))


def test_what_retention_took_is_a_hole_not_read() -> None:
    logs = scripted(retention_days=1)
    reading = Reading(logs, {"since": START - timedelta(days=3)})
    reading.to_tip()

    day, hour = timedelta(days=1), timedelta(hours=1)
    assert [(s.cause, s.sealed, s.from_at, s.to_at) for s in reading.spans] == [
        ("trimmed", False, START - 3 * day, START - day),
        (None, True, START - day, START - hour),
        (None, False, START - hour, START),
    ]


def test_a_group_that_never_was_is_an_error() -> None:
    logs = scripted()
    logs.state.deleted = True
    with pytest.raises(SourceNotFoundError):
        next(group(logs).read(WHOLE, None))


def test_masked_data_is_never_asked_for_in_clear() -> None:
    asked: list[dict[str, Any]] = []

    def noting(operation: str, parameters: Any) -> None:
        asked.append(dict(parameters))

    logs = scripted(faults=noting)
    logs.put("x")
    Reading(logs).to_tip()

    assert asked
    assert not any("unmask" in parameters for parameters in asked)


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("FilterLogEvents", {"unmask": True}),
        ("GetLogEvents", {}),  # it gives no ids
        ("StartLiveTail", {}),  # it samples
        ("StartQuery", {}),  # it is billed by what it scans
        ("PutSubscriptionFilter", {}),
        ("CreateExportTask", {}),
    ],
)
def test_no_way_of_reading_that_samples_changes_or_unmasks_is_open(
    operation: str, parameters: dict[str, Any]
) -> None:
    with pytest.raises(OperationRefusedError):
        Guard("logs", Mode.OBSERVE).check(operation, parameters)


# Laws

STEP = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 30), st.integers(0, minutes(58))),
    st.tuples(st.just("put"), st.integers(0, 2), st.integers(0, 60_000)),
    st.tuples(st.just("wait"), st.integers(1, minutes(20)), st.just(0)),
    st.tuples(st.just("page"), st.just(0), st.just(0)),
    st.tuples(st.just("tip"), st.just(0), st.just(0)),
    st.tuples(st.just("crash"), st.just(0), st.just(0)),
    st.tuples(st.just("lost page"), st.just(0), st.just(0)),
    st.tuples(st.just("throttle"), st.integers(1, 3), st.just(0)),
    st.tuples(st.just("damage"), st.integers(1, 3), st.just(0)),
)


def played(reading: Reading, steps: list[tuple[str, int, int]]) -> None:
    logs = reading.logs
    for what, number, late_ms in steps:
        match what:
            case "put":
                logs.put(f"{len(logs.state.lines)}", f"s{number}", late_ms=late_ms)
                logs.clock.forward(milliseconds=7)
            case "wait":
                logs.clock.forward(milliseconds=number)
            case "page":
                reading.page()
            case "tip":
                reading.to_tip()
            case "crash":
                reading.crash()
            case "lost page":
                reading.lost_page()
            case "throttle":
                logs.faults = damaged(*[aws_error("ThrottlingException")] * number)
            case "damage":
                logs.faults = damaged(*[{}] * number)
        logs.clock.forward(seconds=1)


@settings(max_examples=150)
@given(
    st.lists(STEP, max_size=60),
    st.sampled_from([2, 3, 10_000]),
    st.sampled_from([(0, 0), (1, 2), (2, 0)]),
)
def test_what_is_stored_is_what_was_ingested_nothing_twice_and_sealed_is_sealed(
    steps: list[tuple[str, int, int]], limit: int, odd: tuple[int, int]
) -> None:
    logs = scripted(empties=odd[0], repeats=odd[1])
    reading = Reading(logs, {"limit": limit, "since": START})
    reading.to_tip()
    played(reading, steps)
    logs.faults = no_faults
    for _ in range(9):
        logs.clock.forward(minutes=16)
        reading.to_tip()

    assert {i: b.decode() for i, b in reading.bodies.items()} == {
        line.event_id: line.message for line in logs.state.lines
    }
    assert reading.restarts or not reading.twice or is_read_again(reading)
    assert_sealed_spans_hold(reading, logs.clock.now())


def is_read_again(reading: Reading) -> bool:
    """What comes twice without a restart was outside every poll, read again to be sealed."""
    newest = max(at for at, _ in reading.stored_at.values())
    return all(
        reading.stored_at[event][0] <= newest - timedelta(minutes=5) for event in reading.twice
    )


def assert_sealed_spans_hold(reading: Reading, end: datetime) -> None:
    for span, sealed_at in reading.sealed:
        gained = [
            event
            for event, (at, stored) in reading.stored_at.items()
            if span.from_at <= at < span.to_at and stored > sealed_at
        ]
        assert gained == []
    sealed = sorted((s.from_at, s.to_at) for s, _ in reading.sealed)
    reached = START
    for from_at, to_at in sealed:
        if from_at <= reached:
            reached = max(reached, to_at)
    assert reached >= end - timedelta(minutes=100), "and in the end all but the newest is sealed"


# Against a local AWS


def test_every_event_of_a_local_group_comes_once_and_reading_resumes(
    local_aws: LocalAws, logs: Any
) -> None:
    function = unique("pay")
    name = f"/aws/lambda/{function}"
    start_ms = epoch_ms() - 60_000
    sent = put_lines(logs, name, start_ms, 25)
    connector = open_connector(f"lambda:{function}", access_to(local_aws), now=now)
    pages = until_tip(connector, WHOLE)
    assert bodies(pages) == sent
    assert connector.source_arn.endswith(f":log-group:{name}")
    assert {r.partition_id for page in pages for r in page.records} == {"a", "b"}
    assert pages[0].records[0].source_at is not None
    later = put_lines(logs, name, start_ms + 30_000, 2)
    resumed = open_connector(f"lambda:{function}", access_to(local_aws), now=now)
    again = until_tip(resumed, WHOLE, pages[-1].checkpoint)
    assert set(later) < set(bodies(again))  # and what is not sealed, under its old ids
    assert set(ids(pages)) < set(ids(again))
    assert next(resource.kind for resource in connector.resources()) == "describe-log-groups"


def test_a_local_page_cut_at_its_limit_loses_nothing(local_aws: LocalAws, logs: Any) -> None:
    name = unique("/aws/x")
    sent = put_lines(logs, name, epoch_ms() - 60_000, 25)
    connector: Any = open_connector(f"logs:{name}", access_to(local_aws), now=now)
    cut = LogGroup(
        source_arn=connector.source_arn,
        client=connector.client,
        lambda_client=connector.lambda_client,
        now=now,
        limit=4,
    )
    assert bodies(until_tip(cut, WHOLE)) == sent


def test_a_group_that_is_not_there_is_said_so(local_aws: LocalAws) -> None:
    connector = open_connector("logs:/nowhere", access_to(local_aws), now=now)
    with pytest.raises(SourceNotFoundError, match="/nowhere"):
        next(connector.read(WHOLE, None))


def put_lines(logs: Any, name: str, start_ms: int, count: int) -> list[bytes]:
    """Lines 100 ms apart in two streams, made where they are not there; as they were sent."""
    if not logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
        logs.create_log_group(logGroupName=name)
        for stream in ("a", "b"):
            logs.create_log_stream(logGroupName=name, logStreamName=stream)
    for which, stream in enumerate(("a", "b")):
        events = [
            {"timestamp": start_ms + 100 * n, "message": f"{start_ms} ü {n}"}
            for n in range(which, count, 2)
        ]
        logs.put_log_events(logGroupName=name, logStreamName=stream, logEvents=events)
    return [f"{start_ms} ü {n}".encode() for n in range(count)]


@pytest.fixture
def logs(local_aws: LocalAws) -> Any:
    return local_client("logs", local_aws.endpoint_url)
