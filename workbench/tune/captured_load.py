"""The load of one stream, counted from what a trace holds of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from connectors.record import Partition
from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.trace.sql import load_statement
from workbench.tune.load import Load, load_of


@dataclass(frozen=True, slots=True, eq=False)
class CapturedLoad:
    """A load and what it was counted from."""

    load: Load
    keys: tuple[str, ...]
    """Partition keys, in the order of the hash keys."""
    shard_ids: tuple[tuple[str, ...], ...]
    """For each key: the shards that its records were read from."""
    without_instant: int
    """Records left out: in no second."""
    without_key: int
    """Records left out: in no range."""

    def outside_their_shard(self, shards: Sequence[Partition]) -> int:
        """Keys with records from a shard whose range does not hold the key's MD5: an ExplicitHashKey put them there."""
        ranges = {
            shard.partition_id: range(int(shard.starting_hash_key), int(shard.ending_hash_key) + 1)
            for shard in shards
            if shard.starting_hash_key is not None and shard.ending_hash_key is not None
        }
        return sum(
            any(shard_id in ranges and hash_key not in ranges[shard_id] for shard_id in there)
            for hash_key, there in zip(self.load.hashes, self.shard_ids, strict=True)
        )


def captured_load(
    trace: Trace, source_arn: str, since: datetime | None, until: datetime | None
) -> CapturedLoad:
    """The load of a stream between two instants, both included.

    Raises:
        UsageError: not a Kinesis stream, or none of its records has a partition key and an instant.
    """
    asked = {"source_arn": source_arn, "since": since, "until": until}
    counts = trace.sql(load_statement(__package__, "put_counts").text, **asked).row(0, named=True)
    _check(source_name(source_arn), counts)
    keys = trace.sql(load_statement(__package__, "partition_keys").text, **asked)
    puts = trace.sql(load_statement(__package__, "puts").text, **asked)
    key, arrived_us, n_bytes = (
        puts[name].to_numpy().astype(np.int64) for name in ("key_index", "arrived_us", "bytes")
    )
    return CapturedLoad(
        load_of([int(each, 16) for each in keys["hash"]], key, arrived_us, n_bytes),
        tuple(keys["partition_key"]),
        tuple(tuple(each) for each in keys["shard_ids"]),
        counts["without_instant"],
        counts["without_key"],
    )


def _check(source: str, counts: Mapping[str, int]) -> None:
    wanted = "wanted records of a Kinesis stream with partition keys, found "
    if counts["records"] == 0:
        raise UsageError(
            f"{wanted}none of {source} in that span; capture it, or widen --since and --until"
        )
    if counts["kinesis"] == 0:
        raise UsageError(
            f"{wanted}{source}, which has no shards to plan; name a stream as kinesis:NAME"
        )
    if counts["usable"] == 0:
        raise UsageError(
            f"{wanted}none among {counts['records']:,} of {source} that has a partition key and an arrival instant"
            " (AUTO distribution has no keys); shards cannot be planned from them"
        )
