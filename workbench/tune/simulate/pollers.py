"""The pollers of a standard queue in compiled code: how many there are, which is free next, what errors do to them.

How they really work is not published: each such number is one of the profile's, and a back-test decides whether they
fit.

Source: Lambda developer guide, "Scaling for SQS event source mappings".
"""

from typing import NamedTuple

import numpy as np

from workbench.tune.simulate.compiled import compiled, inlined
from workbench.tune.simulate.heaps import (
    Instants,
    new_instants,
    pop_instant,
    push_instant,
    replace_earliest,
)
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.traffic import Floats

SCALES_DOWN_AFTER_S = 60.0
"""Without a message pollers go back to where they started. Assumed."""
FEWEST = 2.0
"""What errors leave. Source: the same guide: it may fall to two."""
ALLOWED, ADDED_AT, LAST_CALL_AT = 0, 1, 2
"""Places in `Pollers.scale`: how many there may be, when the last was added, when the last invocation began."""
EVER = -1e18
"""Before everything."""


class PollerScaling(NamedTuple):
    """How many pollers there are at the start, added a second, at most; what errors do."""

    start: int
    added_per_s: float
    most: int
    error_decrease: float
    error_increase_per_s: float


class Pollers(NamedTuple):
    """The pollers of one mapping."""

    free: Instants
    """When each is free next."""
    scale: Floats
    scaling: PollerScaling


def scaling_of(settings: Settings) -> PollerScaling:
    """How the mapping's pollers scale."""
    profile, mapping = settings.profile, settings.mapping
    if mapping.minimum_pollers or mapping.maximum_pollers:
        each = profile.sqs_poller_concurrency
        start = (mapping.minimum_pollers or 2) * each
        added = profile.sqs_poller_concurrency_added_per_minute
        most = (mapping.maximum_pollers or 200) * each
    else:
        most = min(profile.sqs_concurrency_max, mapping.maximum_concurrency or 1_000_000)
        start = min(profile.sqs_concurrency_start, most)
        added = profile.sqs_concurrency_added_per_minute
    return PollerScaling(
        start,
        added / 60.0,
        most,
        profile.sqs_error_decrease,
        profile.sqs_error_increase_per_minute / 60.0,
    )


@compiled
def new_pollers(scaling: PollerScaling) -> Pollers:
    """As many as there are at the start, all free."""
    pollers = Pollers(new_instants(scaling.most + 1), np.full(3, EVER), scaling)
    pollers.scale[ALLOWED] = float(scaling.start)
    for _ in range(scaling.start):
        push_instant(pollers.free, EVER)
    return pollers


@inlined
def free_at(pollers: Pollers, ready_s: float) -> float:
    """When the next poller is free for what is ready: the one free for longest, or one added because all are busy."""
    free, scale, scaling = pollers.free, pollers.scale, pollers.scaling
    if ready_s - scale[LAST_CALL_AT] > SCALES_DOWN_AFTER_S:
        scale[ALLOWED] = float(scaling.start)
        while free.size[0] > scaling.start:
            pop_instant(free)
    while free.size[0] > 1 and free.size[0] > scale[ALLOWED]:
        pop_instant(free)
    if free.at_s[0] > ready_s and free.size[0] < scaling.most:
        falls = scaling.error_decrease < 1.0
        per_s = scaling.error_increase_per_s if falls else scaling.added_per_s
        another_s = max(scale[ADDED_AT], ready_s) + 1.0 / per_s
        if another_s < free.at_s[0]:
            push_instant(free, another_s)
            scale[ALLOWED] = max(scale[ALLOWED], float(free.size[0]))
            scale[ADDED_AT] = another_s
    return float(free.at_s[0])


@inlined
def busy_until(pollers: Pollers, until_s: float) -> None:
    """The poller that was free next is busy until then."""
    replace_earliest(pollers.free, until_s)


@inlined
def slow_down(pollers: Pollers) -> None:
    """An invocation has failed."""
    scale, decrease = pollers.scale, pollers.scaling.error_decrease
    if decrease < 1.0:
        scale[ALLOWED] = max(FEWEST, scale[ALLOWED] * decrease)
