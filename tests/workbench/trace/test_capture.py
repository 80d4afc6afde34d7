"""The capture loop: durable before resumed, parents before children, one failing source fails alone."""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.budget import Budgets
from connectors.errors import (
    AccessDeniedError,
    ConnectorError,
    CorruptAnswerError,
    SourceNotFoundError,
    ThrottledError,
)
from connectors.record import Checkpoint, Connector, Page, PeekEffect, Resource, Span
from tests.factories import instant
from tests.scripted_aws.clock import VirtualClock
from tests.workbench.trace.scripted import T0, ScriptedConnector
from workbench.errors import FencedError, TraceError
from workbench.trace import TraceWriter, open_trace
from workbench.trace.capture import Captured, capture
from workbench.trace.configuration import ConfigurationWatch
from workbench.trace.limits import Limits
from workbench.trace.patience import TRIES

ARN = "arn:aws:kinesis:us-east-1:111111111111:stream/orders"
ENDS = ("from_at", "to_at")


def run(
    trace: Path,
    *connectors: Connector,
    clock: VirtualClock | None = None,
    stop: threading.Event | None = None,
    calls_per_second: float = 10_000,
    hooks: dict[str, Any] | None = None,
    **limits: Any,
) -> Captured:
    """A capture in virtual time; `hooks` are `prepare` and `committed`."""
    return capture(
        trace,
        connectors,
        limits=Limits(**limits),
        clock=(clock or VirtualClock(T0)).for_capture(),
        budgets=Budgets(calls_per_second=calls_per_second),
        stop=stop or threading.Event(),
        **(hooks or {}),
    )


def holes(trace: Path) -> list[tuple[str, str, float, float]]:
    """Partition, cause, and the hole's two ends in seconds."""
    with open_trace(trace) as opened:
        rows = opened.coverage().filter(state="hole")
    return [
        (row["partition_id"], row["cause"], *((row[end] - T0).total_seconds() for end in ENDS))
        for row in rows.to_dicts()
    ]


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
    captured = run(tmp_path / "t.trace", connector, stop=stop, follow=True)

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
            raise AccessDeniedError(
                "wanted GetRecords, found no right to call it; ask for kinesis:GetRecords"
            )

    broken = ScriptedConnector(
        "arn:aws:kinesis:us-east-1:111111111111:stream/broken", {"s0": 100}, before_page=fail
    )
    whole = ScriptedConnector(ARN, {"s0": 100})

    captured = run(tmp_path / "t.trace", broken, whole, until=instant(100))

    assert not captured.complete
    states = {state.source_arn: state for state in captured.sources}
    assert states[broken.source_arn].records == 20
    assert "kinesis:GetRecords" in (states[broken.source_arn].error or "")
    assert states[ARN].records == 100
    assert holes(tmp_path / "t.trace") == [("s0", "unreadable", 20, 100)]


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


def test_configuration_is_kept_as_it_was_at_the_start_and_at_the_end(tmp_path: Path) -> None:
    run(tmp_path / "t.trace", ScriptedConnector(ARN, {"s0": 1}))

    with open_trace(tmp_path / "t.trace") as trace:
        assert (
            trace.sql("select source_arn, kind from resources").rows()
            == [(ARN, "describe-stream-summary")] * 2
        )


def test_configuration_that_changes_while_following_is_kept_each_time_it_changed(
    tmp_path: Path,
) -> None:
    stop, clock, looks = threading.Event(), VirtualClock(T0), iter(range(100))
    connector = ScriptedConnector(ARN, {"s0": 3})

    def look() -> list[Resource]:
        number = next(looks)
        if number == 4:
            stop.set()
        return [Resource(ARN, "get-queue-attributes", clock.now(), f'{{"n":{min(number, 2)}}}')]

    connector.resources = look  # type: ignore[method-assign]
    captured = run(
        tmp_path / "t.trace", connector, clock=clock, stop=stop, calls_per_second=0.1, follow=True
    )

    assert captured.state == "stopped"
    with open_trace(tmp_path / "t.trace") as trace:
        kept = trace.sql("select document from resources order by observed_at")
    assert kept["document"].to_list() == ['{"n":0}', '{"n":1}', '{"n":2}', '{"n":2}']


