"""What the mappings of both kinds of queue have in common: their settings, what they count, what has left the queue."""

import math
from typing import NamedTuple

import numpy as np

from workbench.tune.simulate.compiled import inlined
from workbench.tune.simulate.environments import Pool, granted_at
from workbench.tune.simulate.invoking import Calls, Fates, end, told
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import DEAD_LETTERED, EXPIRED, Simulated
from workbench.tune.simulate.traffic import Integers, Traffic

RECEIVED_AT_ONCE = 10
"""Messages of one ReceiveMessage call, and of one DeleteMessageBatch call."""
LONG_POLL_S = 20.0
"""A receive that finds nothing waits so long."""
THROTTLE_RETRY_S = 1.0
"""Between two tries of an invocation that was throttled. Assumed."""
OVERLAPPING, RECEIVES, DELETES, THROTTLES = 0, 1, 2, 3
"""Places of what is counted."""


class QueueRules(NamedTuple):
    """A mapping and its queue."""

    batch_size: int
    window_s: float
    window_from_completion: bool
    reports_failures: bool
    visibility_s: float
    max_receive_count: int
    """0: no redrive policy."""
    retention_s: float
    receive_s: float


def rules_of(settings: Settings) -> QueueRules:
    """The configuration, as compiled code takes it."""
    profile, mapping = settings.profile, settings.mapping
    return QueueRules(
        int(mapping.batch_size or 10),
        settings.window_s,
        profile.window_start == "previous_completion",
        mapping.reports_failures,
        float(settings.effective_visibility_s),
        settings.max_receive_count or 0,
        float(settings.retention_s),
        profile.sqs_receive_s,
    )


def told_queue(
    traffic: Traffic, fates: Fates, calls: Calls, made: int, counts: Integers, pollers: int
) -> Simulated:
    """The outcome; `pollers` wait for messages as long as none works."""
    invocations = told(calls, made)
    busy_s = float(invocations.duration_s.sum() + invocations.init_s.sum())
    span_s = float(max(np.fmax.reduce(fates.ended_s, initial=0.0), traffic.span_s))
    return Simulated(
        traffic=traffic,
        first_begins_s=fates.first_begins_s,
        ended_s=fates.ended_s,
        deliveries=fates.deliveries,
        fate=fates.fate,
        overlapping=int(counts[OVERLAPPING]),
        receives=int(counts[RECEIVES]),
        empty_receives=int(max(0.0, pollers * span_s - busy_s) / LONG_POLL_S),
        deletes=int(counts[DELETES]),
        throttles=int(counts[THROTTLES]),
        invocations=invocations,
    )


@inlined
def has_left(rules: QueueRules, fates: Fates, message: int, now_s: float, at_s: float) -> bool:
    """Whether a message that could be received is too old or was received too often; it then has its fate."""
    if now_s - at_s > rules.retention_s:
        end(fates, message, EXPIRED, now_s)
        return True
    if 0 < rules.max_receive_count <= fates.deliveries[message]:
        end(fates, message, DEAD_LETTERED, now_s)
        return True
    return False


@inlined
def begins_at(
    pool: Pool, counts: Integers, wanted_s: float, waits_from_s: float, gives_up_s: float
) -> float:
    """When a batch finds an environment; each second of waiting counts as a try that was throttled.

    Args:
        pool: the function's environments.
        counts: the throttles are added.
        wanted_s: when the batch is complete.
        waits_from_s: not before that: others wait already.
        gives_up_s: when its messages can be received again; nobody tries after it.
    """
    begin_s = granted_at(pool, max(wanted_s, waits_from_s))
    tried_s = min(begin_s, gives_up_s) - wanted_s
    if tried_s > 0.0:
        counts[THROTTLES] += math.ceil(tried_s / THROTTLE_RETRY_S)
    return begin_s
