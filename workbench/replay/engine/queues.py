"""A queue as Lambda's poller sees it: visibility, receive counts, redrive, and the order of FIFO groups."""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid5

from connectors.answers import compact_json
from workbench.mapping import Arrival, Closing, close_batch
from workbench.replay.engine.invocation import Batch, Item
from workbench.replay.engine.loop import Fate
from workbench.replay.engine.response import Judgement
from workbench.replay.events import sqs
from workbench.replay.settings import Settings

PATIENCE_DELIVERIES = 100
"""Assumed: without a redrive policy, a message that failed so often in a row may be taken to go on failing."""
PATIENCE_BUDGET = 20_000
"""Deliveries beyond `PATIENCE_DELIVERIES` that a run still makes in total, before it takes it so."""
_VISIBILITY_LEAST = timedelta(seconds=1)
_HANDLES = UUID("5f0e4c5e-2b9a-4a35-9d58-3f1f6f3b9a10")
_Line = deque["_Waiting"]


@dataclass(slots=True, eq=False)
class _Waiting:
    item: Item
    readable_at: datetime
    order: int
    first_received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    waiting: _Waiting
    part: str
    line: _Line


class QueueLane:
    """All messages of one queue.

    Messages of a FIFO group stand in one line, of which the head alone can be read; any other message is a line of
    its own. Source: SQS developer guide, "Amazon SQS visibility timeout", "FIFO queue delivery logic".

    Args:
        items: in order of arrival.
        settings: of the run.
        fate: told when a message will not come again.
    """

    partition_id = ""

    def __init__(self, items: Iterable[Item], settings: Settings, fate: Fate) -> None:
        self.deliveries_not_run = 0
        self._limits = settings.mapping.limits()
        self._queue = settings.queue
        self._visibility = _visibility(settings)
        self._fate = fate
        self._free_at = datetime.min.replace(tzinfo=UTC)
        self._opened_at = self._free_at
        self._repeats = 0
        self._heads: list[tuple[datetime, int, int, _Waiting, _Line]] = []
        self._ticket = count()
        self._next: tuple[Batch, list[_Read]] | None = None
        for line in _lines(items, settings.queue.fifo_queue):
            self._offer(line)

    def next_batch(self, not_before: datetime | None = None) -> Batch | None:
        """The next batch; None when no message is left."""
        if self._next is None:
            self._next = self._form()
        return self._next[0] if self._next else None

    def comes_again(self, batch: Batch, failed: Judgement) -> Judgement:
        """Just the messages that failed."""
        return failed

    def settle(self, batch: Batch, failed: Judgement) -> None:
        """Delete what succeeded; what failed comes back when its visibility timeout is over."""
        reads = self._next[1] if self._next else []
        self._next = None
        for read in reversed(reads):
            if read.waiting.item.identifier in failed.failed:
                read_at = max(read.waiting.readable_at, self._opened_at)
                read.waiting.readable_at = max(read_at + self._visibility, batch.at)
                read.line.appendleft(read.waiting)
        for line in {id(read.line): read.line for read in reads}.values():
            self._offer(line)

    def _form(self) -> tuple[Batch, list[_Read]] | None:
        reads: list[_Read] = []
        arrivals = self._arrivals(reads)
        first = next(arrivals, None)
        if first is None:
            return None
        closing = close_batch(_chained(first, arrivals), self._limits, self._free_at)
        for extra in reversed(reads[closing.count :]):
            extra.line.appendleft(extra.waiting)
            self._offer(extra.line)
        del reads[closing.count :]
        self._opened_at, self._free_at = self._free_at, closing.at
        return self._batch(reads, closing), reads

    def _batch(self, reads: list[_Read], closing: Closing) -> Batch:
        for waiting in (read.waiting for read in reads):
            received_at = max(waiting.readable_at, self._opened_at)
            waiting.first_received_at = waiting.first_received_at or received_at
        items = tuple(read.waiting.item for read in reads)
        return Batch(items, tuple(read.part for read in reads), closing.at, closing.closed_by)

    def _arrivals(self, reads: list[_Read]) -> Iterator[Arrival]:
        """Messages in the order in which they can be read; each is taken off its line as it is looked at."""
        while self._heads:
            readable_at, _, _, waiting, line = heapq.heappop(self._heads)
            if not line or line[0] is not waiting:
                continue  # a line that has another head by now stands elsewhere in the heap
            line.popleft()
            if self._has_met_its_fate(waiting):
                self._offer(line, readable_at)
                continue
            part = self._part(waiting)
            reads.append(_Read(waiting, part, line))
            yield Arrival(readable_at, len(part.encode("utf-8", "surrogatepass")))
            self._offer(line, readable_at)

    def _offer(self, line: _Line, not_before: datetime | None = None) -> None:
        """Let the head of a line be read when its time comes."""
        if line:
            head = line[0]
            if not_before is not None:
                head.readable_at = max(head.readable_at, not_before)
            entry = (head.readable_at, head.order, next(self._ticket), head, line)
            heapq.heappush(self._heads, entry)

    def _has_met_its_fate(self, waiting: _Waiting) -> bool:
        """What SQS does at a receive: move to the dead-letter queue, or find the message expired."""
        item, at, most = waiting.item, waiting.readable_at, self._queue.max_receive_count
        receives = sqs.receive_count(item.row, item.deliveries + 1)
        if item.deliveries and most is not None and receives > most:
            self._fate(item, "dead_lettered", at)
            return True
        expires_at = item.arrives_at + self._queue.message_retention_period
        if at >= expires_at or (most is None and self._is_hopeless(item, at, expires_at)):
            self._fate(item, "discarded_age", at)
            return True
        return False

    def _is_hopeless(self, item: Item, at: datetime, expires_at: datetime) -> bool:
        if item.deliveries < PATIENCE_DELIVERIES:
            return False
        self._repeats += 1
        if self._repeats <= PATIENCE_BUDGET:
            return False
        self.deliveries_not_run += -(-(expires_at - at) // self._visibility)
        return True

    def _part(self, waiting: _Waiting) -> str:
        item, number = waiting.item, waiting.item.deliveries + 1
        handle = str(uuid5(_HANDLES, f"{item.row['record_id']} {number}"))
        first_at = waiting.first_received_at or max(waiting.readable_at, self._free_at)
        return compact_json(sqs.delivered(item.row, number, handle, first_at))


def _visibility(settings: Settings) -> timedelta:
    """Lambda hides messages for longer where window and function together could outlast the queue's own timeout."""
    own, window = settings.queue.visibility_timeout, settings.mapping.limits().window
    timeout = timedelta(seconds=settings.function.timeout_s)
    if window and window + timeout > own:
        return window + timeout + timedelta(seconds=30)
    return max(own, _VISIBILITY_LEAST)


def _lines(items: Iterable[Item], fifo: bool) -> Iterable[_Line]:
    lines: dict[str, _Line] = {}
    for order, item in enumerate(items):
        group = item.row["ordering_key"] if fifo else None
        name = f"message {order}" if group is None else f"group {group}"
        lines.setdefault(name, deque()).append(_Waiting(item, item.arrives_at, order))
    if fifo:
        lines = {name: deque(sorted(line, key=_place)) for name, line in lines.items()}
    return lines.values()


def _place(waiting: _Waiting) -> tuple[int, int]:
    return int(waiting.item.row["sequence_number"] or 0), waiting.order


def _chained(first: Arrival, others: Iterator[Arrival]) -> Iterator[Arrival]:
    yield first
    yield from others
