"""Where a reader stands in a shard, as text: the same for Kinesis and DynamoDB streams.

A position is resumable from the first moment on, also before any record was read, and carries
how far the shard's own time has been proved read, so that spans of two captures touch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.answers import compact_json, instant, iso
from connectors.errors import ConnectorError
from connectors.record import Cause, Checkpoint, Record, Span

SLACK = timedelta(seconds=5)
"""By how much arrival times of a shard may be out of order; assumed."""
_AT_ONCE = timedelta(minutes=1)
"""A first read that begins so soon after the listing begins with it."""
_INSTANTS = ("since_at", "read_to_at", "seen_to_at", "created_at")


@dataclass(frozen=True, slots=True)
class StreamPosition:
    """After one record, or at the start of what was asked for."""

    after: str | None = None
    """Sequence number of the last record seen."""
    since_at: datetime | None = None
    """Nothing older was asked for; None: from the oldest record kept."""
    read_to_at: datetime | None = None
    """The shard's time is proved read up to here; None: nothing read yet."""
    seen_to_at: datetime | None = None
    """The latest arrival seen, or where reading began: a child of the shard cannot have begun before."""
    from_oldest: bool = False
    """Reading began at the oldest record kept; what went just before was not asked for."""
    created_at: datetime | None = None
    """Of the stream: another one under the same name is another source. None: not known."""
    retention_hours: int | None = None
    """How long the stream kept a record when this was written."""
    hash_keys: tuple[int, int] | None = None
    """The shard's first and last; descendants that nobody lists a parent of are known by theirs."""
    children: tuple[str, ...] = ()
    """The shards that follow; told once the shard was read to its end."""

    def moved(
        self, records: Sequence[Record], tip_at: datetime | None
    ) -> tuple["StreamPosition", tuple[Span, ...]]:
        """The position behind a page, and the span that the page proves read.

        Args:
            records: All that the service answered, also those not asked for.
            tip_at: When the service was asked, if it had no more than this; else None.
        """
        instants = [record.source_at for record in records if record.source_at is not None]
        latest_at = max(instants, default=None)
        start = self.read_to_at or min(instants, default=tip_at)
        end = max((at for at in (start, tip_at, latest_at) if at is not None), default=None)
        after = records[-1].sequence_number if records else self.after
        seen = (self.seen_to_at or start, latest_at)
        seen_to = max((at for at in seen if at is not None), default=None)
        moved = replace(self, after=after, read_to_at=end, seen_to_at=seen_to)
        if start is None or end is None or end <= start:
            return moved, ()
        return moved, (Span(start, end),)

    def begins_with(self, oldest_at: datetime | None) -> bool:
        """Whether reading begins only now, with the oldest record there is, and so can have lost none.

        Between listing a stream and reading its shards some seconds pass, in which it goes on trimming.
        """
        unread = self.from_oldest and self.after is None and self.read_to_at == self.seen_to_at
        if not unread or self.read_to_at is None:
            return False
        return oldest_at is None or oldest_at - self.read_to_at < _AT_ONCE

    def may_have_lost(self, oldest_at: datetime) -> bool:
        """Whether what comes next may have arrived before `oldest_at`, and so be gone."""
        return self.read_to_at is not None and self.next_arrival_at(self.read_to_at) < oldest_at

    def trimmed_to(self, oldest_at: datetime) -> tuple["StreamPosition", tuple[Span, ...]]:
        """The position once all that arrived before `oldest_at` is gone, and the hole that this leaves.

        The hole begins a little before what was read: arrival times are not quite in order.
        """
        if self.read_to_at is None or not self.may_have_lost(oldest_at):
            return self, ()
        hole = Span(self.next_arrival_at(self.read_to_at), oldest_at, Cause.TRIMMED)
        return replace(self, read_to_at=max(self.read_to_at, oldest_at)), (hole,)

    def next_arrival_at(self, seen_at: datetime) -> datetime:
        """The earliest arrival of a record that comes after one of `seen_at`."""
        earliest = seen_at - SLACK
        return earliest if self.since_at is None else max(earliest, min(self.since_at, seen_at))

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
    parts: dict[str, Any] = {"after": position.after}
    for name in _INSTANTS:
        at = getattr(position, name)
        parts[name] = iso(at) if at else None
    parts["from_oldest"] = position.from_oldest or None
    parts["retention_hours"] = position.retention_hours
    if position.hash_keys is not None:
        parts["hash_keys"] = [str(key) for key in position.hash_keys]
    parts["children"] = list(position.children) or None
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
        instants = {name: instant(parts[name]) for name in _INSTANTS if name in parts}
        first, last = parts.get("hash_keys", (None, None))
        return StreamPosition(
            after=parts.get("after"),
            hash_keys=None if first is None else (int(first), int(last)),
            from_oldest=parts.get("from_oldest", False),
            retention_hours=parts.get("retention_hours"),
            children=tuple(parts.get("children", ())),
            **instants,
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
        and position.read_to_at >= until + SLACK
    )
