"""A stream's shards as Lambda's pollers see them: one batch in flight a lane, retries, bisecting, record age."""

import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.answers import compact_json
from workbench.mapping import Arrival, close_batch
from workbench.replay.engine.invocation import Batch, Item
from workbench.replay.engine.loop import Fate
from workbench.replay.engine.response import Judgement
from workbench.replay.events import event_record
from workbench.replay.settings import Settings

BACK_OFF_FIRST = timedelta(seconds=1)
BACK_OFF_MOST = timedelta(seconds=60)
"""Assumed: AWS does not publish the times between two attempts at a batch."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Records that are to be delivered together, and what they went through so far."""

    items: tuple[Item, ...]
    parts: tuple[str, ...]
    ready_at: datetime
    closed_by: str
    failures: int = 0

    def part_of(
        self, begin: int, end: int | None, ready_at: datetime, closed_by: str
    ) -> "_Attempt":
        """Some of the records; their failures count anew."""
        return _Attempt(self.items[begin:end], self.parts[begin:end], ready_at, closed_by)


class ShardLane:
    """One shard, or one lane of it under ParallelizationFactor.

    A batch that fails holds its lane up until it succeeds, its retries end or its records are too old.
    Source: Lambda developer guide, "Using Lambda with Amazon Kinesis Data Streams".

    Args:
        partition_id: the shard.
        items: in order of their sequence numbers.
        settings: of the run.
        fate: told when a record will not come again.
    """

    def __init__(
        self, partition_id: str, items: Iterable[Item], settings: Settings, fate: Fate
    ) -> None:
        self.partition_id = partition_id
        self._limits = settings.mapping.limits()
        self._retries = settings.mapping.maximum_retry_attempts
        self._bisects = bool(settings.mapping.bisect_batch_on_function_error)
        self._age_most = _age_most(settings)
        self._fate = fate
        self._waiting = deque(items)
        self._attempts: list[_Attempt] = []
        self._in_flight = False
        self._offered: Batch | None = None
        self._free_at = datetime.min.replace(tzinfo=UTC)

    def next_batch(self, not_before: datetime | None = None) -> Batch | None:
        """The next batch, or the next attempt at one; None when the shard is read to its end."""
        self._free_at = max(self._free_at, not_before or self._free_at)
        if self._in_flight:
            return None
        if self._offered is not None:
            return self._offered
        while self._attempts or self._waiting:
            if not self._attempts:
                self._attempts.append(self._read())
            attempt = self._without_old(self._attempts.pop())
            if attempt.items:
                self._attempts.append(attempt)
                self._offered = Batch(
                    attempt.items, attempt.parts, attempt.ready_at, attempt.closed_by
                )
                return self._offered
            self._free_at = attempt.ready_at
        return None

    def runs_ahead(self, batch: Batch) -> bool:
        """Never: one batch of a lane is in flight at most."""
        return False

    def begin(self, batch: Batch) -> None:
        """The batch that was offered is in flight."""
        self._in_flight, self._offered = True, None

    def comes_again(self, batch: Batch, failed: Judgement) -> Judgement:
        """Everything from the lowest record that failed on."""
        if not failed.failed:
            return failed
        names = [item.identifier for item in batch.items]
        checkpoint = min(names.index(name) for name in failed.failed)
        return Judgement(frozenset(names[checkpoint:]), failed.reason)

    def settle(self, batch: Batch, failed: Judgement, ended_at: datetime) -> None:
        """Move on, or line up what has to be tried again."""
        attempt = self._attempts.pop()
        self._in_flight, self._free_at = False, ended_at
        if not failed.failed:
            return
        checkpoint = len(attempt.items) - len(failed.failed)
        if checkpoint > 0:
            # The checkpoint moves, and retries are counted anew from there.
            again_at = ended_at + BACK_OFF_FIRST
            self._attempts.append(attempt.part_of(checkpoint, None, again_at, "retry"))
        elif self._bisects and len(attempt.items) > 1 and failed.reason is not None:
            self._bisect(attempt, ended_at)
        else:
            self._retry(attempt, ended_at)

    def _read(self) -> _Attempt:
        parts: list[str] = []
        closing = close_batch(self._arrivals(parts), self._limits, self._free_at)
        items = tuple(self._waiting.popleft() for _ in range(closing.count))
        return _Attempt(items, tuple(parts[: closing.count]), closing.at, closing.closed_by)

    def _arrivals(self, parts: list[str]) -> Iterator[Arrival]:
        for item in self._waiting:
            parts.append(compact_json(event_record(item.row)))
            yield Arrival(item.arrives_at, len(parts[-1].encode("utf-8", "surrogatepass")))

    def _without_old(self, attempt: _Attempt) -> _Attempt:
        at = max(attempt.ready_at, self._free_at)
        live = [n for n, item in enumerate(attempt.items) if at - item.arrives_at <= self._age_most]
        for item in attempt.items:
            if at - item.arrives_at > self._age_most:
                self._fate(item, "discarded_age", at)
        items = tuple(attempt.items[n] for n in live)
        parts = tuple(attempt.parts[n] for n in live)
        return _Attempt(items, parts, at, attempt.closed_by, attempt.failures)

    def _bisect(self, attempt: _Attempt, at: datetime) -> None:
        """The left half is done with before the right one begins."""
        middle = -(-len(attempt.items) // 2)
        again_at = at + BACK_OFF_FIRST
        self._attempts.append(attempt.part_of(middle, None, again_at, "bisect"))
        self._attempts.append(attempt.part_of(0, middle, again_at, "bisect"))

    def _retry(self, attempt: _Attempt, at: datetime) -> None:
        failures = attempt.failures + 1
        if self._retries is not None and 0 <= self._retries < failures:
            for item in attempt.items:
                self._fate(item, "discarded_retries", at)
            return
        again_at = at + min(BACK_OFF_FIRST * 2 ** min(failures - 1, 10), BACK_OFF_MOST)
        self._attempts.append(_Attempt(attempt.items, attempt.parts, again_at, "retry", failures))


def shard_lanes(items: Iterable[Item], settings: Settings, fate: Fate) -> Sequence[ShardLane]:
    """The lanes of a stream: one a shard, or ParallelizationFactor of them, split by partition key.

    Assumed: which key goes to which lane is AWS's secret; here a stable hash decides.
    """
    factor = settings.mapping.parallelization_factor or 1
    lanes: dict[tuple[str, int], list[Item]] = {}
    for item in sorted(items, key=lambda each: int(each.sequence_number or 0)):
        lane = zlib.crc32((item.ordering_key or "").encode()) % factor
        lanes.setdefault((item.partition_id, lane), []).append(item)
    return [ShardLane(shard, found, settings, fate) for (shard, _), found in sorted(lanes.items())]


def _age_most(settings: Settings) -> timedelta:
    said = settings.mapping.maximum_record_age_in_seconds
    if said is None or said < 0:
        return settings.retention
    return min(timedelta(seconds=said), settings.retention)
