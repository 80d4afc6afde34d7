"""The hash key space of a Kinesis stream: where a partition key falls, where even shards begin."""

import hashlib
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

HASH_KEYS = 2**128
"""Hash keys run from 0 to one less than this."""

Limbs = NDArray[np.uint64]
"""Hash keys as rows of four 32-bit numbers, most significant first: numpy has no 128-bit integer."""


def hash_key(partition_key: str) -> int:
    """The hash key of a partition key that was put without an explicit one.

    Example:
        >>> hash_key("a")
        16955237001963240173058271559858726497

    Source: Kinesis API reference, PutRecord: an MD5 hash function maps partition keys to 128-bit integers.
    """
    return int.from_bytes(hashlib.md5(partition_key.encode(), usedforsecurity=False).digest())


def limbs_of(digests: Sequence[bytes]) -> Limbs:
    """Sixteen-byte big-endian hash keys as limbs, shape (keys, 4)."""
    return np.frombuffer(b"".join(digests), dtype=">u4").reshape(-1, 4).astype(np.uint64)


def even_starts(count: int) -> tuple[int, ...]:
    """Starting hash keys of `count` even shards, as CreateStream and UpdateShardCount lay them.

    Example:
        >>> even_starts(2)
        (0, 170141183460469231731687303715884105728)
    """
    return tuple(number * HASH_KEYS // count for number in range(count))


def even_shard_numbers(hash_keys: Limbs, count: int) -> NDArray[np.uint64]:
    """In which of `count` even shards each hash key falls: exactly as `even_starts` lays them, 128 bits wide.

    A key h is in shard ceil((h + 1) * count / 2**128) - 1, because shard i starts at floor(i * 2**128 / count).
    """
    many = np.uint64(count)
    carried = np.full(len(hash_keys), count - 1, dtype=np.uint64)
    for limb in (3, 2, 1, 0):
        carried = (hash_keys[:, limb] * many + carried) >> np.uint64(32)
    return carried


def shard_numbers(hash_keys: Sequence[int], starts: Sequence[int]) -> NDArray[np.int64]:
    """In which of the shards that begin at `starts` each hash key falls; both ascending, the first start is 0."""
    first_keys = np.array([bisect_left(hash_keys, start) for start in starts[1:]], dtype=np.int64)
    return np.searchsorted(first_keys, np.arange(len(hash_keys)), side="right").astype(np.int64)
