"""A queue as Lambda's poller sees it: visibility, receive counts, redrive, and the order of FIFO groups."""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5
from itertools import chain, count
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
_NONE = timedelta(0)
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
    item: Item
    part: str
    read_at: datetime
    order: int
    waiting: _Waiting | None
    """None for a message of no line that comes for the first time: most come just once."""
    line: _Line | None
    """None where each message is a line of its own."""


class QueueLane:
    """All messages of one queue.

    Messages of a FIFO group stand in one line, of which the head alone can be read; any other message is a line of
    its own, and nothing is kept of it before it fails.
    Source: SQS developer guide, "Amazon SQS visibility timeout", "FIFO queue delivery logic".

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
        self._fresh: deque[tuple[int, Item]] = deque()
        """Messages of no line that were not delivered yet, with their order."""
        self._heads: list[tuple[datetime, int, int, _Waiting, _Line | None]] = []
        self._ticket = count()
        self._offered: tuple[Batch, list[_Read]] | None = None
        self._in_flight: dict[int, list[_Read]] = {}
        self._is_any_fated = (
            settings.queue.fifo_queue
            or bool(self._filters)
            or self._queue.message_retention_period <= _NONE
        )
        """Whether a message may meet its fate before it is ever delivered."""
        if settings.queue.fifo_queue:
            for line in _lines(items):
                self._offer(line)
        else:
            self._fresh.extend(sorted(enumerate(items), key=_arrival))

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
        for _, _, read_at, _, waiting, line in reads:
            if line is not None:
                line.in_flight = True
            if waiting is not None:
                waiting.first_received_at = waiting.first_received_at or read_at

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
        if self._queue.fifo_queue:
            self._settle_lines(reads, failed, ended_at)
        elif failed.failed:
            self._return(reads, failed, ended_at)

    def _settle_lines(self, reads: list[_Read], failed: Judgement, ended_at: datetime) -> None:
        lines = {}
        for read in reversed(reads):
            waiting, line = read.waiting, read.line
            assert waiting is not None
            assert line is not None
            line.in_flight = False
            lines[id(line)] = line
            if read.item.identifier in failed.failed:
                waiting.readable_at = max(read.read_at + self._visibility, ended_at)
                line.waiting.appendleft(waiting)
        for line in lines.values():
            self._offer(line, ended_at)

    def _return(self, reads: list[_Read], failed: Judgement, ended_at: datetime) -> None:
        for item, _, read_at, order, waiting, _ in reads:
            if item.identifier in failed.failed:
                if waiting is None:
                    waiting = _Waiting(item, read_at, order, read_at)
                waiting.readable_at = max(read_at + self._visibility, ended_at)
                self._push(waiting, None)

    def _withdraw(self) -> None:
        """Take back what was offered: an end may let other messages into the batch."""
        if self._offered is not None:
            self._put_back(self._offered[1])
            self._offered = None

    def _put_back(self, reads: list[_Read]) -> None:
        for read in reversed(reads):
            waiting, line = read.waiting, read.line
            if waiting is None:
                self._fresh.appendleft((read.order, read.item))
            elif line is None:
                self._push(waiting, None)
            else:
                line.waiting.appendleft(waiting)
                self._offer(line)

    def _form(self) -> tuple[Batch, list[_Read]] | None:
        reads: list[_Read] = []
        arrivals = self._arrivals(reads)
        first = next(arrivals, None)
        if first is None:
            return None
        closing = close_batch(chain((first,), arrivals), self._limits, self._free_at)
        if closing.count < len(reads):
            self._put_back(reads[closing.count :])
            del reads[closing.count :]
        items, parts, *_ = zip(*reads, strict=True)
        return Batch(items, parts, closing.at, closing.closed_by), reads

    def _arrivals(self, reads: list[_Read]) -> Iterator[Arrival]:
        """Messages in the order in which they can be read; each is taken off its line as it is looked at."""
        fresh, heads, free_at = self._fresh, self._heads, self._free_at
        while fresh or heads:
            waiting: _Waiting | None = None
            line: _Line | None = None
            if fresh and not (heads and heads[0][:2] < (fresh[0][1].arrives_at, fresh[0][0])):
                order, item = fresh.popleft()
                readable_at = item.arrives_at
            else:
                readable_at, order, _, waiting, line = heapq.heappop(heads)
                if line is not None:
                    if line.in_flight or not line.waiting or line.waiting[0] is not waiting:
                        continue  # a line that has another head by now stands elsewhere in the heap
                    line.waiting.popleft()
                item = waiting.item
            if (item.deliveries or self._is_any_fated) and self._has_met_its_fate(
                item, readable_at
            ):
                self._offer(line, readable_at)
                continue
            read_at = max(readable_at, free_at)
            part = self._part(item, (waiting and waiting.first_received_at) or read_at)
            reads.append(_Read(item, part, read_at, order, waiting, line))
            size = len(part) if part.isascii() else len(part.encode("utf-8", "surrogatepass"))
            yield Arrival(readable_at, size)
            self._offer(line, readable_at)

    def _offer(self, line: _Line | None, not_before: datetime | None = None) -> None:
        """Let the head of a line be read when its time comes."""
        if line is not None and line.waiting:
            head = line.waiting[0]
            if not_before is not None:
                head.readable_at = max(head.readable_at, not_before)
            self._push(head, line)

    def _push(self, waiting: _Waiting, line: _Line | None) -> None:
        entry = (waiting.readable_at, waiting.order, next(self._ticket), waiting, line)
        heapq.heappush(self._heads, entry)

    def _has_met_its_fate(self, item: Item, at: datetime) -> bool:
        """What happens to it at a receive: it is moved to the dead-letter queue, has expired, or fits no filter."""
        most = self._queue.max_receive_count
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

    def _part(self, item: Item, first_received_at: datetime) -> str:
        number = item.deliveries + 1
        handle = md5(f"{item.record_id} {number}".encode(), usedforsecurity=False).hexdigest()
        has_window = bool(self._limits.window)
        return compact_json(
            sqs.delivered(item.row, number, handle, first_received_at, has_window=has_window)
        )


def _visibility(settings: Settings) -> timedelta:
    """Lambda hides messages for longer where window and function together could outlast the queue's own timeout."""
    own, window = settings.queue.visibility_timeout, settings.mapping.limits().window
    timeout = timedelta(seconds=settings.function.timeout_s)
    if window and window + timeout > own:
        return window + timeout + timedelta(seconds=30)
    return max(own, _VISIBILITY_LEAST)


def _lines(items: Iterable[Item]) -> Iterable[_Line]:
    lines: dict[str, _Line] = {}
    for order, item in enumerate(items):
        group = item.ordering_key
        name = f"message {order}" if group is None else f"group {group}"
        line = lines.setdefault(name, _Line(deque()))
        line.waiting.append(_Waiting(item, item.arrives_at, order))
    for line in lines.values():
        line.waiting = deque(sorted(line.waiting, key=_place))
    return lines.values()


def _place(waiting: _Waiting) -> tuple[int, int]:
    return int(waiting.item.sequence_number or 0), waiting.order


def _arrival(fresh: tuple[int, Item]) -> datetime:
    return fresh[1].arrives_at
