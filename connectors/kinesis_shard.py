"""Reads one shard from a position on: expired iterators, silent trims, damaged answers, and an end only when proved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.access.failures import aws_code
from connectors.answers import Clock
from connectors.errors import ConnectorError, CorruptAnswerError
from connectors.kinesis_calls import StreamCalls, StreamFacts, as_partition, is_closed
from connectors.kinesis_holes import (
    arrived_at,
    hash_keys_of,
    hole_of_deleted,
    hole_of_expired,
    holes_of_damaged,
    is_of_other_stream,
    oldest_kept_at,
    position_of_new_stream,
)
from connectors.kinesis_pages import Damaged, Origin, RecordsAnswer, read_answer, what_is_told
from connectors.record import Checkpoint, Page, Partition, Record, Service, Span
from connectors.stream_position import (
    SLACK,
    StreamPosition,
    decode_position,
    encode_position,
    reached,
)

_FIRST_LIMIT = 100
_LARGEST_LIMIT = 10_000
_PAGE_BYTES = 1_000_000
"""A call that answers 10 MiB blocks the shard for its other readers for up to 5 s."""
_GROWTH = 4
"""How much more than the last answer may be asked for: the next records may be larger."""
_SMALLER = 10
"""A damaged answer is asked for again with a tenth of the records, down to one, in few tries."""
_CLOCKS = timedelta(minutes=5)
"""By how much our clock may be ahead of AWS's; AWS refuses signatures beyond."""


