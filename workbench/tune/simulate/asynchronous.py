"""Asynchronous invocations, simulated: one event each, retried after errors, put back while the function is throttled.

Events are tried in the order in which they are due. One that finds no environment is put back for a second, then two,
and so on up to five minutes, until it is too old; one that fails comes again after one and after two minutes.

Source: Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation".
"""

import math
from typing import Any

import numpy as np

from workbench.mapping import EVENT_BYTES_EMPTY
from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.chance import (
    DURATION,
    FAILURE,
    INITIALISATION,
    POISON,
    quantile,
    uniform,
)
from workbench.tune.simulate.compiled import compiled
from workbench.tune.simulate.environments import free_from, is_warm, new_book, take
from workbench.tune.simulate.heaps import doubled_floats, doubled_integers, pop, push
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import (
    DISCARDED,
    EXPIRED,
    IN_FLIGHT,
    SUCCEEDED,
    Invocations,
    Simulated,
)
from workbench.tune.simulate.traffic import Floats, Integers, Traffic

THROTTLED_FIRST_S, THROTTLED_MOST_S = 1.0, 300.0
FAILED_S = 60.0
"""Before the first retry; the second waits twice as long."""


def simulate_events(
    traffic: Traffic, settings: Settings, model: DurationModel, seed: int, until_s: float
) -> Simulated:
    """What becomes of events that a function is invoked with asynchronously; see `run.simulate`."""
    profile = settings.profile
    out = _run(
        traffic.at_s,
        traffic.bytes,
        until_s,
        seed,
        settings.event_retries,
        settings.event_age_s,
        settings.timeout_s,
        settings.concurrency_max,
        profile.environment_idle_s,
        profile.environments_added_per_10_s,
        (model.base_ms + model.per_record_ms) / 1_000,
        model.per_byte_ms / 1_000,
        model.residuals,
        model.init_ms / 1_000,
        1.0 - (1.0 - model.record_failure_share) * (1.0 - model.batch_failure_share),
        model.poison_share,
    )
    first, ended, deliveries, fate, throttles, begins, durations, inits, failed = out
    return Simulated(
        traffic=traffic,
        first_begins_s=first,
        ended_s=ended,
        deliveries=deliveries,
        fate=fate,
        overlapping=0,
        receives=0,
        empty_receives=0,
        deletes=0,
        throttles=int(throttles),
        invocations=Invocations(
            begins_s=begins,
            duration_s=durations,
            init_s=inits,
            records=np.ones(len(begins), dtype=np.int64),
            failed=failed.astype(np.bool_),
        ),
    )


@compiled
def _run(  # noqa: C901 - one loop over time, with its state in local variables
    at_s: Floats,
    sizes_bytes: Integers,
    until_s: float,
    seed: int,
    retries: int,
    age_most_s: float,
    timeout_s: float,
    environments_most: int,
    kept_s: float,
    added_per_10_s: float,
    base_s: float,
    byte_s: float,
    residuals: Floats,
    init_table_s: Floats,
    failing: float,
    poison: float,
) -> tuple[Any, ...]:
    count = len(at_s)
    first, ended = np.full(count, np.nan), np.full(count, np.nan)
    deliveries = np.zeros(count, dtype=np.int64)
    put_back = np.zeros(count, dtype=np.int64)
    fate = np.full(count, IN_FLIGHT, dtype=np.int8)
    throttles = 0
    capacity, made = 1_024, 0
    begins, durations, inits = np.empty(capacity), np.empty(capacity), np.empty(capacity)
    failures = np.empty(capacity, dtype=np.int64)
    due_at, due_what, due = np.empty(1_024), np.empty(1_024, dtype=np.int64), 0
    room = min(environments_most, count) + 2
    busy_at, idle_at, book = np.empty(room), np.empty(2 * room), new_book(added_per_10_s)
    arrival = 0
    while arrival < count or due > 0:
        if due > 0 and (arrival == count or due_at[0] <= at_s[arrival]):
            now, event = due_at[0], due_what[0]
            due = pop(due_at, due_what, due)
        else:
            now, event = at_s[arrival], arrival
            arrival += 1
        if now > until_s:
            break
        if due == len(due_at):
            due_at, due_what = doubled_floats(due_at), doubled_integers(due_what)
        if environments_most == 0:
            later = np.inf
        else:
            later = free_from(
                now, busy_at, idle_at, book, environments_most, kept_s, added_per_10_s
            )
        if later > now:
            throttles += 1
            pause_s = min(THROTTLED_FIRST_S * 2.0 ** min(put_back[event], 10), THROTTLED_MOST_S)
            put_back[event] += 1
            if now + pause_s - at_s[event] > age_most_s:
                fate[event], ended[event] = EXPIRED, now
            else:
                due = push(due_at, due_what, due, now + pause_s, event)
            continue
        deliveries[event] += 1
        attempt = deliveries[event]
        is_cold = not is_warm(now, idle_at, book, kept_s)
        init_s = (
            quantile(init_table_s, uniform(seed, event, attempt, INITIALISATION))
            if is_cold
            else 0.0
        )
        lasts_s = (base_s + byte_s * (EVENT_BYTES_EMPTY + sizes_bytes[event])) * quantile(
            residuals, uniform(seed, event, attempt, DURATION)
        )
        fails = (
            lasts_s > timeout_s
            or (failing > 0.0 and uniform(seed, event, attempt, FAILURE) < failing)
            or (poison > 0.0 and uniform(seed, event, 0, POISON) < poison)
        )
        lasts_s = min(lasts_s, timeout_s)
        end = now + init_s + lasts_s
        take(now, end, is_cold, busy_at, book, added_per_10_s)
        if math.isnan(first[event]):
            first[event] = now + init_s
        if made == capacity:
            capacity *= 2
            begins, durations = doubled_floats(begins), doubled_floats(durations)
            inits, failures = doubled_floats(inits), doubled_integers(failures)
        begins[made], durations[made], inits[made] = now + init_s, lasts_s, init_s
        failures[made] = 1 if fails else 0
        made += 1
        if not fails:
            fate[event], ended[event] = SUCCEEDED, end
        elif attempt > retries:
            fate[event], ended[event] = DISCARDED, end
        else:
            again = end + FAILED_S * attempt
            if again - at_s[event] > age_most_s:
                fate[event], ended[event] = EXPIRED, end
            else:
                put_back[event] = 0
                due = push(due_at, due_what, due, again, event)
    for event in range(count):
        if ended[event] > until_s:
            fate[event], ended[event] = IN_FLIGHT, np.nan
    return (
        first,
        ended,
        deliveries,
        fate,
        throttles,
        begins[:made].copy(),
        durations[:made].copy(),
        inits[:made].copy(),
        failures[:made].copy(),
    )