def test_shards_of_one_stream_are_read_side_by_side(tmp_path: Path) -> None:
    together = threading.Barrier(4, timeout=30)
    connector = ScriptedConnector(
        ARN,
        dict.fromkeys(("s0", "s1", "s2", "s3"), 9),
        before_page=lambda shard, number: together.wait() if number == 0 else None,
    )

    captured = run(tmp_path / "t.trace", connector)

    assert captured.complete, "each of them waited for the three others"


def test_a_throttled_shard_is_tried_again_and_then_left_with_a_hole_while_the_others_go_on(
    tmp_path: Path,
) -> None:
    asked = []

    def refuse(shard: str, number: int) -> None:
        if shard == "s0" and number == 10:
            asked.append(number)
            raise ThrottledError("records of s0: throttled; wait")

    connector = ScriptedConnector(ARN, {"s0": 50, "s1": 50}, before_page=refuse)
    captured = run(tmp_path / "t.trace", connector, until=instant(60))

    assert len(asked) == TRIES
    assert not captured.complete
    assert captured.sources[0].error == "records of s0: throttled; wait"
    assert holes(tmp_path / "t.trace") == [("s0", "throttled_skip", 10, 60)]
    assert len(sequence_numbers(tmp_path / "t.trace")) == 10 + 50


def test_a_later_capture_mends_the_hole_that_a_refusal_left(tmp_path: Path) -> None:
    def refuse(shard: str, number: int) -> None:
        if number == 10:
            raise ThrottledError("records of s0: throttled; wait")

    run(
        tmp_path / "t.trace",
        ScriptedConnector(ARN, {"s0": 50}, before_page=refuse),
        until=instant(40),
    )
    captured = run(tmp_path / "t.trace", ScriptedConnector(ARN, {"s0": 50}), until=instant(60))

    assert captured.complete
    assert holes(tmp_path / "t.trace") == []


def test_who_follows_tries_a_throttled_shard_for_as_long_as_it_takes(tmp_path: Path) -> None:
    stop, refusals = threading.Event(), iter(range(TRIES * 3))

    def refuse(shard: str, number: int) -> None:
        if number == 10 and next(refusals, None) is not None:
            raise ThrottledError("records of s0: throttled; wait")
        if number == 50:
            stop.set()

    captured = run(
        tmp_path / "t.trace",
        ScriptedConnector(ARN, {"s0": 50}, before_page=refuse),
        stop=stop,
        follow=True,
    )

    assert captured.sources[0].error is None
    assert sequence_numbers(tmp_path / "t.trace") == list(range(1, 51))
    assert holes(tmp_path / "t.trace") == []


def test_a_capture_that_is_stopped_says_what_it_has_not_read_children_included(
    tmp_path: Path,
) -> None:
    stop = threading.Event()

    def stop_at(shard: str, number: int) -> None:
        if number == 18:
            stop.set()

    connector = ScriptedConnector(
        ARN, {"parent": 30, "child": 30}, {"child": ("parent",)}, at_once=9, before_page=stop_at
    )
    captured = run(tmp_path / "t.trace", connector, stop=stop, until=instant(300), since=instant(0))

    assert (captured.state, captured.complete) == ("stopped", False)
    assert holes(tmp_path / "t.trace") == [
        ("child", "interrupted", 27, 300),
        ("parent", "interrupted", 27, 300),
    ]


def test_a_source_that_cannot_be_listed_at_all_leaves_a_hole_that_a_later_whole_reading_mends(
    tmp_path: Path,
) -> None:
    broken = ScriptedConnector(ARN, {"s0": 10})
    broken.partitions = lambda: (_ for _ in ()).throw(AccessDeniedError("no right to list"))  # type: ignore[method-assign]
    captured = run(tmp_path / "t.trace", broken, since=instant(-60), until=instant(5))

    assert captured.sources[0].error == "no right to list"
    assert holes(tmp_path / "t.trace") == [("", "unreadable", -60, 5)]

    run(tmp_path / "t.trace", ScriptedConnector(ARN, {"s0": 10}))
    assert holes(tmp_path / "t.trace") == []


