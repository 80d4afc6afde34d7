"""One key through the system: each step after the one it waited for."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.record import Record
from tests.factories import (
    QUEUE,
    TABLE_STREAM,
    TOPIC,
    dynamodb_change,
    kinesis_record,
    log_event,
    sns_notification,
    sqs_message,
    write_trace,
)
from tests.workbench.trace.invoked import consumed_by, invoked, request
from workbench.errors import UsageError
from workbench.explain.story import Story, story
from workbench.trace import Trace

REQUEST = "5c4f0a5e-0000-4000-9000-00000000000{}"


def enveloped(number: int, body: Any, seconds: float) -> Record:
    """A message behind the topic: its envelope names the publish."""
    envelope = {
        "Type": "Notification",
        "MessageId": f"00000000-0000-4000-8000-{number:012d}",
        "TopicArn": TOPIC,
        "Message": json.dumps(body),
    }
    return sqs_message(number + 100, envelope, seconds=seconds)


def invocation(
    number: int, said: str, began: float, ended: float, error: bool = False
) -> list[Record]:
    request = REQUEST.format(number)
    lines = [
        (began, f"START RequestId: {request} Version: 8\n"),
        (began + 0.01, f"[INFO]\t2026-11-20T10:00:00.000Z\t{request}\t{said}\n"),
        *(
            [
                (
                    ended,
                    "[ERROR] ValueError: no stock\nTraceback (most recent call last):\n  File x, line 1\n",
                )
            ]
            if error
            else []
        ),
        (ended, f"END RequestId: {request}\n"),
        (
            ended,
            f"REPORT RequestId: {request}\tDuration: {(ended - began) * 1000:.2f} ms\tMemory Size: 128 MB\n",
        ),
    ]
    return [
        log_event(
            10 * number + place, line, seconds=seconds, log_stream="2026/11/20/[8]0123456789abcdef"
        )
        for place, (seconds, line) in enumerate(lines)
    ]


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    order = {"order_id": "order-0007", "version": 1}
    message = enveloped(7, order, 0.2)
    other = {"order_id": "order-0008"}
    item = {"order_id": {"S": "order-0007"}, "state": {"S": "charged"}}
    return write_trace(
        tmp_path / "t.trace",
        [
            sns_notification(7, order, seconds=0),
            message,
            sns_notification(8, other, seconds=0.1),
            enveloped(8, other, 0.3),
            *invocation(1, f"charging {message.record_id}", 1, 3, error=True),
            *invocation(2, f"charging {message.record_id}", 33, 35),
            dynamodb_change(1, item, key="order-0007", seconds=34),
            kinesis_record(1, {"order_id": "order-0007", "paid": True}, seconds=34.5),
            kinesis_record(2, {"order_id": "order-0008", "paid": True}, seconds=34.6),
        ],
    )


def told(found: Story) -> list[tuple[str, int | None, int | None]]:
    return [(step.what, step.after, step.wait_ms) for step in found.steps]


def test_a_key_is_followed_from_the_publish_to_what_was_sent_on(trace: Trace) -> None:
    found = story(trace, "order-0007", key="$.order_id")

    assert told(found) == [
        ("published", None, None),
        ("queued", 1, 200),
        ("handled", 2, 800),
        ("ended", 3, 2_000),
        ("handled", 4, 30_000),
        ("changed", 5, 1_000),
        ("put", 5, 1_500),
        ("ended", 5, 2_000),
    ]
    assert found.steps[3].detail == "error: ValueError no stock"
    assert {step.source_arn for step in found.steps} >= {TOPIC, QUEUE, TABLE_STREAM}


@pytest.mark.parametrize(
    "name",
    [
        "00000000-0000-4000-8000-000000000007",
        "00000000-0000-4000-8000-000000000107",
        REQUEST.format(2),
    ],
    ids=["publish", "message", "request"],
)
def test_an_id_leads_to_the_story_of_its_key(trace: Trace, name: str) -> None:
    assert story(trace, name, key="$.order_id") == story(trace, "order-0007", key="$.order_id")


def test_without_a_business_key_ids_still_lead_through_envelope_and_request(trace: Trace) -> None:
    found = story(trace, "00000000-0000-4000-8000-000000000007")

    assert [step.what for step in found.steps] == [
        "published",
        "queued",
        "handled",
        "ended",
        "handled",
        "ended",
    ]
    assert any("no --key" in remark for remark in found.remarks)


def test_a_value_that_nothing_speaks_of_is_said_so(trace: Trace) -> None:
    with pytest.raises(UsageError, match="found 'order-9999' nowhere"):
        story(trace, "order-9999", key="$.order_id")


def test_a_part_of_another_key_is_not_the_key(trace: Trace) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        story(trace, "order-000", key="$.order_id")


def test_hostile_text_is_only_text(trace: Trace) -> None:
    for value in ["'; drop table records; --", "a.*b[", "\\", "%", "\x00"]:
        with pytest.raises(UsageError, match="nowhere"):
            story(trace, value, key="$.order_id")


def test_the_frame_has_one_row_a_step(trace: Trace) -> None:
    found = story(trace, "order-0007", key="$.order_id")

    assert found.to_frame().height == len(found.steps)
    assert found.to_frame()["step"].to_list() == list(range(1, 9))


@pytest.fixture
def silent(tmp_path: Path) -> Trace:
    """Messages ten seconds apart, each handled 40 ms later by a function that prints nothing."""
    messages = [sqs_message(n, {"order_id": f"order-{n:04d}"}, seconds=10 * n) for n in range(1, 9)]
    log = [line for n in range(1, 9) for line in invoked(n, at=10 * n + 0.04, lasting=0.1)]
    return write_trace(tmp_path / "t.trace", [*messages, *log], [consumed_by()])


def test_a_request_that_time_alone_tells_is_marked_with_its_probability(silent: Trace) -> None:
    found = story(silent, "order-0003", key="$.order_id")

    assert told(found) == [("queued", None, None), ("handled", 1, 40), ("ended", 2, 50)]
    began = found.steps[1]
    assert (began.request_id, began.link) == (request(3), "time")
    assert "probably, by time alone, 0.9" in began.detail
    assert any("time alone" in remark for remark in found.remarks)


def test_a_record_that_a_line_names_has_no_request_by_time(trace: Trace) -> None:
    found = story(trace, "order-0007", key="$.order_id")

    assert not {step.link for step in found.steps} & {"time"}
    assert not any("time alone" in remark for remark in found.remarks)
