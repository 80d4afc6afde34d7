"""Reads one shard from a position on: expired iterators, silent trims, damaged answers, and an end only when proved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from connectors.access.failures import aws_code
from connectors.answers import Clock
from connectors.errors import ConnectorError, CorruptAnswerError
from connectors.kinesis.calls import StreamCalls, as_partition, is_closed
from connectors.kinesis.cursor import ShardCursor, Shared
from connectors.kinesis.holes import (
    arrived_at,
    hash_keys_of,
    hole_of_deleted,
    hole_of_expired,
    holes_of_damaged,
    is_of_other_stream,
    oldest_kept_at,
    position_of_new_stream,
)
from connectors.kinesis.pages import Damaged, Origin, RecordsAnswer
from connectors.record import Cause, Checkpoint, Page, Partition, Record, Service, Span
from connectors.stream_position import (
    SLACK,
    StreamPosition,
    decode_position,
    encode_position,
    reached,
)


@dataclass(slots=True, kw_only=True)
class ShardReader:
    """One pass over one shard, in one thread.

    Example:
        >>> reader = ShardReader(calls=calls, shared=shared, partition=partition, now=now)
        >>> pages = reader.pages(None)
    """

    calls: StreamCalls
    shared: Shared
    partition: Partition
    now: Clock
    since: datetime | None = None
    until: datetime | None = None
    service: str = Service.KINESIS
    _position: StreamPosition = field(default_factory=StreamPosition, init=False)
    _unplaced: datetime | None = field(default=None, init=False)
    """From when on a record is damaged whose instant nobody tells."""
    _cursor: ShardCursor = field(init=False)

    def __post_init__(self) -> None:
        self._cursor = ShardCursor(self.calls, self.shared, self._shard_id, self.now)

    def pages(self, after: Checkpoint | None) -> Iterator[Page]:
        """Pages after the checkpoint; ends with the shard, or when all up to `until` was read.

        Raises:
            CorruptAnswerError: Read again from the checkpoint: less will be asked for.
            ThrottledError: Come again much later; production reads this shard too.
            ConnectorError: And its other classes.
        """
        holes = self._begin(after)
        while True:
            asked_at = self.now()
            oldest_at = self._oldest_kept_at(asked_at)
            try:
                answer, still_there, requests = self._cursor.ask(
                    self._position, self._origin(asked_at), oldest_at
                )
            except ConnectorError as error:
                page = self._page_without_shard(error, asked_at)
            else:
                page = self._page(answer, still_there, asked_at, requests)
            page, holes = replace(page, spans=(*holes, *page.spans)), ()
            yield page
            if page.checkpoint.finished or reached(self._position, self.until):
                return

    def _begin(self, after: Checkpoint | None) -> tuple[Span, ...]:
        facts = self.shared.facts
        if after is None:
            self._position = replace(self._first_position(), created_at=facts.created_at)
            if self._position.read_to_at is None:
                began_at = self._oldest_kept_at(self.shared.opened_at) or facts.created_at
                self._position = replace(
                    self._position, read_to_at=began_at, seen_to_at=began_at, from_oldest=True
                )
            return ()
        self._position = decode_position(after)
        if not is_of_other_stream(self._position, facts):
            self._position = replace(self._position, created_at=facts.created_at)
            return ()
        hole = () if after.finished else hole_of_deleted(self._position, facts.created_at)
        self._position = position_of_new_stream(facts)
        return hole

    def _first_position(self) -> StreamPosition:
        """A child begins at its oldest record whatever is asked for now: its parents' start is its own."""
        ended = self.shared.ended
        parents = [ended[parent] for parent in self.partition.parents if parent in ended]
        if not parents:
            return StreamPosition(since_at=self.since, read_to_at=self.since)
        starts = [parent.since_at for parent in parents]
        since_at = None if None in starts else min(filter(None, starts))
        began_at = max((p.seen_to_at for p in parents if p.seen_to_at), default=since_at)
        return StreamPosition(
            since_at=since_at,
            read_to_at=began_at,
            seen_to_at=began_at,
            from_oldest=all(parent.from_oldest and parent.after is None for parent in parents),
        )

    def _oldest_kept_at(self, asked_at: datetime) -> datetime | None:
        return oldest_kept_at(self._position, self.shared.facts, asked_at)

    def _page(
        self, answer: RecordsAnswer, still_there: bool, asked_at: datetime, requests: int
    ) -> Page:
        entries = answer.entries
        records = tuple([entry for entry in entries if isinstance(entry, Record)])
        children = self._children_at_end(answer) if answer.over else None
        at_tip = children is not None or answer.behind_ms == 0
        lost = self._trimmed(entries, at_tip, still_there, asked_at)
        whole = len(records) == len(entries) and self._unplaced is None
        damaged = () if whole else self._damaged(entries, at_tip, asked_at)
        stands = self._checkpoint(finished=False)
        self._position, spans = self._position.moved(records, asked_at if at_tip else None)
        self._step_over(entries)
        self._cursor.keep_small(records)
        if children is not None:
            self._position = replace(self._position, children=children)
            self.shared.ended[self._shard_id] = self._position
        # What a damaged record leaves is known with the next one; until then nothing has moved.
        moved = self._checkpoint(finished=children is not None)
        checkpoint = moved if self._unplaced is None else stands
        return Page(records, checkpoint, (*lost, *spans, *damaged), answer.behind_ms, requests)

    def _trimmed(
        self,
        entries: Sequence[Record | Damaged],
        at_tip: bool,
        still_there: bool,
        asked_at: datetime,
    ) -> tuple[Span, ...]:
        """The hole before the page where the stream had dropped what came next; moves the position behind it."""
        if not (entries or at_tip):
            return ()  # an empty answer in the middle says nothing
        oldest_at = self._oldest_kept_at(asked_at)
        first_at = next((arrived_at(entry) for entry in entries), None)
        if self._position.begins_with(oldest_at):
            bounds = [self._position.read_to_at, oldest_at or self.shared.facts.created_at]
            begins_at = max(filter(None, bounds))
            begins_at = begins_at if first_at is None else min(begins_at, first_at)
            self._position = replace(self._position, read_to_at=begins_at, seen_to_at=begins_at)
            return ()
        if oldest_at is None or still_there:
            return ()
        # Trimmed is what stands before the first record, whose arrival may be a little out of order.
        until_at = oldest_at if first_at is None else min(oldest_at, first_at + SLACK)
        self._position, hole = self._position.trimmed_to(until_at)
        return hole

    def _damaged(
        self, entries: Sequence[Record | Damaged], at_tip: bool, asked_at: datetime
    ) -> tuple[Span, ...]:
        """Holes of the damaged records; one that tells no instant reaches to the next record that does."""
        read_to_at, unplaced = self._position.read_to_at, self._unplaced
        placed = [entry for entry in entries if isinstance(entry, Record) or arrived_at(entry)]
        if not (placed or at_tip):
            self._unplaced = read_to_at if entries and unplaced is None else unplaced
            return ()
        holes = holes_of_damaged(entries, read_to_at, asked_at)
        if unplaced is None:
            return holes
        self._unplaced = None
        next_at = next(filter(None, map(arrived_at, placed)), asked_at)
        return (Span(unplaced, max(unplaced, next_at), Cause.CORRUPT_PAGE), *holes)

    def _step_over(self, entries: Sequence[Record | Damaged]) -> None:
        """Move behind the page's last entry, also where that one is damaged."""
        hours = self.shared.facts.retention_hours
        hash_keys = hash_keys_of(self.partition)
        numbers = (entry.sequence_number for entry in reversed(entries))
        last = next((number for number in numbers if number is not None), self._position.after)
        self._position = replace(
            self._position, after=last, retention_hours=hours, hash_keys=hash_keys
        )

    def _children_at_end(self, answer: RecordsAnswer) -> tuple[str, ...] | None:
        """The shards that follow this one, once it is proved to have ended; None: it has not.

        Raises:
            CorruptAnswerError: An answer without anything that only looks like an end.
        """
        if answer.children:
            return answer.children
        shards = {shard["ShardId"]: shard for shard in self.calls.shards()}
        own = shards.get(self._shard_id)
        if answer.behind_ms == 0 and (own is None or is_closed(own)):
            partitions = map(as_partition, shards.values())
            return tuple(p.partition_id for p in partitions if self._shard_id in p.parents)
        if answer.entries:
            return None
        raise CorruptAnswerError(
            f"records of {self._shard_id} of {self.calls.source_arn}: an iterator or the proved end "
            "of the shard was wanted, found neither; try again"
        )

    def _page_without_shard(self, error: ConnectorError, asked_at: datetime) -> Page:
        """The page that says what is lost when AWS no longer knows the shard; raises any other error again."""
        if aws_code(error) not in ("ResourceNotFoundException", "InvalidArgumentException"):
            raise error
        facts = self.calls.facts()
        listed = {shard["ShardId"] for shard in self.calls.shards()}
        position = self._position
        self._cursor.let_go()
        if facts is None:
            return self._last_page(hole_of_deleted(position, asked_at))
        self.shared.facts = facts
        if is_of_other_stream(position, facts):
            hole = hole_of_deleted(position, facts.created_at)
            if self._shard_id not in listed:
                return self._last_page(hole)
            self._position = position_of_new_stream(facts)
            return Page((), self._checkpoint(finished=False), hole)
        if self._shard_id in listed:
            raise error
        oldest_at = self._oldest_kept_at(asked_at)
        self._position = replace(position, seen_to_at=oldest_at or asked_at)
        return self._last_page(hole_of_expired(position, oldest_at, asked_at))

    def _last_page(self, holes: tuple[Span, ...]) -> Page:
        self.shared.ended[self._shard_id] = self._position
        return Page((), self._checkpoint(finished=True), holes)

    def _checkpoint(self, *, finished: bool) -> Checkpoint:
        return Checkpoint(self._shard_id, encode_position(self._position), finished)

    @property
    def _shard_id(self) -> str:
        return self.partition.partition_id

    def _origin(self, asked_at: datetime) -> Origin:
        return Origin(self.service, self.calls.source_arn, self._shard_id, asked_at)
