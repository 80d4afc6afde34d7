"""Event source mappings of standard queues, simulated: pollers, batches, visibility, receive counts, dead letters.

A poller receives only while it has no invocation to wait for. It opens a batch when a message is there (or, with a
window, when its last invocation ended), closes it full, at the window's end or at the payload limit, and waits for the
answer. Pollers are added while messages wait for one.

What fails comes back when its visibility timeout has passed since it was received. So does what still works by then: it
is handed out a second time unless the first attempt has deleted it. The first success decides a message's fate.

Source: Lambda developer guide, "Using Lambda with Amazon SQS"; Amazon SQS developer guide, "Visibility timeout",
"Dead-letter queues".
"""

import math
from typing import NamedTuple

import numpy as np

from workbench.mapping import EVENT_BYTES_EMPTY, PAYLOAD_BYTES_MAX
from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.compiled import compiled, inlined
from workbench.tune.simulate.environments import new_pool
from workbench.tune.simulate.heaps import Heap, new_heap, pop, push
from workbench.tune.simulate.invoking import (
    Attempt,
    Calls,
    Fates,
    Handler,
    deliver,
    handler_of,
    invoke,
    new_calls,
    new_fates,
    record_fails,
    stop,
    with_room,
    write,
)
from workbench.tune.simulate.plain_servers import is_plain, simulate_plain
from workbench.tune.simulate.pollers import (
    LAST_CALL_AT,
    PollerScaling,
    busy_until,
    free_at,
    new_pollers,
    scaling_of,
    slow_down,
)
from workbench.tune.simulate.queue_rules import (
    DELETES,
    OVERLAPPING,
    RECEIVED_AT_ONCE,
    RECEIVES,
    QueueRules,
    begins_at,
    has_left,
    rules_of,
    told_queue,
)
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import Simulated
from workbench.tune.simulate.traffic import Flags, Floats, Integers, Traffic


class Queue(NamedTuple):
    """The messages that can be received."""

    at_s: Floats
    bytes: Integers
    arrived: Integers
    """How many have been received once: one number."""
    back: Heap
    """Those that come back, and when."""


class Batch(NamedTuple):
    """Room for one batch."""

    messages: Integers
    received_s: Floats
    fails: Flags


def simulate_queue(
    traffic: Traffic, settings: Settings, model: DurationModel, seed: int, until_s: float
) -> Simulated:
    """What becomes of a standard queue's messages; see `run.simulate`."""
    scaling = scaling_of(settings)
    if until_s == math.inf and is_plain(settings, model, scaling):
        short = simulate_plain(traffic, model, seed, scaling.start, settings.retention_s)
        if short is not None:
            return short
    profile = settings.profile
    fates, calls, made, counts = _run(
        traffic.at_s,
        traffic.bytes,
        rules_of(settings),
        scaling,
        handler_of(model, settings.timeout_s),
        seed,
        until_s,
        settings.concurrency_max,
        profile.environment_idle_s,
        profile.environments_added_per_10_s,
    )
    return told_queue(traffic, fates, calls, made, counts, scaling.start)


@compiled
def _run(
    at_s: Floats,
    sizes_bytes: Integers,
    rules: QueueRules,
    scaling: PollerScaling,
    handler: Handler,
    seed: int,
    until_s: float,
    environments_most: int,
    kept_s: float,
    added_per_10_s: float,
) -> tuple[Fates, Calls, int, Integers]:
    count, size = len(at_s), rules.batch_size
    queue = Queue(at_s, sizes_bytes, np.zeros(1, dtype=np.int64), new_heap(count + 1))
    batch = Batch(np.empty(size, dtype=np.int64), np.empty(size), np.empty(size, dtype=np.bool_))
    fates, calls, made, counts = new_fates(count), new_calls(), 0, np.zeros(4, dtype=np.int64)
    pollers = new_pollers(scaling)
    pool = new_pool(environments_most, scaling.most, kept_s, added_per_10_s)
    waits_from_s = -np.inf
    while True:
        ready_s = _next_ready(queue)
        if ready_s == np.inf or ready_s > until_s:
            break
        free_s = free_at(pollers, ready_s)
        taken, event_bytes, closed_s = _gather(queue, batch, rules, fates, ready_s, free_s)
        if taken == 0:
            continue
        counts[RECEIVES] += math.ceil(taken / RECEIVED_AT_ONCE)
        wanted_s = closed_s + rules.receive_s
        gives_up_s = batch.received_s[0] + rules.visibility_s
        begin_s = begins_at(pool, counts, wanted_s, waits_from_s, gives_up_s)
        if begin_s > wanted_s:
            waits_from_s = begin_s  # who waits already goes first
        pollers.scale[LAST_CALL_AT] = begin_s
        if begin_s > until_s:
            busy_until(pollers, begin_s)
        elif begin_s >= gives_up_s:
            _give_up(queue, batch, taken, rules, fates)
            busy_until(pollers, gives_up_s)
        else:
            leader = batch.messages[0]
            number = fates.deliveries[leader] + 1
            attempt = invoke(handler, pool, seed, leader, number, taken, event_bytes, begin_s)
            busy_until(pollers, attempt.end_s)
            all_fail = _judge(batch, taken, rules, handler, fates, seed, attempt.fails)
            _settle(queue, batch, taken, rules, fates, counts, begin_s, attempt, all_fail)
            if all_fail:
                slow_down(pollers)
            calls = with_room(calls, made)
            write(calls, made, begin_s, attempt, taken, all_fail)
            made += 1
    stop(fates, until_s)
    return fates, calls, made, counts


