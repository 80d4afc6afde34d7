"""Records that Firehose or Kinesis Analytics gives a function to transform."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from connectors.files.instants import instant_of_ms
from connectors.files.members import detach_base64, object_of, text_of
from connectors.files.origin import Origin, Skip
from connectors.record import OrderScope, Record

_METADATA = ("kinesisRecordMetadata", "kinesisStreamRecordMetadata")


def transformed_records(event: dict[str, Any], origin: Origin) -> Iterator[Record | Skip]:
    """The records of one transformation; each envelope keeps the rest of the event in `event`.

    Args:
        event: has `invocationId` and `records`.
        origin: of the file; its `event` is the event without its records.

    Source: Firehose developer guide, "Data transformation"; Kinesis Analytics for SQL, "Preprocessing data".
    """
    is_analytics = "applicationArn" in event
    service = "kinesisanalytics" if is_analytics else "firehose"
    said = event.get("applicationArn" if is_analytics else "deliveryStreamArn")
    source_arn = origin.arn(said, service)
    if source_arn is None or not event["records"]:
        lacking = "records" if source_arn else "the ARN of its stream: pass --source ARN"
        yield Skip(f"a transformation event of Firehose or Kinesis Analytics without {lacking}")
        return
    for number, record in enumerate(event["records"], start=1):
        record_id = text_of(record, "recordId")
        if record_id is None:
            yield Skip("a record to transform without recordId", f"record {number}")
        else:
            yield _record(record, f"aws:{service}", source_arn, event, record_id, origin)
            origin = replace(origin, event=None)


def _record(
    record: dict[str, Any],
    service: str,
    source_arn: str,
    event: dict[str, Any],
    record_id: str,
    origin: Origin,
) -> Record:
    envelope = dict(record)
    body = detach_base64(envelope, envelope, "data")
    metadata: dict[str, Any] = next(filter(None, (object_of(record, m) for m in _METADATA)), {})
    shard_id = text_of(metadata, "shardId")
    arrived = metadata.get("approximateArrivalTimestamp", record.get("approximateArrivalTimestamp"))
    return origin.record(
        service=service,
        source_arn=source_arn,
        partition_id=shard_id or "",
        record_id=f"{event['invocationId']}:{record_id}",
        body=body,
        envelope=envelope,
        sequence_number=metadata.get("sequenceNumber"),
        ordering_key=text_of(metadata, "partitionKey"),
        order_scope=OrderScope.PARTITION if shard_id else OrderScope.NONE,
        source_at=instant_of_ms(arrived),
    )
