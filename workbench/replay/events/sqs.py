"""SQS messages as Lambda hands them to a function."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.answers import ms_of
from workbench.replay.events.paths import at
from workbench.replay.events.payload import answered, parsed, payload_text, put_back, region_of

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


def event_record(row: Mapping[str, Any], *, has_window: bool = False) -> dict[str, Any]:
    """A message as it was delivered when it was captured.

    Args:
        row: of `records`.
        has_window: whether the mapping has a batching window: AWS was recorded writing a `md5OfMessageAttributes` of
            null then, where it leaves the member out otherwise.

    Returns:
        One element of `Records`; a Lambda record that was imported comes back member for member.

    Example:
        >>> envelope = '{"MessageId":"m-1","ReceiptHandle":"r","Attributes":{"SentTimestamp":"1"}}'
        >>> row = {"envelope": envelope, "body": b"hello", "source_arn": "arn:aws:sqs:eu-west-1:1:q"}
        >>> event_record(row)["md5OfBody"]
        '5d41402abc4b2a76b9719d911017c592'

    Source: Lambda developer guide, "Using Lambda with Amazon SQS"; SQS ReceiveMessage.
    """
    envelope = answered(row["envelope"])
    if is_lambdas(envelope):
        envelope = parsed(row["envelope"])
        return put_back(envelope, envelope, "body", row["body"])
    return _from_api(envelope, row, has_window)


def is_lambdas(envelope: Mapping[str, Any]) -> bool:
    """Whether Lambda spelled the record, not ReceiveMessage.

    Example:
        >>> is_lambdas({"messageId": "m"}), is_lambdas({"MessageId": "m"})
        (True, False)
    """
    return "messageId" in envelope and "MessageId" not in envelope


def delivered(
    row: Mapping[str, Any],
    deliveries: int,
    receipt_handle: str,
    first_received_at: datetime,
    *,
    has_window: bool = False,
) -> dict[str, Any]:
    """A message as it is delivered in a run.

    Args:
        row: of `records`.
        deliveries: of this run, this one included.
        receipt_handle: new for each delivery.
        first_received_at: the first delivery's instant, used where none was captured.
        has_window: as of `event_record`.

    Returns:
        As `event_record`, with receipt handle and receive count of this delivery.
    """
    record = event_record(row, has_window=has_window)
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


def made_up(row: Mapping[str, Any], envelope: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Where the members of a record come from that ReceiveMessage does not give; see `provenance.py`.

    Returns:
        By path within the record: mark and origin; what is not named was observed.
    """
    if is_lambdas(envelope):
        return {}
    said = {
        "eventSource": ("derived", "service"),
        "eventSourceARN": ("derived", "source_arn"),
        "awsRegion": ("derived", "source_arn"),
    }
    absent = {
        "ReceiptHandle": {"receiptHandle": ("synthetic", "none was captured")},
        "Attributes": {"attributes": ("synthetic", "none were captured")},
        "MessageAttributes": {"messageAttributes": ("derived", "the message has none")},
        "MD5OfBody": {"md5OfBody": ("derived", "body")},
    }
    for member, marks in absent.items():
        said |= {} if member in envelope else marks
    for name, value in envelope.get("MessageAttributes", {}).items():
        for member in ("StringListValues", "BinaryListValues"):
            if member not in value:
                place = at(at("messageAttributes", name), member[0].lower() + member[1:])
                said[place] = ("derived", "the message has none")
    return said


def _from_api(
    message: Mapping[str, Any], row: Mapping[str, Any], has_window: bool
) -> dict[str, Any]:
    body, arn = row["body"], row["source_arn"]
    user = message.get("MessageAttributes")
    record: dict[str, Any] = {
        "messageId": message.get("MessageId") or row.get("record_id"),
        "receiptHandle": message.get("ReceiptHandle", ""),
        "body": payload_text(body),
        "attributes": _in_lambdas_order(message.get("Attributes") or {}),
        "messageAttributes": {name: _attribute(user[name]) for name in user} if user else {},
    }
    if has_window or "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message.get("MD5OfMessageAttributes")
    digest = message.get("MD5OfBody")
    record["md5OfBody"] = digest or hashlib.md5(body, usedforsecurity=False).hexdigest()
    record["eventSource"] = "aws:sqs"
    record["eventSourceARN"] = arn
    record["awsRegion"] = region_of(arn)
    return record


def _in_lambdas_order(system: Mapping[str, Any]) -> dict[str, Any]:
    """The members in the order that Lambda writes them; those it is not known to write come last."""
    ordered = {name: system[name] for name in _SYSTEM_ORDER if name in system}
    return ordered if len(ordered) == len(system) else {**ordered, **system}


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    """Lower-first members; the two lists are there even where SQS has none to give."""
    whole = {"StringListValues": [], "BinaryListValues": [], **value}
    return {
        member[0].lower() + member[1:]: whole[member]
        for member in _ATTRIBUTE_MEMBERS
        if member in whole
    }