@dataclass(slots=True)
class Shared:
    """What the readers of one stream's shards tell each other; each entry is replaced whole."""

    facts: StreamFacts
    opened_at: datetime
    """The oldest record kept then is where a read without a start begins."""
    ended: dict[str, StreamPosition] = field(default_factory=dict)
    """Shard that need not be read any more, to where reading it ended: what follows began no earlier."""
    limits: dict[str, int] = field(default_factory=dict)
    """Shard to how many records to ask it for."""


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
    _iterator: str | None = field(default=None, init=False)
    _probing: bool = field(default=False, init=False)
    """The iterator stands at the last record read, to see whether it is still there."""
    _proved: bool = field(default=False, init=False)
    """It was, and the iterator has not moved on since."""

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
            try:
                answer, requests = self._answer(asked_at)
            except ConnectorError as error:
                page = self._page_without_shard(error, asked_at)
            else:
                page = self._page(answer, asked_at, holes, requests)
                holes = ()
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

    def _answer(self, asked_at: datetime) -> tuple[RecordsAnswer, int]:
        """A checked answer, and how many calls it took."""
        if self._in_doubt(asked_at):
            self._iterator, self._probing = None, True
        raw: dict[str, Any] | None = None
        try:
            raw, requests = self._raw_answer(asked_at)
            return self._in_order(read_answer(raw, self._origin)), requests
        except CorruptAnswerError as error:
            return self._less_or_told(raw, error), 1

    def _raw_answer(self, asked_at: datetime) -> tuple[dict[str, Any], int]:
        """An answer as it came, and how many calls it took: an iterator lives for five minutes."""
        requests = 0
        while True:
            fresh = self._iterator is None
            requests += 2 if fresh else 1
            usable = self._iterator = self._iterator or self._new_iterator(asked_at)
            try:
                return self.calls.records(self._origin.wanted, usable, self._limit), requests
            except ConnectorError as error:
                if aws_code(error) != "ExpiredIteratorException":
                    raise
                if fresh:
                    raise CorruptAnswerError(
                        f"{self._origin.wanted}: an iterator that lives five minutes was wanted, "
                        "found one that had expired at once (ExpiredIteratorException); try again"
                    ) from error
                self._iterator = None

    def _less_or_told(self, raw: dict[str, Any] | None, error: CorruptAnswerError) -> RecordsAnswer:
        """What a damaged answer tells of its one record; one of several is asked for again in smaller parts."""
        if self._limit > 1:
            self.shared.limits[self._shard_id] = max(1, self._limit // _SMALLER)
            raise error
        told = what_is_told(raw)
        number, after = told.sequence_number, self._position.after
        behind = number is not None and after is not None and int(number) <= int(after)
        if behind or (number is None and told.next_iterator is None):
            raise error
        return RecordsAnswer((told,), told.next_iterator, 1, (), whole=False)

    def _in_order(self, answer: RecordsAnswer) -> RecordsAnswer:
        """The answer, if it does not begin before where it was asked to."""
        after, first = self._position.after, next(iter(answer.entries), None)
        if after is None or first is None or first.sequence_number is None:
            return answer
        ahead = int(first.sequence_number) - int(after)
        if ahead > 0 or (ahead == 0 and self._probing):
            return answer
        raise CorruptAnswerError(
            f"{self._origin.wanted}: records after {after} were wanted, found "
            f"{first.sequence_number}; try again"
        )

    def _in_doubt(self, asked_at: datetime) -> bool:
        """Whether something behind the last record may be trimmed, which AWS would not say."""
        oldest_at = self._oldest_kept_at(asked_at)
        return (
            oldest_at is not None
            and self._position.after is not None
            and self._limit > 1
            and not self._probing
            and not self._proved
            and self._position.may_have_lost(oldest_at)
        )

    def _oldest_kept_at(self, asked_at: datetime) -> datetime | None:
        return oldest_kept_at(self._position, self.shared.facts, asked_at)

    def _new_iterator(self, asked_at: datetime) -> str:
        position = self._position
        if position.after is not None:
            kind = "AT_SEQUENCE_NUMBER" if self._probing else "AFTER_SEQUENCE_NUMBER"
            start = {"ShardIteratorType": kind, "StartingSequenceNumber": position.after}
            return self.calls.iterator(self._shard_id, start)
        if position.since_at is None:
            return self.calls.iterator(self._shard_id, {"ShardIteratorType": "TRIM_HORIZON"})
        try:
            return self.calls.iterator(
                self._shard_id,
                {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": position.since_at},
            )
        except ConnectorError as error:
            refused = aws_code(error) == "InvalidArgumentException"
            if not refused or position.since_at < asked_at - _CLOCKS:
                raise
            # Our clock is ahead of AWS's: all that was asked for is still to come.
            return self.calls.iterator(self._shard_id, {"ShardIteratorType": "LATEST"})

    def _page(
        self, answer: RecordsAnswer, asked_at: datetime, holes: tuple[Span, ...], requests: int
    ) -> Page:
        entries, still_there = self._without_probe(answer.entries)
        records = tuple([entry for entry in entries if isinstance(entry, Record)])
        children = self._children_at_end(answer) if answer.over else None
        at_tip = children is not None or answer.behind_ms == 0
        lost = self._trimmed(entries, at_tip, still_there, asked_at)
        damaged = holes_of_damaged(entries, self._position.read_to_at, asked_at)
        self._position, spans = self._position.moved(records, asked_at if at_tip else None)
        self._step_over(entries)
        self._iterator = answer.next_iterator
        self._proved = still_there and not entries
        self._grow_limit(records)
        if children is not None:
            self._position = replace(self._position, children=children)
            self.shared.ended[self._shard_id] = self._position
        checkpoint = self._checkpoint(finished=children is not None)
        all_spans = (*holes, *lost, *spans, *damaged)
        return Page(records, checkpoint, all_spans, answer.behind_ms, requests)

    def _without_probe(
        self, entries: tuple[Record | Damaged, ...]
    ) -> tuple[tuple[Record | Damaged, ...], bool]:
        """What is new among the entries, and whether the last record read was still there."""
        if self._probing and entries and entries[0].sequence_number == self._position.after:
            return entries[1:], True
        return entries, self._proved

    def _trimmed(
        self,
        entries: Sequence[Record | Damaged],
        at_tip: bool,
        still_there: bool,
        asked_at: datetime,
    ) -> tuple[Span, ...]:
        """The hole before the page where the stream had dropped what came next; moves the position behind it."""
        if not (entries or at_tip or still_there):
            return ()  # an empty answer in the middle says nothing
        self._probing = False
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
            f"{self._origin.wanted}: an iterator or the proved end of the shard was wanted, found "
            "neither; try again"
        )

    def _page_without_shard(self, error: ConnectorError, asked_at: datetime) -> Page:
        """The page that says what is lost when AWS no longer knows the shard; raises any other error again."""
        if aws_code(error) not in ("ResourceNotFoundException", "InvalidArgumentException"):
            raise error
        facts = self.calls.facts()
        listed = {shard["ShardId"] for shard in self.calls.shards()}
        position, self._iterator, self._probing = self._position, None, False
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

    def _grow_limit(self, records: Sequence[Record]) -> None:
        """Ask for so many records next that an answer stays about `_PAGE_BYTES` large."""
        if records:
            mean_bytes = sum([len(record.body) for record in records]) // len(records) + 1
            fitting = max(1, min(_LARGEST_LIMIT, _PAGE_BYTES // mean_bytes))
            self.shared.limits[self._shard_id] = min(fitting, self._limit * _GROWTH)

    @property
    def _limit(self) -> int:
        return self.shared.limits.get(self._shard_id, _FIRST_LIMIT)

    @property
    def _shard_id(self) -> str:
        return self.partition.partition_id

    @property
    def _origin(self) -> Origin:
        return Origin(self.service, self.calls.source_arn, self._shard_id, self.now())
