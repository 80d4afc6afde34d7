"""SQS messages out of Lambda events and out of receive-message answers."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.connectors.files.shapes import (
    FIFO,
    NOW,
    QUEUE,
    STREAM,
    reasons_of,
    rebuilt,
    records_of,
    sqs_record,
)

MESSAGE = {
    "MessageId": "11111111-1111-4111-8111-111111111111",
    "ReceiptHandle": "handle",
    "MD5OfBody": "5d41402abc4b2a76b9719d911017c592",
    "Body": "hello",
    "Attributes": {"SentTimestamp": "1545082649183", "ApproximateReceiveCount": "1"},
    "MessageAttributes": {"kind": {"StringValue": "new", "DataType": "String"}},
}


def test_a_lambda_record_becomes_a_row_with_every_column(tmp_path: Path) -> None:
    (record,) = records_of(tmp_path, {"Records": [sqs_record()]})
    assert record.service == "aws:sqs"
    assert record.source_arn == QUEUE
    assert record.partition_id == ""
    assert record.record_id == "059f36b4-87a3-44ab-83d2-661975830a7d"
    assert record.body == b"Test message."
    assert record.receive_count == 3
    assert record.source_at == datetime(2018, 12, 17, 21, 37, 29, 183000, tzinfo=UTC)
    assert record.received_at == NOW
    assert (record.ordering_key, record.order_scope, record.sequence_number) == (None, "none", None)
    attributes = json.loads(record.attributes)
    assert attributes["system"]["SenderId"] == "AIDAIENQZJOLO23YVJ4VO"
    assert attributes["user"]["kind"]["stringValue"] == "new"
    assert "body" not in json.loads(record.envelope)


@pytest.mark.parametrize(("arn", "scope"), [(FIFO, "key"), (QUEUE, "none")])
def test_a_group_orders_only_where_the_queue_is_fifo(tmp_path: Path, arn: str, scope: str) -> None:
    system = {"MessageGroupId": "g", "SequenceNumber": "18873177232222703872"}
    event = {"Records": [sqs_record(attributes=system, eventSourceARN=arn)]}
    (record,) = records_of(tmp_path, event)
    assert (record.ordering_key, record.order_scope) == ("g", scope)
    assert record.sequence_number == "18873177232222703872"


def test_messages_of_an_answer_need_the_users_word_for_their_queue(tmp_path: Path) -> None:
    (reason,) = reasons_of(tmp_path, {"Messages": [MESSAGE, MESSAGE]})
    assert "pass --source" in reason
    assert "1 alike" in reason
    assert "pass --source" in reasons_of(tmp_path, {"Messages": [MESSAGE]}, source_arn=STREAM)[0]


def test_messages_of_an_answer_keep_their_own_spelling(tmp_path: Path) -> None:
    (record,) = records_of(tmp_path, {"Messages": [MESSAGE]}, QUEUE)
    assert (record.source_arn, record.body, record.receive_count) == (QUEUE, b"hello", 1)
    assert json.loads(record.envelope) == {k: v for k, v in MESSAGE.items() if k != "Body"}
    assert rebuilt(record) == MESSAGE


def test_a_message_of_an_answer_that_is_damaged_is_told_by_its_number(tmp_path: Path) -> None:
    answer = {"Messages": [MESSAGE, {"Body": "b"}, None]}
    assert reasons_of(tmp_path, answer, source_arn=QUEUE) == [
        "line 1, message 2: an SQS message without MessageId",
        "line 1, message 3: wanted an SQS message, found NoneType",
    ]


def test_one_message_received_twice_is_two_deliveries(tmp_path: Path) -> None:
    records = records_of(tmp_path, {"Messages": [MESSAGE, MESSAGE]}, QUEUE)
    assert [record.record_id for record in records] == [MESSAGE["MessageId"]] * 2


def test_a_document_that_names_its_queue_stands_above_the_users_word(tmp_path: Path) -> None:
    (record,) = records_of(tmp_path, {"Records": [sqs_record()]}, FIFO)
    assert record.source_arn == QUEUE


def test_an_event_written_by_hand_may_leave_event_source_out(tmp_path: Path) -> None:
    event = {"Records": [{"messageId": "1", "body": {"order": 7}}]}
    (record,) = records_of(tmp_path, event, QUEUE)
    assert record.body == b'{"order":7}'
    assert rebuilt(record) == event["Records"][0]


def test_a_message_without_id_is_told_and_the_rest_is_taken(tmp_path: Path) -> None:
    event = {"Records": [sqs_record(messageId=None), sqs_record(), "text"]}
    assert reasons_of(tmp_path, event) == [
        "line 1, record 1: an SQS message without messageId",
        "line 1, record 3: wanted an object, found a text",
    ]


def test_numbers_that_no_column_holds_become_unknown(tmp_path: Path) -> None:
    system = {
        "SentTimestamp": "9" * 30,
        "ApproximateReceiveCount": "9" * 30,
        "SequenceNumber": "{{{n}}}",
    }
    record_in = sqs_record(attributes=system)
    (record,) = records_of(tmp_path, {"Records": [record_in]})
    assert (record.source_at, record.receive_count, record.sequence_number) == (None, None, None)
    assert rebuilt(record) == record_in
