"""Where a reader stands in a shard, as text: the same for Kinesis and DynamoDB streams.

A position is resumable from the first moment on, also before any record was read, and carries
how far the shard's own time has been proved read, so that spans of two captures touch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import orjson

from connectors.answers import compact_json, instant, iso
from connectors.errors import ConnectorError
from connectors.record import Checkpoint, Record, Span

_SLACK = timedelta(seconds=5)
"""By how much arrival times of a shard may be out of order."""


@dataclass(frozen=True, slots=True)
class StreamPosition:
    """After one record, or at the start of what was asked for."""

    after: str | None = None
    """Sequence number of the last record seen."""
    since_at: datetime | None = None
    """Nothing older was asked for; None: from the oldest record kept."""
    read_to_at: datetime | None = None
    """The shard's time is proved read up to here; None: nothing read yet."""

    def moved(
        self, records: Sequence[Record], tip_at: datetime | None
    ) -> tuple["StreamPosition", tuple[Span, ...]]:
        """The position behind a page, and the span that the page proves read.

        Args:
            records: All that the service answered, also those not asked for.
            tip_at: When the service was asked, if it had no more than this; else None.
        """
        instants = [record.source_at for record in records if record.source_at is not None]
        start = self.read_to_at or min(instants, default=tip_at)
        ends = [at for at in (start, tip_at, *instants) if at is not None]
        end = max(ends, default=None)
        after = records[-1].sequence_number if records else self.after
        moved = replace(self, after=after, read_to_at=end)
        if start is None or end is None or end <= start:
            return moved, ()
        return moved, (Span(start, end),)

    def skipped_to(self, oldest_at: datetime) -> tuple["StreamPosition", tuple[Span, ...]]:
        """The position once all before `oldest_at` is gone, and the hole that this leaves."""
        if self.read_to_at is None or self.read_to_at >= oldest_at:
            return self, ()
        hole = Span(self.read_to_at, oldest_at, "trimmed")
        return replace(self, read_to_at=oldest_at), (hole,)


def encode_position(position: StreamPosition) -> str:
    """A position as the text of a checkpoint.

    Example:
        >>> encode_position(StreamPosition(after="495"))
        '{"after":"495"}'
    """
    parts = {
        "after": position.after,
        "since_at": iso(position.since_at) if position.since_at else None,
        "read_to_at": iso(position.read_to_at) if position.read_to_at else None,
    }
    return compact_json({name: value for name, value in parts.items() if value is not None})


def decode_position(checkpoint: Checkpoint) -> StreamPosition:
    """The position that a checkpoint's text says.

    Raises:
        ConnectorError: The text is not one of ours.

    Example:
        >>> decode_position(Checkpoint("shardId-0", '{"after":"495"}')).after
        '495'
    """
    try:
        parts = orjson.loads(checkpoint.position)
        return StreamPosition(
            after=parts.get("after"),
            since_at=instant(parts["since_at"]) if "since_at" in parts else None,
            read_to_at=instant(parts["read_to_at"]) if "read_to_at" in parts else None,
        )
    except (ValueError, AttributeError, TypeError) as error:
        raise ConnectorError(
            f"a position in {checkpoint.partition_id} was wanted, found "
            f"{checkpoint.position[:80]!r}; start again without it"
        ) from error


def starting_position(
    after: Checkpoint | None,
    since: datetime | None,
    created_at: datetime,
    retention: timedelta,
    now: datetime,
) -> tuple[StreamPosition, tuple[Span, ...]]:
    """Where to begin, and the hole before it where the stream has dropped what was to come next.

    Args:
        after: Where reading stopped; None: at the beginning of what was asked for.
        since: Only for a first read; None: from the oldest record kept.
        created_at: Of the stream; before it there was nothing to lose.
        retention: How long the stream keeps a record.
        now: The instant, aware.

    Example:
        >>> new = datetime.fromisoformat("2026-01-03T00:00:00+00:00")
        >>> old = new - timedelta(days=9)
        >>> position, holes = starting_position(None, old, old, timedelta(days=1), new)
        >>> holes[0].cause
        'trimmed'
    """
    horizon = now - retention
    if after is not None:
        position = decode_position(after)
    else:
        position = StreamPosition(since_at=since, read_to_at=since or max(created_at, horizon))
    return (position, ()) if created_at >= horizon else position.skipped_to(horizon)


def reached(position: StreamPosition, until: datetime | None) -> bool:
    """Whether all that was asked for has been read; arrival times may be a little out of order."""
    return (
        until is not None
        and position.read_to_at is not None
        and position.read_to_at >= until + _SLACK
    )
