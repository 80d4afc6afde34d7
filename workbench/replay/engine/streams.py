"""A stream's shards as Lambda's pollers see them: one batch in flight a lane, retries, bisecting, record age."""

import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from connectors.answers import compact_json
from workbench.mapping import EVENT_BYTES_EMPTY, Arrival, close_batch
from workbench.replay.engine.failure_records import Condition, Discard
from workbench.replay.engine.filtering import admitted
from workbench.replay.engine.invocation import RECORDS, Batch, Invocation, Item
from workbench.replay.engine.loop import Fate
from workbench.replay.engine.response import Judgement
from workbench.replay.engine.windows import STATE_FIRST, TumblingWindow, answered_state
from workbench.replay.events import event_record
from workbench.replay.settings import Settings

BACK_OFF_FIRST = timedelta(seconds=1)
BACK_OFF_MOST = timedelta(seconds=60)
"""Assumed: AWS does not publish the times between two attempts at a batch."""
WINDOW_END = "window_end"
STATE_MISSING = "the answer has no state, which a tumbling window needs"
Discarded = Callable[[Discard], None]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Records that are to be delivered together, and what they went through so far."""

    items: tuple[Item, ...]
    parts: tuple[str, ...]
    ready_at: datetime
    closed_by: str
    failures: int = 0
    ends_window: bool = False
    """The final invocation of a tumbling window, which has no records."""

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
        discarded: told of batches that are given up.
        back_off_first: between the first two attempts at a batch; doubles from there. Assumed.
    """

    def __init__(
        self,
        partition_id: str,
        items: Iterable[Item],
        settings: Settings,
        fate: Fate,
        discarded: Discarded = lambda discard: None,
        *,
        back_off_first: timedelta = BACK_OFF_FIRST,
    ) -> None:
        mapping = settings.mapping
        self.partition_id = partition_id
        self._limits = mapping.limits()
        self._filters = mapping.filters or ()
        self._window_length = timedelta(seconds=mapping.tumbling_window_in_seconds or 0)
        self._retries = mapping.maximum_retry_attempts
        self._bisects = bool(mapping.bisect_batch_on_function_error)
        self._age_most = _age_most(settings)
        self._fate = fate
        self._discarded = discarded
        self._back_off_first = back_off_first
        self._unread = iter(items)
        self._ahead: deque[tuple[Item, str, Arrival]] = deque()
        """Read from the stream and not yet in a batch; filters let them through."""
        self._attempts: list[_Attempt] = []
        """Those that come first are last."""
        self._window: TumblingWindow | None = None
        self._source_arn = ""
        self._heard: tuple[str, Invocation] | None = None
        self._in_flight = False
        self._offered: Batch | None = None
        self._free_at = datetime.min.replace(tzinfo=UTC)

    def next_batch(self, not_before: datetime | None = None) -> Batch | None:
        """The next batch, or the next attempt at one; None when the shard is read to its end."""
        if not_before is not None and not_before > self._free_at:
            self._free_at = not_before
        if self._in_flight:
            return None
        while self._offered is None:
            if not self._attempts and not self._line_up():
                return None
            attempt = self._without_old(self._attempts.pop())
            if attempt.items or attempt.ends_window:
                self._attempts.append(attempt)
                self._offered = self._batch(attempt)
            else:
                self._free_at = attempt.ready_at
        return self._offered

    def runs_ahead(self, batch: Batch) -> bool:
        """Never: one batch of a lane is in flight at most."""
        return False

    def begin(self, batch: Batch) -> None:
        """The batch that was offered is in flight."""
        self._in_flight, self._offered = True, None

    def heard(self, batch: Batch, invocation_id: str, invocation: Invocation) -> None:
        """What came of the batch in flight."""
        self._heard = invocation_id, invocation

    def comes_again(self, batch: Batch, failed: Judgement) -> Judgement:
        """Everything from the lowest record that failed on; all of it where a tumbling window has no state."""
        if self._window is not None and failed.reason is None and self._answered() is None:
            return Judgement(frozenset(item.identifier for item in batch.items), STATE_MISSING)
        if not failed.failed:
            return failed
        names = [item.identifier for item in batch.items]
        checkpoint = next(n for n, name in enumerate(names) if name in failed.failed)
        return Judgement(frozenset(names[checkpoint:]), failed.reason)

    def settle(self, batch: Batch, failed: Judgement, ended_at: datetime) -> None:
        """Move on, or line up what has to be tried again."""
        attempt = self._attempts.pop()
        self._in_flight, self._free_at = False, ended_at
        if attempt.ends_window:
            self._end_window(attempt, ended_at, has_failed=failed.reason is not None)
            return
        checkpoint = len(attempt.items) - len(failed.failed)
        if failed.failed and not checkpoint:
            self._try_again(attempt, ended_at, whole=failed.reason is not None)
            return
        if failed.failed:
            # The checkpoint moves, and retries are counted anew from there.
            again_at = ended_at + self._back_off_first
            self._attempts.append(attempt.part_of(checkpoint, None, again_at, "retry"))
        if self._window is not None:
            self._keep_state(ended_at)

    # Reading

    def _line_up(self) -> bool:
        """What is to be delivered next, made an attempt; False where nothing is left."""
        if not self._ahead:
            self._look_ahead()
        if self._window is not None and not (self._ahead and self._is_in_window(self._ahead[0][0])):
            at = max(self._window.ends_at, self._free_at)
            self._attempts.append(_Attempt((), (), at, WINDOW_END, ends_window=True))
        elif self._ahead:
            self._attempts.append(self._read())
        return bool(self._attempts)

    def _look_ahead(self) -> bool:
        """Read one more record that filters let through; False at the end of the stream."""
        for item in self._unread:
            if self._filters and not admitted(item, self._filters):
                self._fate(item, "filtered", max(item.arrives_at, self._free_at))
                continue
            part = compact_json(event_record(item.row))
            size = len(part) if part.isascii() else len(part.encode("utf-8", "surrogatepass"))
            self._ahead.append((item, part, Arrival(item.arrives_at, size)))
            return True
        return False

    def _read(self) -> _Attempt:
        first, limits = self._ahead[0][0], self._limits
        if self._window_length:
            self._source_arn = first.source_arn
            if self._window is None:
                self._window = TumblingWindow.around(first.arrives_at, self._window_length)
            frame_bytes = len("".join(self._frame(is_final=False)).encode("utf-8", "surrogatepass"))
            room = limits.payload_bytes - frame_bytes + EVENT_BYTES_EMPTY
            limits = replace(limits, payload_bytes=room)
        closing = close_batch(self._arrivals(), limits, self._free_at)
        taken = [self._ahead.popleft() for _ in range(closing.count)]
        items = tuple(item for item, _, _ in taken)
        at, closed_by = closing.at, closing.closed_by
        if self._window is not None:
            latest = max(self._window.ends_at, self._free_at, items[-1].arrives_at)
            if at > latest:
                at, closed_by = latest, WINDOW_END
            elif closed_by == "end" and self._ahead:
                closed_by = "window"  # no more was to come of this window, of the stream there is
        return _Attempt(items, tuple(part for _, part, _ in taken), at, closed_by)

    def _arrivals(self) -> Iterator[Arrival]:
        """Records in the order of the stream, to the end of the tumbling window; looked at, not taken."""
        number = 0
        while number < len(self._ahead) or self._look_ahead():
            item, _, arrival = self._ahead[number]
            if self._window is not None and not self._is_in_window(item):
                return
            yield arrival
            number += 1

    def _is_in_window(self, item: Item) -> bool:
        """Assumed: a record that is late, behind those of a later window, counts there."""
        return self._window is not None and item.arrives_at < self._window.ends_at

    def _batch(self, attempt: _Attempt) -> Batch:
        frame = RECORDS
        if self._window is not None:
            early = attempt.ends_window and self._window.has_grown_too_large
            frame = self._frame(is_final=attempt.ends_window, ended_early=early)
        return Batch(attempt.items, attempt.parts, attempt.ready_at, attempt.closed_by, frame)

    def _frame(self, *, is_final: bool, ended_early: bool = False) -> tuple[str, str]:
        if self._window is None:
            return RECORDS
        return self._window.frame(
            self.partition_id, self._source_arn, is_final=is_final, ended_early=ended_early
        )

    # Age, retries, bisecting

    def _without_old(self, attempt: _Attempt) -> _Attempt:
        """Without the records at its head that are too old; those behind younger ones wait for their turn."""
        at = max(attempt.ready_at, self._free_at)
        old = 0
        while old < len(attempt.items) and at - attempt.items[old].arrives_at > self._age_most:
            old += 1
        if not old:
            return attempt if at == attempt.ready_at else replace(attempt, ready_at=at)
        head = attempt.part_of(0, old, at, attempt.closed_by)
        self._give_up(head, "RecordAgeExceeded", attempt.failures, at)
        return attempt.part_of(old, None, at, attempt.closed_by)

    def _try_again(self, attempt: _Attempt, at: datetime, *, whole: bool) -> None:
        if self._bisects and len(attempt.items) > 1 and whole:
            # The left half is done with before the right one begins.
            middle, again_at = -(-len(attempt.items) // 2), at + self._back_off_first
            self._attempts.append(attempt.part_of(middle, None, again_at, "bisect"))
            self._attempts.append(attempt.part_of(0, middle, again_at, "bisect"))
        elif self._retries is not None and 0 <= self._retries <= attempt.failures:
            self._give_up(attempt, "RetryAttemptsExhausted", attempt.failures, at)
        else:
            self._retry(attempt, at)

    def _retry(self, attempt: _Attempt, at: datetime) -> None:
        again_at = at + min(self._back_off_first * 2 ** min(attempt.failures, 10), BACK_OFF_MOST)
        closed_by = attempt.closed_by if attempt.ends_window else "retry"
        self._attempts.append(
            replace(attempt, ready_at=again_at, closed_by=closed_by, failures=attempt.failures + 1)
        )

    def _give_up(
        self, attempt: _Attempt, condition: Condition, failures: int, at: datetime
    ) -> None:
        verdict = "discarded_age" if condition == "RecordAgeExceeded" else "discarded_retries"
        for item in attempt.items:
            self._fate(item, verdict, at)
        was_tried = failures > 0 or condition == "RetryAttemptsExhausted"
        invocation_id, has_raised = None, False
        if was_tried and self._heard is not None:
            invocation_id, has_raised = self._heard[0], self._heard[1].error_type is not None
        batch = replace(self._batch(attempt), at=at)
        self._discarded(Discard(batch, condition, failures + 1, invocation_id, has_raised))

    # Tumbling windows

    def _answered(self) -> str | None:
        return None if self._heard is None else answered_state(self._heard[1].response)

    def _keep_state(self, at: datetime) -> None:
        """Assumed: the state of an answer that names failures counts for the records before them."""
        if self._window is not None:
            self._window.state = self._answered() or STATE_FIRST
            if self._window.has_grown_too_large:
                self._attempts.append(_Attempt((), (), at, WINDOW_END, ends_window=True))

    def _end_window(self, attempt: _Attempt, at: datetime, *, has_failed: bool) -> None:
        """The window is over, or goes on with a new state where that had grown too large.

        Lambda goes no further until the final invocation succeeds. Assumed: as long as the stream keeps its records.
        """
        window = self._window
        if window is None or (has_failed and at - window.ends_at <= self._age_most):
            self._retry(attempt, at)
        elif window.has_grown_too_large:
            window.state = STATE_FIRST
        else:
            self._window = None


def shard_lanes(
    items: Iterable[Item],
    settings: Settings,
    fate: Fate,
    discarded: Discarded = lambda discard: None,
    *,
    back_off_first: timedelta = BACK_OFF_FIRST,
) -> Sequence[ShardLane]:
    """The lanes of a stream: one a shard, or ParallelizationFactor of them, split by partition key.

    Assumed: which key goes to which lane is AWS's secret; here a stable hash decides. Records that arrived before the
    timestamp of StartingPosition AT_TIMESTAMP are not read. TRIM_HORIZON and LATEST read the same here: the mapping is
    there when the clock begins, with the first record.
    """
    factor = settings.mapping.parallelization_factor or 1
    begins_at = _begins_at(settings)
    lanes: dict[tuple[str, int], list[Item]] = {}
    for item in sorted(items, key=lambda each: int(each.sequence_number or 0)):
        if begins_at is not None and item.arrives_at < begins_at:
            continue
        lane = zlib.crc32((item.ordering_key or "").encode()) % factor if factor > 1 else 0
        lanes.setdefault((item.partition_id, lane), []).append(item)
    return [
        ShardLane(shard, found, settings, fate, discarded, back_off_first=back_off_first)
        for (shard, _), found in sorted(lanes.items())
    ]


def _begins_at(settings: Settings) -> datetime | None:
    mapping = settings.mapping
    if mapping.starting_position != "AT_TIMESTAMP":
        return None
    return mapping.starting_position_timestamp


def _age_most(settings: Settings) -> timedelta:
    said = settings.mapping.maximum_record_age_in_seconds
    if said is None or said < 0:
        return settings.retention
    return min(timedelta(seconds=said), settings.retention)
