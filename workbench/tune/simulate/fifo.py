"""Event source mappings of FIFO queues, simulated: a message group is handled by one invocation at a time.

A batch takes from the groups that are free, the one ready longest first, each in its order; it may mix groups. While an
invocation has messages of a group, and while a message that failed is hidden, nothing more of that group is handed out.
Concurrency follows the groups, up to the mapping's and the function's caps.

Source: Lambda developer guide, "Using Lambda with Amazon SQS" (FIFO queues); Amazon SQS developer guide, "FIFO queue
delivery logic".
"""

import math
from typing import NamedTuple

import numpy as np

from workbench.mapping import EVENT_BYTES_EMPTY, PAYLOAD_BYTES_MAX
from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.compiled import compiled, inlined
from workbench.tune.simulate.environments import new_pool
from workbench.tune.simulate.heaps import (
    Heap,
    Instants,
    new_heap,
    new_instants,
    pop,
    push,
    push_instant,
    replace_earliest,
)
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


class Groups(NamedTuple):
    """The messages in the queue, group by group."""

    at_s: Floats
    bytes: Integers
    head: Integers
    """The first message of each group that is in the queue; -1 for none."""
    following: Integers
    """The next of its group for each message; -1 for none."""
    ready: Heap
    """The groups that are free, by when their heads can be received."""


class Batch(NamedTuple):
    """Room for one batch: its messages with their groups, and its groups."""

    messages: Integers
    of_group: Integers
    groups: Integers
    fails: Flags


def simulate_fifo_queue(
    traffic: Traffic, settings: Settings, model: DurationModel, seed: int, until_s: float
) -> Simulated:
    """What becomes of a FIFO queue's messages; see `run.simulate`."""
    profile = settings.profile
    _, head, following = groups_of(traffic.key)
    most = min(len(head), settings.mapping.maximum_concurrency or 1_000_000)
    fates, calls, made, counts = _run(
        traffic.at_s,
        traffic.bytes,
        head,
        following,
        rules_of(settings),
        handler_of(model, settings.timeout_s),
        seed,
        until_s,
        most,
        settings.concurrency_max,
        profile.environment_idle_s,
        profile.environments_added_per_10_s,
    )
    pollers = min(profile.sqs_concurrency_start, max(most, 1))
    return told_queue(traffic, fates, calls, made, counts, pollers)


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
def _run(
    at_s: Floats,
    sizes_bytes: Integers,
    head: Integers,
    following: Integers,
    rules: QueueRules,
    handler: Handler,
    seed: int,
    until_s: float,
    pollers_most: int,
    environments_most: int,
    kept_s: float,
    added_per_10_s: float,
) -> tuple[Fates, Calls, int, Integers]:
    """The simulation; `head` is used up."""
    size = rules.batch_size
    groups = Groups(at_s, sizes_bytes, head, following, new_heap(len(head) + 1))
    for group in range(len(head)):
        push(groups.ready, at_s[head[group]], group)
    batch = Batch(
        np.empty(size, dtype=np.int64),
        np.empty(size, dtype=np.int64),
        np.empty(size, dtype=np.int64),
        np.empty(size, dtype=np.bool_),
    )
    fates, calls, made, counts = (
        new_fates(len(at_s)),
        new_calls(),
        0,
        np.zeros(4, dtype=np.int64),
    )
    pollers = new_instants(pollers_most + 1)
    pool = new_pool(environments_most, pollers_most, kept_s, added_per_10_s)
    waits_from_s = -np.inf
    while groups.ready.size[0] > 0 and groups.ready.at_s[0] <= until_s:
        at, is_new = _poller(pollers, pollers_most, groups.ready.at_s[0])
        taken, from_groups, event_bytes = _gather(groups, batch, rules, fates, at)
        if taken == 0:
            continue
        counts[RECEIVES] += 1
        wanted_s, hidden_until_s = at + rules.receive_s, at + rules.visibility_s
        begin_s = begins_at(pool, counts, wanted_s, waits_from_s, hidden_until_s)
        if begin_s > wanted_s:
            waits_from_s = begin_s  # who waits already goes first
        if begin_s > until_s and begin_s < hidden_until_s:
            break
        if begin_s >= hidden_until_s:
            for place in range(taken):
                fates.deliveries[batch.messages[place]] += 1
            for place in range(from_groups):
                push(groups.ready, hidden_until_s, batch.groups[place])
            _keep(pollers, is_new, hidden_until_s)
            continue
        leader = batch.messages[0]
        number = fates.deliveries[leader] + 1
        attempt = invoke(handler, pool, seed, leader, number, taken, event_bytes, begin_s)
        _keep(pollers, is_new, attempt.end_s)
        all_fail = _judge(batch, taken, rules, handler, fates, seed, attempt.fails)
        _settle(groups, batch, taken, fates, counts, begin_s, attempt, hidden_until_s)
        for place in range(from_groups):
            _free(groups, batch.groups[place], fates, attempt.end_s, hidden_until_s)
        calls = with_room(calls, made)
        write(calls, made, begin_s, attempt, taken, all_fail)
        made += 1
    stop(fates, until_s)
    return fates, calls, made, counts


