"""The loop: which batch begins next and which ends, on a virtual clock.

A source is one or more lanes. The loop always takes what comes next on the virtual clock: the earliest batch that a
lane offers, or the earliest end of an invocation. An invocation of a handler takes no virtual time, so that a slow
machine replays as a fast one does; one that is only remembered takes what it took.

Invokers that run several handlers at the same time are kept busy with batches that do not depend on one another. What
comes of them is taken note of in the order of the virtual clock, so that it is the same however long each took.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Protocol

from workbench.replay.engine.failure_records import DestinationRecord
from workbench.replay.engine.invocation import Batch, Invocation, Invoker, Item
from workbench.replay.engine.response import SUCCEEDED, Judgement, judge


class Lane(Protocol):
    """One line of batches."""

    @property
    def partition_id(self) -> str:
        """The shard it reads; `""` for a queue."""
        ...

    def next_batch(self, not_before: datetime | None = None) -> Batch | None:
        """The next batch, the same until one begins or ends; None when it waits for one in flight, or has ended."""
        ...

    def runs_ahead(self, batch: Batch) -> bool:
        """Whether a batch that it offers beside others in flight is the same however those end."""
        ...

    def begin(self, batch: Batch) -> None:
        """The batch that was offered is in flight."""
        ...

    def heard(self, batch: Batch, invocation_id: str, invocation: Invocation) -> None:
        """An invocation has ended; what failed is asked for next."""
        ...

    def comes_again(self, batch: Batch, failed: Judgement) -> Judgement:
        """Which records of a batch count as failed, given what its invocation says."""
        ...

    def settle(self, batch: Batch, failed: Judgement, ended_at: datetime) -> None:
        """Take note of what failed, as `comes_again` has it."""
        ...


class Journal(Protocol):
    """Where the engine writes what happened."""

    def invoked(self, batch: Batch, invocation_id: str, invocation: Invocation) -> None:
        """An invocation has ended."""
        ...

    def delivered(
        self, batch: Batch, invocation_id: str, invocation: Invocation, failed: Judgement
    ) -> None:
        """Its records were delivered, and these of them failed."""
        ...

    def fate(self, item: Item, verdict: str, at: datetime) -> None:
        """A record will not be delivered again."""
        ...

    def sent(self, record: DestinationRecord) -> None:
        """A destination would have got a document."""
        ...


Fate = Callable[[Item, str, datetime], None]
"""Called when a record will not be delivered again: the record, the verdict, the virtual instant."""
Pace = Callable[[datetime], None]
"""Called before a batch begins, with its virtual instant: may wait, or stop the run by raising."""


def run_lanes(
    lanes: Sequence[Lane],
    parents: Mapping[str, tuple[str, ...]],
    invoker: Invoker,
    journal: Journal,
    invocation_ids: Iterator[str],
    *,
    reports_failures: bool,
    pace: Pace = lambda at: None,
) -> None:
    """Run all lanes to their end.

    Args:
        lanes: of one source.
        parents: partitions that end before a partition begins.
        invoker: runs the handler.
        journal: what happened is written to.
        invocation_ids: one a batch that brings none.
        reports_failures: whether the mapping has ReportBatchItemFailures.
        pace: asked before each batch.
    """
    with _Loop(lanes, parents, invoker, journal, invocation_ids, reports_failures, pace) as loop:
        while loop.step():
            pass


@dataclass(slots=True, eq=False)
class _Flight:
    """A batch on its way through the handler."""

    lane: Lane
    batch: Batch
    invocation_id: str
    invocation: Invocation | Future[Invocation]

    @property
    def ends_at(self) -> datetime:
        """Of a handler that still runs: when it began."""
        if isinstance(self.invocation, Future):
            return self.batch.at
        return self.batch.at + timedelta(milliseconds=self.invocation.virtual_ms)

    def outcome(self) -> Invocation:
        """What came of it, waited for."""
        return self.invocation.result() if isinstance(self.invocation, Future) else self.invocation


@dataclass(slots=True)
class _Loop:
    lanes: Sequence[Lane]
    parents: Mapping[str, tuple[str, ...]]
    invoker: Invoker
    journal: Journal
    invocation_ids: Iterator[str]
    reports_failures: bool
    pace: Pace
    _schedule: "_Schedule" = field(init=False)
    _pool: ThreadPoolExecutor | None = field(init=False, default=None)
    _endings: list[tuple[datetime, int, _Flight]] = field(init=False, default_factory=list)
    _ticket: Iterator[int] = field(init=False, default_factory=count)

    def __enter__(self) -> "_Loop":
        self._schedule = _Schedule(self.lanes, self.parents)
        if self.invoker.parallel > 1:
            self._pool = ThreadPoolExecutor(self.invoker.parallel)
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def step(self) -> bool:
        """One batch begins, or one ends; False where there is neither."""
        ready = self._schedule.earliest()
        if ready is not None and self._may_begin(*ready):
            self._begin(*ready)
        elif self._endings:
            _, _, flight = heapq.heappop(self._endings)
            self._end(flight)
        else:
            return False
        return True

    def _may_begin(self, lane: Lane, batch: Batch) -> bool:
        if not self._endings or batch.at < self._endings[0][0]:
            return True
        free = len(self._endings) < self.invoker.parallel
        return free and (not self._schedule.is_in_flight(lane) or lane.runs_ahead(batch))

    def _begin(self, lane: Lane, batch: Batch) -> None:
        self.pace(batch.at)
        invocation_id = batch.request_id or next(self.invocation_ids)
        lane.begin(batch)
        self._schedule.began(lane)
        if self._pool is not None:
            submitted = self._pool.submit(self.invoker.invoke, batch, invocation_id)
            self._take_off(_Flight(lane, batch, invocation_id, submitted))
            return
        invocation = self.invoker.invoke(batch, invocation_id)
        flight = _Flight(lane, batch, invocation_id, invocation)
        if invocation.virtual_ms == 0:
            self._end(flight)
        else:
            self._take_off(flight)

    def _take_off(self, flight: _Flight) -> None:
        heapq.heappush(self._endings, (flight.ends_at, next(self._ticket), flight))
        self._schedule.took_off(flight.lane)

    def _end(self, flight: _Flight) -> None:
        lane, batch = flight.lane, flight.batch
        invocation = flight.outcome()
        lane.heard(batch, flight.invocation_id, invocation)
        failed = lane.comes_again(batch, _failed(batch, invocation, self.reports_failures))
        self.journal.invoked(batch, flight.invocation_id, invocation)
        for item in batch.items:
            item.deliveries += 1
        self.journal.delivered(batch, flight.invocation_id, invocation, failed)
        lane.settle(batch, failed, flight.ends_at)
        self._schedule.settled(lane, flight.ends_at)


def _failed(batch: Batch, invocation: Invocation, reports_failures: bool) -> Judgement:
    if invocation.error_type is None and not reports_failures:
        return SUCCEEDED
    identifiers = [item.identifier for item in batch.items]
    if invocation.error_type is not None:
        return Judgement(frozenset(identifiers), invocation.error_message or invocation.error_type)
    return judge(invocation.response, identifiers)


class _Schedule:
    """Which lane comes next: by the virtual instant of its batch; children after their parents."""

    def __init__(self, lanes: Sequence[Lane], parents: Mapping[str, tuple[str, ...]]) -> None:
        self._parents = parents
        self._open = Counter(lane.partition_id for lane in lanes)
        self._ended_at: dict[str, datetime] = {}
        self._held = list(lanes)
        self._ready: list[tuple[datetime, int, int, Lane, Batch]] = []
        self._ticket = count()
        self._order = {id(lane): number for number, lane in enumerate(lanes)}
        self._offered: dict[int, Batch] = {}
        self._in_flight: Counter[int] = Counter()
        self._admit()

    def earliest(self) -> tuple[Lane, Batch] | None:
        """The lane with the earliest batch, and the batch."""
        while self._ready:
            *_, lane, batch = self._ready[0]
            if self._offered.get(id(lane)) is batch:
                return lane, batch
            heapq.heappop(self._ready)  # the lane has offered another one since
        return None

    def began(self, lane: Lane) -> None:
        """What the lane offered is taken."""
        del self._offered[id(lane)]

    def is_in_flight(self, lane: Lane) -> bool:
        """Whether a batch of the lane is with the handler."""
        return self._in_flight[id(lane)] > 0

    def took_off(self, lane: Lane) -> None:
        """A batch of the lane is with the handler, and stays there for a while."""
        self._in_flight[id(lane)] += 1
        self._push(lane, None)

    def settled(self, lane: Lane, at: datetime) -> None:
        """A lane goes on, or has ended."""
        if self._in_flight[id(lane)]:
            self._in_flight[id(lane)] -= 1
        if not self._push(lane, None) and not self.is_in_flight(lane):
            self._end(lane, at)
            self._admit()

    def _admit(self) -> None:
        """Begin the lanes whose parents have ended; a lane without records ends at once."""
        admitted = True
        while admitted:
            ready = [lane for lane in self._held if not self._waits(lane)]
            self._held = [lane for lane in self._held if lane not in ready]
            ended = [lane for lane in ready if not self._push(lane, self._not_before(lane))]
            for lane in ended:
                self._end(lane, self._not_before(lane))
            admitted = bool(ended)

    def _push(self, lane: Lane, not_before: datetime | None) -> bool:
        batch = lane.next_batch(not_before)
        if batch is None:
            self._offered.pop(id(lane), None)
            return False
        if self._offered.get(id(lane)) is not batch:
            self._offered[id(lane)] = batch
            order = self._order[id(lane)], next(self._ticket)
            heapq.heappush(self._ready, (batch.at, *order, lane, batch))
        return True

    def _end(self, lane: Lane, at: datetime | None) -> None:
        self._open[lane.partition_id] -= 1
        if at is not None:
            earlier = self._ended_at.get(lane.partition_id, at)
            self._ended_at[lane.partition_id] = max(at, earlier)

    def _waits(self, lane: Lane) -> bool:
        return any(self._open[parent] > 0 for parent in self._parents_of(lane))

    def _not_before(self, lane: Lane) -> datetime | None:
        ends = [
            self._ended_at[parent] for parent in self._parents_of(lane) if parent in self._ended_at
        ]
        return max(ends, default=None)

    def _parents_of(self, lane: Lane) -> Iterable[str]:
        """Its ancestors, so that one without records in between holds nothing up and lets nothing through."""
        seen: dict[str, None] = {}
        left = list(self._parents.get(lane.partition_id, ()))
        while left:
            parent = left.pop()
            if parent not in seen:
                seen[parent] = None
                left.extend(self._parents.get(parent, ()))
        return seen
