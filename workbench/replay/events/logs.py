"""Log events as CloudWatch Logs hands them to a function that subscribes to their group."""

import base64
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.answers import ms_of
from connectors.files.packing import Packing, packed
from workbench.replay.events.payload import insert, parsed, put_back

FILTER = "replay"
"""Stands in `subscriptionFilters` where no subscription was captured: synthetic."""


def event(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The event of a subscription; byte for byte where the message was imported and its packing is known.

    Args:
        rows: of `records`, of one group and stream, in the order of the message.

    Returns:
        `awslogs.data` is base64 of gzip, of zlib where it was.

    Example:
        >>> row = {"envelope": '{"eventId":"1","timestamp":5}', "body": b"hi", "partition_id": "s",
        ...     "source_arn": "arn:aws:logs:eu-west-1:1:log-group:g", "record_id": "1"}
        >>> message([row])["logEvents"]
        [{'id': '1', 'timestamp': 5, 'message': 'hi'}]

    Source: CloudWatch Logs user guide, "Real-time processing of log data with subscriptions".
    """
    how = _subscription(parsed(rows[0]["envelope"])).get("packed")
    data = packed(message(rows), Packing(**how) if isinstance(how, dict) else Packing())
    return {"awslogs": {"data": base64.b64encode(data).decode()}}


def message(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What stands in `awslogs.data`, not yet compressed."""
    log_events = [_log_event(row) for row in rows]
    envelope = parsed(rows[0]["envelope"])
    kept = envelope.get("awslogs")
    if isinstance(kept, dict):
        place = _subscription(envelope).get("at")
        insert(kept, place if isinstance(place, int) else len(kept), "logEvents", log_events)
        return kept
    arn = rows[0]["source_arn"].split(":", 6)
    return {
        "messageType": "DATA_MESSAGE",
        "owner": arn[4],
        "logGroup": arn[6],
        "logStream": rows[0]["partition_id"],
        "subscriptionFilters": [FILTER],
        "logEvents": log_events,
    }


def opened(event: Any) -> Any:
    """An event with its message not compressed; one that is no subscription's, and one that does not open, as it is.

    Example:
        >>> opened({"awslogs": {"data": "eJyrrgUAAXUA+Q=="}})
        {'awslogs': {'data': {}}}
    """
    held = event.get("awslogs") if isinstance(event, dict) else None
    if not isinstance(held, dict) or not isinstance(held.get("data"), str):
        return event
    try:
        text = zlib.decompress(base64.b64decode(held["data"]), zlib.MAX_WBITS | 32)
        return {**event, "awslogs": {**held, "data": parsed(text.decode("utf-8", "surrogatepass"))}}
    except (ValueError, zlib.error):
        return event


def made_up(row: Mapping[str, Any], envelope: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Where the members of a message come from that no subscription gave; see `provenance.py`.

    Returns:
        By path within the message, of its first log event: mark and origin; what is not named was observed.
    """
    if isinstance(envelope.get("awslogs"), dict):
        return {}
    said = {
        "messageType": ("derived", "service"),
        "owner": ("derived", "source_arn"),
        "logGroup": ("derived", "source_arn"),
        "logStream": ("derived", "partition_id"),
        "subscriptionFilters": ("synthetic", "the subscription is not captured"),
    }
    if "timestamp" not in envelope:
        origin = ("derived", "source_at") if _at(row) else ("synthetic", "none was captured")
        said["logEvents[0].timestamp"] = origin
    if not envelope.get("eventId"):
        said["logEvents[0].id"] = ("derived", "record_id")
    return said


def is_packed_as_it_was(envelope: Mapping[str, Any]) -> bool:
    """Whether compressing the message again gives the captured bytes."""
    return isinstance(_subscription(envelope).get("packed"), dict)


def _log_event(row: Mapping[str, Any]) -> dict[str, Any]:
    envelope = parsed(row["envelope"])
    if isinstance(envelope.get("awslogs"), dict):
        for note in ("awslogs", "subscription"):
            envelope.pop(note, None)
        return put_back(envelope, envelope, "message", row["body"])
    instant = _at(row)
    return {
        "id": envelope.get("eventId") or row["record_id"],
        "timestamp": envelope["timestamp"] if "timestamp" in envelope else _ms(instant),
        "message": row["body"].decode("utf-8", "surrogatepass"),
    }


def _ms(instant: Any) -> int:
    return ms_of(instant) if instant else 0


def _at(row: Mapping[str, Any]) -> Any:
    return row.get("source_at") or row.get("arrives_at")


def _subscription(envelope: Mapping[str, Any]) -> dict[str, Any]:
    noted = envelope.get("subscription")
    return noted if isinstance(noted, dict) else {}
