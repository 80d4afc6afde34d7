"""The load of a stream by hash key: what arrived under each key, and when."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from workbench.trace import Trace
from workbench.trace.sql import load_statement
from workbench.tune.resharding.hash_keys import Limbs, limbs_of

SECOND_US = 1_000_000

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class KeyLoad:
    """Arrivals of a stream, one row a record; `place` is the rank of its key among the hash keys.

    No slots, because the views below are computed once, when they are first asked for.
    """

    partition_keys: tuple[str, ...]
    """One a hash key, in the order of the hash keys."""
    hash_keys: tuple[int, ...]
    """Ascending, all different."""
    limbs: Limbs
    """The same, for numpy."""
    place: Integers
    arrived_us: Integers
    """Microseconds since 1970."""
    bytes: Integers
    """Data and UTF-8 key."""

    @cached_property
    def seconds(self) -> "KeySeconds":
        """The load of each key in each wall-clock second."""
        return KeySeconds.of(self)

    @cached_property
    def by_time(self) -> Self:
        """The same arrivals in the order of time."""
        order = np.argsort(self.arrived_us, kind="stable")
        return type(self)(
            self.partition_keys,
            self.hash_keys,
            self.limbs,
            self.place[order],
            self.arrived_us[order],
            self.bytes[order],
        )


@dataclass(frozen=True, slots=True)
class KeySeconds:
    """The load of each key in each second that has traffic: one row a pair, sorted by second, then by place."""

    second: Integers
    """Seconds since 1970."""
    place: Integers
    records: Integers
    bytes: Integers

    @classmethod
    def of(cls, load: KeyLoad) -> Self:
        """Arrivals summed up."""
        second = load.arrived_us // SECOND_US
        order = np.lexsort((load.place, second))
        second, place = second[order], load.place[order]
        first = group_starts(second, place)
        counted = np.diff(np.append(first, len(order)))
        return cls(second[first], place[first], counted, sums(load.bytes[order], first))


def group_starts(*columns: Integers) -> Integers:
    """Where a new combination of the columns' values begins; the columns are sorted together."""
    if not len(columns[0]):
        return np.zeros(0, dtype=np.int64)
    changes = np.zeros(len(columns[0]), dtype=bool)
    changes[0] = True
    for column in columns:
        changes[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changes)


def sums(values: Integers, starts: Integers) -> Integers:
    """The sum of each group of values."""
    if not len(starts):
        return np.zeros(0, dtype=np.int64)
    added: Integers = np.add.reduceat(values, starts)
    return added


def read_key_load(
    trace: Trace, source_arn: str, since: datetime | None, until: datetime | None
) -> KeyLoad:
    """The captured arrivals of a stream; records without a key or an arrival are left out.

    An explicit hash key is not in what GetRecords answers: every record stands where its partition key's MD5 puts it.

    Source: Kinesis API reference, Record (GetRecords).
    """
    frame = trace.sql(
        load_statement(__package__, "key_arrivals").text,
        source_arn=source_arn,
        since=since,
        until=until,
    )
    digests = frame["hash_key"].to_list()
    counts = frame["arrived_us"].list.len().to_numpy()
    return KeyLoad(
        tuple(frame["partition_key"]),
        tuple(int.from_bytes(digest) for digest in digests),
        limbs_of(digests),
        np.repeat(np.arange(len(digests), dtype=np.int64), counts),
        frame["arrived_us"].explode().to_numpy(),
        frame["bytes"].explode().to_numpy(),
    )
