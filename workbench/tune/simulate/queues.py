"""Event source mappings of standard queues, simulated: pollers, batches, visibility, receive counts, dead letters.

A poller receives only while it has no invocation to wait for. It opens a batch when a message is there (or, with a
window, when its last invocation ended), closes it full, at the window's end or at the payload limit, and waits for the
answer. Pollers are added while messages wait for one. How the pollers really work is not published: each such number is
one of the profile's, and a back-test decides whether they fit.

What fails comes back when its visibility timeout has passed since it was received. So does what still works by then: it
is handed out a second time unless the first attempt has deleted it. The first success decides a message's fate.

Source: Lambda developer guide, "Using Lambda with Amazon SQS", "Scaling for SQS event source mappings"; Amazon SQS
developer guide, "Visibility timeout", "Dead-letter queues".
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
    POISON,
    quantile,
    uniform,
)
from workbench.tune.simulate.compiled import compiled
from workbench.tune.simulate.environments import free_from, is_warm, new_book, take
from workbench.tune.simulate.fifo import groups_of, run_fifo
from workbench.tune.simulate.heaps import (
    doubled_floats,
    doubled_integers,
    pop,
    pop_instant,
    push,
    push_instant,
    replace_earliest,
)
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import (
    DEAD_LETTERED,
    EXPIRED,
    IN_FLIGHT,
    SUCCEEDED,
    Invocations,
    Simulated,
)
from workbench.tune.simulate.traffic import Floats, Integers, Traffic

RECEIVED_AT_ONCE = 10
"""Messages of one ReceiveMessage call."""
LONG_POLL_S = 20.0
"""A receive that finds nothing waits so long."""
THROTTLE_RETRY_S = 1.0
"""Between two tries of an invocation that was throttled. Assumed."""
SCALES_DOWN_AFTER_S = 60.0
"""Without a message pollers go back to where they started. Assumed."""
FEWEST_POLLERS = 2.0
"""What errors leave. Source: the same guide: it may fall to two."""


def simulate_queue(
    traffic: Traffic, settings: Settings, model: DurationModel, seed: int, until_s: float
) -> Simulated:
    """What becomes of a standard queue's messages; see `run.simulate`."""
    profile, mapping = settings.profile, settings.mapping
    start, added_per_minute, most = _pollers(settings)
    if until_s == math.inf and _is_plain(settings, model, start, most):
        short = _plain(traffic, settings, model, seed, start)
        if len(traffic) == 0 or (short.first_begins_s - traffic.at_s).max() <= settings.retention_s:
            return short
    out = _run(
        traffic.at_s,
        traffic.bytes,
        until_s,
        seed,
        int(mapping.batch_size or 10),
        settings.window_s,
        profile.window_start == "previous_completion",
        mapping.reports_failures,
        settings.effective_visibility_s,
        settings.max_receive_count or 0,
        settings.retention_s,
        settings.timeout_s,
        start,
        added_per_minute / 60.0,
        most,
        profile.sqs_error_decrease,
        profile.sqs_error_increase_per_minute / 60.0,
        profile.sqs_receive_s,
        settings.concurrency_max,
        profile.environment_idle_s,
        profile.environments_added_per_10_s,
        *_model(model),
    )
    return _told(traffic, out, start)


def simulate_fifo_queue(
    traffic: Traffic, settings: Settings, model: DurationModel, seed: int, until_s: float
) -> Simulated:
    """What becomes of a FIFO queue's messages; see `run.simulate`."""
    profile, mapping = settings.profile, settings.mapping
    _, head, following = groups_of(traffic.key)
    most = min(len(head), mapping.maximum_concurrency or 1_000_000)
    out = run_fifo(
        traffic.at_s,
        traffic.bytes,
        head,
        following,
        until_s,
        seed,
        int(mapping.batch_size or 10),
        mapping.reports_failures,
        settings.effective_visibility_s,
        settings.max_receive_count or 0,
        settings.retention_s,
        settings.timeout_s,
        most,
        profile.sqs_receive_s,
        settings.concurrency_max,
        profile.environment_idle_s,
        profile.environments_added_per_10_s,
        *_model(model),
    )
    return _told(traffic, out, min(profile.sqs_concurrency_start, max(most, 1)))


