"""Asynchronous invocations, simulated: one event each, retried after errors, put back while the function is throttled.

Events are tried in the order in which they are due. One that finds no environment is put back for a second, then two,
and so on up to five minutes, until it is too old; one that fails comes again after one and after two minutes.

Source: Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation".
"""

import numpy as np

from workbench.mapping import EVENT_BYTES_EMPTY
from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.compiled import compiled
from workbench.tune.simulate.environments import new_pool, next_try
from workbench.tune.simulate.heaps import new_heap, pop, push
from workbench.tune.simulate.invoking import (
    Calls,
    Fates,
    Handler,
    deliver,
    end,
    handler_of,
    invoke,
    new_calls,
    new_fates,
    record_fails,
    stop,
    told,
    with_room,
    write,
)
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import DISCARDED, EXPIRED, SUCCEEDED, Simulated
from workbench.tune.simulate.traffic import Floats, Integers, Traffic

THROTTLED_FIRST_S, THROTTLED_MOST_S = 1.0, 300.0
FAILED_S = 60.0
"""Before the first retry; the second waits twice as long."""


def simulate_events(
    traffic: Traffic, settings: Settings, model: DurationModel, seed: int, until_s: float
) -> Simulated:
    """What becomes of events that a function is invoked with asynchronously; see `run.simulate`."""
    profile = settings.profile
    fates, calls, made, throttles = _run(
        traffic.at_s,
        traffic.bytes,
        settings.event_retries,
        settings.event_age_s,
        handler_of(model, settings.timeout_s),
        seed,
        until_s,
        settings.concurrency_max,
        profile.environment_idle_s,
        profile.environments_added_per_10_s,
    )
    return Simulated(
        traffic=traffic,
        first_begins_s=fates.first_begins_s,
        ended_s=fates.ended_s,
        deliveries=fates.deliveries,
        fate=fates.fate,
        overlapping=0,
        receives=0,
        empty_receives=0,
        deletes=0,
        throttles=throttles,
        invocations=told(calls, made),
    )


@compiled
def _run(
    at_s: Floats,
    sizes_bytes: Integers,
    retries: int,
    age_most_s: float,
    handler: Handler,
    seed: int,
    until_s: float,
    environments_most: int,
    kept_s: float,
    added_per_10_s: float,
) -> tuple[Fates, Calls, int, int]:
    count = len(at_s)
    fates, calls, made, throttles = new_fates(count), new_calls(), 0, 0
    put_back = np.zeros(count, dtype=np.int64)
    due = new_heap(count + 1)
    pool = new_pool(environments_most, count, kept_s, added_per_10_s)
    arrival = 0
    while arrival < count or due.size[0] > 0:
        if due.size[0] > 0 and (arrival == count or due.at_s[0] <= at_s[arrival]):
            now_s, event = due.at_s[0], due.what[0]
            pop(due)
        else:
            now_s, event = at_s[arrival], arrival
            arrival += 1
        if now_s > until_s:
            break
        if next_try(pool, now_s) > now_s:
            throttles += 1
            again_s = now_s + _put_back_s(put_back[event])
            put_back[event] += 1
        else:
            number = fates.deliveries[event] + 1
            event_bytes = EVENT_BYTES_EMPTY + sizes_bytes[event]
            attempt = invoke(handler, pool, seed, event, number, 1, event_bytes, now_s)
            fails = attempt.fails or record_fails(handler, seed, event, number)
            deliver(fates, event, now_s, attempt)
            calls = with_room(calls, made)
            write(calls, made, now_s, attempt, 1, fails)
            made += 1
            now_s = attempt.end_s
            put_back[event] = 0
            if not fails:
                end(fates, event, SUCCEEDED, now_s)
                continue
            if number > retries:
                end(fates, event, DISCARDED, now_s)
                continue
            again_s = now_s + FAILED_S * number
        if again_s - at_s[event] > age_most_s:
            end(fates, event, EXPIRED, now_s)
        else:
            push(due, again_s, event)
    stop(fates, until_s)
    return fates, calls, made, throttles


@compiled
def _put_back_s(times: int) -> float:
    """How long a throttled event waits that was put back so often before."""
    return float(min(THROTTLED_FIRST_S * 2.0 ** min(times, 10), THROTTLED_MOST_S))
