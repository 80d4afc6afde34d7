"""Layouts of a stream's hash key space: even ones, the fewest ranges, and how often each is over the limit; pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np

from workbench.tune.load import (
    BYTES_PER_SECOND,
    RECORDS_PER_SECOND,
    SECOND_US,
    Integers,
    Load,
    Sums,
    regrouped,
)

HASH_KEYS = 1 << 128
"""Hash keys are 0 … 2^128-1. Source: Kinesis API reference, HashKeyRange."""
SHARD_QUOTA = 20_000
"""Shards of an account in the Regions that have most (us-east-1). Source: Kinesis Data Streams quotas."""


def even_starts(shards: int) -> tuple[int, ...]:
    """Where the ranges of so many even shards begin.

    Example:
        >>> even_starts(2)
        (0, 170141183460469231731687303715884105728)
    """
    return tuple(index * HASH_KEYS // shards for index in range(shards))


def fewest_even(load: Load, at_least: int, at_most: int = SHARD_QUOTA) -> int | None:
    """The smallest number of even shards that holds every second; None where none up to `at_most` does.

    A larger number may hold less than a smaller one, because a moved boundary can bring two busy keys together: so all
    are tried. A number that fails leaves a proof, two hash keys that no shard may hold both, which most of the next
    ones fail at once.
    """
    proofs: list[tuple[int, int]] = []
    for shards in range(at_least, at_most + 1):
        if all(_parts(shards, *proof) for proof in reversed(proofs)):
            proof = _too_much(load, even_starts(shards))
            if proof is None:
                return shards
            proofs.append(proof)
    return None


def fewest_starts(load: Load, kept: Sequence[int] = ()) -> tuple[int, ...]:
    """Where the ranges of the fewest shards begin: each hot key alone, all others within the limits in every second.

    Cutting from the left as late as possible is optimal, because the load of a range only grows with it.

    Args:
        load: what was put.
        kept: boundaries that exist; one that does as well as a new one is kept.
    """
    first, starts = 0, [0]
    while (first := max(int(load.reach[first]), first + 1)) < len(load.reach):
        starts.append(_boundary(load, first, sorted(kept)))
    return tuple(starts)


def owners(load: Load, starts: Sequence[int]) -> Integers:
    """For each key, the index of the range that it falls in."""
    firsts = [bisect_left(load.hashes, start) for start in starts[1:]]
    return np.searchsorted(firsts, np.arange(len(load.hashes)), side="right")


def by_shard(load: Load, starts: Sequence[int]) -> Sums:
    """The load of each range, wall-clock second by wall-clock second; `owner` is the range's index."""
    return regrouped(load.by_key, owners(load, starts))


def over_limit_sliding(load: Load, starts: Sequence[int]) -> int:
    """Shard-seconds in which some stretch of one second that ends there is over the limit; wall-clock ones among them.

    How the service counts a second is not documented: a producer may see throttling between the two numbers.
    """
    shard = owners(load, starts)[load.key]
    order = np.argsort(shard, kind="stable")
    shard, arrived_us = shard[order], load.arrived_us[order]
    records, n_bytes = sliding(shard, arrived_us, load.bytes[order])
    over = (records > RECORDS_PER_SECOND) | (n_bytes > BYTES_PER_SECOND)
    seconds = np.stack([shard[over], arrived_us[over] // SECOND_US])
    return int(np.unique(seconds, axis=1).shape[1])


def sliding(
    owner: Integers, arrived_us: Integers, n_bytes: Integers
) -> tuple[Integers, Integers]:
    """For each record: records and bytes that its owner had in the second that ends with it.

    Args:
        owner: of each record, ascending.
        arrived_us: ascending within an owner.
        n_bytes: of each record.
    """
    span = int(arrived_us.max() - arrived_us.min()) + SECOND_US
    instant = owner * span + (arrived_us - arrived_us.min())
    last = np.searchsorted(instant, instant, side="right")
    first = np.maximum(
        np.searchsorted(instant, instant - SECOND_US, side="right"),
        np.searchsorted(owner, owner, side="left"),
    )
    total = np.concatenate([[0], np.cumsum(n_bytes)])
    return last - first, total[last] - total[first]


def _parts(shards: int, low: int, high: int) -> bool:
    """Whether one of so many even shards begins behind `low`, up to `high`."""
    return _begun(shards, high) > _begun(shards, low)


def _begun(shards: int, hash_key: int) -> int:
    """How many of so many even shards begin at or before the hash key."""
    return ((hash_key + 1) * shards + HASH_KEYS - 1) // HASH_KEYS


def _too_much(load: Load, starts: Sequence[int]) -> tuple[int, int] | None:
    """Two hash keys, as near as can be, that are in one range although all between them is over the limit."""
    firsts = np.array([bisect_left(load.hashes, start) for start in starts])
    ends = np.append(firsts[1:], len(load.hashes))
    filled = firsts < ends
    over = load.reach[firsts[filled]] < ends[filled]
    if not over.any():
        return None
    last = int(load.reach[firsts[filled][over][0]])
    nearest = int(np.searchsorted(load.reach, last, side="right")) - 1
    return load.hashes[min(nearest, last)], load.hashes[last]


def _boundary(load: Load, first: int, kept: list[int]) -> int:
    """Where a range begins whose first key is `first`: at a boundary that exists, else close to a hot key, else midway.

    A range of a hot key is at least three hash keys wide: AWS refuses to split off a single one.
    """
    low, high = load.hashes[first - 1], load.hashes[first]
    at = bisect_right(kept, low)
    if at < len(kept) and kept[at] <= high:
        return kept[at]
    if load.reach[first] == first:
        return max(high - 1, low + 1)
    if load.reach[first - 1] == first - 1:
        return min(low + 2, high)
    return (low + high + 1) // 2
