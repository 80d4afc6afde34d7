"""What functions log is read back as it was meant, in text and in JSON, and no instance runs two requests at once."""

from pathlib import Path
from typing import Any

import pytest

from connectors.record import Cause
from datasets.aws.functions import Format, Function
from datasets.aws.queues import Queue
from datasets.aws.streams import Stream
from datasets.story import Story, at
from workbench.trace import open_trace

FORMATS = pytest.mark.parametrize("log_format", ["Text", "JSON"])


def observed(story: Story, folder: Path, statement: str) -> list[dict[str, Any]]:
    with open_trace(story.told().write(folder / "t.trace")) as trace:
        return trace.sql(statement).to_dicts()


@FORMATS
def test_invocations_are_read_back_as_they_ended(log_format: Format, tmp_path: Path) -> None:
    story = Story(1, 600)
    function = Function(story, "f", log_format, timeout_s=3)
    wanted = {
        function.invoke(10, 50).request_id: ("success", None, False),
        function.invoke(20, 50, error=("KeyError", "'a'")).request_id: ("error", "KeyError", False),
        function.invoke(30, 3_000, timed_out=True).request_id: ("timeout", None, False),
        function.invoke(40, 900, killed=True).request_id: ("error", "Runtime.OutOfMemory", False),
        function.invoke(50, 50, init_ms=400.5).request_id: ("success", None, True),
        function.invoke(60, 50, restore_ms=300.0).request_id: ("success", None, False),
        function.invoke(70, 50, warned=("refused",)).request_id: ("success", None, False),
    }
    rows = observed(story, tmp_path, "select * from invocations_observed")

    found = {r["request_id"]: (r["status"], r["error_type"], bool(r["cold"])) for r in rows}
    assert found == wanted
    assert {r["init_ms"] for r in rows} == {None, 400.5}


@FORMATS
def test_an_instance_made_ahead_serves_no_request(log_format: Format, tmp_path: Path) -> None:
    story = Story(1, 600)
    function = Function(story, "f", log_format)
    function.initialise_ahead(5)
    function.invoke(10, 50)
    rows = observed(story, tmp_path, "select * from invocations_observed")

    assert [bool(row["cold"]) for row in rows] == [False]


def test_requests_at_one_time_run_in_instances_of_their_own(tmp_path: Path) -> None:
    story = Story(1, 600)
    function = Function(story, "f")
    for started_s in (10.0, 10.5, 12.0):
        function.invoke(started_s, 1_000)
    rows = observed(story, tmp_path, "from invocations_observed order by started_at")

    streams = [row["log_stream"] for row in rows]
    assert streams[0] != streams[1]
    assert streams[2] in streams[:2]


@FORMATS
def test_a_printed_event_is_a_delivery_for_each_attempt(log_format: Format, tmp_path: Path) -> None:
    story = Story(1, 600)
    queue = Queue(story, "q")
    function = Function(story, "f", log_format, sources=[(queue, {})])
    message = queue.send('{"a": 1}', 9)
    attempts = [function.receive(queue, [message], s, 50).request_id for s in (10, 40)]
    rows = observed(
        story,
        tmp_path,
        "from handlings join records using (source_arn, record_id) order by receive_count, started_at",
    )

    assert {row["request_id"] for row in rows} == set(attempts)
    assert {row["receive_count"] for row in rows} == {1, 2}
    assert {row["source_at"] for row in rows} == {at(9)}


def test_records_of_a_stream_are_known_by_their_numbers(tmp_path: Path) -> None:
    story = Story(1, 600)
    stream = Stream(story, "s")
    function = Function(story, "f", sources=[(stream, {})])
    puts = [stream.put(f"k{n}", b"{}", 5 + n) for n in range(3)]
    request_id = function.handle(puts, 10, 50).request_id
    rows = observed(story, tmp_path, "from handlings")

    assert {(row["record_id"], row["request_id"]) for row in rows} == {
        (put.record_id, request_id) for put in puts
    }


def test_lines_in_a_hole_are_not_in_the_trace(tmp_path: Path) -> None:
    story = Story(1, 600)
    function = Function(story, "f")
    function.invoke(10, 50)
    kept = function.invoke(100, 50)
    function.miss(5, 15, Cause.UNREADABLE)
    rows = observed(story, tmp_path, "from invocations_observed")

    assert [row["request_id"] for row in rows] == [kept.request_id]
