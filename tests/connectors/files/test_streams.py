"""Kinesis and DynamoDB Streams records out of Lambda events and out of answers."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.connectors.files.shapes import (
    SEQUENCE,
    SHARD,
    STREAM,
    TABLE_STREAM,
    dynamodb_record,
    kinesis_record,
    reasons_of,
    rebuilt,
    records_of,
)

ANSWERED = {
    "SequenceNumber": SEQUENCE,
    "ApproximateArrivalTimestamp": 1545084650.987,
    "Data": "SGVsbG8=",
    "PartitionKey": "customer-7",
    "EncryptionType": "KMS",
}
ARRIVED_AT = datetime(2018, 12, 17, 22, 10, 50, 987000, tzinfo=UTC)


def test_a_kinesis_record_takes_its_shard_from_the_event_id(tmp_path: Path) -> None:
    (record,) = records_of(tmp_path, {"Records": [kinesis_record()]})
    assert (record.service, record.source_arn) == ("aws:kinesis", STREAM)
    assert record.partition_id == SHARD
    assert record.record_id == f"{SHARD}:{SEQUENCE}"
    assert record.sequence_number == SEQUENCE
    assert (record.ordering_key, record.order_scope) == ("customer-7", "partition")
    assert record.body == b"Hello"
    assert record.source_at == ARRIVED_AT
    assert rebuilt(record) == kinesis_record()


def test_the_source_of_an_enhanced_fan_out_record_is_the_stream(tmp_path: Path) -> None:
    event = kinesis_record(eventSourceARN=f"{STREAM}/consumer/reader:1545084650")
    (record,) = records_of(tmp_path, {"Records": [event]})
    assert record.source_arn == STREAM
    assert rebuilt(record) == event


@pytest.mark.parametrize("text", ["{{{data}}}", "SGVsbG8", "SGVsbG9=", "aGk=\n", "é", "====="])
def test_data_that_is_no_base64_is_kept_as_its_text(tmp_path: Path, text: str) -> None:
    record_in = kinesis_record()
    record_in["kinesis"] = record_in["kinesis"] | {"data": text}
    (record,) = records_of(tmp_path, {"Records": [record_in]})
    assert record.body == text.encode()
    assert json.loads(record.envelope)["body_encoding"] == "undecoded"
    assert rebuilt(record) == record_in


def test_a_tumbling_window_names_the_shard_for_its_records(tmp_path: Path) -> None:
    record_in = {
        k: v for k, v in kinesis_record().items() if k not in ("eventID", "eventSourceARN")
    }
    event = {
        "Records": [record_in],
        "window": {"start": "2020-07-30T17:00:00Z", "end": "2020-07-30T17:05:00Z"},
        "state": {},
        "shardId": SHARD,
        "eventSourceARN": STREAM,
        "isFinalInvokeForWindow": False,
        "isWindowTerminatedEarly": False,
    }
    (record,) = records_of(tmp_path, event)
    assert (record.partition_id, record.source_arn) == (SHARD, STREAM)
    assert records_of(tmp_path, event | {"Records": []}) == []


@pytest.mark.parametrize("arrived", [1545084650.987, "2018-12-17T23:10:50.987000+01:00"])
def test_get_records_of_both_cli_versions_says_one_instant(tmp_path: Path, arrived: object) -> None:
    answered = ANSWERED | {"ApproximateArrivalTimestamp": arrived}
    answer = {"Records": [answered], "NextShardIterator": "i", "MillisBehindLatest": 0}
    (record,) = records_of(tmp_path, answer, STREAM, SHARD)
    assert record.source_at == ARRIVED_AT
    assert record.record_id == f"{SHARD}:{SEQUENCE}"
    assert record.body == b"Hello"
    assert rebuilt(record) == answered


def test_get_records_needs_stream_and_shard_from_the_user(tmp_path: Path) -> None:
    answer = {"Records": [ANSWERED, ANSWERED], "MillisBehindLatest": 0}
    (reason,) = reasons_of(tmp_path, answer)
    assert "pass --source" in reason
    (reason,) = reasons_of(tmp_path, answer, source_arn=STREAM)
    assert "pass --partition" in reason


def test_a_table_change_keeps_images_in_the_body_and_the_rest_in_the_envelope(
    tmp_path: Path,
) -> None:
    (record,) = records_of(tmp_path, {"Records": [dynamodb_record()]})
    assert (record.service, record.source_arn) == ("aws:dynamodb", TABLE_STREAM)
    assert record.record_id == "c4ca4238a0b923820dcc509a6f75849b"
    assert record.sequence_number == "4421584500000000017450439091"
    assert record.ordering_key == '{"id":{"S":"a"},"sort":{"N":"2"}}'
    assert record.order_scope == "partition"
    assert record.source_at == datetime(2016, 11, 18, 20, 9, tzinfo=UTC)
    assert list(json.loads(record.body)) == ["Keys", "NewImage", "OldImage"]
    assert "Keys" not in json.loads(record.envelope)["dynamodb"]
    assert rebuilt(record) == dynamodb_record()


def test_changes_of_an_answer_take_source_and_shard_from_the_user(tmp_path: Path) -> None:
    answered = {k: v for k, v in dynamodb_record().items() if k != "eventSourceARN"}
    answer = {"Records": [answered], "NextShardIterator": "i"}
    (record,) = records_of(tmp_path, answer, TABLE_STREAM, SHARD)
    assert (record.source_arn, record.partition_id) == (TABLE_STREAM, SHARD)
    assert rebuilt(record) == answered
    assert "pass --source" in reasons_of(tmp_path, answer)[0]


def test_records_without_identity_are_told(tmp_path: Path) -> None:
    without_sequence = {"eventSource": "aws:kinesis", "kinesis": {"data": ""}}
    without_id = dynamodb_record(eventID=7)
    without_data = kinesis_record(kinesis=None)
    assert reasons_of(tmp_path, {"Records": [without_sequence, without_id, without_data]}) == [
        "line 1, record 1: a Kinesis record without a sequence number",
        "line 1, record 2: a DynamoDB change without eventID or without dynamodb",
        "line 1, record 3: a Kinesis record without kinesis",
    ]


def test_every_byte_of_kinesis_data_survives(tmp_path: Path) -> None:
    record_in = kinesis_record()
    record_in["kinesis"]["data"] = base64.b64encode(bytes(range(256))).decode()
    (record,) = records_of(tmp_path, {"Records": [record_in]})
    assert record.body == bytes(range(256))