def test_a_source_that_is_deleted_meanwhile_is_said_to_be_gone(tmp_path: Path) -> None:
    def delete(shard: str, number: int) -> None:
        if number == 20:
            raise SourceNotFoundError("records of orders: not found; check its name")

    connector = ScriptedConnector(ARN, {"s0": 50}, before_page=delete)
    run(tmp_path / "t.trace", connector, until=instant(50))

    assert holes(tmp_path / "t.trace") == [("s0", "gone", 20, 50)]


def test_a_tap_that_is_stopped_reads_what_has_already_reached_its_queue(tmp_path: Path) -> None:
    stop = threading.Event()

    def stop_at(shard: str, number: int) -> None:
        if number == 10:
            stop.set()

    topic = "arn:aws:sns:us-east-1:111111111111:orders"
    connector = ScriptedConnector(topic, {"": 45}, service="aws:sns", before_page=stop_at)
    captured = run(tmp_path / "t.trace", connector, stop=stop, follow=True)

    assert (captured.state, captured.complete) == ("stopped", True)
    assert sequence_numbers(tmp_path / "t.trace", topic) == list(range(1, 46))


def test_whoever_listens_hears_of_every_page_once_it_is_durable(tmp_path: Path) -> None:
    heard: list[str] = []

    def hear(pages: Sequence[tuple[str, Page]]) -> None:
        heard.extend(record.record_id for _, page in pages for record in page.records)
        assert len(sequence_numbers(tmp_path / "t.trace")) == len(heard)

    run(tmp_path / "t.trace", ScriptedConnector(ARN, {"s0": 35}), hooks={"committed": hear})

    assert heard == [f"s0:{number}" for number in range(1, 36)]


def test_nothing_reaches_the_disk_before_it_was_prepared(tmp_path: Path) -> None:
    def without_bodies(page: Page) -> Page:
        return replace(page, records=tuple(replace(r, body=b"x") for r in page.records))

    run(tmp_path / "t.trace", ScriptedConnector(ARN, {"s0": 35}), hooks={"prepare": without_bodies})

    with open_trace(tmp_path / "t.trace") as trace:
        assert trace.sql("select distinct body from records").rows() == [(b"x",)]


def test_a_tap_that_cannot_be_removed_keeps_no_other_source_from_being_closed(
    tmp_path: Path,
) -> None:
    first = ScriptedConnector("arn:aws:sns:us-east-1:111111111111:a", {"": 1}, service="aws:sns")
    second = ScriptedConnector(ARN, {"s0": 5})
    first.close = lambda: (_ for _ in ()).throw(ConnectorError("left behind: a queue"))  # type: ignore[method-assign]

    with pytest.raises(ConnectorError, match="left behind"):
        run(tmp_path / "t.trace", first, second)

    assert second.closed == 1
    assert len(sequence_numbers(tmp_path / "t.trace")) == 5


def test_who_is_stopped_while_it_is_refused_says_what_it_has_not_read(tmp_path: Path) -> None:
    stop, clock = threading.Event(), VirtualClock(T0)

    def refuse(shard: str, number: int) -> None:
        if clock.now() > instant(300):
            stop.set()
        if number == 10:
            raise ThrottledError("records of s0: throttled; wait")

    run(
        tmp_path / "t.trace",
        ScriptedConnector(ARN, {"s0": 30, "s1": 5}, before_page=refuse),
        clock=clock,
        stop=stop,
        calls_per_second=1,
        follow=True,
        since=instant(0),
    )

    [(partition, cause, start, end)] = holes(tmp_path / "t.trace")
    assert (partition, cause, start) == ("s0", "interrupted", 10)
    assert end >= 300


def test_children_of_a_shard_that_was_given_up_are_a_hole_also_when_following(
    tmp_path: Path,
) -> None:
    stop, clock = threading.Event(), VirtualClock(T0)

    def damage(shard: str, number: int) -> None:
        if shard == "parent" and number == 10:
            raise CorruptAnswerError("records of parent: damaged")
        if clock.now() > instant(300):
            stop.set()

    connector = ScriptedConnector(
        ARN, {"parent": 30, "child": 30, "other": 5}, {"child": ("parent",)}, before_page=damage
    )
    run(
        tmp_path / "t.trace",
        connector,
        clock=clock,
        stop=stop,
        calls_per_second=1,
        follow=True,
        since=instant(0),
    )

    told = {(partition, cause, start) for partition, cause, start, _ in holes(tmp_path / "t.trace")}
    assert told == {("parent", "unreadable", 10), ("child", "interrupted", 10)}


