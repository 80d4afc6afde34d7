"""A queue as Lambda's poller sees it: visibility, receive counts, redrive, and the order of FIFO groups."""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5
from itertools import count
from typing import NamedTuple

from connectors.answers import compact_json
from workbench.mapping import Arrival, close_batch
from workbench.replay.engine.filtering import admitted
from workbench.replay.engine.invocation import Batch, Invocation, Item
from workbench.replay.engine.loop import Fate
from workbench.replay.engine.response import Judgement
from workbench.replay.events import sqs
from workbench.replay.settings import Settings

PATIENCE_DELIVERIES = 100
"""Assumed: without a redrive policy, a message that failed so often in a row may be taken to go on failing."""
PATIENCE_BUDGET = 20_000
"""Deliveries beyond `PATIENCE_DELIVERIES` that a run still makes in total, before it takes it so."""
_VISIBILITY_LEAST = timedelta(seconds=1)
IN_FLIGHT_MOST = 1_250
"""Invocations of a mapping at the same time, unless its ScalingConfig says fewer. Assumed: there at once; AWS takes
some minutes to get there."""


@dataclass(slots=True, eq=False)
class _Waiting:
    item: Item
    readable_at: datetime
    order: int
    first_received_at: datetime | None = None


@dataclass(slots=True, eq=False)
class _Line:
    """Messages of which only the first can be read, and none while one of them is in flight."""

    waiting: deque[_Waiting]
    in_flight: bool = False


