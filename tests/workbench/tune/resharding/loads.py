"""Loads made by hand, and their recount in plain Python, which shares nothing with the code under test."""

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np

from workbench.tune.resharding.hash_keys import limbs_of
from workbench.tune.resharding.key_load import KeyLoad

Put = tuple[str, int, int]
"""Partition key, arrival in microseconds, bytes."""


def md5(key: str) -> int:
    return int(hashlib.md5(key.encode()).hexdigest(), 16)


def load_of(puts: Sequence[Put]) -> KeyLoad:
    keys = sorted({key for key, _, _ in puts}, key=md5)
    place = {key: index for index, key in enumerate(keys)}
    return KeyLoad(
        tuple(keys),
        tuple(map(md5, keys)),
        limbs_of([md5(key).to_bytes(16) for key in keys]),
        np.array([place[key] for key, _, _ in puts], dtype=np.int64),
        np.array([arrived_us for _, arrived_us, _ in puts], dtype=np.int64),
        np.array([n_bytes for _, _, n_bytes in puts], dtype=np.int64),
    )


def over(puts: Iterable[Put], starts: Sequence[int]) -> set[tuple[int, int]]:
    """(range, wall-clock second) over a limit."""
    records: Counter[tuple[int, int]] = Counter()
    n_bytes: Counter[tuple[int, int]] = Counter()
    for key, arrived_us, size in puts:
        cell = (bisect_right(starts, md5(key)) - 1, arrived_us // 1_000_000)
        records[cell] += 1
        n_bytes[cell] += size
    return {cell for cell in records if records[cell] > 1_000 or n_bytes[cell] > 1_048_576}


def over_sliding(puts: Sequence[Put], starts: Sequence[int]) -> set[tuple[int, int]]:
    """(range, wall-clock second) in which a second long stretch over a limit ends."""
    found = set()
    for key, end_us, _ in puts:
        owner = bisect_right(starts, md5(key)) - 1
        near = [
            size
            for other, at_us, size in puts
            if end_us - 1_000_000 < at_us <= end_us
            and bisect_right(starts, md5(other)) - 1 == owner
        ]
        if len(near) > 1_000 or sum(near) > 1_048_576:
            found.add((owner, end_us // 1_000_000))
    return found


def hot_keys(puts: Sequence[Put]) -> set[str]:
    return {key for key in {put[0] for put in puts} if over([p for p in puts if p[0] == key], [0])}


def holds(puts: Sequence[Put], starts: Sequence[int]) -> bool:
    """Each hot key has a range of its own, and the rest is never over a limit."""
    hot = hot_keys(puts)
    owners = {key: bisect_right(starts, md5(key)) for key, _, _ in puts}
    alone = all(list(owners.values()).count(owners[key]) == 1 for key in hot)
    return alone and not over([put for put in puts if put[0] not in hot], starts)


def fewest(puts: Sequence[Put]) -> int:
    """The fewest ranges that hold, by trying all."""
    hashes = sorted(md5(key) for key in {put[0] for put in puts})
    return next(
        count + 1
        for count in range(len(hashes))
        if any(holds(puts, (0, *cuts)) for cuts in combinations(hashes[1:], count))
    )
