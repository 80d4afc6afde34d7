"""Event source mappings of Kinesis and DynamoDB streams, simulated: lanes, polls, windows, retries, bisecting, age.

A lane is a shard, or one of its ParallelizationFactor parts, each key in one of them. It has one batch in flight; what
fails is tried again before anything behind it. Each lane's next batch is known once it is free; a heap over lanes puts
their invocations in the order of time, so that they share the function's environments.

A record that came while its lane was busy is there at once when the lane is free; one that came later is seen at the
shard's next poll, or pushed with enhanced fan-out. One answer of GetRecords is never the limit here: it holds more than
a batch may.

Source: Lambda developer guide, "Using Lambda with Amazon Kinesis Data Streams", "Using Lambda with Amazon DynamoDB".
"""

import math
from typing import Any

import numpy as np

from workbench.mapping import EVENT_BYTES_EMPTY, PAYLOAD_BYTES_MAX
from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.chance import (
    DURATION,
    FAILURE,
    INITIALISATION,
    LANE,
    POISON,
    POLL,
    mixed,
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

BACK_OFF_FIRST_S = 1.0
"""Between the first two attempts at a batch; doubles from there. Assumed, as in a replay."""
BACK_OFF_MOST_S = 60.0
DEEPEST = 40
"""Parts of a bisected batch that wait: a batch of 10,000 is halved 14 times."""


def simulate_stream(
    traffic: Traffic, settings: Settings, model: DurationModel, seed: int, until_s: float
) -> Simulated:
    """What becomes of a stream's records; see `run.simulate`."""
    profile, mapping = settings.profile, settings.mapping
    factor = mapping.parallelization_factor or 1
    order, lane_ends, poll_offset_s = _lanes(traffic, factor, seed)
    poll_s = profile.dynamodb_poll_s if settings.kind == "dynamodb" else profile.stream_poll_s
    retries = mapping.maximum_retry_attempts
    limit = mapping.maximum_record_age_in_seconds
    age_s = settings.retention_s if limit is None or limit < 0 else float(limit)
    out = _run(
        traffic.at_s,
        traffic.bytes,
        order,
        lane_ends,
        poll_offset_s,
        until_s,
        seed,
        int(mapping.batch_size or 100),
        settings.window_s,
        profile.window_start == "previous_completion",
        mapping.reports_failures,
        bool(mapping.bisect_batch_on_function_error),
        -1 if retries is None else retries,
        min(age_s, settings.retention_s),
        EXPIRED if age_s >= settings.retention_s else DISCARDED,
        settings.timeout_s,
        0.0 if settings.enhanced_fan_out else poll_s,
        profile.stream_push_s if settings.enhanced_fan_out else 0.0,
        settings.concurrency_max,
        profile.environment_idle_s,
        profile.environments_added_per_10_s,
        model.base_ms / 1_000,
        model.per_record_ms / 1_000,
        model.per_byte_ms / 1_000,
        model.residuals,
        model.init_ms / 1_000,
        model.record_failure_share,
        model.batch_failure_share,
        model.poison_share,
    )
    first, ended, deliveries, fate, throttles, begins, durations, inits, records, failed = out
    span_s = float(max(np.fmax.reduce(ended, initial=0.0), traffic.span_s))
    shards = len(np.unique(traffic.partition))
    polls = 0 if settings.enhanced_fan_out else int(shards * span_s / poll_s) if poll_s else 0
    return Simulated(
        traffic=traffic,
        first_begins_s=first,
        ended_s=ended,
        deliveries=deliveries,
        fate=fate,
        overlapping=0,
        receives=len(begins),
        empty_receives=max(0, polls - len(begins)),
        deletes=0,
        throttles=int(throttles),
        invocations=Invocations(
            begins_s=begins,
            duration_s=durations,
            init_s=inits,
            records=records,
            failed=failed.astype(np.bool_),
        ),
    )


def _lanes(traffic: Traffic, factor: int, seed: int) -> tuple[Integers, Integers, Floats]:
    """Places of the records lane by lane, where each lane ends among them, and the phase of its shard's polls."""
    part = _parts(traffic.key, factor) if factor > 1 else 0
    lane = traffic.partition * factor + part
    order = np.argsort(lane, kind="stable").astype(np.int64)
    sorted_lanes = lane[order]
    last = np.flatnonzero(np.diff(sorted_lanes, append=sorted_lanes[-1:] + 1)) + 1
    shards = sorted_lanes[last - 1] // factor
    offsets = np.array([uniform(seed, int(shard), 0, POLL) for shard in shards])
    return order, last.astype(np.int64), offsets


@compiled
def _parts(key: Integers, factor: int) -> Integers:
    """Which part of its shard each key is in. Assumed: AWS does not say which; here a hash decides."""
    parts: Integers = np.empty(len(key), dtype=np.int64)
    for place in range(len(key)):
        parts[place] = int(mixed(np.uint64(key[place] + 1) ^ np.uint64(LANE)) % np.uint64(factor))
    return parts


@compiled
def _seen(at_s: float, free_s: float, offset: float, poll_s: float, push_s: float) -> float:
    """When a lane that is free from `free_s` on has a record that came at `at_s`."""
    if at_s + push_s <= free_s:
        return free_s
    if poll_s <= 0.0:
        return at_s + push_s
    return float((math.ceil(at_s / poll_s - offset) + offset) * poll_s)


@compiled
def _run(  # noqa: C901 - one loop over time, with its state in local variables
    at_s: Floats,
    sizes_bytes: Integers,
    order: Integers,
    lane_ends: Integers,
    poll_offset: Floats,
    until_s: float,
    seed: int,
    batch_size: int,
    window_s: float,
    from_completion: bool,
    reports_failures: bool,
    bisects: bool,
    retries: int,
    age_most_s: float,
    too_old: int,
    timeout_s: float,
    poll_s: float,
    push_s: float,
    environments_most: int,
    kept_s: float,
    added_per_10_s: float,
    base_s: float,
    record_s: float,
    byte_s: float,
    residuals: Floats,
    init_table_s: Floats,
    record_failure: float,
    batch_failure: float,
    poison: float,
) -> tuple[Any, ...]:
    count, lanes = len(at_s), len(lane_ends)
    first = np.full(count, np.nan)
    deliveries = np.zeros(count, dtype=np.int64)
    fate = np.full(count, IN_FLIGHT, dtype=np.int8)
    ended = np.full(count, np.nan)
    throttles = 0
    capacity = 1_024
    begins, durations, inits = np.empty(capacity), np.empty(capacity), np.empty(capacity)
    records = np.empty(capacity, dtype=np.int64)
    failures = np.empty(capacity, dtype=np.int64)
    made = 0

    unread = np.empty(lanes, dtype=np.int64)
    unread[0] = 0
    unread[1:] = lane_ends[:-1]
    free = np.full(lanes, -1e18)
    depth = np.zeros(lanes, dtype=np.int64)
    part_from = np.zeros((lanes, DEEPEST), dtype=np.int64)
    part_to = np.zeros((lanes, DEEPEST), dtype=np.int64)
    part_tried = np.zeros((lanes, DEEPEST), dtype=np.int64)
    part_at = np.zeros((lanes, DEEPEST))
    next_at, next_lane, waiting = np.empty(lanes + 1), np.empty(lanes + 1, dtype=np.int64), 0
    room = min(environments_most, lanes) + 2
    busy_at, idle_at, book = np.empty(room), np.empty(2 * room), new_book(added_per_10_s)

    entering, lane = 0, 0
    while True:
        if entering < lanes:
            lane = entering
            entering += 1
        else:
            if waiting == 0:
                break
            begin, lane = next_at[0], next_lane[0]
            waiting = pop(next_at, next_lane, waiting)
            if begin > until_s:
                break
            later = free_from(
                begin, busy_at, idle_at, book, environments_most, kept_s, added_per_10_s
            )
            if later > begin:
                throttles += 1
                waiting = push(next_at, next_lane, waiting, later, lane)
                continue
            # The invocation: the records of the part on top.
            top = depth[lane] - 1
            low, high, tried = part_from[lane, top], part_to[lane, top], part_tried[lane, top]
            depth[lane] = top
            payload = EVENT_BYTES_EMPTY
            for place in range(low, high):
                payload += sizes_bytes[order[place]] + 1
            leader = order[low]
            attempt = deliveries[leader] + 1
            is_cold = not is_warm(begin, idle_at, book, kept_s)
            init_s = (
                quantile(init_table_s, uniform(seed, leader, attempt, INITIALISATION))
                if is_cold
                else 0.0
            )
            lasts_s = (base_s + record_s * (high - low) + byte_s * payload) * quantile(
                residuals, uniform(seed, leader, attempt, DURATION)
            )
            whole = lasts_s > timeout_s
            if whole:
                lasts_s = timeout_s
            end = begin + init_s + lasts_s
            take(begin, end, is_cold, busy_at, book, added_per_10_s)
            if batch_failure > 0.0:
                whole = whole or uniform(seed, leader, attempt, FAILURE + 100) < batch_failure
            checkpoint = low if whole else high
            for place in range(low, high):
                record = order[place]
                deliveries[record] += 1
                if math.isnan(first[record]):
                    first[record] = begin + init_s
                if checkpoint == high and (record_failure > 0.0 or poison > 0.0):
                    fails = (
                        uniform(seed, record, deliveries[record], FAILURE) < record_failure
                        or uniform(seed, record, 0, POISON) < poison
                    )
                    if fails:
                        checkpoint = place
            if checkpoint < high and not reports_failures:
                whole, checkpoint = True, low
            for place in range(low, checkpoint):
                fate[order[place]], ended[order[place]] = SUCCEEDED, end
            if made == capacity:
                capacity *= 2
                begins, durations = doubled_floats(begins), doubled_floats(durations)
                inits = doubled_floats(inits)
                records, failures = doubled_integers(records), doubled_integers(failures)
            begins[made], durations[made], inits[made] = begin + init_s, lasts_s, init_s
            records[made], failures[made] = high - low, 1 if whole else 0
            made += 1
            free[lane] = end
            if checkpoint < high:
                if checkpoint > low:
                    # The checkpoint moves, and retries are counted anew from there.
                    part_from[lane, top], part_to[lane, top] = checkpoint, high
                    part_tried[lane, top], part_at[lane, top] = 0, end + BACK_OFF_FIRST_S
                    depth[lane] = top + 1
                elif bisects and whole and high - low > 1:
                    middle = low + (high - low + 1) // 2
                    part_from[lane, top], part_to[lane, top] = middle, high
                    part_from[lane, top + 1], part_to[lane, top + 1] = low, middle
                    part_tried[lane, top], part_tried[lane, top + 1] = 0, 0
                    part_at[lane, top] = part_at[lane, top + 1] = end + BACK_OFF_FIRST_S
                    depth[lane] = top + 2
                elif 0 <= retries <= tried:
                    for place in range(low, high):
                        fate[order[place]], ended[order[place]] = DISCARDED, end
                else:
                    pause_s = min(BACK_OFF_FIRST_S * 2.0 ** min(tried, 10), BACK_OFF_MOST_S)
                    part_from[lane, top], part_to[lane, top] = low, high
                    part_tried[lane, top], part_at[lane, top] = tried + 1, end + pause_s
                    depth[lane] = top + 1
        # What the lane has next, and when.
        while True:
            if depth[lane] == 0:
                place, last = unread[lane], lane_ends[lane]
                if place == last:
                    break
                came = at_s[order[place]]
                now = _seen(came, free[lane], poll_offset[lane], poll_s, push_s)
                opened = now
                if from_completion and came <= free[lane] + window_s:
                    opened = free[lane]
                closes = max(opened + window_s, now)
                payload = EVENT_BYTES_EMPTY + sizes_bytes[order[place]]
                taken, closed = 1, closes
                while True:
                    if taken == batch_size:
                        closed = now
                        break
                    if place + taken == last:
                        break
                    coming = order[place + taken]
                    seen = _seen(at_s[coming], free[lane], poll_offset[lane], poll_s, push_s)
                    if seen > closes:
                        break
                    now = max(now, seen)
                    payload += 1 + sizes_bytes[coming]
                    if payload > PAYLOAD_BYTES_MAX:
                        closed = now
                        break
                    taken += 1
                part_from[lane, 0], part_to[lane, 0] = place, place + taken
                part_tried[lane, 0], part_at[lane, 0] = 0, closed
                depth[lane], unread[lane] = 1, place + taken
            top = depth[lane] - 1
            at = max(part_at[lane, top], free[lane])
            low, high = part_from[lane, top], part_to[lane, top]
            while low < high and at - at_s[order[low]] > age_most_s:
                fate[order[low]], ended[order[low]] = too_old, at
                low += 1
            if low > part_from[lane, top]:
                part_tried[lane, top] = 0
            part_from[lane, top] = low
            if low < high:
                waiting = push(next_at, next_lane, waiting, at, lane)
                break
            depth[lane] = top
            free[lane] = at
    for record in range(count):
        if ended[record] > until_s:
            fate[record], ended[record] = IN_FLIGHT, np.nan
    return (
        first,
        ended,
        deliveries,
        fate,
        throttles,
        begins[:made].copy(),
        durations[:made].copy(),
        inits[:made].copy(),
        records[:made].copy(),
        failures[:made].copy(),
    )
