"""What of a stream is lost, as spans: records that were damaged, expired, or went with their stream. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.kinesis.calls import StreamFacts
from connectors.kinesis.pages import Damaged
from connectors.record import Cause, Checkpoint, Page, Partition, Record, Span
from connectors.stream_position import (
    StreamPosition,
    decode_position,
    encode_position,
)

_INSTANT = timedelta(milliseconds=1)
"""How exactly AWS tells an arrival."""


@dataclass(frozen=True, slots=True)
class Resumption:
    """What a trace's checkpoints are still worth."""

    pages: tuple[Page, ...]
    """To be stored before anything is read: holes, and positions that begin anew."""
    ended: Mapping[str, StreamPosition]
    """Shard that need not be read any more, to where reading it ended."""


def oldest_kept_at(
    position: StreamPosition, facts: StreamFacts, asked_at: datetime
) -> datetime | None:
    """Before this, records behind the position may be gone; None: the stream is too young for that.

    Example:
        >>> facts = StreamFacts(datetime.fromisoformat("2026-01-01T00:00:00+00:00"), 24)
        >>> oldest_kept_at(StreamPosition(), facts, facts.created_at + timedelta(hours=23))
    """
    # What was trimmed before the retention was raised does not come back.
    hours = min(position.retention_hours or facts.retention_hours, facts.retention_hours)
    oldest_at = asked_at - timedelta(hours=hours)
    return oldest_at if facts.created_at < oldest_at else None


def is_of_other_stream(position: StreamPosition, facts: StreamFacts) -> bool:
    """Whether a position was made in a stream that was deleted since, and another made under its name."""
    return position.created_at is not None and position.created_at != facts.created_at


def position_of_new_stream(facts: StreamFacts) -> StreamPosition:
    """At the beginning of a stream that took the place of another."""
    return StreamPosition(
        read_to_at=facts.created_at, seen_to_at=facts.created_at, created_at=facts.created_at
    )


def hole_of_deleted(position: StreamPosition, to_at: datetime) -> tuple[Span, ...]:
    """What a deleted stream may have held behind the position; when it was deleted, nobody tells."""
    return _hole(_begins_at(position, position.read_to_at), to_at, Cause.GONE)


def hole_of_expired(
    position: StreamPosition, oldest_at: datetime | None, asked_at: datetime
) -> tuple[Span, ...]:
    """What a shard that AWS no longer lists, and shards after it that it does not list either, may have held.

    A shard is listed for as long as one of its records can be kept. One that vanished sooner was
    not trimmed, and nobody tells what it held.
    """
    from_at = _begins_at(position, position.seen_to_at or position.read_to_at)
    if oldest_at is not None and (from_at is None or from_at < oldest_at):
        return _hole(from_at, oldest_at, Cause.TRIMMED)
    return _hole(from_at, asked_at, Cause.GONE)


def holes_of_damaged(
    entries: Sequence[Record | Damaged], read_to_at: datetime | None, asked_at: datetime
) -> tuple[Span, ...]:
    """One hole for each record that could not be read: its instant, or where its neighbours leave it.

    Example:
        >>> at = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
        >>> holes_of_damaged([Damaged("7", at)], None, at)[0].cause
        <Cause.CORRUPT_PAGE: 'corrupt_page'>
    """
    spans = []
    for n, entry in enumerate(entries):
        if isinstance(entry, Record):
            continue
        at = entry.arrived_at
        if at is not None:
            spans.append(Span(at, at + _INSTANT, Cause.CORRUPT_PAGE))
            continue
        before_at = next(filter(None, map(arrived_at, reversed(entries[:n]))), read_to_at)
        after_at = next(filter(None, map(arrived_at, entries[n + 1 :])), asked_at)
        from_at = before_at or after_at
        spans.append(Span(from_at, max(from_at, after_at), Cause.CORRUPT_PAGE))
    return tuple(spans)


def arrived_at(entry: Record | Damaged) -> datetime | None:
    """When a record arrived, as far as it is told."""
    return entry.source_at if isinstance(entry, Record) else entry.arrived_at


