"""Documents within documents, and those that are none of ours."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.files.shapes import (
    QUEUE,
    STREAM,
    bus_event,
    kinesis_record,
    read,
    reasons_of,
    records_of,
    sqs_record,
    write,
)

EVENT = {"Records": [sqs_record(), sqs_record(messageId="2")]}
BATCH = {
    "shardId": "shardId-000000000000",
    "startSequenceNumber": "495",
    "endSequenceNumber": "497",
    "batchSize": 3,
    "streamArn": STREAM,
}
FAILURE = {
    "requestContext": {"requestId": "r", "condition": "RetryAttemptsExhausted"},
    "version": "1.0",
    "timestamp": "2019-11-14T00:38:06.021Z",
    "KinesisBatchInfo": BATCH,
}


def test_an_array_holds_several_documents_in_order(tmp_path: Path) -> None:
    records = records_of(tmp_path, [EVENT, bus_event()])
    assert [r.service for r in records] == ["aws:sqs", "aws:sqs", "aws:events"]


def test_a_failure_record_without_payload_says_what_it_names(tmp_path: Path) -> None:
    (reason,) = reasons_of(tmp_path, FAILURE)
    for named in (STREAM, "shardId-000000000000", "495", "497", "names 3"):
        assert named in reason


@pytest.mark.parametrize("spell", [lambda event: event, json.dumps])
def test_a_failure_record_with_payload_gives_the_records_inside(tmp_path: Path, spell: Any) -> None:
    payload = spell({"Records": [kinesis_record()]})
    (record,) = records_of(tmp_path, FAILURE | {"payload": payload})
    assert record.source_arn == STREAM


def test_an_asynchronous_failure_gives_the_event_it_carries(tmp_path: Path) -> None:
    failure = {"version": "1.0", "requestContext": {}, "requestPayload": EVENT}
    assert [r.record_id for r in records_of(tmp_path, failure)][1] == "2"
    (reason,) = reasons_of(tmp_path, failure | {"requestPayload": "{"})
    assert "cut off" in reason
    (reason,) = reasons_of(tmp_path, failure | {"requestPayload": {"custom": 1}})
    assert reason.startswith("line 1, requestPayload: not known")


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"invocationId": "i", "records": []}, "Firehose"),
        ({"invocationSchemaVersion": "1.0", "tasks": []}, "S3 Batch"),
        ({"getObjectContext": {}}, "S3 Object Lambda"),
        ({"widgetContext": {}}, "dashboard"),
        ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}, "S3's test message"),
        ({"Records": [{"eventSource": "aws:ses"}]}, "'aws:ses'"),
        ({"Records": [{"cf": {}}]}, "an object with 'cf'"),
        ({}, "an empty object"),
        ([7], "a number"),
        ({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6}, "'e', ..."),
    ],
)
def test_what_is_not_ours_is_told_by_its_name_or_members(
    tmp_path: Path, document: Any, told: str
) -> None:
    (reason,) = reasons_of(tmp_path, document)
    assert told in reason


def test_what_is_alike_is_told_once_with_its_count(tmp_path: Path) -> None:
    (reason,) = reasons_of(tmp_path, [{"a": 1}] * 500)
    assert reason.startswith("line 1, document 1: not known")
    assert reason.endswith("(and 499 alike)")


def test_an_empty_answer_is_an_answer(tmp_path: Path) -> None:
    for answer in ({"Messages": []}, {"Records": [], "NextShardIterator": "i"}):
        (part,) = read(write(tmp_path, answer), QUEUE)
        assert (part.records, part.skipped) == ((), ())
