"""SNS notifications as Lambda hands them to a function that a topic calls."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from workbench.replay.events.payload import (
    NOTES,
    answered,
    parsed,
    payload_text,
    put_back,
    region_of,
)


def event_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """A notification as the topic pushes it; every delivery of it is the same.

    What was tapped or received by a queue came by another subscription: the signature is over the message alone and
    stays, the subscription's ARN and the address to end it are synthetic.

    Args:
        row: of `records`.

    Returns:
        One element of `Records`; a Lambda record that was imported comes back member for member.

    Example:
        >>> envelope = '{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws:sns:eu-west-1:1:t"}'
        >>> row = {"envelope": envelope, "body": b"hi", "source_arn": "arn:aws:sns:eu-west-1:1:t", "record_id": "m"}
        >>> event_record(row)["Sns"]["Message"]
        'hi'

    Source: Lambda developer guide, "Invoking Lambda functions with Amazon SNS notifications".
    """
    envelope = answered(row["envelope"])
    if isinstance(envelope.get("Sns"), dict):
        envelope = parsed(row["envelope"])
        return put_back(envelope, envelope["Sns"], "Message", row["body"])
    encoding = envelope.get(NOTES[0])
    message = envelope.get("Message") if encoding == "absent" else payload_text(row["body"])
    subscription_arn = _subscription_arn(row)
    region = region_of(row["source_arn"])
    return {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn,
        "Sns": {
            "Type": "Notification",
            "MessageId": row["record_id"],
            "TopicArn": row["source_arn"],
            "Subject": envelope.get("Subject"),
            "Message": message,
            "Timestamp": envelope.get("Timestamp"),
            "SignatureVersion": envelope.get("SignatureVersion", "1"),
            "Signature": envelope.get("Signature", "SYNTHETIC"),
            "SigningCertUrl": _certificate(envelope)
            or f"https://sns.{region}.amazonaws.com/SYNTHETIC.pem",
            "UnsubscribeUrl": f"https://sns.{region}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription_arn}",
            "MessageAttributes": envelope.get("MessageAttributes", {}),
        },
    }


def made_up(row: Mapping[str, Any], envelope: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Where the members of a pushed notification come from that a queue's copy does not give; see `provenance.py`.

    Returns:
        By path within the record: mark and origin; what is not named was observed.
    """
    if isinstance(envelope.get("Sns"), dict):
        return {}
    none = ("synthetic", "none was captured")
    said = {
        "EventSource": ("derived", "service"),
        "EventVersion": ("derived", "Lambda writes it into every notification"),
        "EventSubscriptionArn": ("synthetic", "the function's subscription is not captured"),
        "Sns.UnsubscribeUrl": ("synthetic", "the function's subscription is not captured"),
    }
    absent = {
        "Type": ("Type", ("derived", "service")),
        "TopicArn": ("TopicArn", ("derived", "source_arn")),
        "Subject": ("Subject", ("derived", "the notification has none")),
        "Timestamp": ("Timestamp", none),
        "SignatureVersion": ("SignatureVersion", none),
        "Signature": ("Signature", none),
        "MessageAttributes": ("MessageAttributes", ("derived", "the notification has none")),
    }
    for member, (name, mark) in absent.items():
        said |= {} if member in envelope else {f"Sns.{name}": mark}
    return said if _certificate(envelope) else said | {"Sns.SigningCertUrl": none}


def _certificate(envelope: Mapping[str, Any]) -> Any:
    """Queues get it under another spelling than functions."""
    return envelope.get("SigningCertURL", envelope.get("SigningCertUrl"))


def _subscription_arn(row: Mapping[str, Any]) -> str:
    """Of the form of AWS's own, the same for all notifications of a topic."""
    return _subscribed(row["source_arn"])


@lru_cache(maxsize=256)
def _subscribed(topic_arn: str) -> str:
    return f"{topic_arn}:{uuid5(NAMESPACE_URL, topic_arn)}"