class _Read(NamedTuple):
    waiting: _Waiting
    part: str
    line: _Line
    read_at: datetime


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
        self._in_flight_most = settings.mapping.maximum_concurrency or IN_FLIGHT_MOST
        self._filters = settings.mapping.filters or ()
        self._queue = settings.queue
        self._visibility = _visibility(settings)
        self._fate = fate
        self._free_at = datetime.min.replace(tzinfo=UTC)
        self._repeats = 0
        self._heads: list[tuple[datetime, int, int, _Waiting, _Line]] = []
        self._ticket = count()
        self._offered: tuple[Batch, list[_Read]] | None = None
        self._in_flight: dict[int, list[_Read]] = {}
        for line in _lines(items, settings.queue.fifo_queue):
            self._offer(line)

    def next_batch(self, not_before: datetime | None = None) -> Batch | None:
        """The next batch; None when no message is left, or the function has as many as it may."""
        if self._offered is None and len(self._in_flight) < self._in_flight_most:
            self._offered = self._form()
        return self._offered[0] if self._offered else None

    def runs_ahead(self, batch: Batch) -> bool:
        """Whether nothing in flight could come back before the batch begins, or holds a group up."""
        if self._queue.fifo_queue:
            return False
        back_at = (
            read.read_at + self._visibility for reads in self._in_flight.values() for read in reads
        )
        return batch.at < min(back_at, default=batch.at + self._visibility)

    def begin(self, batch: Batch) -> None:
        """The batch that was offered is in flight, and so are the groups of its messages."""
        assert self._offered is not None
        _, reads = self._offered
        self._offered = None
        self._in_flight[id(batch)] = reads
        self._free_at = batch.at
        for read in reads:
            read.line.in_flight = True
            read.waiting.first_received_at = read.waiting.first_received_at or read.read_at

    def heard(self, batch: Batch, invocation_id: str, invocation: Invocation) -> None:
        """Nothing: whether an invocation failed is all that a queue goes by."""

    def comes_again(self, batch: Batch, failed: Judgement) -> Judgement:
        """Just the messages that failed."""
        return failed

    def settle(self, batch: Batch, failed: Judgement, ended_at: datetime) -> None:
        """Delete what succeeded; what failed comes back when its visibility timeout is over."""
        self._withdraw()
        if len(self._in_flight) == self._in_flight_most:
            self._free_at = max(self._free_at, ended_at)
        reads = self._in_flight.pop(id(batch))
        for read in reversed(reads):
            read.line.in_flight = False
            if read.waiting.item.identifier in failed.failed:
                read.waiting.readable_at = max(read.read_at + self._visibility, ended_at)
                read.line.waiting.appendleft(read.waiting)
        for line in {id(read.line): read.line for read in reads}.values():
            self._offer(line, ended_at if self._queue.fifo_queue else None)

    def _withdraw(self) -> None:
        """Take back what was offered: an end may let other messages into the batch."""
        if self._offered is not None:
            self._put_back(self._offered[1])
            self._offered = None

    def _put_back(self, reads: list[_Read]) -> None:
        for read in reversed(reads):
            read.line.waiting.appendleft(read.waiting)
            self._offer(read.line)

    def _form(self) -> tuple[Batch, list[_Read]] | None:
        reads: list[_Read] = []
        arrivals = self._arrivals(reads)
        first = next(arrivals, None)
        if first is None:
            return None
        closing = close_batch(_chained(first, arrivals), self._limits, self._free_at)
        self._put_back(reads[closing.count :])
        del reads[closing.count :]
        items = tuple(read.waiting.item for read in reads)
        parts = tuple(read.part for read in reads)
        return Batch(items, parts, closing.at, closing.closed_by), reads

    def _arrivals(self, reads: list[_Read]) -> Iterator[Arrival]:
        """Messages in the order in which they can be read; each is taken off its line as it is looked at."""
        while self._heads:
            readable_at, _, _, waiting, line = heapq.heappop(self._heads)
            if line.in_flight or not line.waiting or line.waiting[0] is not waiting:
                continue  # a line that has another head by now stands elsewhere in the heap
            line.waiting.popleft()
            if self._has_met_its_fate(waiting):
                self._offer(line, readable_at)
                continue
            part = self._part(waiting)
            reads.append(_Read(waiting, part, line, max(readable_at, self._free_at)))
            size = len(part) if part.isascii() else len(part.encode("utf-8", "surrogatepass"))
            yield Arrival(readable_at, size)
            self._offer(line, readable_at)

    def _offer(self, line: _Line, not_before: datetime | None = None) -> None:
        """Let the head of a line be read when its time comes."""
        if line.waiting:
            head = line.waiting[0]
            if not_before is not None:
                head.readable_at = max(head.readable_at, not_before)
            entry = (head.readable_at, head.order, next(self._ticket), head, line)
            heapq.heappush(self._heads, entry)

    def _has_met_its_fate(self, waiting: _Waiting) -> bool:
        """What happens to it at a receive: it is moved to the dead-letter queue, has expired, or fits no filter."""
        item, at, most = waiting.item, waiting.readable_at, self._queue.max_receive_count
        receives = sqs.receive_count(item.receive_count, item.deliveries + 1)
        if item.deliveries and most is not None and receives > most:
            self._fate(item, "dead_lettered", at)
            return True
        expires_at = item.arrives_at + self._queue.message_retention_period
        if at >= expires_at or (most is None and self._is_hopeless(item, at, expires_at)):
            self._fate(item, "discarded_age", at)
            return True
        if self._filters and not item.deliveries and not admitted(item, self._filters):
            self._fate(item, "filtered", at)  # Lambda deletes it
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
        handle = md5(f"{item.record_id} {number}".encode(), usedforsecurity=False).hexdigest()
        first_at = waiting.first_received_at or max(waiting.readable_at, self._free_at)
        has_window = bool(self._limits.window)
        return compact_json(
            sqs.delivered(item.row, number, handle, first_at, has_window=has_window)
        )


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
        group = item.ordering_key if fifo else None
        name = f"message {order}" if group is None else f"group {group}"
        line = lines.setdefault(name, _Line(deque()))
        line.waiting.append(_Waiting(item, item.arrives_at, order))
    if fifo:
        for line in lines.values():
            line.waiting = deque(sorted(line.waiting, key=_place))
    return lines.values()


def _place(waiting: _Waiting) -> tuple[int, int]:
    return int(waiting.item.sequence_number or 0), waiting.order


def _chained(first: Arrival, others: Iterator[Arrival]) -> Iterator[Arrival]:
    yield first
    yield from others
