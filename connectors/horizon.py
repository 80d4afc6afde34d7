"""What can still be captured of a source, and until when: everything else is said before reading begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from connectors.access.clients import Access
from connectors.answers import instant_of_ms
from connectors.described import Described, describe
from connectors.errors import CorruptAnswerError
from connectors.record import Mode, Service
from connectors.source import SourceName

_TABLE_STREAM_RETENTION = timedelta(hours=24)
_NEVER_READ_BACK = timedelta(0)


@dataclass(frozen=True, slots=True)
class Available:
    """How far back a source can still be read."""

    source_arn: str
    service: str
    kept_from_at: datetime | None
    """Everything from here on is still there; None: nothing can be read back."""
    lost_after: timedelta | None
    """How long after it came a record is lost; None: never, 0: at once."""
    note: str
    """What a person should know besides: one line, "" where there is nothing to say."""

    def lost_at(self, came_at: datetime) -> datetime | None:
        """Until when a record of that instant can be captured; None: for ever.

        Example:
            >>> a_day = Available("arn:…", "aws:kinesis", None, timedelta(hours=24), "")
            >>> a_day.lost_at(datetime(2026, 1, 2, tzinfo=UTC)).isoformat()
            '2026-01-03T00:00:00+00:00'
        """
        return None if self.lost_after is None else came_at + self.lost_after


def still_available(
    name: SourceName, access: Access, now: datetime, *, mode: Mode | None = None
) -> Available:
    """What is still there of a source, asked with describe calls alone.

    Args:
        name: As `parse_source` gives it.
        access: Whose AWS.
        now: The instant, aware.
        mode: How a queue would be read; it changes the note only.

    Raises:
        SourceNotFoundError: No such source.
        AccessDeniedError: Not the right to describe it.
        ConnectorError: And its other classes.

    Example:
        >>> from connectors.source import parse_source
        >>> still_available(parse_source("kinesis:orders"), access, now()).lost_after
        datetime.timedelta(days=1)

    Permissions: as `connectors.described.describe`.
    Effect: none; no record is read.
    Source: DescribeStreamSummary (RetentionPeriodHours); DynamoDB Streams, "24 hours";
        DescribeLogGroups (retentionInDays); GetQueueAttributes (MessageRetentionPeriod);
        SNS developer guide, "Message archiving and replay for FIFO topics".
    """
    return available(describe(name, access), now, mode=mode)


def available(described: Described, now: datetime, *, mode: Mode | None = None) -> Available:
    """What is still there, out of a source's settings.

    Args:
        described: As `describe` gives it.
        now: The instant, aware.
        mode: How a queue would be read.

    Raises:
        CorruptAnswerError: The settings lack what AWS always tells.

    Example:
        >>> topic = Described("arn:aws:sns:r:1:t", Service.SNS, {}, "arn:aws:sns:r:1:t")
        >>> available(topic, datetime(2026, 1, 2, tzinfo=UTC)).kept_from_at is None
        True
    """
    settings = described.settings
    created_at = _created_at(settings)
    match described.service:
        case Service.KINESIS:
            kept = timedelta(hours=_number(settings, "RetentionPeriodHours", described))
            note = ""
        case Service.DYNAMODB:
            kept, note = _TABLE_STREAM_RETENTION, _table_note(settings)
        case Service.SQS:
            kept = timedelta(seconds=_number(settings, "MessageRetentionPeriod", described))
            note = _queue_note(settings, mode)
        case Service.SNS:
            return Available(
                described.source_arn, Service.SNS, None, _NEVER_READ_BACK, _topic_note(settings)
            )
        case _:
            return _log_group(described, created_at, now)
    return Available(
        described.source_arn, described.service, _later(created_at, now - kept), kept, note
    )


def _log_group(described: Described, created_at: datetime | None, now: datetime) -> Available:
    days = described.settings.get("retentionInDays")
    kept = timedelta(days=int(days)) if days else None
    from_at = created_at if kept is None else _later(created_at, now - kept)
    note = "" if kept else "kept for ever"
    if described.settings.get("logGroupClass") == "INFREQUENT_ACCESS":
        note = "class INFREQUENT_ACCESS: its events cannot be read one by one"
    return Available(described.source_arn, Service.LOGS, from_at, kept, note)


def _created_at(settings: Mapping[str, Any]) -> datetime | None:
    """When the source was made, in any of AWS's spellings."""
    for member in ("StreamCreationTimestamp", "CreationRequestDateTime"):
        if isinstance(settings.get(member), datetime):
            at: datetime = settings[member]
            return at.astimezone(UTC)
    if "CreatedTimestamp" in settings:
        return datetime.fromtimestamp(int(settings["CreatedTimestamp"]), UTC)
    return instant_of_ms(settings["creationTime"]) if "creationTime" in settings else None


def _later(created_at: datetime | None, horizon: datetime) -> datetime:
    return horizon if created_at is None else max(created_at, horizon)


def _number(settings: Mapping[str, Any], member: str, described: Described) -> int:
    try:
        return int(settings[member])
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptAnswerError(
            f"settings of {described.source_arn}: {member} was wanted, found "
            f"{settings.get(member)!r}; the answer is damaged: try again"
        ) from error


def _table_note(settings: Mapping[str, Any]) -> str:
    if settings.get("StreamStatus") in ("DISABLED", "DISABLING"):
        return "the stream is disabled: nothing new comes, and 24 h after that it is gone"
    return ""


def _queue_note(settings: Mapping[str, Any], mode: Mode | None) -> str:
    waiting = settings.get("ApproximateNumberOfMessages")
    told = f"about {waiting} messages wait; " if waiting is not None else ""
    effect = {
        Mode.PEEK: "; a peek raises their receive counts",
        Mode.DRAIN: "; a drain deletes them",
    }.get(mode or Mode.OBSERVE, "")
    return f"{told}what a consumer has deleted is gone{effect}"


def _topic_note(settings: Mapping[str, Any]) -> str:
    policy = settings.get("ArchivePolicy")
    try:
        days = int(orjson.loads(policy)["MessageRetentionPeriod"]) if policy else None
    except (ValueError, KeyError, TypeError):
        days = None
    if days is None:
        return "a topic keeps nothing: only what is published from now on"
    since = settings.get("BeginningArchiveTime", "its policy was set")
    return (
        f"its archive keeps {days} d (since {since}), which a tap does not ask for: "
        "only what is published from now on"
    )
