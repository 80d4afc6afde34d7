"""Event source mappings of Kinesis and DynamoDB streams, simulated: lanes, polls, windows, retries, bisecting, age.

A lane has one batch in flight; what fails is tried again before anything behind it. Each lane's next batch is known
once it is free; a heap over lanes puts their invocations in the order of time, so that they share the function's
environments.

A record that came while its lane was busy is there at once when the lane is free; one that came later is seen at the
shard's next poll, or pushed with enhanced fan-out. One answer of GetRecords is never the limit here: it holds more than
a batch may.

Source: Lambda developer guide, "Using Lambda with Amazon Kinesis Data Streams", "Using Lambda with Amazon DynamoDB".
"""

import math
from typing import NamedTuple

import numpy as np

from workbench.mapping import EVENT_BYTES_EMPTY, PAYLOAD_BYTES_MAX
from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.compiled import compiled, inlined
from workbench.tune.simulate.environments import new_pool, next_try
from workbench.tune.simulate.heaps import Heap, new_heap, pop, push
from workbench.tune.simulate.invoking import (
    Attempt,
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
from workbench.tune.simulate.lanes import Lanes, lanes_of, lay
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import DISCARDED, EXPIRED, SUCCEEDED, Simulated
from workbench.tune.simulate.traffic import Floats, Integers, Traffic

BACK_OFF_FIRST_S = 1.0
"""Between the first two attempts at a batch; doubles from there. Assumed, as in a replay."""
BACK_OFF_MOST_S = 60.0


class StreamRules(NamedTuple):
    """A mapping and its stream."""

    batch_size: int
    window_s: float
    window_from_completion: bool
    reports_failures: bool
    bisects: bool
    retries: int
    """-1: until the record is too old."""
    age_most_s: float
    too_old: int
    """The fate of such a record."""
    poll_s: float
    """0 where records are pushed."""
    push_s: float


def simulate_stream(
    traffic: Traffic, settings: Settings, model: DurationModel, seed: int, until_s: float
) -> Simulated:
    """What becomes of a stream's records; see `run.simulate`."""
    profile, rules = settings.profile, _rules(settings)
    fates, calls, made, throttles = _run(
        traffic.at_s,
        traffic.bytes,
        lanes_of(traffic, settings.mapping.parallelization_factor or 1, seed),
        rules,
        handler_of(model, settings.timeout_s),
        seed,
        until_s,
        settings.concurrency_max,
        profile.environment_idle_s,
        profile.environments_added_per_10_s,
    )
    span_s = float(max(np.fmax.reduce(fates.ended_s, initial=0.0), traffic.span_s))
    shards = len(np.unique(traffic.partition))
    polls = int(shards * span_s / rules.poll_s) if rules.poll_s else 0
    return Simulated(
        traffic=traffic,
        first_begins_s=fates.first_begins_s,
        ended_s=fates.ended_s,
        deliveries=fates.deliveries,
        fate=fates.fate,
        overlapping=0,
        receives=made,
        empty_receives=max(0, polls - made),
        deletes=0,
        throttles=throttles,
        invocations=told(calls, made),
    )


def _rules(settings: Settings) -> StreamRules:
    profile, mapping = settings.profile, settings.mapping
    poll_s = profile.dynamodb_poll_s if settings.kind == "dynamodb" else profile.stream_poll_s
    retries = mapping.maximum_retry_attempts
    limit = mapping.maximum_record_age_in_seconds
    age_s = settings.retention_s if limit is None or limit < 0 else float(limit)
    return StreamRules(
        int(mapping.batch_size or 100),
        settings.window_s,
        profile.window_start == "previous_completion",
        mapping.reports_failures,
        bool(mapping.bisect_batch_on_function_error),
        -1 if retries is None else retries,
        float(min(age_s, settings.retention_s)),
        EXPIRED if age_s >= settings.retention_s else DISCARDED,
        0.0 if settings.enhanced_fan_out else poll_s,
        profile.stream_push_s if settings.enhanced_fan_out else 0.0,
    )


@compiled
def _run(
    at_s: Floats,
    sizes_bytes: Integers,
    lanes: Lanes,
    rules: StreamRules,
    handler: Handler,
    seed: int,
    until_s: float,
    environments_most: int,
    kept_s: float,
    added_per_10_s: float,
) -> tuple[Fates, Calls, int, int]:
    count = len(lanes.ends)
    fates, calls, made, throttles = new_fates(len(at_s)), new_calls(), 0, 0
    pool = new_pool(environments_most, count, kept_s, added_per_10_s)
    waiting = new_heap(count + 1)
    for lane in range(count):
        _queue_up(at_s, sizes_bytes, lanes, lane, rules, fates, waiting)
    while waiting.size[0] > 0 and waiting.at_s[0] <= until_s:
        begin_s, lane = waiting.at_s[0], waiting.what[0]
        pop(waiting)
        again_s = next_try(pool, begin_s)
        if again_s > begin_s:
            throttles += 1
            if again_s < np.inf:
                push(waiting, again_s, lane)
            else:
                _let_age(at_s, lanes, lane, rules, fates)
            continue
        top = lanes.depth[lane] - 1
        low, high = lanes.part_from[lane, top], lanes.part_to[lane, top]
        event_bytes = EVENT_BYTES_EMPTY
        for place in range(low, high):
            event_bytes += sizes_bytes[lanes.order[place]] + 1
        leader = lanes.order[low]
        number = fates.deliveries[leader] + 1
        attempt = invoke(handler, pool, seed, leader, number, high - low, event_bytes, begin_s)
        reached, fails = _hand_over(lanes, low, high, rules, handler, fates, seed, begin_s, attempt)
        calls = with_room(calls, made)
        write(calls, made, begin_s, attempt, high - low, fails)
        made += 1
        lanes.free_s[lane] = attempt.end_s
        _try_again(lanes, lane, low, high, reached, fails, rules, fates, attempt.end_s)
        _queue_up(at_s, sizes_bytes, lanes, lane, rules, fates, waiting)
    stop(fates, until_s)
    return fates, calls, made, throttles


@inlined
def _hand_over(
    lanes: Lanes,
    low: int,
    high: int,
    rules: StreamRules,
    handler: Handler,
    fates: Fates,
    seed: int,
    begin_s: float,
    attempt: Attempt,
) -> tuple[int, bool]:
    """What becomes of a batch: the place that the checkpoint reaches, and whether the whole invocation fails."""
    fails, reached = attempt.fails, high
    for place in range(low, high):
        record = lanes.order[place]
        deliver(fates, record, begin_s, attempt)
        if reached == high and record_fails(handler, seed, record, fates.deliveries[record]):
            reached = place
    if fails or (reached < high and not rules.reports_failures):
        fails, reached = True, low
    for place in range(low, reached):
        end(fates, lanes.order[place], SUCCEEDED, attempt.end_s)
    return reached, fails


@inlined
def _try_again(
    lanes: Lanes,
    lane: int,
    low: int,
    high: int,
    reached: int,
    fails: bool,
    rules: StreamRules,
    fates: Fates,
    end_s: float,
) -> None:
    """Take the part that was tried away, and lay down what of it is to be tried again."""
    lanes.depth[lane] -= 1
    tried = lanes.part_tried[lane, lanes.depth[lane]]
    if reached == high:
        return
    if reached > low:  # the checkpoint moves, and retries are counted anew from there
        lay(lanes, lane, reached, high, 0, end_s + BACK_OFF_FIRST_S)
    elif rules.bisects and fails and high - low > 1:
        middle = low + (high - low + 1) // 2
        lay(lanes, lane, middle, high, 0, end_s + BACK_OFF_FIRST_S)
        lay(lanes, lane, low, middle, 0, end_s + BACK_OFF_FIRST_S)
    elif 0 <= rules.retries <= tried:
        for place in range(low, high):
            end(fates, lanes.order[place], DISCARDED, end_s)
    else:
        pause_s = min(BACK_OFF_FIRST_S * 2.0 ** min(tried, 10), BACK_OFF_MOST_S)
        lay(lanes, lane, low, high, tried + 1, end_s + pause_s)


@inlined
def _queue_up(
    at_s: Floats,
    sizes_bytes: Integers,
    lanes: Lanes,
    lane: int,
    rules: StreamRules,
    fates: Fates,
    waiting: Heap,
) -> None:
    """Put the lane where its next part is due; nowhere when it has read all. Records that are too old are left out."""
    while True:
        if lanes.depth[lane] == 0:
            place = lanes.unread[lane]
            if place == lanes.ends[lane]:
                return
            taken, closed_s = _gather(at_s, sizes_bytes, lanes, lane, rules)
            lay(lanes, lane, place, place + taken, 0, closed_s)
            lanes.unread[lane] = place + taken
        top = lanes.depth[lane] - 1
        due_s = max(lanes.part_at_s[lane, top], lanes.free_s[lane])
        low, high = lanes.part_from[lane, top], lanes.part_to[lane, top]
        while low < high and due_s - at_s[lanes.order[low]] > rules.age_most_s:
            end(fates, lanes.order[low], rules.too_old, due_s)
            low += 1
        if low > lanes.part_from[lane, top]:
            lanes.part_tried[lane, top] = 0
        lanes.part_from[lane, top] = low
        if low < high:
            push(waiting, due_s, lane)
            return
        lanes.depth[lane] = top
        lanes.free_s[lane] = due_s


@inlined
def _gather(
    at_s: Floats, sizes_bytes: Integers, lanes: Lanes, lane: int, rules: StreamRules
) -> tuple[int, float]:
    """The next batch of a lane that is free: how many records, and when it is complete."""
    first, last, free_s = lanes.unread[lane], lanes.ends[lane], lanes.free_s[lane]
    offset = lanes.poll_offset[lane]
    came_s = at_s[lanes.order[first]]
    now_s = _seen(came_s, free_s, offset, rules)
    waited = rules.window_from_completion and came_s <= free_s + rules.window_s
    closes_s = max(now_s, (free_s if waited else now_s) + rules.window_s)
    event_bytes, taken = EVENT_BYTES_EMPTY + sizes_bytes[lanes.order[first]], 1
    while first + taken < last:
        if taken == rules.batch_size:
            return taken, now_s
        record = lanes.order[first + taken]
        seen_s = _seen(at_s[record], free_s, offset, rules)
        if seen_s > closes_s:
            return taken, closes_s
        now_s = max(now_s, seen_s)
        event_bytes += 1 + sizes_bytes[record]
        if event_bytes > PAYLOAD_BYTES_MAX:
            return taken, now_s
        taken += 1
    return taken, now_s if taken == rules.batch_size else closes_s


@inlined
def _seen(at_s: float, free_s: float, offset: float, rules: StreamRules) -> float:
    """When a lane that is free from `free_s` on has a record that came at `at_s`."""
    if at_s + rules.push_s <= free_s:
        return free_s
    if rules.poll_s <= 0.0:
        return at_s + rules.push_s
    return float((math.ceil(at_s / rules.poll_s - offset) + offset) * rules.poll_s)


@inlined
def _let_age(at_s: Floats, lanes: Lanes, lane: int, rules: StreamRules, fates: Fates) -> None:
    """The function may not run at all: all that the lane has becomes too old."""
    begins = lanes.ends[lane - 1] if lane > 0 else 0
    for place in range(begins, lanes.ends[lane]):
        record = lanes.order[place]
        end(fates, record, rules.too_old, at_s[record] + rules.age_most_s)
