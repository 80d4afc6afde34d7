"""The load of a stream by hash key: what arrived under each key, and when."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl

from workbench.trace import Trace
from workbench.trace.sql import load_statement
from workbench.tune.resharding.hash_keys import Limbs, limbs_of
from workbench.tune.resharding.tally import SECOND_US, Integers, places_of, sums_by_second


def _none() -> Integers:
    return np.zeros(0, dtype=np.int64)


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
    shard_ids: tuple[str, ...] = ()
    """Shards that records were captured from; none where nobody asked."""
    shard: Integers = field(default_factory=_none)
    """Of each arrival, which of these."""

    @cached_property
    def seconds(self) -> "KeySeconds":
        """The load of each key in each wall-clock second."""
        return KeySeconds.of(self)

    @cached_property
    def by_time(self) -> Self:
        """The same arrivals in the order of time."""
        if not len(self.place) or bool((self.arrived_us[1:] >= self.arrived_us[:-1]).all()):
            return self
        return self.rows(np.argsort(self.arrived_us, kind="stable"))

    @cached_property
    def data_bytes(self) -> Integers:
        """Of each arrival, without its key."""
        keys = np.array([len(key.encode()) for key in self.partition_keys], dtype=np.int64)
        return self.bytes - keys[self.place]

    def rows(self, chosen: Integers) -> Self:
        """Only these arrivals, in this order."""
        return replace(
            self,
            place=self.place[chosen],
            arrived_us=self.arrived_us[chosen],
            bytes=self.bytes[chosen],
            shard=self.shard[chosen] if len(self.shard) else self.shard,
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
        put = load.by_time
        return cls(
            *sums_by_second(put.arrived_us // SECOND_US, put.place, put.bytes, len(put.hash_keys))
        )


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
    """The captured arrivals of a stream, each once; records without a key or an arrival are left out.

    An explicit hash key is not in what GetRecords answers: every record stands where its partition key's MD5 puts it.
    Ids and keys are compared by 64-bit hashes: of ten million, two are taken for one with a chance of 3e-6.

    Source: Kinesis API reference, Record (GetRecords).
    """

    def ask(name: str) -> pl.DataFrame:
        statement = load_statement(__package__, name).text
        return trace.sql(statement, source_arn=source_arn, since=since, until=until)

    keys, shards = ask("keys"), ask("captured_shards")
    arrivals = _once(ask("arrivals"))
    digests = keys["hash_key"].to_list()
    return KeyLoad(
        tuple(keys["partition_key"]),
        tuple(map(int.from_bytes, digests)),
        limbs_of(digests),
        places_of(arrivals["key"].to_numpy(), keys["key"].to_numpy()),
        arrivals["arrived_us"].to_numpy(),
        arrivals["bytes"].to_numpy(),
        tuple(shards["shard_id"]),
        places_of(arrivals["shard"].to_numpy(), shards["shard"].to_numpy()),
    )


def _once(arrivals: pl.DataFrame) -> pl.DataFrame:
    """Each record once. Most captures have none twice, and to see that costs a fraction of taking them out."""
    ordered = np.sort(arrivals["record"].to_numpy())
    if bool((ordered[1:] != ordered[:-1]).all()):
        return arrivals
    return arrivals.unique("record", keep="any")
