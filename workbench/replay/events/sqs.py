"""SQS messages as Lambda hands them to a function."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.answers import ms_of
from workbench.replay.events.payload import payload_text, put_back

_API = {
    "Attributes": "attributes",
    "MessageAttributes": "messageAttributes",
    "MD5OfBody": "md5OfBody",
    "MD5OfMessageAttributes": "md5OfMessageAttributes",
}
_ORDER = (
    "messageId",
    "receiptHandle",
    "body",
    "attributes",
    "messageAttributes",
    "md5OfMessageAttributes",
    "md5OfBody",
    "eventSource",
    "eventSourceARN",
    "awsRegion",
)
_SYSTEM_ORDER = (
    "ApproximateReceiveCount",
    "AWSTraceHeader",
    "SentTimestamp",
    "SequenceNumber",
    "MessageGroupId",
    "SenderId",
    "MessageDeduplicationId",
    "ApproximateFirstReceiveTimestamp",
)
_ATTRIBUTE_MEMBERS = (
    "StringValue",
    "BinaryValue",
    "StringListValues",
    "BinaryListValues",
    "DataType",
)


def event_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """A message as it was delivered when it was captured.

    Args:
        row: of `records`.

    Returns:
        One element of `Records`; a Lambda record that was imported comes back member for member.

    Example:
        >>> envelope = '{"MessageId":"m-1","ReceiptHandle":"r","Attributes":{"SentTimestamp":"1"}}'
        >>> row = {"envelope": envelope, "body": b"hello", "source_arn": "arn:aws:sqs:eu-west-1:1:q"}
        >>> event_record(row)["md5OfBody"]
        '5d41402abc4b2a76b9719d911017c592'

    Source: Lambda developer guide, "Using Lambda with Amazon SQS"; SQS ReceiveMessage.
    """
    envelope = json.loads(row["envelope"])
    if "MessageId" not in envelope and "messageId" in envelope:
        return put_back(envelope, envelope, "body", row["body"], after="receiptHandle")
    return _from_api(envelope, row)


def delivered(
    row: Mapping[str, Any], deliveries: int, receipt_handle: str, first_received_at: datetime
) -> dict[str, Any]:
    """A message as it is delivered in a run.

    Args:
        row: of `records`.
        deliveries: of this run, this one included.
        receipt_handle: new for each delivery.
        first_received_at: the first delivery's instant, used where none was captured.

    Returns:
        As `event_record`, with receipt handle and receive count of this delivery.
    """
    record = event_record(row)
    attributes = dict(record.get("attributes") or {})
    attributes["ApproximateReceiveCount"] = str(receive_count(row["receive_count"], deliveries))
    attributes.setdefault("ApproximateFirstReceiveTimestamp", str(ms_of(first_received_at)))
    return {**record, "receiptHandle": receipt_handle, "attributes": attributes}


def receive_count(captured: int | None, deliveries: int) -> int:
    """ApproximateReceiveCount of a delivery: the captured one is the first.

    Example:
        >>> receive_count(3, 1)
        3
    """
    return (captured or 1) + deliveries - 1


def _from_api(message: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "messageId": message.get("MessageId", row.get("record_id")),
        "receiptHandle": message.get("ReceiptHandle", ""),
        "body": payload_text(row["body"]),
        "attributes": {},
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(row["body"], usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": row["source_arn"],
        "awsRegion": row["source_arn"].split(":")[3],
    }
    record.update((ours, message[theirs]) for theirs, ours in _API.items() if theirs in message)
    record["attributes"] = _in_order(record["attributes"], _SYSTEM_ORDER)
    record["messageAttributes"] = {
        name: _attribute(value) for name, value in record["messageAttributes"].items()
    }
    return _in_order(record, _ORDER)


def _in_order(members: Mapping[str, Any], order: tuple[str, ...]) -> dict[str, Any]:
    """The members in the order that Lambda writes them; those it is not known to write come last."""
    names = (*(name for name in order if name in members), *members)
    return {name: members[name] for name in names}


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    """Lower-first members; the two lists are there even where SQS has none to give."""
    whole = {"StringListValues": [], "BinaryListValues": [], **value}
    return {
        member[0].lower() + member[1:]: whole[member]
        for member in _ATTRIBUTE_MEMBERS
        if member in whole
    }
