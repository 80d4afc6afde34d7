"""EventBridge events, scheduled ones too, and the events of CloudWatch alarms that call a function."""

from typing import Any

from connectors.files.instants import instant_of_seconds
from connectors.files.members import detach_json, text_of
from connectors.files.origin import Origin, Skip
from connectors.record import Record, Service

_SYSTEM = ("account", "region", "time", "replay-name")
_SENT = ("source", "detail-type", "resources")


def bus_event(event: dict[str, Any], origin: Origin) -> Record | Skip:
    """An event of a bus: its `detail` is the body.

    The event does not name its bus: it is the user's word, else the default bus of its account and Region
    (derived).

    Source: EventBridge user guide, "AWS service event metadata".
    """
    event_id = text_of(event, "id")
    if event_id is None:
        return Skip("an EventBridge event without id")
    envelope = dict(event)
    body = detach_json(envelope, "detail")
    return origin.record(
        service=Service.EVENTS,
        source_arn=origin.arn(None, "events") or _default_bus(event),
        record_id=event_id,
        body=body,
        envelope=envelope,
        source_at=instant_of_seconds(event.get("time")),
        system={name: event[name] for name in _SYSTEM if name in event},
        user={name: event[name] for name in _SENT if name in event},
    )


def alarm_event(event: dict[str, Any], origin: Origin) -> Record | Skip:
    """An event by which an alarm itself calls a function: its `alarmData` is the body.

    It comes from no bus, so the alarm is its source; it has no id, so alarm and instant stand for one.

    Source: CloudWatch user guide, "Invoke a Lambda function from an alarm".
    """
    alarm_arn, time = text_of(event, "alarmArn"), text_of(event, "time")
    if alarm_arn is None or time is None:
        return Skip("a CloudWatch alarm's event without alarmArn or time")
    envelope = dict(event)
    body = detach_json(envelope, "alarmData")
    return origin.record(
        service=Service.EVENTS,
        source_arn=alarm_arn,
        record_id=f"{alarm_arn}@{time}",
        body=body,
        envelope=envelope,
        source_at=instant_of_seconds(time),
        system={"source": event.get("source")},
    )


def partition_of(region: str) -> str:
    """The AWS partition that a Region belongs to.

    Example:
        >>> partition_of("cn-north-1"), partition_of("eu-west-1")
        ('aws-cn', 'aws')
    """
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _default_bus(event: dict[str, Any]) -> str:
    region, account = text_of(event, "region") or "", text_of(event, "account") or ""
    return f"arn:{partition_of(region)}:events:{region}:{account}:event-bus/default"