def _model(model: DurationModel) -> tuple[Any, ...]:
    """As the kernels take it: seconds."""
    return (
        model.base_ms / 1_000,
        model.per_record_ms / 1_000,
        model.per_byte_ms / 1_000,
        model.residuals,
        model.init_ms / 1_000,
        model.record_failure_share,
        model.batch_failure_share,
        model.poison_share,
    )


def _told(traffic: Traffic, out: Any, pollers: int) -> Simulated:
    first, ended, deliveries, fate, counts, begins, durations, inits, records, failed = out
    busy_s = float((durations + inits).sum())
    span_s = float(max(np.fmax.reduce(ended, initial=0.0), traffic.span_s))
    return Simulated(
        traffic=traffic,
        first_begins_s=first,
        ended_s=ended,
        deliveries=deliveries,
        fate=fate,
        overlapping=int(counts[0]),
        receives=int(counts[1]),
        empty_receives=int(max(0.0, pollers * span_s - busy_s) / LONG_POLL_S),
        deletes=int(counts[2]),
        throttles=int(counts[3]),
        invocations=Invocations(
            begins_s=begins,
            duration_s=durations,
            init_s=inits,
            records=records,
            failed=failed.astype(np.bool_),
        ),
    )


def _is_plain(settings: Settings, model: DurationModel, start: int, most: int) -> bool:
    """Whether nothing can happen but that single messages wait for one of a fixed number of servers."""
    longest_s = model.median_ms(1, PAYLOAD_BYTES_MAX) / 1_000 * float(model.residuals[-1])
    return (
        settings.mapping.batch_size == 1
        and settings.window_s == 0
        and start == most <= settings.concurrency_max
        and settings.profile.sqs_receive_s == 0
        and settings.profile.environments_added_per_10_s >= most
        and not (model.record_failure_share or model.batch_failure_share or model.poison_share)
        and not model.init_ms.any()
        and longest_s <= min(settings.timeout_s, settings.effective_visibility_s)
    )


def _plain(
    traffic: Traffic, settings: Settings, model: DurationModel, seed: int, servers: int
) -> Simulated:
    """The same as the whole kernel says, where `_is_plain`."""
    count = len(traffic)
    begins, ends = _servers(
        traffic.at_s,
        traffic.bytes,
        seed,
        servers,
        (model.base_ms + model.per_record_ms) / 1_000,
        model.per_byte_ms / 1_000,
        model.residuals,
    )
    ones = np.ones(count, dtype=np.int64)
    nothing = np.zeros(count)
    out = (
        begins,
        ends,
        ones,
        np.zeros(count, dtype=np.int8),
        (0, count, count, 0),
        begins,
        ends - begins,
        nothing,
        ones,
        nothing,
    )
    return _told(traffic, out, servers)


@compiled
def _servers(
    at_s: Floats,
    sizes_bytes: Integers,
    seed: int,
    servers: int,
    base_s: float,
    byte_s: float,
    residuals: Floats,
) -> tuple[Floats, Floats]:
    """Begin and end of each service: the server that is free for longest takes the next."""
    count = len(at_s)
    begins, ends = np.empty(count), np.empty(count)
    free = np.full(servers, -1e18)
    for place in range(count):
        begin = max(at_s[place], free[0])
        lasts_s = base_s + byte_s * (EVENT_BYTES_EMPTY + sizes_bytes[place] + 1)
        end = begin + lasts_s * quantile(residuals, uniform(seed, place, 1, DURATION))
        replace_earliest(free, servers, end)
        begins[place], ends[place] = begin, end
    return begins, ends


def _pollers(settings: Settings) -> tuple[int, float, int]:
    """Invocations at once: at the start, added a minute, at most."""
    profile, mapping = settings.profile, settings.mapping
    if mapping.minimum_pollers or mapping.maximum_pollers:
        each = profile.sqs_poller_concurrency
        most = (mapping.maximum_pollers or 200) * each
        added = profile.sqs_poller_concurrency_added_per_minute
        return (mapping.minimum_pollers or 2) * each, added, most
    most = min(profile.sqs_concurrency_max, mapping.maximum_concurrency or 1_000_000)
    return (
        min(profile.sqs_concurrency_start, most),
        profile.sqs_concurrency_added_per_minute,
        most,
    )


