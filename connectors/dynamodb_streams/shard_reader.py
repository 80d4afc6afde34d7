"""Reads one shard of a table stream, answer by answer: what each answer proves, and what it does not.

An empty answer is no tip, an answer without a next iterator is no end, and one that cannot be
parsed is no empty one: each is believed only after it was asked again or confirmed by a listing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connectors.access.failures import aws_code, call
from connectors.answers import Clock, required
from connectors.dynamodb_streams.changes import change_record, not_before
from connectors.dynamodb_streams.position import (
    RETENTION,
    ShardProgress,
    encode_progress,
    trim_horizon,
)
from connectors.dynamodb_streams.shards import ShardListing
from connectors.errors import ConnectorError, CorruptAnswerError, SourceNotFoundError
from connectors.record import Cause, Checkpoint, Page, Record, Span

LARGEST_LIMIT = 1000
EMPTY_ANSWERS_AT_TIP = 5
"""Iterators cross stretches without changes in several steps, each an empty answer."""
PATIENCE = 100
"""Empty answers after which a shard that should end is left for another time."""
TIMES_AN_END_IS_TOLD = 2
"""Without a change in between."""
ASKED_AT_ONCE = 5
WAITS_FOR_CHILDREN = 10
"""Pages that a shard's end waits for children to be listed; they appear a little late."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What one answer of GetRecords told."""

    records: tuple[Record, ...]
    iterator: str | None


