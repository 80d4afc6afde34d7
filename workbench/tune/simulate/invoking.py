"""An invocation in compiled code: how long it takes, whether it fails, what becomes of its records."""

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.chance import (
    BATCH_FAILURE,
    DURATION,
    INITIALISATION,
    POISON,
    RECORD_FAILURE,
    quantile,
    uniform,
)
from workbench.tune.simulate.compiled import compiled, inlined
from workbench.tune.simulate.environments import Pool, keep_busy, take
from workbench.tune.simulate.simulated import IN_FLIGHT, SUCCEEDED, Invocations
from workbench.tune.simulate.traffic import Flags, Floats, Integers

Number = TypeVar("Number", np.float64, np.int64, np.bool_)


class Handler(NamedTuple):
    """A duration model in seconds, as compiled code takes it."""

    base_s: float
    record_s: float
    byte_s: float
    residuals: Floats
    init_s: Floats
    record_failure: float
    batch_failure: float
    poison: float
    timeout_s: float


class Fates(NamedTuple):
    """What becomes of each record."""

    first_begins_s: Floats
    done_at_s: Floats
    """End of the first attempt that succeeded; infinite before."""
    working_until_s: Floats
    """End of the latest attempt."""
    deliveries: Integers
    fate: "np.ndarray[tuple[int], np.dtype[np.int8]]"
    ended_s: Floats


class Calls(NamedTuple):
    """The invocations so far, with room for more."""

    begins_s: Floats
    duration_s: Floats
    init_s: Floats
    records: Integers
    failed: Flags


class Attempt(NamedTuple):
    """One invocation."""

    init_s: float
    duration_s: float
    """Cut off at the timeout."""
    end_s: float
    fails: bool
    """Of itself, whatever its records do: a timeout, a dependency."""


def handler_of(model: DurationModel, timeout_s: float) -> Handler:
    """The model, with the function's timeout."""
    return Handler(
        model.base_ms / 1_000,
        model.per_record_ms / 1_000,
        model.per_byte_ms / 1_000,
        model.residuals,
        model.init_ms / 1_000,
        model.record_failure_share,
        model.batch_failure_share,
        model.poison_share,
        timeout_s,
    )


def told(calls: Calls, made: int) -> Invocations:
    """The invocations that were made."""
    return Invocations(
        begins_s=_first(calls.begins_s, made),
        duration_s=_first(calls.duration_s, made),
        init_s=_first(calls.init_s, made),
        records=_first(calls.records, made),
        failed=_first(calls.failed, made),
    )


def _first(column: NDArray[Number], count: int) -> NDArray[Number]:
    return column if count == len(column) else column[:count].copy()


@compiled
def new_fates(count: int) -> Fates:
    """Nothing has happened to any record."""
    return Fates(
        np.full(count, np.nan),
        np.full(count, np.inf),
        np.full(count, -np.inf),
        np.zeros(count, dtype=np.int64),
        np.full(count, IN_FLIGHT, dtype=np.int8),
        np.full(count, np.nan),
    )


@compiled
def new_calls() -> Calls:
    """No invocation yet."""
    return _calls(1_024)


@compiled
def _calls(room: int) -> Calls:
    return Calls(
        np.empty(room),
        np.empty(room),
        np.empty(room),
        np.empty(room, dtype=np.int64),
        np.empty(room, dtype=np.bool_),
    )


@compiled
def with_room(calls: Calls, made: int) -> Calls:
    """The same, or where it is full a copy with twice the room."""
    if made < len(calls.begins_s):
        return calls
    wider = _calls(2 * made)
    wider.begins_s[:made] = calls.begins_s
    wider.duration_s[:made] = calls.duration_s
    wider.init_s[:made] = calls.init_s
    wider.records[:made] = calls.records
    wider.failed[:made] = calls.failed
    return wider


@inlined
def write(
    calls: Calls, place: int, begin_s: float, attempt: Attempt, records: int, failed: bool
) -> None:
    """One more invocation: `begin_s` is when its environment was taken."""
    calls.begins_s[place] = begin_s + attempt.init_s
    calls.duration_s[place] = attempt.duration_s
    calls.init_s[place] = attempt.init_s
    calls.records[place] = records
    calls.failed[place] = failed


@inlined
def duration_s(
    handler: Handler, seed: int, leader: int, number: int, records: int, event_bytes: int
) -> float:
    """How long the handler would take if nothing cut it off."""
    median_s = handler.base_s + handler.record_s * records + handler.byte_s * event_bytes
    return float(median_s * quantile(handler.residuals, uniform(seed, leader, number, DURATION)))


@inlined
def invoke(
    handler: Handler,
    pool: Pool,
    seed: int,
    leader: int,
    number: int,
    records: int,
    event_bytes: int,
    begin_s: float,
) -> Attempt:
    """Invoke the function in an environment of the pool.

    Args:
        handler: the function's.
        pool: its environments; one is there at `begin_s`.
        seed: of chance.
        leader: first record of the batch: its luck is the batch's.
        number: of the leader's delivery, from 1.
        records: in the batch.
        event_bytes: of the event.
        begin_s: when.
    """
    init_s = 0.0
    if take(pool, begin_s):
        init_s = quantile(handler.init_s, uniform(seed, leader, number, INITIALISATION))
    lasts_s = duration_s(handler, seed, leader, number, records, event_bytes)
    fails = lasts_s > handler.timeout_s
    lasts_s = min(lasts_s, handler.timeout_s)
    if handler.batch_failure > 0.0:
        fails = fails or uniform(seed, leader, number, BATCH_FAILURE) < handler.batch_failure
    end_s = begin_s + init_s + lasts_s
    keep_busy(pool, end_s)
    return Attempt(init_s, lasts_s, end_s, fails)


@inlined
def record_fails(handler: Handler, seed: int, record: int, number: int) -> bool:
    """Whether a record makes its delivery fail."""
    fails = uniform(seed, record, number, RECORD_FAILURE) < handler.record_failure
    return fails or uniform(seed, record, 0, POISON) < handler.poison


@inlined
def deliver(fates: Fates, record: int, begin_s: float, attempt: Attempt) -> bool:
    """Hand a record over; whether an earlier attempt still works at it."""
    fates.deliveries[record] += 1
    if np.isnan(fates.first_begins_s[record]):
        fates.first_begins_s[record] = begin_s + attempt.init_s
    overlaps = fates.working_until_s[record] > begin_s
    fates.working_until_s[record] = max(fates.working_until_s[record], attempt.end_s)
    return bool(overlaps)


@inlined
def end(fates: Fates, record: int, fate: int, at_s: float) -> None:
    """A record has met its fate, unless it had met one before."""
    if fates.fate[record] == IN_FLIGHT:
        fates.fate[record] = fate
        fates.ended_s[record] = at_s


@compiled
def stop(fates: Fates, until_s: float) -> None:
    """Stop the clock: what was done by then has succeeded, what would have ended later is in flight."""
    for record in range(len(fates.fate)):
        if fates.done_at_s[record] <= until_s and fates.fate[record] == IN_FLIGHT:
            fates.fate[record] = SUCCEEDED
            fates.ended_s[record] = fates.done_at_s[record]
        if fates.ended_s[record] > until_s:
            fates.fate[record] = IN_FLIGHT
            fates.ended_s[record] = np.nan
