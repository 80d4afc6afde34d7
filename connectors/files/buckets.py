"""S3 notifications as Lambda gets them."""

from typing import Any

from connectors.files.instants import instant_of_seconds
from connectors.files.members import detach_json, object_of, text_of
from connectors.files.origin import Origin, Skip
from connectors.record import OrderScope, Record, Service


def bucket_record(record: dict[str, Any], origin: Origin) -> Record | Skip:
    """A notification out of a Lambda event: its `s3` member is the body.

    The sequencer orders the events of one key and is hexadecimal, so it is no sequence number; it stays in
    the body. A bucket without ARN gets the one that its name says (derived).

    Source: S3 user guide, "Event message structure".
    """
    s3 = object_of(record, "s3")
    bucket, key = object_of(s3, "bucket"), object_of(s3, "object")
    name, object_key = text_of(bucket, "name"), text_of(key, "key")
    request_id = text_of(object_of(record, "responseElements"), "x-amz-request-id")
    record_id = ":".join(filter(None, (request_id, text_of(key, "sequencer"))))
    derived = f"arn:aws:s3:::{name}" if name else None
    source_arn = text_of(bucket, "arn") or origin.arn(derived, "s3")
    if not record_id:
        return Skip("an S3 notification without x-amz-request-id and sequencer")
    if source_arn is None:
        return Skip("an S3 notification that does not name its bucket: pass --source ARN")
    envelope = dict(record)
    body = detach_json(envelope, "s3")
    return origin.record(
        service=Service.S3,
        source_arn=source_arn,
        record_id=record_id,
        body=body,
        envelope=envelope,
        ordering_key=f"{name}/{object_key}" if name and object_key else None,
        order_scope=OrderScope.KEY,
        source_at=instant_of_seconds(record.get("eventTime")),
        system={"eventName": record["eventName"]} if "eventName" in record else {},
    )
