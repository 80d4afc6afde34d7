"""Failure records: what Lambda sends to a mapping's on-failure destination for a batch that it gives up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from connectors.answers import compact_json
from connectors.record import Service
from workbench.replay.engine.invocation import Batch, Item

Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]


@dataclass(frozen=True, slots=True)
class Discard:
    """Records of a stream that were given up together."""

    batch: Batch
    """With these records alone; at the instant at which they were given up."""
    condition: Condition
    invoke_count: int
    """Which attempt was the last, or would have been the next."""
    invocation_id: str | None
    """Of the last attempt; None where there was none."""
    has_raised: bool
    """Whether the function ended in an error then; its answer named the failures otherwise."""


@dataclass(frozen=True, slots=True)
class DestinationRecord:
    """One document that AWS would have sent to a destination; the columns of `destination_records`."""

    invocation_id: str | None
    destination_arn: str
    condition: str
    sent_at: datetime
    """Virtual."""
    object_key: str | None
    """Of a bucket's object; None for other destinations."""
    document: str
    """JSON: the body of the message, or the object."""
    message_attributes: Mapping[str, Mapping[str, str]] | None = None
    """Of a function's dead-letter message. No column of its own: they repeat the invocation's id and its error."""


Sent = Callable[[DestinationRecord], None]


def failure_record(discard: Discard, destination_arn: str, function_name: str) -> DestinationRecord:
    """The record of a batch that was given up.

    Args:
        discard: what was given up, and why.
        destination_arn: a queue, a topic, or a bucket, whose objects hold the event too.
        function_name: that the mapping is of.

    Returns:
        The document in AWS's shape. Synthetic: the request id where no attempt was made, and in an object's key the
        mapping's id.

    Source: Lambda developer guide, "Retain batch records that are discarded"; shapes as AWS was recorded sending them.
    """
    first, last, at = discard.batch.items[0], discard.batch.items[-1], discard.batch.at
    source_arn = first.source_arn
    _, partition, _, region, account, _ = source_arn.split(":", 5)
    request_id = discard.invocation_id or _id("request", first.record_id, last.record_id, str(at))
    document: dict[str, Any] = {
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"arn:{partition}:lambda:{region}:{account}:function:{function_name}",
            "condition": discard.condition,
            "approximateInvokeCount": discard.invoke_count,
        }
    }
    if discard.condition == "RetryAttemptsExhausted":
        document["responseContext"] = {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled" if discard.has_raised else None,
        }
    is_kinesis = first.service == Service.KINESIS
    document |= {
        "version": "1.0",
        "timestamp": _milliseconds(at),
        "KinesisBatchInfo" if is_kinesis else "DDBStreamBatchInfo": {
            "shardId": first.partition_id,
            "startSequenceNumber": first.sequence_number,
            "endSequenceNumber": last.sequence_number,
            "approximateArrivalOfFirstRecord": _arrival(first, is_kinesis),
            "approximateArrivalOfLastRecord": _arrival(last, is_kinesis),
            "batchSize": len(discard.batch.items),
            "streamArn": source_arn,
        },
    }
    text, key = compact_json(document), None
    if destination_arn.split(":")[2] == "s3":
        text = f'{text[:-1]},"payload":{discard.batch.event}}}'
        folder = f"aws/lambda/{_id('mapping', source_arn, function_name)}/{first.partition_id}"
        key = f"{folder}/{at:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{_id('object', request_id)}"
    return DestinationRecord(
        discard.invocation_id, destination_arn, discard.condition, at, key, text
    )


def _id(*names: str) -> str:
    return str(uuid5(NAMESPACE_URL, "replay " + " ".join(names)))


def _arrival(item: Item, is_kinesis: bool) -> str:
    return _milliseconds(item.arrives_at) if is_kinesis else f"{item.arrives_at:%Y-%m-%dT%H:%M:%SZ}"


def _milliseconds(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