@inlined
def _next_ready(queue: Queue) -> float:
    """When something can be received next; infinite where nothing ever can."""
    place = queue.arrived[0]
    ready_s = queue.at_s[place] if place < len(queue.at_s) else np.inf
    if queue.back.size[0] > 0:
        ready_s = min(ready_s, queue.back.at_s[0])
    return float(ready_s)


@inlined
def _gather(
    queue: Queue, batch: Batch, rules: QueueRules, fates: Fates, ready_s: float, free_s: float
) -> tuple[int, int, float]:
    """Receive a batch: how many messages, the event's bytes, when it is complete."""
    at_s, back, count = queue.at_s, queue.back, len(queue.at_s)
    from_s = max(free_s, ready_s)
    closes_s = from_s
    if rules.window_s > 0.0:
        waited = rules.window_from_completion and ready_s <= free_s + rules.window_s
        closes_s = max(from_s, (free_s if waited else from_s) + rules.window_s)
    taken, event_bytes, closed_s = 0, EVENT_BYTES_EMPTY, from_s
    while taken < rules.batch_size:
        place = queue.arrived[0]
        when_s = at_s[place] if place < count else np.inf
        is_back = back.size[0] > 0 and back.at_s[0] <= when_s
        if is_back:
            when_s = back.at_s[0]
        if when_s > closes_s:
            return taken, event_bytes, closes_s
        message = back.what[0] if is_back else place
        now_s = max(when_s, from_s)
        is_done = fates.done_at_s[message] <= now_s
        if not (is_done or has_left(rules, fates, message, now_s, at_s[message])):
            with_it = event_bytes + queue.bytes[message] + 1
            if with_it > PAYLOAD_BYTES_MAX and taken > 0:
                return taken, event_bytes, now_s
            batch.messages[taken], batch.received_s[taken] = message, now_s
            taken, event_bytes, closed_s = taken + 1, with_it, now_s
        if is_back:
            pop(back)
        else:
            queue.arrived[0] = place + 1
    return taken, event_bytes, closed_s


@inlined
def _give_up(queue: Queue, batch: Batch, taken: int, rules: QueueRules, fates: Fates) -> None:
    """No environment was found in time: everything comes back, received once more."""
    for place in range(taken):
        message = batch.messages[place]
        fates.deliveries[message] += 1
        push(queue.back, batch.received_s[place] + rules.visibility_s, message)


@inlined
def _judge(
    batch: Batch,
    taken: int,
    rules: QueueRules,
    handler: Handler,
    fates: Fates,
    seed: int,
    all_fail: bool,
) -> bool:
    """Say of each message whether it fails; whether all do."""
    for place in range(taken):
        message = batch.messages[place]
        fails = record_fails(handler, seed, message, fates.deliveries[message] + 1)
        batch.fails[place] = fails
        all_fail = all_fail or (fails and not rules.reports_failures)
    return all_fail


@inlined
def _settle(
    queue: Queue,
    batch: Batch,
    taken: int,
    rules: QueueRules,
    fates: Fates,
    counts: Integers,
    begin_s: float,
    attempt: Attempt,
    all_fail: bool,
) -> None:
    """Delete what succeeded; what failed, or is not done in time, comes back."""
    succeeded = 0
    for place in range(taken):
        message = batch.messages[place]
        if deliver(fates, message, begin_s, attempt):
            counts[OVERLAPPING] += 1
        hidden_until_s = batch.received_s[place] + rules.visibility_s
        fails = all_fail or batch.fails[place]
        if not fails:
            succeeded += 1
            fates.done_at_s[message] = min(fates.done_at_s[message], attempt.end_s)
        if fails or attempt.end_s > hidden_until_s:
            push(queue.back, hidden_until_s, message)
    counts[DELETES] += math.ceil(succeeded / RECEIVED_AT_ONCE)
