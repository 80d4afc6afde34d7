"""Event source mappings of FIFO queues, simulated: a message group is handled by one invocation at a time.

A batch takes from the groups that are free, the one ready longest first, each in its order; it may mix groups. While an
invocation has messages of a group, and while a message that failed is hidden, nothing more of that group is handed out.

Source: Lambda developer guide, "Using Lambda with Amazon SQS" (FIFO queues); Amazon SQS developer guide, "FIFO queue
delivery logic".
"""

import math
from typing import Any

import numpy as np

from workbench.mapping import EVENT_BYTES_EMPTY, PAYLOAD_BYTES_MAX
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
from workbench.tune.simulate.heaps import (
    doubled_floats,
    doubled_integers,
    pop,
    push,
    push_instant,
    replace_earliest,
)
from workbench.tune.simulate.simulated import DEAD_LETTERED, EXPIRED, IN_FLIGHT, SUCCEEDED
from workbench.tune.simulate.traffic import Floats, Integers


def groups_of(key: Integers) -> tuple[Integers, Integers, Integers]:
    """Message groups as lists in arrays; a message without a group is one of its own.

    Returns:
        The group of each message, the first message of each group, the next of its group for each message (-1: none).

    Example:
        >>> [each.tolist() for each in groups_of(np.array([5, 7, 5]))]
        [[0, 1, 0], [0, 1], [2, -1, -1]]
    """
    count = len(key)
    own = np.where(key < 0, -1 - np.arange(count), key)
    _, first, group = np.unique(own, return_index=True, return_inverse=True)
    order = np.argsort(group, kind="stable")
    following = np.full(count, -1, dtype=np.int64)
    same = group[order[1:]] == group[order[:-1]]
    following[order[:-1][same]] = order[1:][same]
    return group.astype(np.int64), first.astype(np.int64), following


@compiled
def run_fifo(  # noqa: C901 - one loop over time, with its state in local variables
    at_s: Floats,
    sizes_bytes: Integers,
    head: Integers,
    following: Integers,
    until_s: float,
    seed: int,
    batch_size: int,
    reports_failures: bool,
    visibility_s: float,
    max_receive_count: int,
    retention_s: float,
    timeout_s: float,
    pollers_most: int,
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
    """The kernel; `head` is used up. Concurrency follows the groups, up to the mapping's and the function's caps."""
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

    ready_at, ready_what = np.empty(len(head) + 1), np.empty(len(head) + 1, dtype=np.int64)
    ready = 0
    for group in range(len(head)):
        ready = push(ready_at, ready_what, ready, at_s[head[group]], group)
    room = min(environments_most, pollers_most) + 2
    poller_at, pollers = np.empty(room), 0
    busy_at, idle_at, book = np.empty(room), np.empty(2 * room), new_book(added_per_10_s)
    batch = np.empty(batch_size, dtype=np.int64)
    of_group = np.empty(batch_size, dtype=np.int64)
    groups = np.empty(batch_size, dtype=np.int64)

    while ready > 0 and ready_at[0] <= until_s:
        at = ready_at[0]
        is_new = pollers < pollers_most and (pollers == 0 or poller_at[0] > at)
        if not is_new:
            at = max(at, poller_at[0])
        taken, taken_groups, payload = 0, 0, EVENT_BYTES_EMPTY
        while taken < batch_size and ready > 0 and ready_at[0] <= at:
            group = ready_what[0]
            ready = pop(ready_at, ready_what, ready)
            before = taken
            message = head[group]
            while message >= 0 and taken < batch_size and at_s[message] <= at:
                if done_at[message] <= at:
                    pass
                elif at - at_s[message] > retention_s:
                    fate[message], ended[message] = EXPIRED, at
                elif max_receive_count > 0 and deliveries[message] >= max_receive_count:
                    fate[message], ended[message] = DEAD_LETTERED, at
                else:
                    payload += sizes_bytes[message] + 1
                    if payload > PAYLOAD_BYTES_MAX and taken > 0:
                        break
                    batch[taken], of_group[taken] = message, group
                    taken += 1
                if taken == before:
                    head[group] = following[message]
                message = following[message]
            if taken > before:
                groups[taken_groups] = group
                taken_groups += 1
            elif head[group] >= 0:
                again = max(at_s[head[group]], at) if payload <= PAYLOAD_BYTES_MAX else at
                ready = push(ready_at, ready_what, ready, again, group)
            if payload > PAYLOAD_BYTES_MAX:
                break
        if taken == 0:
            continue
        wanted = at + receive_s
        counts[1] += 1
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
            counts[3] += math.ceil(begin - wanted)
        hidden_until = at + visibility_s
        if begin > until_s:
            break
        if begin >= hidden_until:
            for place in range(taken):
                deliveries[batch[place]] += 1
            for place in range(taken_groups):
                ready = push(ready_at, ready_what, ready, hidden_until, groups[place])
            if is_new:
                pollers = push_instant(poller_at, pollers, hidden_until)
            else:
                replace_earliest(poller_at, pollers, hidden_until)
            continue
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
        if is_new:
            pollers = push_instant(poller_at, pollers, end)
        else:
            replace_earliest(poller_at, pollers, end)
        all_fail = is_timeout or (
            batch_failure > 0.0 and uniform(seed, leader, attempt, FAILURE + 100) < batch_failure
        )
        if not all_fail and not reports_failures:
            for place in range(taken):
                message = batch[place]
                all_fail = all_fail or (
                    uniform(seed, message, deliveries[message] + 1, FAILURE) < record_failure
                    or uniform(seed, message, 0, POISON) < poison
                )
        succeeded, is_blocked, group = 0, False, -1
        for place in range(taken):
            message = batch[place]
            if of_group[place] != group:
                group, is_blocked = of_group[place], all_fail
            if not is_blocked and reports_failures:
                is_blocked = (
                    uniform(seed, message, deliveries[message] + 1, FAILURE) < record_failure
                    or uniform(seed, message, 0, POISON) < poison
                )
            deliveries[message] += 1
            if math.isnan(first[message]):
                first[message] = begin + init_s
            if working_until[message] > begin:
                counts[0] += 1
            working_until[message] = max(working_until[message], end)
            if not is_blocked:
                succeeded += 1
                done_at[message] = min(done_at[message], end)
                if end <= hidden_until:
                    head[group] = following[message]
        for place in range(taken_groups):
            group = groups[place]
            if head[group] < 0:
                continue
            # Whether something of this batch comes back: its delivery count was raised and it is not done in time.
            comes_back = deliveries[head[group]] > 0 and working_until[head[group]] == end
            again = hidden_until if comes_back else max(end, at_s[head[group]])
            ready = push(ready_at, ready_what, ready, again, group)
        counts[2] += math.ceil(succeeded / 10)
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
