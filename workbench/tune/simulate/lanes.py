"""The lanes of a stream: which records each has, and of which it is to try which part next.

A lane is a shard, or one of its ParallelizationFactor parts, each key in one of them.
"""

from typing import NamedTuple

import numpy as np

from workbench.tune.simulate.chance import LANE, POLL, mixed, uniform
from workbench.tune.simulate.compiled import compiled, inlined
from workbench.tune.simulate.pollers import EVER
from workbench.tune.simulate.traffic import Floats, Integers, Traffic

DEEPEST = 40
"""Parts of a bisected batch that wait: a batch of 10,000 is halved 14 times."""


class Lanes(NamedTuple):
    """Records lane by lane, and what each lane is at; a place is one among `order`."""

    order: Integers
    """The records, those of each lane behind each other."""
    ends: Integers
    """The place behind each lane's last."""
    poll_offset: Floats
    """Phase of the polls of each lane's shard, as a share of the time between two."""
    unread: Integers
    """The first place that is in no batch yet."""
    free_s: Floats
    """When each lane's last invocation ended."""
    depth: Integers
    """Parts of its batch that wait, the next on top."""
    part_from: "np.ndarray[tuple[int, int], np.dtype[np.int64]]"
    part_to: "np.ndarray[tuple[int, int], np.dtype[np.int64]]"
    part_tried: "np.ndarray[tuple[int, int], np.dtype[np.int64]]"
    """How often each was tried since it is what it is."""
    part_at_s: "np.ndarray[tuple[int, int], np.dtype[np.float64]]"
    """When it may be tried."""


def lanes_of(traffic: Traffic, factor: int, seed: int) -> Lanes:
    """All records unread.

    Args:
        traffic: what arrived.
        factor: ParallelizationFactor.
        seed: of chance: when shards are polled.
    """
    part = _parts(traffic.key, factor) if factor > 1 else 0
    lane = traffic.partition * factor + part
    order = np.argsort(lane, kind="stable").astype(np.int64)
    sorted_lanes = lane[order]
    ends = np.flatnonzero(np.diff(sorted_lanes, append=sorted_lanes[-1:] + 1)) + 1
    shards = sorted_lanes[ends - 1] // factor
    count = len(ends)
    return Lanes(
        order,
        ends.astype(np.int64),
        np.array([uniform(seed, int(shard), 0, POLL) for shard in shards]),
        np.concatenate((np.zeros(1, dtype=np.int64), ends.astype(np.int64)))[:count],
        np.full(count, EVER),
        np.zeros(count, dtype=np.int64),
        np.zeros((count, DEEPEST), dtype=np.int64),
        np.zeros((count, DEEPEST), dtype=np.int64),
        np.zeros((count, DEEPEST), dtype=np.int64),
        np.zeros((count, DEEPEST)),
    )


@compiled
def _parts(key: Integers, factor: int) -> Integers:
    """Which part of its shard each key is in. Assumed: AWS does not say which; here a hash decides."""
    parts: Integers = np.empty(len(key), dtype=np.int64)
    for place in range(len(key)):
        parts[place] = int(mixed(np.uint64(key[place] + 1) ^ np.uint64(LANE)) % np.uint64(factor))
    return parts


@inlined
def lay(lanes: Lanes, lane: int, low: int, high: int, tried: int, at_s: float) -> None:
    """Put a part of a batch on top of the others: places, tries so far, when it may be tried."""
    top = lanes.depth[lane]
    lanes.part_from[lane, top], lanes.part_to[lane, top] = low, high
    lanes.part_tried[lane, top], lanes.part_at_s[lane, top] = tried, at_s
    lanes.depth[lane] = top + 1
