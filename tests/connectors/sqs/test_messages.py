"""A message is kept whole: every attribute with its type, every byte of its body."""

import json
from typing import Any

import pytest

from connectors import Mode
from connectors.record import Record
from connectors.sqs.messages import queue_record, receive
from tests.connectors.sqs.scripted_queues import aws, made, sent, settings
from tests.scripted_aws.queue_state import QueueState
from tests.scripted_aws.sqs import ScriptedSqs


@pytest.fixture
def sqs() -> ScriptedSqs:
    return aws()


def record_of(sqs: ScriptedSqs, queue: QueueState) -> Record:
    known = settings(sqs, queue)
    (message,) = receive(known, sqs, wait_seconds=1, visibility_seconds=30)
    return queue_record(known, message, sqs.clock.now, Mode.DRAIN, 1)


def test_every_attribute_of_the_sender_keeps_its_type(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    user: dict[str, Any] = {
        "text": {"DataType": "String", "StringValue": "ü"},
        "number": {"DataType": "Number", "StringValue": "1.50"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        "custom": {"DataType": "Number.cents", "StringValue": "150"},
        "picture": {"DataType": "Binary.png", "BinaryValue": b"\x89"},
    }
    sent(sqs, queue, "a", MessageAttributes=user)
    kept = json.loads(record_of(sqs, queue).attributes)["user"]
    assert kept["raw"] == {"DataType": "Binary", "BinaryValue": "AP8="}
    assert kept["picture"] == {"DataType": "Binary.png", "BinaryValue": "iQ=="}
    assert {n: kept[n] for n in ("text", "number", "custom")} == {
        n: user[n] for n in ("text", "number", "custom")
    }


def test_everything_that_sqs_says_of_a_message_is_asked_for_and_kept(sqs: ScriptedSqs) -> None:
    queue = made(sqs, "orders.fifo")
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2"}}
    sent(sqs, queue, "a", MessageSystemAttributes=trace)
    record = record_of(sqs, queue)
    assert set(json.loads(record.attributes)["system"]) == {
        "SenderId",
        "SentTimestamp",
        "ApproximateReceiveCount",
        "ApproximateFirstReceiveTimestamp",
        "SequenceNumber",
        "MessageGroupId",
        "MessageDeduplicationId",
        "AWSTraceHeader",
    }
    asked = next(asked for name, asked in sqs.calls if name == "ReceiveMessage")
    assert asked["MessageSystemAttributeNames"] == asked["MessageAttributeNames"] == ["All"]
    assert asked["MaxNumberOfMessages"] == 10


def test_the_envelope_is_the_message_without_its_body(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, '{"ü":"\U0001f600"}')
    record = record_of(sqs, queue)
    assert record.body == '{"ü":"\U0001f600"}'.encode()
    envelope = json.loads(record.envelope)
    assert {"MessageId", "ReceiptHandle", "MD5OfBody", "Attributes"} == set(envelope)


def test_our_own_receive_stands_beside_awss_count(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    record = record_of(sqs, queue)
    assert record.receive_count == 1
    assert json.loads(record.attributes)["workbench"] == {"mode": "drain", "own_receives": 1}