@dataclass(slots=True, kw_only=True)
class ShardReader:
    """One shard from where it stands on; each `next_page` asks once or a little more."""

    shard_id: str
    client: Any
    listing: ShardListing
    created_at: datetime
    now: Clock
    progress: ShardProgress
    fresh: bool
    """Reading begins at the oldest change kept, so what is older is no loss."""
    limits: dict[str, int]
    """Of the whole stream, by shard: how much to ask for where larger answers were damaged."""
    _iterator: str | None = None
    _behind: str | None = None
    """The next iterator that a damaged answer told."""
    _loss: str | None = None
    """The cause of a loss whose end is not known yet."""
    _requests: int = 0
    _empty_answers: int = 0
    _ends_told: int = 0
    _waits: int = 0

    def next_page(self) -> Page:
        """The next answer as a page; its checkpoint is finished once the end is proved.

        Raises:
            CorruptAnswerError: A damaged answer, down to one record, or an end that is not proved.
            ConnectorError: And its other classes.
        """
        self._requests = 0
        asked_at = self.now()
        try:
            told = self._confirmed()
        except CorruptAnswerError as error:
            return self._narrowed(error)
        except SourceNotFoundError as error:
            return self._gone(asked_at, error)
        self._widen()
        self._empty_answers = 0 if told.records else self._empty_answers + 1
        if self._ends_told >= TIMES_AN_END_IS_TOLD and not told.records:
            return self._ended(asked_at)
        return self._moved(told, asked_at)

    def _moved(self, told: _Told, asked_at: datetime) -> Page:
        """A page of an answer that is no end; at the tip, all up to the second before is read."""
        impatient = self._empty_answers >= PATIENCE
        many_empty = self._empty_answers >= EMPTY_ANSWERS_AT_TIP
        at_tip = many_empty and self.listing.may_grow(self.shard_id)
        holes = self._settled(told.records) if told.records or at_tip else ()
        tip_at = asked_at.replace(microsecond=0) if at_tip else None
        position, spans = self.progress.position.moved(told.records, tip_at)
        self.progress = replace(
            self.progress, position=position, children_after_at=position.read_to_at
        )
        kept = not_before(told.records, position.since_at)
        behind_ms = 0 if at_tip or impatient else None
        return self._page(kept, (*holes, *spans), behind_ms)

    def _ended(self, asked_at: datetime) -> Page:
        """The last page, or an empty one while children are still to be listed."""
        if not self.listing.proves_end(self.shard_id):
            raise CorruptAnswerError(
                f"an end of {self.shard_id} of {self.listing.stream_arn} was told, but it is "
                "listed as open and without children; try again"
            )
        if self.listing.lacks_children(self.shard_id) and self._waits < WAITS_FOR_CHILDREN:
            self._waits += 1
            return self._page((), ())
        holes = self._settled(())
        position, spans = self.progress.position.moved((), asked_at)
        self.progress = replace(self.progress, position=position)
        return self._page((), (*holes, *spans), 0, finished=True)

    def _gone(self, asked_at: datetime, error: SourceNotFoundError) -> Page:
        """The last page of a shard that AWS has dropped, or whose stream it has."""
        end, cause = trim_horizon(asked_at), Cause.TRIMMED
        try:
            self.listing.shards(ask=True)
        except SourceNotFoundError:
            end, cause = asked_at, Cause.GONE
        else:
            if self.listing.is_listed(self.shard_id):
                raise error
        oldest_at = max(self.created_at, end - RETENTION)
        start = self.progress.position.read_to_at or oldest_at
        holes = (Span(start, end, cause),) if start < end else ()
        return self._page((), holes, 0, finished=True)

    def _narrowed(self, error: CorruptAnswerError) -> Page:
        """Ask for less around a damaged answer; at one record go behind it, where that can be done."""
        limit = self.limits.get(self.shard_id, LARGEST_LIMIT)
        if limit > 0:
            self.limits[self.shard_id] = limit // 2  # 0: one record, for the second time
        elif self._behind is not None:
            self._iterator, self._loss = self._behind, Cause.CORRUPT_PAGE
        else:
            raise error
        return self._page((), ())

    def _widen(self) -> None:
        limit = max(1, self.limits.pop(self.shard_id, LARGEST_LIMIT))
        if limit * 2 < LARGEST_LIMIT:
            self.limits[self.shard_id] = limit * 2

    def _settled(self, records: Sequence[Record]) -> tuple[Span, ...]:
        """The hole of a loss, now that its end is known."""
        if self._loss is None:
            return ()
        self.progress, holes = self.progress.without_loss(self._loss, records, self.now())
        self._loss = None
        return holes

    def _page(
        self,
        records: tuple[Record, ...],
        spans: tuple[Span, ...],
        behind_ms: int | None = None,
        *,
        finished: bool = False,
    ) -> Page:
        checkpoint = Checkpoint(self.shard_id, encode_progress(self.progress), finished)
        return Page(records, checkpoint, spans, behind_ms, max(1, self._requests))

    def _confirmed(self) -> _Told:
        """An answer; where it is an end, asked again with another iterator: it may have lost its own."""
        told = self._told()
        for _ in range(ASKED_AT_ONCE):
            if told.records:
                self._ends_told = 0
            self._ends_told += told.iterator is None
            if told.records or self._ends_told in (0, TIMES_AN_END_IS_TOLD):
                break
            told = self._told()
        return told

    def _told(self) -> _Told:
        """An answer, with a new iterator where the last one has expired or what it meant is gone."""
        for _ in range(3):
            try:
                return self._asked()
            except ConnectorError as error:
                code = aws_code(error)
                if code == "TrimmedDataAccessException":
                    self._loss = Cause.TRIMMED
                    position = replace(self.progress.position, after=None)
                    self.progress = replace(self.progress, position=position)
                elif code != "ExpiredIteratorException":
                    raise
                self._iterator = None
        return self._asked()

    def _asked(self) -> _Told:
        wanted = f"records of {self.shard_id} of {self.listing.stream_arn}"
        limit = max(1, self.limits.get(self.shard_id, LARGEST_LIMIT))
        self._behind = None
        self._iterator = self._iterator or self._new_iterator()
        self._requests += 1
        answer = call(wanted, self.client.get_records, ShardIterator=self._iterator, Limit=limit)
        behind = answer.get("NextShardIterator")
        self._behind = behind if isinstance(behind, str) else None
        at, arn = self.now(), self.listing.stream_arn
        records = tuple(
            change_record(arn, self.shard_id, record, at)
            for record in required(answer, "Records", list, wanted)
        )
        if behind is not None:
            required(answer, "NextShardIterator", str, wanted)
        self._iterator = behind
        return _Told(records, behind)

    def _new_iterator(self) -> str:
        """Behind the last change; without one at the oldest kept, which may be younger than wanted."""
        position = self.progress.position
        start = {"ShardIteratorType": "TRIM_HORIZON"}
        if position.after is not None:
            start = {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "SequenceNumber": position.after,
            }
        elif self.fresh:
            self.progress = self.progress.begun_at_oldest(self.now())
        elif self._may_have_lost():
            self._loss = self._loss or Cause.TRIMMED
        self.fresh = False
        wanted = f"an iterator for {self.shard_id} of {self.listing.stream_arn}"
        self._requests += 1
        answer = call(
            wanted,
            self.client.get_shard_iterator,
            StreamArn=self.listing.stream_arn,
            ShardId=self.shard_id,
            **start,
        )
        return required(answer, "ShardIterator", str, wanted)

    def _may_have_lost(self) -> bool:
        """Whether changes that are wanted may be gone without a word.

        While its parent is listed, a shard is younger than the retention: nothing of it is gone.
        """
        start = self.progress.position.read_to_at
        lost = start is not None and start < trim_horizon(self.now())
        return lost and not any(self.listing.is_listed(parent) for parent in self.progress.parents)
