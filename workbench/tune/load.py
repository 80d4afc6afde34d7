"""The load of a stream: which key brought how much in which second, in the order of the hash keys; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

RECORDS_PER_SECOND = 1_000
"""What one shard takes. Source: Kinesis Data Streams quotas, PutRecord."""
BYTES_PER_SECOND = 1_048_576
"""What one shard takes, data and partition keys. Source: Kinesis Data Streams quotas, PutRecord."""
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Records and bytes of one owner (a key, a shard, the stream) in one wall-clock second, a row each."""

    owner: Integers
    second: Integers
    """Since 1970; rows are sorted by second, then owner."""
    records: Integers
    bytes: Integers

    @property
    def over_limit(self) -> NDArray[np.bool_]:
        """Where the owner brought more than one shard takes."""
        return (self.records > RECORDS_PER_SECOND) | (self.bytes > BYTES_PER_SECOND)


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """What was put, key by key; keys are named by their place in the order of the hash keys."""

    hashes: tuple[int, ...]
    """Hash key of each partition key, ascending."""
    key: Integers
    """Of each record, in the order of arrival: its key's place."""
    arrived_us: Integers
    """Of each record: microseconds since 1970."""
    bytes: Integers
    """Of each record: data and key."""
    by_key: Sums
    """Keys' seconds."""
    reach: Integers
    """For each key: the first key after it that a shard beginning here cannot hold as well; itself when it is hot."""

    @property
    def hot(self) -> Integers:
        """The keys that exceed a shard's limit alone."""
        return np.flatnonzero(self.reach == np.arange(len(self.reach)))


def load_of(hashes: Sequence[int], key: Integers, arrived_us: Integers, n_bytes: Integers) -> Load:
    """The load that these records make; their order does not matter.

    Args:
        hashes: the keys' hash keys, ascending, all different.
        key: of each record, the index of its key in `hashes`.
        arrived_us: of each record, microseconds since 1970.
        n_bytes: of each record, data and key.
    """
    order = np.argsort(arrived_us, kind="stable")
    key, arrived_us, n_bytes = key[order], arrived_us[order], n_bytes[order]
    by_key = sums(key, arrived_us, n_bytes)
    return Load(tuple(hashes), key, arrived_us, n_bytes, by_key, _reach(by_key, len(hashes)))


def sums(owner: Integers, arrived_us: Integers, n_bytes: Integers) -> Sums:
    """Records and bytes per owner and wall-clock second."""
    second = arrived_us // SECOND_US
    order = np.lexsort((owner, second))
    return _gathered(owner[order], second[order], np.ones_like(order), n_bytes[order])


def regrouped(by_key: Sums, owner_of_key: Integers) -> Sums:
    """The same load by the keys' owners; owners must stand in the keys' order."""
    return _gathered(owner_of_key[by_key.owner], by_key.second, by_key.records, by_key.bytes)


def _gathered(owner: Integers, second: Integers, records: Integers, n_bytes: Integers) -> Sums:
    """Neighbouring rows of one owner and second made one."""
    changes = (np.diff(owner) != 0) | (np.diff(second) != 0)
    first: Any = np.flatnonzero(np.concatenate([[True], changes]))
    totals = np.add.reduceat(records, first), np.add.reduceat(n_bytes, first)
    return Sums(owner[first], second[first], *totals)


def _reach(by_key: Sums, keys: int) -> Integers:
    """Running sums within each second say where a range that begins at a key becomes too much for one shard.

    Load only grows with the range, so the nearest such place over all seconds is the key's reach.
    """
    reach = np.full(keys, keys, dtype=np.int64)
    end = np.searchsorted(by_key.second, by_key.second, side="right")
    for measure, limit in ((by_key.records, RECORDS_PER_SECOND), (by_key.bytes, BYTES_PER_SECOND)):
        total = np.concatenate([[0], np.cumsum(measure)])
        crowding = np.searchsorted(total, total[:-1] + limit, side="right") - 1
        within = crowding < end
        np.minimum.at(reach, by_key.owner[within], by_key.owner[crowding[within]])
    return np.minimum.accumulate(reach[::-1])[::-1]
