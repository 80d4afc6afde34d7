"""Sums over arrivals in the order of time, each in one pass: millions of them take a fraction of a second."""

import numpy as np
from numpy.typing import NDArray

from workbench.tune.simulate.compiled import compiled

Integers = NDArray[np.int64]
SECOND_US = 1_000_000


@compiled
def places_of(hashes: NDArray[np.uint64], known: NDArray[np.uint64]) -> Integers:
    """Where in `known` each hash stands; -1 where it is not there."""
    size = 16
    while size < 2 * len(known):
        size *= 2
    mask = np.uint64(size - 1)
    slots = np.full(size, -1, dtype=np.int64)
    for place in range(len(known)):
        at = known[place] & mask
        while slots[at] >= 0:
            at = (at + np.uint64(1)) & mask
        slots[at] = place
    found = np.empty(len(hashes), dtype=np.int64)
    for row in range(len(hashes)):
        at = hashes[row] & mask
        while slots[at] >= 0 and known[slots[at]] != hashes[row]:
            at = (at + np.uint64(1)) & mask
        found[row] = slots[at]
    return found


@compiled
def sums_by_second(
    second: Integers, place: Integers, size: Integers, places: int
) -> tuple[Integers, Integers, Integers, Integers]:
    """Records and bytes of each place in each second: second, place, records, bytes, sorted by the first two.

    Args:
        second: of each arrival, ascending.
        place: of each arrival.
        size: of each arrival.
        places: how many there are.
    """
    rows = len(second)
    seconds, owners = np.empty(rows, dtype=np.int64), np.empty(rows, dtype=np.int64)
    records, sizes = np.empty(rows, dtype=np.int64), np.empty(rows, dtype=np.int64)
    counted, added = np.zeros(places, dtype=np.int64), np.zeros(places, dtype=np.int64)
    seen = np.empty(places, dtype=np.int64)
    cells, row = 0, 0
    while row < rows:
        now, many = second[row], 0
        while row < rows and second[row] == now:
            owner = place[row]
            if counted[owner] == 0:
                seen[many] = owner
                many += 1
            counted[owner] += 1
            added[owner] += size[row]
            row += 1
        for owner in np.sort(seen[:many]):
            seconds[cells], owners[cells] = now, owner
            records[cells], sizes[cells] = counted[owner], added[owner]
            counted[owner], added[owner] = 0, 0
            cells += 1
    return (
        seconds[:cells].copy(),
        owners[:cells].copy(),
        records[:cells].copy(),
        sizes[:cells].copy(),
    )


@compiled
def first_of_runs(
    second: Integers, place: Integers, load: Integers, most: int, places: int
) -> Integers:
    """Of each place, the first of the shortest run that ends with it and holds more than the most in some second.

    Args:
        second: of each cell, ascending.
        place: of each cell, ascending within a second.
        load: of each cell.
        most: that a run may hold in a second.
        places: how many there are.

    Returns:
        A place for each place: -1 where no such run is longer than itself.
    """
    first = np.full(places, -1, dtype=np.int64)
    low, held = 0, 0
    for row in range(len(second)):
        if second[low] != second[row]:
            low, held = row, 0
        held += load[row]
        while held - load[low] > most:
            held -= load[low]
            low += 1
        if held > most and low < row and place[low] > first[place[row]]:
            first[place[row]] = place[low]
    return first


@compiled
def sliding_over(
    shard: Integers,
    arrived_us: Integers,
    size: Integers,
    shards: int,
    most_records: int,
    most_bytes: int,
) -> int:
    """Wall-clock seconds of a shard in which a second long stretch ends that holds more than the most.

    Args:
        shard: of each arrival.
        arrived_us: of each arrival, ascending.
        size: of each arrival.
        shards: how many there are.
        most_records: that a shard takes in a second.
        most_bytes: the same.
    """
    records, sizes = np.zeros(shards, dtype=np.int64), np.zeros(shards, dtype=np.int64)
    counted = np.full(shards, np.iinfo(np.int64).min, dtype=np.int64)
    oldest, found = 0, 0
    for row in range(len(shard)):
        while arrived_us[oldest] <= arrived_us[row] - SECOND_US:
            records[shard[oldest]] -= 1
            sizes[shard[oldest]] -= size[oldest]
            oldest += 1
        own, second = shard[row], arrived_us[row] // SECOND_US
        records[own] += 1
        sizes[own] += size[row]
        if (records[own] > most_records or sizes[own] > most_bytes) and counted[own] != second:
            counted[own] = second
            found += 1
    return found
