"""Where a reader stands in a shard of a table stream, and what that says about the shard's children.

The service tells when a change was trimmed, but not what was: how much is gone follows from time.
Lineage is kept beside the position, so that a later capture can tell which descendants came and
went unread.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import orjson

from connectors.answers import compact_json, instant, iso
from connectors.errors import ConnectorError
from connectors.record import Cause, Checkpoint, Partition, Record, Span
from connectors.stream_position import StreamPosition, decode_position, encode_position

RETENTION = timedelta(hours=24)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ShardProgress:
    """How far one shard was read."""

    position: StreamPosition = field(default_factory=StreamPosition)
    parents: tuple[str, ...] = ()
    children_after_at: datetime | None = None
    """The shard was still open then, so no child is older."""
    begun_at: datetime | None = None
    """The oldest that was asked for when this source was first read."""
    roots: int = 0
    """How many shards were to be read first when this one was among them; 0: it came later."""
    settled: bool = False
    """That its descendants came and went unread has been recorded."""

    def without_loss(
        self, cause: str, records: Sequence[Record], now: datetime
    ) -> tuple["ShardProgress", tuple[Span, ...]]:
        """The progress once it is known how far a loss reaches, and the hole that it leaves.

        Creation instants are whole seconds, so the hole takes in the whole second at its end.

        Args:
            cause: `trimmed` or `corrupt_page`.
            records: What could be read first behind the loss; none: the tip was reached.
            now: The instant, aware.
        """
        ends = [at + _SECOND for at in (r.source_at for r in records[:1]) if at is not None]
        start, end = self.position.read_to_at, min(ends, default=now)
        if start is not None and cause == Cause.TRIMMED and trim_horizon(now) > start:
            end = min([trim_horizon(now), *ends])
        # Otherwise it is told to be trimmed though this machine's clock says that it is too young.
        if start is None or start >= end:
            return self, ()
        moved = replace(self, position=replace(self.position, read_to_at=end))
        return moved, (Span(start, end, cause),)

    def begun_at_oldest(self, now: datetime) -> "ShardProgress":
        """The progress of a first read of all that is kept: what is gone by now was not asked for."""
        begin = max(trim_horizon(now), self.begun_at) if self.begun_at else trim_horizon(now)
        position = replace(self.position, read_to_at=begin)
        return replace(self, position=position, children_after_at=begin, begun_at=begin)


def trim_horizon(now: datetime) -> datetime:
    """Before this nothing can be read any more; a whole second, rounded up.

    Example:
        >>> trim_horizon(datetime.fromisoformat("2026-01-03T00:00:00.5+00:00")).isoformat()
        '2026-01-02T00:00:01+00:00'
    """
    oldest = now - RETENTION
    return oldest if oldest.microsecond == 0 else oldest.replace(microsecond=0) + _SECOND


def inherited_progress(
    partition: Partition, known: Mapping[str, ShardProgress]
) -> ShardProgress | None:
    """Where the first read of a shard begins that belongs to what is being read: when its parent was open.

    Args:
        partition: The shard.
        known: Progress of the shards read so far, also by earlier captures.

    Returns:
        None where no parent is known.

    Example:
        >>> born = datetime.fromisoformat("2026-01-03T00:00:00+00:00")
        >>> parent = ShardProgress(children_after_at=born)
        >>> first = inherited_progress(Partition("c", ("p",)), {"p": parent})
        >>> first.position.read_to_at == born
        True
    """
    parent = next((known[each] for each in partition.parents if each in known), None)
    if parent is None:
        return None
    begin = parent.children_after_at
    position = StreamPosition(since_at=parent.position.since_at, read_to_at=begin)
    return ShardProgress(position, partition.parents, begin, parent.begun_at)


def first_progress(
    partition: Partition, since: datetime | None, begin: datetime, roots: int
) -> ShardProgress:
    """Where the first read of a shard begins when its source is read for the first time.

    Args:
        partition: The shard.
        since: Nothing older was asked for; None: all that is kept.
        begin: The oldest that can have been kept, or `since`.
        roots: How many shards are to be read first.

    Example:
        >>> begin = datetime.fromisoformat("2026-01-03T00:00:00+00:00")
        >>> first_progress(Partition("a"), None, begin, 1).begun_at == begin
        True
    """
    position = StreamPosition(since_at=since, read_to_at=begin)
    return ShardProgress(position, partition.parents, begin, begin, roots)


def unbegun_progress(partition: Partition, known: Mapping[str, ShardProgress]) -> ShardProgress:
    """Where a shard begins that was not begun although its source was: it or its ancestors were there.

    Args:
        partition: The shard.
        known: Progress of the shards of the source that were begun; at least one.

    Returns:
        A shard without a parent may have been there from the beginning. Another one is younger
        than what was read of its unknown ancestors, unless one of those was not begun either.
    """
    all_known, is_root = tuple(known.values()), not partition.parents
    parents = {parent for each in all_known for parent in each.parents}
    ends = [p for shard_id, p in known.items() if shard_id not in parents and not p.settled]
    roots = max(each.roots for each in all_known)
    all_begun = sum(each.roots > 0 for each in all_known) >= roots
    begun = [each.begun_at for each in all_known if each.begun_at is not None]
    read = [each.children_after_at for each in ends if each.children_after_at is not None]
    since = [each.position.since_at for each in all_known]
    begin = min(read if all_begun and read and not is_root else begun, default=None)
    since_at = None if None in since else min(at for at in since if at)
    return ShardProgress(
        StreamPosition(since_at=since_at, read_to_at=begin),
        partition.parents,
        begin,
        min(begun, default=None),
        roots if is_root else 0,
    )


def encode_progress(progress: ShardProgress) -> str:
    """A progress as the text of a checkpoint.

    Example:
        >>> encode_progress(ShardProgress(StreamPosition(after="495"), ("p",)))
        '{"after":"495","parents":["p"]}'
    """
    after_at, begun_at = progress.children_after_at, progress.begun_at
    more = {
        "parents": list(progress.parents),
        "children_after_at": iso(after_at) if after_at else None,
        "begun_at": iso(begun_at) if begun_at else None,
        "roots": progress.roots,
        "settled": progress.settled,
    }
    return compact_json(
        orjson.loads(encode_position(progress.position)) | {k: v for k, v in more.items() if v}
    )


def decode_progress(checkpoint: Checkpoint) -> ShardProgress:
    """The progress that a checkpoint's text says.

    Raises:
        ConnectorError: The text is not one of ours.

    Example:
        >>> decode_progress(Checkpoint("s", '{"after":"495","parents":["p"]}')).parents
        ('p',)
    """
    position = decode_position(checkpoint)
    parts = orjson.loads(checkpoint.position)
    try:
        after_at = instant(parts["children_after_at"]) if "children_after_at" in parts else None
        return ShardProgress(
            position,
            tuple(parts.get("parents", ())),
            after_at or position.read_to_at,
            instant(parts["begun_at"]) if "begun_at" in parts else None,
            int(parts.get("roots", 0)),
            bool(parts.get("settled", False)),
        )
    except (ValueError, TypeError) as error:
        raise ConnectorError(
            f"a position in {checkpoint.partition_id} was wanted, found "
            f"{checkpoint.position[:80]!r}; start again without it"
        ) from error