@inlined
def _poller(pollers: Instants, most: int, ready_s: float) -> tuple[float, bool]:
    """When a poller receives what is ready, and whether it is a new one."""
    if pollers.size[0] < most and (pollers.size[0] == 0 or pollers.at_s[0] > ready_s):
        return ready_s, True
    return max(ready_s, pollers.at_s[0]), False


@inlined
def _keep(pollers: Instants, is_new: bool, until_s: float) -> None:
    """The poller is busy until then."""
    if is_new:
        push_instant(pollers, until_s)
    else:
        replace_earliest(pollers, until_s)


@inlined
def _gather(
    groups: Groups, batch: Batch, rules: QueueRules, fates: Fates, at: float
) -> tuple[int, int, int]:
    """Receive a batch: how many messages, of how many groups, the event's bytes."""
    ready, head = groups.ready, groups.head
    taken, from_groups, event_bytes, is_full = 0, 0, EVENT_BYTES_EMPTY, False
    while taken < rules.batch_size and not is_full and ready.size[0] > 0 and ready.at_s[0] <= at:
        group, before = ready.what[0], taken
        pop(ready)
        message = head[group]
        while message >= 0 and taken < rules.batch_size and groups.at_s[message] <= at:
            is_done = fates.done_at_s[message] <= at
            if not (is_done or has_left(rules, fates, message, at, groups.at_s[message])):
                with_it = event_bytes + groups.bytes[message] + 1
                if with_it > PAYLOAD_BYTES_MAX and taken > 0:
                    is_full = True
                    break
                batch.messages[taken], batch.of_group[taken] = message, group
                taken, event_bytes = taken + 1, with_it
            if taken == before:
                head[group] = groups.following[message]
            message = groups.following[message]
        if taken > before:
            batch.groups[from_groups] = group
            from_groups += 1
        elif head[group] >= 0:
            push(ready, max(groups.at_s[head[group]], at), group)
    return taken, from_groups, event_bytes


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
    """Say of each message whether it fails, itself or behind one of its group; whether all do."""
    for place in range(taken):
        message = batch.messages[place]
        fails = record_fails(handler, seed, message, fates.deliveries[message] + 1)
        all_fail = all_fail or (fails and not rules.reports_failures)
        is_behind = place > 0 and batch.of_group[place - 1] == batch.of_group[place]
        batch.fails[place] = fails or (is_behind and batch.fails[place - 1])
    if all_fail:
        batch.fails[:taken] = True
    return all_fail


@inlined
def _settle(
    groups: Groups,
    batch: Batch,
    taken: int,
    fates: Fates,
    counts: Integers,
    begin_s: float,
    attempt: Attempt,
    hidden_until_s: float,
) -> None:
    """Delete what succeeded; what is deleted in time leaves its group."""
    succeeded = 0
    for place in range(taken):
        message = batch.messages[place]
        if deliver(fates, message, begin_s, attempt):
            counts[OVERLAPPING] += 1
        if not batch.fails[place]:
            succeeded += 1
            fates.done_at_s[message] = min(fates.done_at_s[message], attempt.end_s)
            if attempt.end_s <= hidden_until_s:
                groups.head[batch.of_group[place]] = groups.following[message]
    counts[DELETES] += math.ceil(succeeded / RECEIVED_AT_ONCE)


@inlined
def _free(groups: Groups, group: int, fates: Fates, end_s: float, hidden_until_s: float) -> None:
    """A group of a batch can be received again: at once, or when what comes back can."""
    first = groups.head[group]
    if first < 0:
        return
    comes_back = fates.deliveries[first] > 0 and fates.working_until_s[first] == end_s
    push(groups.ready, hidden_until_s if comes_back else max(end_s, groups.at_s[first]), group)
