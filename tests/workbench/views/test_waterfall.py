"""The story as bars: what stands under what, how waits are called, what was not captured."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from connectors.record import Span
from tests.factories import T0, dynamodb_change, kinesis_record, sns_notification, write_trace
from tests.workbench.explain.test_story import enveloped, invocation
from tests.workbench.findings.traces import at, message, put, trace_of
from workbench.explain import story
from workbench.explain.story import Step, Story
from workbench.trace import Trace
from workbench.views.waterfall import SCHEMA, UNREAD, lasting, story_keys, uncaptured, waterfall


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Trace]:
    order = {"order_id": "order-0007", "version": 1}
    queued = enveloped(7, order, 0.2)
    item = {"order_id": {"S": "order-0007"}, "state": {"S": "charged"}}
    records = [
        sns_notification(7, order, seconds=0),
        queued,
        *invocation(1, f"charging {queued.record_id}", 1, 3, error=True),
        *invocation(2, f"charging {queued.record_id}", 33, 35),
        dynamodb_change(1, item, key="order-0007", seconds=34),
        kinesis_record(1, {"order_id": "order-0007", "paid": True}, seconds=34.5),
    ]
    with write_trace(tmp_path / "t.trace", records) as opened:
        yield opened


def rows_of(trace: Trace) -> pl.DataFrame:
    return waterfall(story(trace, "order-0007", key="$.order_id"))


def test_each_row_stands_under_what_it_came_from(trace: Trace) -> None:
    rows = rows_of(trace)

    assert rows.select("depth", "what").rows() == [
        (0, "published"),
        (1, "queued"),
        (2, "attempt 1"),
        (2, "attempt 2"),
        (3, "changed"),
        (3, "put"),
    ]
    assert rows.schema == SCHEMA


def test_a_message_lasts_until_its_last_attempt_ended(trace: Trace) -> None:
    queued, first, second = rows_of(trace).slice(1, 3).to_dicts()

    assert queued["to_at"] == second["to_at"] == T0 + timedelta(seconds=35)
    assert (first["ending"], second["ending"]) == ("error", "success")
    assert "no stock" in first["detail"]


def test_waits_are_named_by_what_was_waited_for(trace: Trace) -> None:
    rows = rows_of(trace)

    assert rows["waited"].to_list() == [
        None,
        "200 ms on its way",
        "waited 800 ms to be taken",
        "waited 30 s invisible",
        "1 s into the attempt",
        "1.5 s into the attempt",
    ]
    assert (rows["waits_from_at"] <= rows["from_at"]).drop_nulls().all()


def test_a_record_of_a_stream_waits_to_be_tried_again() -> None:
    arn = "arn:aws:kinesis:us-east-1:111111111111:stream/orders"
    steps = (
        Step(at(0), "put", arn, 1, record_id="s:1", step=1),
        Step(at(1), "handled", "log", 2, record_id="s:1", request_id="a", step=2, after=1),
        Step(at(2), "ended", "log", 2, record_id="s:1", request_id="a", step=3, after=2),
        Step(at(4), "handled", "log", 3, "s:1", "b", step=4, after=3, wait_ms=2_000),
    )
    rows = waterfall(Story("s:1", steps))

    assert rows["waited"][-1] == "waited 2 s to be tried again"
    assert rows["to_at"].to_list() == [None, at(2), None], "the last attempt's end was not captured"
    assert rows["ending"].to_list()[-1] is None


def test_a_hole_of_a_queue_and_all_that_was_not_read_of_a_stream_are_gaps(tmp_path: Path) -> None:
    hole = Span(at(20), at(40), "iterator expired")
    records = [message("m-1", {"id": "k"}, 10, count=2), put(1, "k", {"id": "k"}, 50)]
    with trace_of(tmp_path / "t.trace", records, read_until=15, holes=[hole]) as trace:
        rows = waterfall(story(trace, "k", key="$.id"))
        gaps = uncaptured(trace, rows)
        assert rows["what"].to_list() == ["queued", "put"]

    assert gaps.filter(step=1).drop("step").rows() == [(at(20), at(40), "iterator expired")]
    assert gaps.filter(step=2).drop("step").rows() == [(at(15), at(50), "iterator expired")]
    assert gaps.schema == UNREAD


def test_no_steps_have_no_gaps(trace: Trace) -> None:
    rows = waterfall(Story("nobody", ()))
    assert rows.schema == SCHEMA
    assert uncaptured(trace, rows).schema == UNREAD


def test_keys_are_suggested_as_a_story_takes_them(trace: Trace) -> None:
    trace_keys = story_keys(trace)["key"].to_list()
    for key in trace_keys:
        assert story(trace, key).steps

    some = story_keys(trace, "service = 'aws:kinesis' -- a comment hides nothing")
    assert some["deliveries"].to_list() == [1]


def test_durations_are_spoken() -> None:
    said = [lasting(each) for each in (0, 999, 1_000, 90_000, 7_200_000, 200_000_000)]
    assert said == ["0 ms", "999 ms", "1 s", "90 s", "2 h", "2 days"]
