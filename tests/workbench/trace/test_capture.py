"""The capture loop: durable before resumed, parents before children, one failing source fails alone."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.errors import ConnectorError, CorruptAnswerError
from connectors.record import Connector
from tests.workbench.trace.scripted import T0, ScriptedConnector
from workbench.errors import FencedError, TraceError
from workbench.trace import TraceWriter, open_trace
from workbench.trace.capture import Captured, capture
from workbench.trace.source_reader import Clock, Limits

ARN = "arn:aws:kinesis:us-east-1:111111111111:stream/orders"


def run(trace: Path, *connectors: Connector, **limits: object) -> Captured:
    return capture(
        trace,
        connectors,
        limits=Limits(**limits),
        clock=Clock(lambda: datetime.now(UTC)),
        calls_per_second=lambda service: 10_000,
        stop=threading.Event(),
    )


def sequence_numbers(trace: Path, arn: str = ARN) -> list[int]:
    with open_trace(trace) as opened:
        rows = opened.sql(
            "select sequence_number from records where source_arn = $arn order by delivery_id",
            arn=arn,
        )
    return [int(number) for number in rows["sequence_number"]]


def test_every_record_of_every_shard_is_stored_once_and_in_order(tmp_path: Path) -> None:
    captured = run(tmp_path / "t.trace", ScriptedConnector(ARN, {"s0": 95, "s1": 7, "s2": 0}))

    assert captured.complete
    with open_trace(tmp_path / "t.trace") as trace:
        counts = trace.sql(
            "select partition_id, count(*), count(distinct record_id) from records group by 1 order by 1"
        )
        assert counts.rows() == [("s0", 95, 95), ("s1", 7, 7)]
        ordered = trace.sql(
            "select sequence_number::int as n from records where partition_id = 's0' order by delivery_id"
        )
        assert ordered["n"].to_list() == list(range(1, 96))


def test_a_second_capture_resumes_behind_what_is_stored(tmp_path: Path) -> None:
    run(tmp_path / "t.trace", ScriptedConnector(ARN, {"s0": 30}))

    run(tmp_path / "t.trace", ScriptedConnector(ARN, {"s0": 45}))

    assert sequence_numbers(tmp_path / "t.trace") == list(range(1, 46))


def test_a_connector_goes_on_only_when_its_page_is_durable(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def look(shard: str, number: int) -> None:
        if number:
            seen.append((number, len(sequence_numbers(tmp_path / "t.trace"))))

    run(tmp_path / "t.trace", ScriptedConnector(ARN, {"s0": 40}, before_page=look))

    assert seen
    assert all(stored >= number for number, stored in seen)


def test_a_child_shard_is_started_after_its_parents_were_read_to_the_end(tmp_path: Path) -> None:
    parents = {"child": ("left", "right")}
    connector = ScriptedConnector(ARN, {"left": 25, "right": 90, "child": 10}, parents)

    run(tmp_path / "t.trace", connector)

    with open_trace(tmp_path / "t.trace") as trace:
        last_of_parents, first_of_child = trace.sql(
            "select max(delivery_id) filter (partition_id <> 'child'),"
            " min(delivery_id) filter (partition_id = 'child') from records"
        ).row(0)
    assert connector.started.index("child") == 2
    assert last_of_parents < first_of_child


def test_a_parent_that_is_listed_no_more_does_not_hold_its_child_back(tmp_path: Path) -> None:
    run(tmp_path / "t.trace", ScriptedConnector(ARN, {"child": 10}, {"child": ("expired",)}))

    assert sequence_numbers(tmp_path / "t.trace") == list(range(1, 11))


def test_following_goes_on_at_the_tip_until_it_is_stopped(tmp_path: Path) -> None:
    stop = threading.Event()
    calls = 0

    def stop_at_the_tip(shard: str, number: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 20:
            stop.set()

    connector = ScriptedConnector(ARN, {"s0": 30}, before_page=stop_at_the_tip)
    captured = capture(
        tmp_path / "t.trace",
        [connector],
        limits=Limits(follow=True),
        clock=Clock(lambda: datetime.now(UTC)),
        calls_per_second=lambda service: 10_000,
        stop=stop,
    )

    assert captured.state == "stopped"
    assert calls > 20
    assert sequence_numbers(tmp_path / "t.trace") == list(range(1, 31))


def test_reading_ends_where_until_says(tmp_path: Path) -> None:
    run(
        tmp_path / "t.trace",
        ScriptedConnector(ARN, {"s0": 1_000}),
        until=T0 + timedelta(seconds=35),
    )

    assert sequence_numbers(tmp_path / "t.trace") == list(range(1, 41))


def test_a_source_that_fails_stops_alone_and_leaves_a_hole(tmp_path: Path) -> None:
    def fail(shard: str, number: int) -> None:
        if number == 20:
            raise ConnectorError(
                "wanted GetRecords, found no right to call it; ask for kinesis:GetRecords"
            )

    broken = ScriptedConnector(
        "arn:aws:kinesis:us-east-1:111111111111:stream/broken", {"s0": 100}, before_page=fail
    )
    whole = ScriptedConnector(ARN, {"s0": 100})

    captured = run(tmp_path / "t.trace", broken, whole)

    assert not captured.complete
    states = {state.source_arn: state for state in captured.sources}
    assert states[broken.source_arn].records == 20
    assert "kinesis:GetRecords" in (states[broken.source_arn].error or "")
    assert states[ARN].records == 100
    with open_trace(tmp_path / "t.trace") as trace:
        holes = trace.coverage().filter(state="hole")
    assert holes["source_arn"].to_list() == [broken.source_arn]
    assert holes["cause"].to_list() == ["unreadable"]


def test_a_reader_that_dies_of_a_bug_does_not_look_complete(tmp_path: Path) -> None:
    def fail(shard: str, number: int) -> None:
        raise KeyError("surprise")

    captured = run(tmp_path / "t.trace", ScriptedConnector(ARN, {"s0": 10}, before_page=fail))

    assert not captured.complete
    assert "KeyError" in (captured.sources[0].error or "")


def test_a_corrupt_answer_is_read_again_from_the_last_durable_position(tmp_path: Path) -> None:
    failures = iter([True, True])

    def corrupt_twice(shard: str, number: int) -> None:
        if number == 20 and next(failures, False):
            raise CorruptAnswerError("GetRecords answered without Records")

    captured = run(
        tmp_path / "t.trace", ScriptedConnector(ARN, {"s0": 50}, before_page=corrupt_twice)
    )

    assert captured.complete
    assert sequence_numbers(tmp_path / "t.trace") == list(range(1, 51))


def test_every_connector_is_closed_whatever_happens(tmp_path: Path) -> None:
    (tmp_path / "t.trace").write_text("not a folder")
    connector = ScriptedConnector(ARN, {"s0": 10})

    with pytest.raises(TraceError):
        run(tmp_path / "t.trace", connector)

    assert connector.closed == 1


def test_the_older_of_two_captures_of_one_source_is_fenced_and_loses_nothing(
    tmp_path: Path,
) -> None:
    def take_over(shard: str, number: int) -> None:
        if number == 20:
            usurper = TraceWriter(tmp_path / "t.trace", "capture", [ARN], lambda: T0)
            usurper.hold(ARN)
            usurper.close()

    with pytest.raises(FencedError, match="taken over"):
        run(tmp_path / "t.trace", ScriptedConnector(ARN, {"s0": 100}, before_page=take_over))

    assert sequence_numbers(tmp_path / "t.trace") == list(range(1, 21))


def test_log_events_that_a_look_back_brings_again_are_stored_once(tmp_path: Path) -> None:
    arn = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/charge"
    run(tmp_path / "t.trace", ScriptedConnector(arn, {"": 30}, service="aws:logs"))
    again = ScriptedConnector(arn, {"": 30}, service="aws:logs")
    again.read = lambda partition, after: ScriptedConnector.read(again, partition, None)  # type: ignore[method-assign]

    run(tmp_path / "t.trace", again)

    assert len(sequence_numbers(tmp_path / "t.trace", arn)) == 30


def test_configuration_is_kept_with_the_records(tmp_path: Path) -> None:
    run(tmp_path / "t.trace", ScriptedConnector(ARN, {"s0": 1}))

    with open_trace(tmp_path / "t.trace") as trace:
        assert trace.sql("select source_arn, kind from resources").rows() == [
            (ARN, "describe-stream-summary")
        ]