class Expired(ScriptedConnector):
    """A stream whose shard `old` has expired since an earlier capture."""

    def resume(self, checkpoints: dict[str, Checkpoint]) -> list[Page]:
        self.started.append(f"resumed with {sorted(checkpoints)}")
        lost = Span(instant(3), instant(9), "trimmed")
        return [Page((), Checkpoint("old", "9", finished=True), (lost,))]


def test_what_expired_since_is_stored_before_anything_is_read(tmp_path: Path) -> None:
    for _ in range(2):
        connector = Expired(ARN, {"s0": 5})
        captured = run(tmp_path / "t.trace", connector)

    assert connector.started == ["resumed with ['old', 's0']", "s0"]
    assert not captured.complete
    assert holes(tmp_path / "t.trace") == [("old", "trimmed", 3, 9)]


class Collecting(ScriptedConnector):
    """A tap that collects until it is told that no more is wanted."""

    finished = 0

    def finish(self) -> None:
        self.finished += 1


def test_a_tap_that_is_stopped_is_told_once_that_no_more_is_wanted(tmp_path: Path) -> None:
    stop = threading.Event()
    topic = "arn:aws:sns:us-east-1:111111111111:orders"
    connector = Collecting(
        topic, {"": 45}, service="aws:sns", before_page=lambda shard, number: stop.set()
    )
    run(tmp_path / "t.trace", connector, stop=stop, follow=True)

    assert connector.finished == 1
    assert sequence_numbers(tmp_path / "t.trace", topic) == list(range(1, 46))


def test_what_a_peek_did_and_no_page_told_is_stored_at_the_end(tmp_path: Path) -> None:
    effect = PeekEffect("m1", instant(1), 2, 3, instant(31), given_back_at=instant(4))
    connector = ScriptedConnector(
        "arn:aws:sqs:us-east-1:111111111111:dlq", {"": 3}, service="aws:sqs"
    )
    connector.unrecorded_effects = (effect,)  # type: ignore[attr-defined]
    run(tmp_path / "t.trace", connector)

    with open_trace(tmp_path / "t.trace") as trace:
        told = trace.sql("select record_id, given_back_at from peek_effects")
    assert told.rows() == [("m1", instant(4))]


def test_a_count_that_moves_by_itself_is_no_change_of_configuration() -> None:
    watch = ConfigurationWatch()
    for waiting in (1, 2, 3):
        document = f'{{"ApproximateNumberOfMessages":"{waiting}","DelaySeconds":"0"}}'
        watch.saw([Resource(ARN, "get-queue-attributes", T0, document)], whole=False)

    assert len(list(watch.kept())) == 1


def test_events_that_lines_of_a_log_print_become_deliveries_of_their_source(
    tmp_path: Path,
) -> None:
    queue = "arn:aws:sqs:us-east-1:111111111111:orders"
    message = {"messageId": "m1", "body": "x", "eventSource": "aws:sqs", "eventSourceARN": queue}
    sent = {"ApproximateReceiveCount": "1", "SentTimestamp": "1795168800000"}
    printed = json.dumps({"Records": [message | {"receiptHandle": "h", "attributes": sent}]})
    group = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/charge"
    connector = ScriptedConnector(group, {"": 1}, service="aws:logs")
    plain = connector.record
    connector.record = lambda shard, n: replace(plain(shard, n), body=printed.encode())  # type: ignore[method-assign]
    captured = run(tmp_path / "t.trace", connector)

    assert captured.sources[0].records == 1, "those of other sources do not count as its own"
    with open_trace(tmp_path / "t.trace") as trace:
        told = trace.sql("select record_id, source_arn from records where service = 'aws:sqs'")
        assert told.rows() == [("m1", queue)]
        assert trace.coverage().filter(source_arn=queue)["state"].to_list() == ["assumed"]
