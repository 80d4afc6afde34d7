"""Records that Firehose or Kinesis Analytics gives a function to transform."""

import json
from pathlib import Path
from typing import Any

from tests.connectors.files.shapes import SEQUENCE, SHARD, STREAM, reasons_of, records_of

FIREHOSE = "arn:aws:firehose:us-east-1:111122223333:deliverystream/orders"
ANALYTICS = "arn:aws:kinesisanalytics:us-east-1:111122223333:application/orders"


def transformation(**changed: Any) -> dict[str, Any]:
    return {
        "invocationId": "i",
        "deliveryStreamArn": FIREHOSE,
        "region": "us-east-1",
        "records": [
            {
                "recordId": number,
                "approximateArrivalTimestamp": 1_664_028_820_148,
                "data": "aGVsbG8=",
                "kinesisRecordMetadata": {
                    "shardId": SHARD,
                    "partitionKey": "customer-7",
                    "sequenceNumber": SEQUENCE,
                },
            }
            for number in ("1", "2")
        ],
    } | changed


def test_each_record_is_a_delivery_with_its_data_decoded(tmp_path: Path) -> None:
    first, second = records_of(tmp_path, transformation())
    assert (first.service, first.source_arn) == ("aws:firehose", FIREHOSE)
    assert (first.record_id, second.record_id) == ("i:1", "i:2")
    assert (first.body, first.partition_id, first.sequence_number) == (b"hello", SHARD, SEQUENCE)
    assert (first.ordering_key, first.order_scope) == ("customer-7", "partition")
    assert first.source_at is not None
    assert first.source_at.isoformat() == "2022-09-24T14:13:40.148000+00:00"


def test_the_rest_of_the_event_is_kept_once(tmp_path: Path) -> None:
    first, second = (json.loads(r.envelope) for r in records_of(tmp_path, transformation()))
    kept = {"invocationId": "i", "deliveryStreamArn": FIREHOSE, "region": "us-east-1"}
    assert first["event"] == kept | {"records": None}
    assert "event" not in second


def test_kinesis_analytics_is_told_by_its_application(tmp_path: Path) -> None:
    event = transformation(applicationArn=ANALYTICS, streamArn=STREAM)
    assert {r.service for r in records_of(tmp_path, event)} == {"aws:kinesisanalytics"}


def test_what_does_not_name_its_stream_needs_the_users_word(tmp_path: Path) -> None:
    event = transformation()
    del event["deliveryStreamArn"]
    (reason,) = reasons_of(tmp_path, event)
    assert "pass --source ARN" in reason
    assert len(records_of(tmp_path, event, FIREHOSE)) == 2


def test_a_record_without_an_id_is_skipped_and_the_others_taken(tmp_path: Path) -> None:
    (reason,) = reasons_of(tmp_path, transformation(records=[{"data": ""}, {"recordId": "2"}, 7]))[
        :1
    ]
    assert "recordId" in reason
