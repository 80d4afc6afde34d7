"""SNS notifications: as Lambda gets them, and as the envelope that queues and web hooks get."""

from typing import Any

from connectors.files.instants import instant_of_seconds
from connectors.files.members import detach_text, object_of, text_of
from connectors.files.origin import Origin, Skip
from connectors.record import Record, Service

_SYSTEM = ("Subject", "Timestamp", "SequenceNumber")


def topic_record(record: dict[str, Any], origin: Origin) -> Record | Skip:
    """A notification out of a Lambda event; the payload leaves its `Sns` member.

    Source: Lambda developer guide, "Invoking Lambda functions with Amazon SNS notifications".
    """
    envelope = {**record, "Sns": dict(object_of(record, "Sns"))}
    return _notification(envelope, envelope["Sns"], origin)


def notification(document: dict[str, Any], origin: Origin) -> Record | Skip:
    """An envelope of its own, with raw message delivery off.

    Source: SNS developer guide, "Parsing Amazon SNS message formats".
    """
    if document["Type"] != "Notification":
        return Skip(f"an SNS {document['Type']!s:.40}: it carries no published message")
    envelope = dict(document)
    return _notification(envelope, envelope, origin)


def _notification(
    envelope: dict[str, Any], message: dict[str, Any], origin: Origin
) -> Record | Skip:
    message_id = text_of(message, "MessageId")
    source_arn = origin.arn(message.get("TopicArn"), "sns")
    if message_id is None:
        return Skip("an SNS notification without MessageId")
    if source_arn is None:
        return Skip("an SNS notification that does not name its topic: pass --source ARN")
    body = detach_text(envelope, message, "Message")
    return origin.record(
        service=Service.SNS,
        source_arn=source_arn,
        record_id=message_id,
        body=body,
        envelope=envelope,
        sequence_number=message.get("SequenceNumber"),
        source_at=instant_of_seconds(message.get("Timestamp")),
        system={name: message[name] for name in _SYSTEM if name in message},
        user=object_of(message, "MessageAttributes"),
    )
