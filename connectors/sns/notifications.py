"""SNS notifications as a queue gets them with raw delivery off, turned into records."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from connectors.answers import (
    Clock,
    attributes_json,
    compact_json,
    encoded,
    instant,
    instant_of_ms,
    without,
)
from connectors.record import OrderScope, Record, Service

_SYSTEM = ("Subject", "Timestamp", "SequenceNumber")
"""Members of a notification that stand beside the message and its attributes."""


def notification_record(topic_arn: str, message: Mapping[str, Any], now: Clock) -> Record:
    """The record of one delivery of a notification; a message that is none is kept as it is.

    Its id is the notification's; that of the SQS message around it stands in the envelope's
    `sqs`. The sequence number of a FIFO topic is the topic's, not the queue's.

    Args:
        topic_arn: Whose notification it is.
        message: As ReceiveMessage gives it.
        now: Clock.

    Source: SNS developer guide, "Parsing Amazon SNS message formats".
    """
    outer = message.get("Attributes", {})
    notification = _notification(message["Body"])
    group = outer.get("MessageGroupId")
    carried = {"MessageId": message["MessageId"], "Attributes": outer}
    system = {name: notification[name] for name in _SYSTEM if name in notification}
    is_fifo = topic_arn.endswith(".fifo")
    return Record(
        service=Service.SNS,
        source_arn=topic_arn,
        partition_id="",
        record_id=notification.get("MessageId", message["MessageId"]),
        received_at=now(),
        body=encoded(notification.get("Message", message["Body"])),
        sequence_number=notification.get("SequenceNumber", outer.get("SequenceNumber")),
        ordering_key=group,
        order_scope=OrderScope.KEY if is_fifo and group else OrderScope.NONE,
        source_at=_published_at(notification, outer),
        attributes=attributes_json(system, notification.get("MessageAttributes", {})),
        envelope=compact_json(without(notification, "Message") | {"sqs": carried}),
    )


def _notification(body: str) -> dict[str, Any]:
    """The envelope that SNS puts around a message; empty where there is none."""
    try:
        document = orjson.loads(body)
    except ValueError:
        return {}
    # Only this type carries what was published; the others are SNS's own words.
    is_one = isinstance(document, dict) and document.get("Type") == "Notification"
    return document if is_one and isinstance(document.get("Message"), str) else {}


def _published_at(notification: Mapping[str, Any], outer: Mapping[str, str]) -> datetime | None:
    try:
        return instant(notification["Timestamp"])
    except (KeyError, TypeError, ValueError):
        return instant_of_ms(outer["SentTimestamp"]) if "SentTimestamp" in outer else None
