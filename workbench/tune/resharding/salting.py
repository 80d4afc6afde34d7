"""Hot keys spread over several: the load as it would be, to be counted again, and what it costs."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from workbench.tune.resharding.hash_keys import hash_key, limbs_of
from workbench.tune.resharding.key_load import KeyLoad

COSTS = (
    "order is kept only among records of the same salt; whoever needs a key's records together gathers them"
    " from all its salts, over several shards; the producer must choose the salt anew for each record"
)
"""What salting costs, whatever the key."""


def salt_names(partition_key: str, factor: int) -> tuple[str, ...]:
    """Partition keys in place of a hot one.

    Example:
        >>> salt_names("order-1", 2)
        ('order-1#0', 'order-1#1')
    """
    return tuple(f"{partition_key}#{number}" for number in range(factor))


def salted(load: KeyLoad, factors: Mapping[str, int]) -> KeyLoad:
    """The load, had the producer put each record of a hot key under the next of its salts in turn.

    Args:
        load: what arrived.
        factors: how many salts each hot key gets.
    """
    put = load.by_time
    names = [key for key in put.partition_keys if key not in factors]
    names += [name for key, factor in factors.items() for name in salt_names(key, factor)]
    hashes = {name: hash_key(name) for name in names}
    names.sort(key=hashes.__getitem__)
    places = {name: place for place, name in enumerate(names)}
    moved = np.array([places.get(key, -1) for key in put.partition_keys], dtype=np.int64)
    place, size = moved[put.place], put.bytes.copy()
    for key, factor in factors.items():
        own = np.flatnonzero(put.place == put.partition_keys.index(key))
        salts = np.arange(len(own)) % factor
        made = salt_names(key, factor)
        place[own] = np.array([places[name] for name in made])[salts]
        longer = np.array([len(name.encode()) for name in made]) - len(key.encode())
        size[own] += longer[salts]
    return replace(
        put,
        partition_keys=tuple(names),
        hash_keys=tuple(hashes[name] for name in names),
        limbs=limbs_of([hashes[name].to_bytes(16) for name in names]),
        place=place,
        bytes=size,
    )