def resumption(
    checkpoints: Mapping[str, Checkpoint],
    listed: Sequence[Partition],
    facts: StreamFacts,
    now: datetime,
) -> Resumption:
    """What to store before reading goes on, where shards expired or another stream took the name.

    Each unfinished shard that is no longer listed, and each child of a finished one that came and
    expired unread, leaves one hole up to what the stream keeps. Their listed descendants are known
    by parents that nobody lists: they begin where that hole ends.

    Args:
        checkpoints: By shard, as the trace has them.
        listed: Every shard that AWS lists.
        facts: Of the stream as it is now.
        now: The instant.

    Example:
        >>> at = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
        >>> resumption({}, [], StreamFacts(at, 24), at).pages
        ()
    """
    there = {partition.partition_id for partition in listed}
    positions = {shard_id: decode_position(each) for shard_id, each in checkpoints.items()}
    foreign = {i: p for i, p in positions.items() if is_of_other_stream(p, facts)}
    own = {i: p for i, p in positions.items() if i not in foreign}
    finished = {i: p for i, p in own.items() if checkpoints[i].finished}
    unread = {i: p for i, p in own.items() if i not in finished} | {
        child: replace(position, after=None, children=())
        for position in finished.values()
        for child in position.children
        if child not in checkpoints
    }
    expired = {i: p for i, p in unread.items() if i not in there}
    last = {i: _ended(p, oldest_kept_at(p, facts, now) or now) for i, p in expired.items()}
    pages = [
        *(
            page
            for shard_id, position in foreign.items()
            for page in _begun_anew(
                checkpoints[shard_id], position, facts, listed=shard_id in there
            )
        ),
        # First the starts that follow from a hole: once that is stored, nothing tells of them.
        *(
            _start(partition, position, facts)
            for partition in listed
            if partition.partition_id not in checkpoints
            and not any(parent in there or parent in finished for parent in partition.parents)
            for position in [_latest_ancestor(partition, last.values())]
            if position is not None
        ),
        *(
            Page(
                (),
                Checkpoint(shard_id, encode_position(last[shard_id]), True),
                hole_of_expired(position, oldest_kept_at(position, facts, now), now),
            )
            for shard_id, position in expired.items()
        ),
    ]
    return Resumption(tuple(pages), finished | last)


def _ended(position: StreamPosition, at: datetime) -> StreamPosition:
    return replace(position, seen_to_at=at)


def hash_keys_of(partition: Partition) -> tuple[int, int] | None:
    """A shard's first and last hash key; None: not told."""
    first, last = partition.starting_hash_key, partition.ending_hash_key
    return None if first is None or last is None else (int(first), int(last))


def _latest_ancestor(
    partition: Partition, expired: Iterable[StreamPosition]
) -> StreamPosition | None:
    """The expired shard whose hash keys a shard has taken over, through parents that nobody lists."""
    own = hash_keys_of(partition)
    ancestors = [
        position
        for position in expired
        if own and position.hash_keys and overlap(own, position.hash_keys)
    ]
    latest = max(ancestors, key=lambda position: str(position.seen_to_at), default=None)
    if latest is None or latest.since_at is None or _cover(ancestors, own):
        return latest
    # Some of its keys come from shards that were never read: all that was asked for is lost there.
    return replace(latest, seen_to_at=latest.since_at)


def _cover(ancestors: Iterable[StreamPosition], own: tuple[int, int] | None) -> bool:
    ranges = sorted(position.hash_keys for position in ancestors if position.hash_keys)
    if own is None:
        return True
    uncovered_from = own[0]
    for first, last in ranges:
        if first <= uncovered_from:
            uncovered_from = max(uncovered_from, last + 1)
    return uncovered_from > own[1]


def _start(partition: Partition, ancestor: StreamPosition, facts: StreamFacts) -> Page:
    position = StreamPosition(
        read_to_at=ancestor.seen_to_at,
        seen_to_at=ancestor.seen_to_at,
        created_at=facts.created_at,
        hash_keys=hash_keys_of(partition),
    )
    return Page((), Checkpoint(partition.partition_id, encode_position(position)))


def overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two ranges of hash keys, ends included, share a key.

    Example:
        >>> overlap((0, 4), (4, 9)), overlap((0, 4), (5, 9))
        (True, False)
    """
    return one[0] <= other[1] and other[0] <= one[1]


def _begun_anew(
    checkpoint: Checkpoint, position: StreamPosition, facts: StreamFacts, *, listed: bool
) -> list[Page]:
    """A shard of the stream that had the name before: lost behind the position, unread in the new one."""
    holes = () if checkpoint.finished else hole_of_deleted(position, facts.created_at)
    if listed:
        text = encode_position(position_of_new_stream(facts))
        return [Page((), Checkpoint(checkpoint.partition_id, text), holes)]
    return [Page((), replace(checkpoint, finished=True), holes)] if holes else []


def _begins_at(position: StreamPosition, seen_at: datetime | None) -> datetime | None:
    at = seen_at or position.since_at or position.created_at
    return None if at is None else position.next_arrival_at(at)


def _hole(from_at: datetime | None, to_at: datetime, cause: Cause) -> tuple[Span, ...]:
    begins_at = to_at if from_at is None else from_at
    return (Span(begins_at, to_at, cause),) if begins_at < to_at else ()
