"""What of a log group is known to be missing: lines that Lambda dropped, events that retention or a deletion took."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.access.failures import call
from connectors.answers import instant_of_ms, ms_of
from connectors.errors import AccessDeniedError
from connectors.lambda_logs.position import LogPosition
from connectors.record import Cause, Span

_STREAM_DATE = re.compile(r"(\d{4})/(\d\d)/(\d\d)/")


def dropped_span(event: Mapping[str, Any], before_ms: int | None, since_ms: int) -> Span | None:
    """The stretch in which Lambda dropped lines of a log stream, where an event says so.

    Lambda writes the line in their place, so they are younger than the line before it. Where that is not
    known: than the day in the stream's name, or than what was asked for. How many there were stands in the record.

    Args:
        event: Any event of the group.
        before_ms: The newest line before it in its stream.
        since_ms: Start of what was asked for.

    Example:
        >>> line = '{"time":"t","type":"platform.logsDropped","record":{"droppedRecords":3}}'
        >>> dropped_span({"timestamp": 5000, "message": line, "logStreamName": "s"}, 2000, 0).cause
        <Cause.LOGS_DROPPED: 'logs_dropped'>

    Source: Lambda Telemetry API, platform.logsDropped.
    """
    if not _says_dropped(event["message"]):
        return None
    at_ms = event["timestamp"]
    from_ms = max(since_ms, _begun_ms(event["logStreamName"])) if before_ms is None else before_ms
    return Span(instant_of_ms(min(from_ms, at_ms)), instant_of_ms(at_ms + 1), Cause.LOGS_DROPPED)


def lost_before(
    position: LogPosition, client: Any, group: str, now: datetime, *, resumed: bool
) -> tuple[LogPosition, tuple[Span, ...]]:
    """The position behind what can never be read, and the holes that say so; none where we may not ask.

    Older events than the group's retention may still be there for a while: they are read, but not proved complete.

    Args:
        position: Between two passes or within one.
        client: boto3's of CloudWatch Logs.
        group: The log group's name.
        now: The instant.
        resumed: The group was read before, so one made after that is another.

    Raises:
        ThrottledError: Come again later.

    Source: DescribeLogGroups (creationTime, retentionInDays).
    """
    described = _described(client, group)
    created_ms = int(described.get("creationTime", 0))
    spans: list[Span] = []
    if resumed and created_ms > position.read_to_ms:
        spans.append(_hole(position.read_to_ms, created_ms, Cause.GONE))
        position = replace(position, read_to_ms=created_ms)
    if "retentionInDays" in described:
        kept_ms = ms_of(now - timedelta(days=described["retentionInDays"]))
        expired_ms = max(position.read_to_ms, created_ms)
        if expired_ms < kept_ms:
            spans.append(_hole(expired_ms, kept_ms, Cause.TRIMMED))
            position = replace(position, read_to_ms=kept_ms)
    return position, tuple(spans)


def gone_since(position: LogPosition, now: datetime) -> tuple[LogPosition, Span]:
    """The hole that a deleted group leaves; from the position a group of the same name is read on."""
    now_ms = max(ms_of(now), position.read_to_ms)
    hole = _hole(position.read_to_ms, now_ms, Cause.GONE)
    return LogPosition(position.since_ms, now_ms, now_ms, lateness=position.lateness), hole


def _described(client: Any, group: str) -> dict[str, Any]:
    try:
        answer = call(
            f"the log group {group}", client.describe_log_groups, logGroupNamePrefix=group
        )
    except AccessDeniedError:
        return {}
    groups = answer.get("logGroups", ())
    return next((each for each in groups if each.get("logGroupName") == group), {})


def _says_dropped(message: str) -> bool:
    if '"platform.logsDropped"' not in message:
        return False
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        return False
    return (
        isinstance(said, dict)
        and said.get("type") == "platform.logsDropped"
        and isinstance(said.get("record"), dict)
        and "droppedRecords" in said["record"]
    )


def _begun_ms(stream: str) -> int:
    """The day in a Lambda stream's name; 0 where there is none."""
    found = _STREAM_DATE.match(stream)
    if found is None:
        return 0
    try:
        return ms_of(datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC))
    except ValueError:
        return 0


def _hole(from_ms: int, to_ms: int, cause: Cause) -> Span:
    return Span(instant_of_ms(from_ms), instant_of_ms(to_ms), cause)
