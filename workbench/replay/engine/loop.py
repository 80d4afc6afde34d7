"""The engine: batches of captured records through a handler, on a virtual clock.

A source is one or more lanes; a lane has at most one batch in flight. The engine always takes the earliest batch of
all lanes, invokes, and tells the lane what failed. Assumed: an invocation takes no virtual time, so that a slow
machine replays as a fast one does.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from workbench.replay.engine.invocation import Batch, Invocation, Invoker, Item
from workbench.replay.engine.response import SUCCEEDED, Judgement, judge


class Lane(Protocol):
    """One line of batches, of which one is in flight."""

    @property
    def partition_id(self) -> str:
        """The shard it reads; `""` for a queue."""
        ...

    def next_batch(self, not_before: datetime | None = None) -> Batch | None:
        """The next batch, the same until it is settled; None when the lane has ended."""
        ...

    def comes_again(self, batch: Batch, failed: Judgement) -> Judgement:
        """Which records of a batch count as failed, given what its invocation says."""
        ...

    def settle(self, batch: Batch, failed: Judgement) -> None:
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


Fate = Callable[[Item, str, datetime], None]
"""Called when a record will not be delivered again: the record, the verdict, the virtual instant."""


def run_lanes(
    lanes: Sequence[Lane],
    parents: Mapping[str, tuple[str, ...]],
    invoker: Invoker,
    journal: Journal,
    invocation_ids: Iterator[str],
    *,
    reports_failures: bool,
) -> None:
    """Run all lanes to their end.

    Args:
        lanes: of one source.
        parents: partitions that end before a partition begins.
        invoker: runs the handler.
        journal: what happened is written to.
        invocation_ids: one a batch.
        reports_failures: whether the mapping has ReportBatchItemFailures.
    """
    schedule = _Schedule(lanes, parents)
    while (ready := schedule.earliest()) is not None:
        lane, batch = ready
        invocation_id = next(invocation_ids)
        invocation = invoker.invoke(batch, invocation_id)
        failed = lane.comes_again(batch, _failed(batch, invocation, reports_failures))
        journal.invoked(batch, invocation_id, invocation)
        for item in batch.items:
            item.deliveries += 1
        journal.delivered(batch, invocation_id, invocation, failed)
        lane.settle(batch, failed)
        schedule.settled(lane, batch.at)


def _failed(batch: Batch, invocation: Invocation, reports_failures: bool) -> Judgement:
    identifiers = [item.identifier for item in batch.items]
    if invocation.error_type is not None:
        return Judgement(frozenset(identifiers), invocation.error_message or invocation.error_type)
    return judge(invocation.response, identifiers) if reports_failures else SUCCEEDED


class _Schedule:
    """Which lane comes next: by the virtual instant of its batch; children after their parents."""

    def __init__(self, lanes: Sequence[Lane], parents: Mapping[str, tuple[str, ...]]) -> None:
        self._parents = parents
        self._open = Counter(lane.partition_id for lane in lanes)
        self._ended_at: dict[str, datetime] = {}
        self._held = list(lanes)
        self._ready: list[tuple[datetime, int, Lane, Batch]] = []
        self._order = {id(lane): number for number, lane in enumerate(lanes)}
        self._admit()

    def earliest(self) -> tuple[Lane, Batch] | None:
        """The lane with the earliest batch, and the batch."""
        if not self._ready:
            return None
        _, _, lane, batch = heapq.heappop(self._ready)
        return lane, batch

    def settled(self, lane: Lane, at: datetime) -> None:
        """A lane goes on, or has ended."""
        if not self._push(lane, None):
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
        if batch is not None:
            heapq.heappush(self._ready, (batch.at, self._order[id(lane)], lane, batch))
        return batch is not None

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