@compiled
def _run(  # noqa: C901 - one loop over time, with its state in local variables
    at_s: Floats,
    sizes_bytes: Integers,
    until_s: float,
    seed: int,
    batch_size: int,
    window_s: float,
    from_completion: bool,
    reports_failures: bool,
    visibility_s: float,
    max_receive_count: int,
    retention_s: float,
    timeout_s: float,
    pollers_start: int,
    added_per_s: float,
    pollers_most: int,
    error_decrease: float,
    error_increase_per_s: float,
    receive_s: float,
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
    count = len(at_s)
    first = np.full(count, np.nan)
    done_at = np.full(count, np.inf)
    working_until = np.full(count, -np.inf)
    deliveries = np.zeros(count, dtype=np.int64)
    fate = np.full(count, IN_FLIGHT, dtype=np.int8)
    ended = np.full(count, np.nan)
    counts = np.zeros(4)

    capacity = 1_024
    begins, durations, inits = np.empty(capacity), np.empty(capacity), np.empty(capacity)
    records = np.empty(capacity, dtype=np.int64)
    failures = np.empty(capacity, dtype=np.int64)
    made, throttled_until = 0, -np.inf

    back_at, back_what, back = np.empty(1_024), np.empty(1_024, dtype=np.int64), 0
    poller_at = np.empty(pollers_most + 1)
    pollers = 0
    for _ in range(pollers_start):
        pollers = push_instant(poller_at, pollers, -1e18)
    allowed, added_at, quiet_since = float(pollers_start), -1e18, -1e18

    room = min(environments_most, pollers_most) + 2
    busy_at, idle_at, book = np.empty(room), np.empty(2 * room), new_book(added_per_10_s)

    batch = np.empty(batch_size, dtype=np.int64)
    received = np.empty(batch_size)
    arrival = 0
    while arrival < count or back > 0:
        # What can be received next, and when.
        ready = at_s[arrival] if arrival < count else np.inf
        if back > 0 and back_at[0] < ready:
            ready = back_at[0]
        if ready > until_s:
            break
        if ready - quiet_since > SCALES_DOWN_AFTER_S:
            while pollers > pollers_start:
                pollers = pop_instant(poller_at, pollers)
            allowed = float(pollers_start)
        # Which poller, from when on: the one free for longest, or one that is added because all are busy.
        while pollers > 1 and pollers > allowed:
            pollers = pop_instant(poller_at, pollers)
        free = poller_at[0]
        if free > ready and pollers < pollers_most:
            rate = added_per_s if error_decrease >= 1.0 else error_increase_per_s
            another = max(added_at, ready) + 1.0 / rate
            if another < free:
                pollers = push_instant(poller_at, pollers, another)
                allowed = max(allowed, float(pollers))
                added_at = another
                free = another
        at = max(free, ready)
        opened = at
        if window_s > 0.0 and from_completion and ready <= free + window_s:
            opened = free
        closes = opened + window_s if opened + window_s > at else at
        # The batch.
        taken, payload, closed = 0, EVENT_BYTES_EMPTY, at
        while taken < batch_size:
            when = at_s[arrival] if arrival < count else np.inf
            is_back = back > 0 and back_at[0] <= when
            if is_back:
                when = back_at[0]
            if when > closes:
                closed = closes
                break
            message = back_what[0] if is_back else arrival
            now = max(when, at)
            if is_back and done_at[message] <= now:
                back = pop(back_at, back_what, back)
                continue
            if now - at_s[message] > retention_s:
                if fate[message] == IN_FLIGHT:
                    fate[message], ended[message] = EXPIRED, now
            elif max_receive_count > 0 and deliveries[message] >= max_receive_count:
                if fate[message] == IN_FLIGHT:
                    fate[message], ended[message] = DEAD_LETTERED, now
            else:
                payload += sizes_bytes[message] + 1
                if payload > PAYLOAD_BYTES_MAX and taken > 0:
                    closed = now
                    break
                batch[taken], received[taken] = message, now
                taken += 1
                closed = now
            if is_back:
                back = pop(back_at, back_what, back)
            else:
                arrival += 1
        if taken == 0:
            continue
        if (
            window_s > 0.0
            and taken < batch_size
            and closed < closes
            and payload <= PAYLOAD_BYTES_MAX
        ):
            closed = closes
        wanted = closed + receive_s
        counts[1] += math.ceil(taken / RECEIVED_AT_ONCE)
        # An environment, now or when one is free; what waits too long comes back and is given up.
        begin = max(wanted, throttled_until)  # who waits already goes first
        while True:
            later = free_from(
                begin, busy_at, idle_at, book, environments_most, kept_s, added_per_10_s
            )
            if later <= begin:
                break
            begin = later
        if begin > wanted:
            throttled_until = begin
            counts[3] += math.ceil((begin - wanted) / THROTTLE_RETRY_S)
        quiet_since = begin
        if begin > until_s:
            replace_earliest(poller_at, pollers, begin)
            continue
        if begin - received[0] >= visibility_s:
            for place in range(taken):
                deliveries[batch[place]] += 1
                if back == len(back_at):
                    back_at, back_what = doubled_floats(back_at), doubled_integers(back_what)
                back = push(back_at, back_what, back, received[place] + visibility_s, batch[place])
            replace_earliest(poller_at, pollers, received[0] + visibility_s)
            continue
        # The invocation.
        leader = batch[0]
        attempt = deliveries[leader] + 1
        is_cold = not is_warm(begin, idle_at, book, kept_s)
        init_s = (
            quantile(init_table_s, uniform(seed, leader, attempt, INITIALISATION))
            if is_cold
            else 0.0
        )
        lasts_s = (base_s + record_s * taken + byte_s * payload) * quantile(
            residuals, uniform(seed, leader, attempt, DURATION)
        )
        is_timeout = lasts_s > timeout_s
        if is_timeout:
            lasts_s = timeout_s
        end = begin + init_s + lasts_s
        take(begin, end, is_cold, busy_at, book, added_per_10_s)
        replace_earliest(poller_at, pollers, end)
        whole = is_timeout or (
            batch_failure > 0.0 and uniform(seed, leader, attempt, FAILURE + 100) < batch_failure
        )
        any_failed = whole
        if record_failure > 0.0 or poison > 0.0:
            for place in range(taken):
                message = batch[place]
                fails = (
                    uniform(seed, message, deliveries[message] + 1, FAILURE) < record_failure
                    or uniform(seed, message, 0, POISON) < poison
                )
                if fails:
                    any_failed = True
                    if reports_failures:
                        batch[place] = -message - 1
        all_fail = whole or (any_failed and not reports_failures)
        succeeded = 0
        for place in range(taken):
            message = batch[place]
            fails = all_fail
            if message < 0:
                message = -message - 1
                fails = True
            deliveries[message] += 1
            if math.isnan(first[message]):
                first[message] = begin + init_s
            if working_until[message] > begin:
                counts[0] += 1
            working_until[message] = max(working_until[message], end)
            hidden_until = received[place] + visibility_s
            if not fails:
                succeeded += 1
                done_at[message] = min(done_at[message], end)
            if fails or end > hidden_until:
                if back == len(back_at):
                    back_at, back_what = doubled_floats(back_at), doubled_integers(back_what)
                back = push(back_at, back_what, back, hidden_until, message)
        counts[2] += math.ceil(succeeded / RECEIVED_AT_ONCE)
        if all_fail and error_decrease < 1.0:
            allowed = max(FEWEST_POLLERS, allowed * error_decrease)
        if made == capacity:
            capacity *= 2
            begins, durations = doubled_floats(begins), doubled_floats(durations)
            inits = doubled_floats(inits)
            records, failures = doubled_integers(records), doubled_integers(failures)
        begins[made], durations[made], inits[made] = begin + init_s, lasts_s, init_s
        records[made], failures[made] = taken, 1 if all_fail else 0
        made += 1
    for message in range(count):
        if done_at[message] <= until_s and fate[message] == IN_FLIGHT:
            fate[message], ended[message] = SUCCEEDED, done_at[message]
    return (
        first,
        ended,
        deliveries,
        fate,
        counts,
        begins[:made].copy(),
        durations[:made].copy(),
        inits[:made].copy(),
        records[:made].copy(),
        failures[:made].copy(),
    )
