"""Records that only files bring: they come back as they were, for nothing about them has to be made up."""

from collections.abc import Mapping
from typing import Any

from connectors.record import Service
from workbench.replay.events.payload import WHOLE, parsed, payload_json, put_back

_PAYLOADS: Mapping[str, tuple[str, str]] = {
    Service.S3: ("s3", "json"),
    Service.EVENTS: ("detail", "json"),
    Service.APIGATEWAY: ("body", "text"),
    "aws:elasticloadbalancing": ("body", "text"),
    "aws:firehose": ("data", "base64"),
    "aws:kinesisanalytics": ("data", "base64"),
}


def event_record(row: Mapping[str, Any]) -> Any:
    """What a function was given: an element of its event's records, or an event that holds no records.

    Args:
        row: of `records`.

    Example:
        >>> event_record({"service": "aws:events", "envelope": '{"id":"1"}', "body": b'{"a":2}'})
        {'id': '1', 'detail': {'a': 2}}

    Source: the modules of `connectors/files` name each event's document.
    """
    envelope = parsed(row["envelope"])
    if is_whole(envelope):
        return payload_json(row["body"])
    member, spelled = payload_of(row["service"], envelope)
    return put_back(envelope, envelope, member, row["body"], spelled=spelled)


def is_whole(envelope: Mapping[str, Any]) -> bool:
    """Whether the body is the whole event, as a caller gave it."""
    return envelope.get("body_encoding") == WHOLE


def payload_of(service: str, envelope: Mapping[str, Any]) -> tuple[str, str]:
    """The payload's member, and how it is spelled there.

    Example:
        >>> payload_of("aws:events", {"alarmArn": "arn:x"}), payload_of("aws:s3", {})
        (('alarmData', 'json'), ('s3', 'json'))
    """
    member, spelled = _PAYLOADS[service]
    if service == Service.EVENTS and "alarmArn" in envelope:
        return "alarmData", spelled
    if member == "body" and envelope.get("isBase64Encoded") is True:
        return member, "base64"
    return member, spelled
