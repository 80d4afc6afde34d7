"""Kinesis and DynamoDB Streams records: as Lambda gets them, and as `get-records` answers them."""

from typing import Any

from connectors.answers import compact_json
from connectors.files.instants import instant_of_seconds
from connectors.files.members import BODY_AT, detach_base64, object_of, text_of
from connectors.files.origin import Origin, Skip
from connectors.record import OrderScope, Record, Service

_IMAGES = ("Keys", "NewImage", "OldImage")
_CHANGE_SYSTEM = ("eventName", "userIdentity")


def stream_of(arn: Any) -> Any:
    """A stream's ARN where an enhanced fan-out consumer's was said; anything else as it is.

    Example:
        >>> stream_of("arn:aws:kinesis:us-east-1:111122223333:stream/orders/consumer/c:1")
        'arn:aws:kinesis:us-east-1:111122223333:stream/orders'
    """
    is_consumer = isinstance(arn, str) and ":kinesis:" in arn
    return arn.split("/consumer/", 1)[0] if is_consumer else arn


def kinesis_record(record: dict[str, Any], origin: Origin) -> Record | Skip:
    """A record out of a Lambda event; its shard stands in `eventID` only.

    Source: Lambda developer guide, "Using Lambda with Amazon Kinesis Data Streams".
    """
    envelope = {**record, "kinesis": dict(object_of(record, "kinesis"))}
    data = envelope["kinesis"]
    shard_id, _, sequence = (text_of(record, "eventID") or "").rpartition(":")
    if not data:
        return Skip("a Kinesis record without kinesis")
    sequence = text_of(data, "sequenceNumber") or sequence
    return _kinesis(
        envelope,
        data,
        "data",
        said_arn=record.get("eventSourceARN"),
        shard_id=shard_id or origin.partition_id,
        sequence=sequence,
        partition_key=text_of(data, "partitionKey"),
        arrived=data.get("approximateArrivalTimestamp"),
        origin=origin,
    )


def kinesis_answer_record(record: dict[str, Any], origin: Origin) -> Record | Skip:
    """A record out of an answer, which names neither stream nor shard: the user must.

    Source: Kinesis GetRecords.
    """
    envelope = dict(record)
    return _kinesis(
        envelope,
        envelope,
        "Data",
        said_arn=None,
        shard_id=origin.partition_id,
        sequence=text_of(record, "SequenceNumber"),
        partition_key=text_of(record, "PartitionKey"),
        arrived=record.get("ApproximateArrivalTimestamp"),
        origin=origin,
    )


def _kinesis(
    envelope: dict[str, Any],
    holder: dict[str, Any],
    member: str,
    *,
    said_arn: Any,
    shard_id: str | None,
    sequence: str | None,
    partition_key: str | None,
    arrived: Any,
    origin: Origin,
) -> Record | Skip:
    source_arn = stream_of(origin.arn(said_arn, "kinesis"))
    if not sequence:
        return Skip("a Kinesis record without a sequence number")
    if source_arn is None:
        return Skip("Kinesis records that do not name their stream: pass --source ARN", alike=True)
    if not shard_id:
        reason = "Kinesis records that do not name their shard: pass --partition SHARD_ID"
        return Skip(reason, alike=True)
    system = {"encryptionType": v} if (v := text_of(holder, "encryptionType")) else {}
    body = detach_base64(envelope, holder, member)
    return origin.record(
        service=Service.KINESIS,
        source_arn=source_arn,
        partition_id=shard_id,
        record_id=f"{shard_id}:{sequence}",
        body=body,
        envelope=envelope,
        sequence_number=sequence,
        ordering_key=partition_key,
        order_scope=OrderScope.PARTITION,
        source_at=instant_of_seconds(arrived),
        system=system,
    )


def change_record(record: dict[str, Any], origin: Origin) -> Record | Skip:
    """A DynamoDB change, of a Lambda event or of an answer: both spell it alike.

    The record names no shard: its partition is the user's word, else `""`. Keys and images become the
    body; the rest of `dynamodb` stays in the envelope.

    Source: DynamoDB Streams GetRecords; Lambda developer guide, "Using Lambda with DynamoDB".
    """
    change = dict(object_of(record, "dynamodb"))
    event_id = text_of(record, "eventID")
    source_arn = origin.arn(record.get("eventSourceARN"), "dynamodb")
    if event_id is None or not change:
        return Skip("a DynamoDB change without eventID or without dynamodb")
    if source_arn is None:
        reason = "DynamoDB changes that do not name their stream: pass --source ARN"
        return Skip(reason, alike=True)
    images = [name for name in _IMAGES if name in change]
    places = [list(change).index(name) for name in images]
    body = compact_json({name: change.pop(name) for name in images})
    noted = {BODY_AT: places} if places != _usual_places(list(change), images) else {}
    keys = object_of(object_of(record, "dynamodb"), "Keys")
    return origin.record(
        service=Service.DYNAMODB,
        source_arn=source_arn,
        partition_id=origin.partition_id or "",
        record_id=event_id,
        body=body.encode(),
        envelope={**record, "dynamodb": change} | noted,
        sequence_number=change.get("SequenceNumber"),
        ordering_key=compact_json(dict(sorted(keys.items()))) if keys else None,
        order_scope=OrderScope.PARTITION,
        source_at=instant_of_seconds(change.get("ApproximateCreationDateTime")),
        system={name: record[name] for name in _CHANGE_SYSTEM if name in record},
    )


def _usual_places(others: list[str], images: list[str]) -> list[int]:
    """Behind the instant, one after the other."""
    first = 1 if others[:1] == ["ApproximateCreationDateTime"] else 0
    return list(range(first, first + len(images)))
