"""S3 notifications out of Lambda events."""

import json
from datetime import UTC, datetime
from pathlib import Path

from tests.connectors.files.shapes import reasons_of, rebuilt, records_of, s3_record


def test_a_notification_is_ordered_by_its_object_key(tmp_path: Path) -> None:
    (record,) = records_of(tmp_path, {"Records": [s3_record()]})
    assert (record.service, record.source_arn) == ("aws:s3", "arn:aws:s3:::orders")
    assert record.record_id == "D82B88E5F771F645:0C0F6F405D6ED209E1"
    assert (record.ordering_key, record.order_scope) == ("orders/a+b.json", "key")
    assert record.sequence_number is None
    assert record.source_at == datetime(2019, 9, 3, 19, 37, 27, 192000, tzinfo=UTC)
    assert json.loads(record.body) == s3_record()["s3"]
    assert rebuilt(record) == s3_record()


def test_a_bucket_keeps_the_arn_that_was_said(tmp_path: Path) -> None:
    bucket = {"name": "b", "arn": "arn:aws-cn:s3:::b"}
    notification = s3_record(s3={"bucket": bucket, "object": {"sequencer": "0A"}})
    (record,) = records_of(tmp_path, {"Records": [notification]})
    assert record.source_arn == "arn:aws-cn:s3:::b"


def test_a_bucket_without_arn_gets_the_one_its_name_says(tmp_path: Path) -> None:
    notification = s3_record(s3={"bucket": {"name": "b"}, "object": {"sequencer": "0A"}})
    (record,) = records_of(tmp_path, {"Records": [notification]})
    assert record.source_arn == "arn:aws:s3:::b"
    assert record.ordering_key is None


def test_a_notification_without_identity_or_bucket_is_told(tmp_path: Path) -> None:
    nameless = s3_record(s3={"object": {"sequencer": "0A"}})
    without_id = s3_record(s3={}, responseElements=None)
    first, second = reasons_of(tmp_path, {"Records": [nameless, without_id]})
    assert "pass --source" in first
    assert "without x-amz-request-id and sequencer" in second
