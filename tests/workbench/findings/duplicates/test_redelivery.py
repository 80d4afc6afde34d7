"""A message that SQS delivered again, told from what only looks like it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Checkpoint, Page, PeekEffect, Record
from tests.workbench.findings.duplicates.requests import kinds, message_id, only, request
from tests.workbench.findings.traces import QUEUE, T0, at, message, trace_of
from workbench.findings import find
from workbench.trace import TraceWriter, open_trace


def receipt(record: Record, handle: str) -> Record:
    return replace(record, envelope=json.dumps({"ReceiptHandle": handle}))


def printed(record: Record) -> Record:
    """The delivery as a log line tells it."""
    mark = {"mode": "logged", "log_event": "e1", "request_id": None}
    return replace(record, attributes=json.dumps({"system": {}, "user": {}, "workbench": mark}))


def test_a_higher_receive_count_is_a_redelivery(tmp_path: Path) -> None:
    trace = trace_of(
        tmp_path / "t.trace",
        [message("m1", 1, count=1), message("m1", 1, count=2), message("m2", 2)],
    )

    finding = only(find(trace), "redelivery")

    assert (finding.count, finding.instances[0]["key"]) == (1, "m1")
    assert finding.instances[0]["receive_counts"] == [1, 2]
    assert finding.instances[0]["completions"] is None
    assert trace.sql(finding.sql)["delivery_id"].to_list() == finding.instances[0]["delivery_ids"]


def test_our_own_peek_is_no_redelivery(tmp_path: Path) -> None:
    peeked_twice = [message("m1", 1, count=1, own=1), message("m1", 1, count=2, own=1)]

    assert len(find(trace_of(tmp_path / "t.trace", peeked_twice))) == 0


def test_a_message_found_back_in_the_queue_after_others_received_it_is_a_redelivery(
    tmp_path: Path,
) -> None:
    trace = trace_of(tmp_path / "t.trace", [message("poison", 1, count=4, own=1)])

    finding = only(find(trace), "redelivery")

    assert finding.instances[0]["key"] == "poison"
    assert "earlier deliveries were not captured" in finding.notes[0]


def test_a_peek_whose_record_was_not_kept_is_counted_off_by_its_effect(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t.trace", "capture", ["test"], lambda: T0)
    seen = [PeekEffect("m1", at(n), n, None, at(n + 30)) for n in (1, 2)]
    third = message("m1", 1, count=3, own=1)
    page = Page(
        (third,),
        Checkpoint("", "1"),
        peek_effects=(*seen, replace(seen[1], received_at=at(3), receive_count=3)),
    )
    writer.append_pages([(QUEUE, page)])
    writer.close()

    assert len(find(open_trace(tmp_path / "t.trace"))) == 0


def test_a_second_try_after_a_lost_answer_of_ours_is_no_redelivery(tmp_path: Path) -> None:
    assert len(find(trace_of(tmp_path / "t.trace", [message("m1", 1, count=2, own=2)]))) == 0


def test_one_receive_captured_twice_or_printed_beside_its_capture_is_one_delivery(
    tmp_path: Path,
) -> None:
    once = [message("m1", 1), message("m1", 1), printed(message("m1", 1))]
    by_handle = [receipt(message("m2", 2), "h"), printed(receipt(message("m2", 2), "h"))]

    assert len(find(trace_of(tmp_path / "t.trace", [*once, *by_handle]))) == 0


def test_two_receipts_are_two_receives_although_the_count_is_approximate(tmp_path: Path) -> None:
    twice = [receipt(message("m1", 1), "h1"), receipt(message("m1", 1), "h2")]

    finding = only(find(trace_of(tmp_path / "t.trace", twice)), "redelivery")

    assert finding.instances[0]["receive_counts"] == [1]


def test_a_count_that_is_not_known_tells_nothing(tmp_path: Path) -> None:
    unknown = replace(message("m1", 1), receive_count=None, source_at=None)

    assert len(find(trace_of(tmp_path / "t.trace", [unknown, unknown]))) == 0


def test_one_id_in_two_queues_is_two_messages(tmp_path: Path) -> None:
    trace = trace_of(
        tmp_path / "t.trace", [message("m1", 1), message("m1", 1, queue=f"{QUEUE}-dlq")]
    )

    assert "redelivery" not in kinds(find(trace))


def test_the_logs_tell_how_often_a_redelivered_message_was_completed(tmp_path: Path) -> None:
    one, two, three = (message_id(n) for n in (1, 2, 3))
    deliveries = [message(id_, id_, count=count) for id_ in (one, two, three) for count in (1, 2)]
    logs = [
        *request("a", [one, two], began=0, lasted=1, raised=True),
        *request("b", [one], began=60, lasted=1),
        *request("c", [two], began=61, lasted=1),
        *request("d", [two], began=90, lasted=1),
    ]

    finding = only(find(trace_of(tmp_path / "t.trace", [*deliveries, *logs])), "redelivery")

    assert [each["completions"] for each in finding.instances] == [1, 2, None]
    assert "1 completed more than once" in finding.summary


@pytest.mark.parametrize("id_", ["", "'; drop view records; --", "<b>m</b>", "\x00", "é" * 1_000])
def test_hostile_ids_and_bodies_stay_what_they_are(tmp_path: Path, id_: str) -> None:
    trace = trace_of(tmp_path / "t.trace", [message(id_, b"\xff[{", count=n) for n in (1, 2)])

    assert only(find(trace), "redelivery").instances[0]["key"] == id_


def test_attributes_that_only_python_reads_still_tell_our_own_receives(tmp_path: Path) -> None:
    odd = '{"system":{},"user":{"a":"\\ud800"},"workbench":{"mode":"peek","own_receives":1}}'
    ours = [replace(message("m1", 1, count=n), attributes=odd, envelope="[1") for n in (1, 2)]
    theirs = [message("m2", 1, count=n) for n in (1, 2)]
    strange = [replace(each, attributes=odd.replace("own_", "any_")) for each in theirs]

    found = only(find(trace_of(tmp_path / "t.trace", [*ours, *strange])), "redelivery")

    assert [each["key"] for each in found.instances] == ["m2"]


RECEIVES = st.lists(st.booleans(), min_size=1, max_size=6)


@settings(max_examples=12)
@given(
    messages=st.lists(RECEIVES, min_size=1, max_size=4), seed=st.randoms(), split=st.integers(1, 5)
)
def test_it_is_found_exactly_where_others_received_it_before_whatever_the_order_of_rows_and_segments(
    tmp_path_factory: pytest.TempPathFactory, messages: list[list[bool]], seed: object, split: int
) -> None:
    """A message's receives in turn, each ours or not; all are captured, some twice."""
    rows = [
        message(f"m{number}", number, count=count, own=int(ours))
        for number, receives in enumerate(messages)
        for count, ours in enumerate(receives, 1)
        for _ in range(1 + count % 2)
    ]
    seed.shuffle(rows)  # type: ignore[attr-defined]
    folder = tmp_path_factory.mktemp("rows") / "t.trace"
    for first in range(0, len(rows), split):
        trace_of(folder, rows[first : first + split]).close()

    found = find(open_trace(folder), only=["redelivery"])

    again = {
        f"m{number}"
        for number, receives in enumerate(messages)
        if receives.count(False) > 1
        or (False in receives and True in receives[receives.index(False) :])
    }
    assert {each["key"] for finding in found for each in finding.instances} == again
