"""Shard layouts against a load: which seconds are over a shard's limits, and which layouts have none.

A run of neighbouring keys that is over a limit in some second must have a shard boundary inside. The shortest such runs
say everything: a layout holds when each of them is cut, so layouts are compared without adding up loads again.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from workbench.tune.resharding.hash_keys import HASH_KEYS, Limbs, even_shard_numbers, shard_numbers
from workbench.tune.resharding.key_load import KeyLoad, KeySeconds, group_starts, sums
from workbench.tune.resharding.limits import DOCUMENTED, ShardLimits
from workbench.tune.resharding.tally import Integers, first_of_runs, sliding_over

_NARROWEST = 512
"""Tried first: an even layout that fails nearly always fails at one of the narrowest runs."""
_FLOAT_DOUBT = 2.0**78
"""More than what two rounded 128-bit numbers can be apart from their true difference."""

Truths = NDArray[np.bool_]


def over_limit(records: Integers, in_bytes: Integers, limits: ShardLimits = DOCUMENTED) -> Truths:
    """Where one shard's load in one second is more than the shard takes."""
    over: Truths = (records > limits.records_per_second) | (in_bytes > limits.bytes_per_second)
    return over


@dataclass(frozen=True, slots=True)
class ShardSeconds:
    """The load of each shard of a layout in each second with traffic, sorted by second, then by shard."""

    second: Integers
    shard: Integers
    """Number of the shard in the layout."""
    records: Integers
    bytes: Integers

    @classmethod
    def of(cls, load: KeyLoad, starts: Sequence[int]) -> Self:
        """The load as shards that begin at `starts` would have carried it."""
        cells = load.seconds
        shard = shard_numbers(load.hash_keys, starts)[cells.place]
        first = group_starts(cells.second, shard)
        return cls(
            cells.second[first], shard[first], sums(cells.records, first), sums(cells.bytes, first)
        )

    def over(self, limits: ShardLimits = DOCUMENTED) -> int:
        """Shard-seconds over a limit."""
        return int(over_limit(self.records, self.bytes, limits).sum())


def over_limit_sliding(
    load: KeyLoad, starts: Sequence[int], limits: ShardLimits = DOCUMENTED
) -> int:
    """Shard-seconds in which some sliding second, one that ends with an arrival in them, is over a limit.

    How the service aligns its second is not documented; what a wall-clock second shows, a sliding one shows too.
    """
    put = load.by_time
    return sliding_over(
        shard_numbers(load.hash_keys, starts)[put.place],
        put.arrived_us,
        put.bytes,
        len(starts),
        limits.records_per_second,
        limits.bytes_per_second,
    )


@dataclass(frozen=True, slots=True)
class Runs:
    """The shortest runs of neighbouring keys that no shard may hold whole, by ascending ends; none holds another."""

    first: Integers
    """Place of the run's first key."""
    last: Integers
    """Place of its last key; always behind the first."""


def hot_places(cells: KeySeconds, limits: ShardLimits = DOCUMENTED) -> Integers:
    """Places of the keys that are over a limit alone in some second, ascending."""
    hot: Integers = np.unique(cells.place[over_limit(cells.records, cells.bytes, limits)])
    return hot


def runs_to_cut(cells: KeySeconds, keys: int, limits: ShardLimits = DOCUMENTED) -> Runs:
    """The runs that a layout must cut: those over a limit, and each hot key with either neighbour.

    Args:
        cells: the load.
        keys: how many keys there are.
        limits: what a shard takes.
    """
    first_of_last = np.maximum(
        first_of_runs(cells.second, cells.place, cells.records, limits.records_per_second, keys),
        first_of_runs(cells.second, cells.place, cells.bytes, limits.bytes_per_second, keys),
    )
    hot = hot_places(cells, limits)
    first_of_last[hot] = hot - 1
    followers = hot[hot + 1 < keys] + 1
    first_of_last[followers] = followers - 1
    shortest = first_of_last > np.concatenate(([-1], np.maximum.accumulate(first_of_last)[:-1]))
    last = np.flatnonzero(shortest)
    return Runs(first_of_last[last], last)


def fewest_ranges(
    runs: Runs, hash_keys: Sequence[int], there: Sequence[int] = ()
) -> tuple[int, ...]:
    """Starting hash keys of the fewest contiguous ranges that cut every run.

    From left to right each range goes as far as it can. A range's load only grows with the range, so nothing is gained
    by cutting earlier. A boundary that is there and parts the same keys as a new one is kept, which saves two calls.

    Args:
        runs: what must be cut.
        hash_keys: of all keys, ascending.
        there: starting hash keys that exist, ascending.
    """
    starts, begin = [0], 0
    for first, last in zip(runs.first.tolist(), runs.last.tolist(), strict=True):
        if first >= begin:
            starts.append(_boundary(hash_keys[last - 1], hash_keys[last], there))
            begin = last
    return tuple(starts)


def _boundary(low: int, high: int, there: Sequence[int]) -> int:
    at = bisect_right(there, low)
    return there[at] if at < len(there) and there[at] <= high else high


def fewest_even(runs: Runs, limbs: Limbs, least: int, most: int) -> int | None:
    """The smallest count of even shards, from `least` to `most`, that cuts every run; None where there is none.

    Each count is tried: one more shard moves every boundary, so a larger count may fail where a smaller one holds.
    """
    first, last = limbs[runs.first], limbs[runs.last]
    width = _as_floats(last) - _as_floats(first)
    order = np.argsort(width)
    first, last, width = first[order], last[order], width[order] - _FLOAT_DOUBT
    for count in range(least, most + 1):
        narrow = int(np.searchsorted(width, HASH_KEYS / count))  # wider runs hold a boundary anyway
        tried = min(narrow, _NARROWEST)
        if _cuts(first[:tried], last[:tried], count) and (
            _cuts(first[tried:narrow], last[tried:narrow], count)
        ):
            return count
    return None


def _cuts(first: Limbs, last: Limbs, count: int) -> bool:
    return bool((even_shard_numbers(first, count) != even_shard_numbers(last, count)).all())


def _as_floats(limbs: Limbs) -> NDArray[np.float64]:
    floats: NDArray[np.float64] = limbs.astype(np.float64) @ np.array(
        [2.0**96, 2.0**64, 2.0**32, 1.0]
    )
    return floats
