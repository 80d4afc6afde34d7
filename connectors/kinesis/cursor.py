"""Asks one shard for records from where it stands: a fresh iterator when one is needed, and as much as is good.

AWS does not say when what comes next was trimmed. Where that may be, the cursor steps back onto the
last record read: if it is still there, nothing behind it is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.access.failures import aws_code
from connectors.answers import Clock
from connectors.errors import ConnectorError, CorruptAnswerError
from connectors.kinesis.calls import StreamCalls, StreamFacts
from connectors.kinesis.pages import Damaged, Origin, RecordsAnswer, read_answer, what_is_told
from connectors.record import Record
from connectors.stream_position import StreamPosition

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
    damaged: dict[str, str] = field(default_factory=dict)
    """Shard to the record that could not be read; a second time, it is so in the stream."""


@dataclass(slots=True)
class ShardCursor:
    """Where the next answer of one shard comes from; for one thread.

    Example:
        >>> cursor = ShardCursor(calls, shared, "shardId-000000000000", now)
    """

    calls: StreamCalls
    shared: Shared
    shard_id: str
    now: Clock
    _iterator: str | None = field(default=None, init=False)
    _probing: bool = field(default=False, init=False)
    """The iterator stands at the last record read, to see whether it is still there."""
    _proved: bool = field(default=False, init=False)
    """It was, and the iterator has not moved on since."""

    def ask(
        self, position: StreamPosition, origin: Origin, oldest_at: datetime | None
    ) -> tuple[RecordsAnswer, bool, int]:
        """What comes after the position, checked.

        Args:
            position: After the last durable record.
            origin: Whose answer it is; its `received_at` is when it is asked for.
            oldest_at: What arrived before may be trimmed; None: nothing can be.

        Returns:
            The answer, whether the position's own record was still there, and how many calls it took.

        Raises:
            CorruptAnswerError: Less will be asked for next time.
            ConnectorError: And its other classes.
        """
        if self._in_doubt(position, oldest_at):
            self._iterator, self._probing = None, True
        raw: dict[str, Any] | None = None
        try:
            raw, requests = self._raw_answer(position, origin)
            came = replace(origin, received_at=self.now())
            answer = self._in_order(read_answer(raw, came), position, origin)
            answer = self._up_to_damage(answer, origin)
        except CorruptAnswerError as error:
            answer, requests = self._less_or_told(raw, position, error), 1
        self._iterator = answer.next_iterator
        entries = answer.entries
        if self._probing and entries and entries[0].sequence_number == position.after:
            self._probing, self._proved = False, len(entries) == 1
            return replace(answer, entries=entries[1:]), True, requests
        still_there, self._proved = self._proved, False
        if entries or answer.behind_ms == 0:
            self._probing = False
        return answer, still_there, requests

    def let_go(self) -> None:
        """Begin with a new iterator."""
        self._iterator, self._probing, self._proved = None, False, False

    def keep_small(self, records: Sequence[Record]) -> None:
        """Ask for so many records next that an answer stays about `_PAGE_BYTES` large."""
        if records:
            mean_bytes = sum([len(record.body) for record in records]) // len(records) + 1
            fitting = max(1, min(_LARGEST_LIMIT, _PAGE_BYTES // mean_bytes))
            self.shared.limits[self.shard_id] = min(fitting, self._limit * _GROWTH)

    def _raw_answer(self, position: StreamPosition, origin: Origin) -> tuple[dict[str, Any], int]:
        """An answer as it came, and how many calls it took: an iterator lives for five minutes."""
        requests = 0
        while True:
            fresh = self._iterator is None
            requests += 2 if fresh else 1
            usable = self._iterator = self._iterator or self._new_iterator(
                position, origin.received_at
            )
            try:
                return self.calls.records(origin.wanted, usable, self._limit), requests
            except ConnectorError as error:
                if aws_code(error) != "ExpiredIteratorException":
                    raise
                if fresh:
                    raise CorruptAnswerError(
                        f"{origin.wanted}: an iterator that lives five minutes was wanted, "
                        "found one that had expired at once (ExpiredIteratorException); try again"
                    ) from error
                self._iterator = None

    def _less_or_told(
        self, raw: dict[str, Any] | None, position: StreamPosition, error: CorruptAnswerError
    ) -> RecordsAnswer:
        """What a damaged answer tells of its one record; one of several is asked for again in smaller parts."""
        if self._limit > 1:
            self.shared.limits[self.shard_id] = max(1, self._limit // _SMALLER)
            raise error
        told = what_is_told(raw)
        number, after = told.sequence_number, position.after
        behind = number is not None and after is not None and int(number) <= int(after)
        if behind or (number is None and told.next_iterator is None):
            raise error
        return RecordsAnswer((told,), told.next_iterator, 1, (), whole=False)

    def _up_to_damage(self, answer: RecordsAnswer, origin: Origin) -> RecordsAnswer:
        """What stands before the first damaged record; the record itself only when it comes damaged again.

        Raises:
            CorruptAnswerError: Nothing stands before it: another try may bring it whole.
        """
        damaged = [n for n, entry in enumerate(answer.entries) if type(entry) is Damaged]
        if not damaged:
            return answer
        if damaged[0] > 0:
            before = answer.entries[: damaged[0]]
            return replace(answer, entries=before, next_iterator=None, behind_ms=1, whole=False)
        numbers = [answer.entries[n].sequence_number for n in damaged]
        if numbers[0] is not None and self.shared.damaged.get(self.shard_id) == numbers[0]:
            if None not in numbers:
                return answer
        elif numbers[0] is not None:
            self.shared.damaged[self.shard_id] = numbers[0]
        raise CorruptAnswerError(
            f"{origin.wanted}: a whole record was wanted, found {numbers[0] or 'one'} damaged; "
            "try again"
        )

    def _in_order(
        self, answer: RecordsAnswer, position: StreamPosition, origin: Origin
    ) -> RecordsAnswer:
        """The answer, if it does not begin before where it was asked to."""
        after, first = position.after, next(iter(answer.entries), None)
        if after is None or first is None or first.sequence_number is None:
            return answer
        ahead = int(first.sequence_number) - int(after)
        if ahead > 0 or (ahead == 0 and self._probing):
            return answer
        raise CorruptAnswerError(
            f"{origin.wanted}: records after {after} were wanted, found "
            f"{first.sequence_number}; try again"
        )

    def _in_doubt(self, position: StreamPosition, oldest_at: datetime | None) -> bool:
        """Whether something behind the last record may be trimmed, which AWS would not say."""
        return (
            oldest_at is not None
            and position.after is not None
            and self._limit > 1
            and not self._probing
            and not self._proved
            and position.may_have_lost(oldest_at)
        )

    def _new_iterator(self, position: StreamPosition, asked_at: datetime) -> str:
        if position.after is not None:
            kind = "AT_SEQUENCE_NUMBER" if self._probing else "AFTER_SEQUENCE_NUMBER"
            start = {"ShardIteratorType": kind, "StartingSequenceNumber": position.after}
            return self.calls.iterator(self.shard_id, start)
        if position.since_at is None:
            return self.calls.iterator(self.shard_id, {"ShardIteratorType": "TRIM_HORIZON"})
        try:
            return self.calls.iterator(
                self.shard_id,
                {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": position.since_at},
            )
        except ConnectorError as error:
            refused = aws_code(error) == "InvalidArgumentException"
            if not refused or position.since_at < asked_at - _CLOCKS:
                raise
            # Our clock is ahead of AWS's: all that was asked for is still to come.
            return self.calls.iterator(self.shard_id, {"ShardIteratorType": "LATEST"})

    @property
    def _limit(self) -> int:
        return self.shared.limits.get(self.shard_id, _FIRST_LIMIT)
