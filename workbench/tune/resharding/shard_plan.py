"""How a Kinesis stream should be sharded, from the partition keys that were captured."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
import polars as pl

from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.trace.instants import instant_text
from workbench.trace.sources import source_in_trace, source_name
from workbench.trace.sql import load_statement
from workbench.tune.resharding.hash_keys import even_starts
from workbench.tune.resharding.key_load import KeyLoad, group_starts, read_key_load, sums
from workbench.tune.resharding.layouts import (
    BYTES_PER_SECOND,
    RECORDS_PER_SECOND,
    SHARD_QUOTA,
    ShardSeconds,
    fewest_even,
    fewest_ranges,
    hot_places,
    over_limit_sliding,
    runs_to_cut,
)
from workbench.tune.resharding.reshard import OpenShards, open_shards, operations


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to cut the hash key space into shards, and what the captured load makes of it."""

    starts: tuple[int, ...]
    """Starting hash keys, ascending from 0."""
    over_limit_shard_seconds: int
    """Wall-clock seconds of a shard with more than it takes."""
    over_limit_sliding_seconds: int
    """The same, of any second long stretch that ends in them."""

    def document(self) -> dict[str, Any]:
        """The layout as `tune shards --json` prints it; hash keys are decimal text, as AWS writes them."""
        return {
            "shards": len(self.starts),
            "over_limit_shard_seconds": self.over_limit_shard_seconds,
            "starting_hash_keys": [str(start) for start in self.starts],
        }


@dataclass(frozen=True, slots=True)
class HotKey:
    """A partition key that is over a shard's limit alone: no shard count holds it."""

    partition_key: str
    records_per_second: int
    """Its highest second."""
    bytes_per_second: int
    """Its highest second of bytes, maybe another one."""
    salt_factor: int
    """Over so many keys it would have to be spread; order is then kept within each of them only."""


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """What `shards` found; `current` is None where the stream's ranges are not known."""

    source_arn: str
    from_at: datetime
    to_at: datetime
    peak_records_per_second: int
    peak_bytes_per_second: int
    current: Layout | None
    uniform: Layout | None
    """None where no even count up to the quota holds."""
    planned: Layout
    operations: tuple[dict[str, str], ...]
    hot_keys: tuple[HotKey, ...]
    without_source_at: int
    """Records left out because their arrival is not known."""
    without_partition_key: int
    """Records left out because they have no key."""
    load: pl.DataFrame
    """See `to_frame`."""

    def document(self) -> dict[str, Any]:
        """The plan as `tune shards --json` prints it.

        Returns:
            `source_arn`, `from`, `to`, `peak`, the layouts `current` (null: ranges not captured), `uniform` and
            `planned`, `operations`, `hot_keys`, `prices` (null: not known); beside them `sliding` (shard-seconds over
            the limit when the second may begin anywhere, by layout) and `left_out` (records that have no place).
        """
        layouts = {"current": self.current, "uniform": self.uniform, "planned": self.planned}
        return {
            "source_arn": self.source_arn,
            "from": instant_text(self.from_at),
            "to": instant_text(self.to_at),
            "peak": {
                "records_per_second": self.peak_records_per_second,
                "bytes_per_second": self.peak_bytes_per_second,
            },
            "current": self.current and self.current.document(),
            "uniform": self.uniform.document() if self.uniform else _NO_LAYOUT,
            "planned": self.planned.document(),
            "operations": list(self.operations),
            "hot_keys": [asdict(hot) for hot in self.hot_keys],
            "prices": None,
            "sliding": {
                name: layout and layout.over_limit_sliding_seconds
                for name, layout in layouts.items()
            },
            "left_out": {
                "without_source_at": self.without_source_at,
                "without_partition_key": self.without_partition_key,
            },
        }

    def to_frame(self) -> pl.DataFrame:
        """The load of the current shards, for a heat map.

        Returns:
            One row a shard and second with traffic, sorted by them: `shard` (id), `second` (start, UTC), `records`,
            `bytes` (data and keys), `share_of_limit` (of the tighter limit; over 1.0 is too much). Where the stream's
            ranges are not known, the shards are those that the records were captured from.
        """
        return self.load


_NO_LAYOUT = {"shards": None, "over_limit_shard_seconds": None, "starting_hash_keys": None}


def shards(
    trace: Trace,
    source: str,
    since: datetime | None = None,
    until: datetime | None = None,
    headroom: float = 1.25,
) -> ShardPlan:
    """Plan the shards of a Kinesis stream so that no captured second is over a shard's limits.

    A key's place is the MD5 of its partition key. An explicit hash key is not in what GetRecords answers: a producer's
    own placing is not seen. Wall-clock seconds decide; how the service aligns its second is not documented.

    Args:
        trace: an open trace.
        source: the stream, by ARN or as in a capture (`kinesis:orders`).
        since: only arrivals from then on.
        until: only arrivals up to then.
        headroom: how much room a salted hot key is given.

    Returns:
        The plan: three layouts (`current`, fewest even shards, fewest ranges), the calls that lead to the last, and the
        keys that no count fixes; each of these gets a range of its own.

    Raises:
        UsageError: no such source, not a Kinesis stream, or nothing captured that has a partition key and an arrival.

    Example:
        >>> shards(trace, source="kinesis:orders").document()["planned"]["shards"]  # doctest: +SKIP
        3

    Source: Kinesis API reference, PutRecord (hash keys), SplitShard, MergeShards; Kinesis Data Streams quotas.
    """
    source_arn = source_in_trace(trace, source)
    if source_arn.split(":")[2:3] != ["kinesis"]:
        raise UsageError(
            f"wanted a Kinesis stream, found {source_name(source_arn)}, which has no shards to set; name kinesis:NAME"
        )
    load = read_key_load(trace, source_arn, since, until)
    left_out = trace.sql(
        load_statement(__package__, "not_planned").text,
        source_arn=source_arn,
        since=since,
        until=until,
    )
    if not len(load.place):
        raise UsageError(_nothing_to_plan(source_arn, left_out.row(0, named=True)))
    runs = runs_to_cut(load.seconds, len(load.hash_keys))
    there = open_shards(_range_documents(trace, source_arn))
    ranges = fewest_ranges(runs, load.hash_keys, there.starts if there else ())
    hot = hot_places(load.seconds)
    even = None if len(hot) else fewest_even(runs, load.limbs, len(ranges), SHARD_QUOTA)
    records, in_bytes = _peaks(load)
    return ShardPlan(
        source_arn=source_arn,
        from_at=_instant(int(load.arrived_us.min())),
        to_at=_instant(int(load.arrived_us.max())),
        peak_records_per_second=records,
        peak_bytes_per_second=in_bytes,
        current=_layout(load, there.starts) if there else None,
        uniform=_layout(load, even_starts(even)) if even else None,
        planned=_layout(load, ranges),
        operations=operations(source_arn, there, ranges) if there else (),
        hot_keys=tuple(_hot_key(load, place, Fraction(str(headroom))) for place in hot.tolist()),
        **left_out.row(0, named=True),
        load=_with_share(
            _current_load(load, there) if there else _captured_load(trace, source_arn, since, until)
        ),
    )


def _nothing_to_plan(source_arn: str, left_out: dict[str, int]) -> str:
    found = "none"
    if left_out["without_partition_key"]:
        found = f"{left_out['without_partition_key']} without a partition key"
    elif left_out["without_source_at"]:
        found = f"{left_out['without_source_at']} without an arrival"
    return (
        f"wanted captured records of a Kinesis stream, with partition keys, found {found} in {source_arn}; "
        "name a stream and a time with traffic"
    )


def _range_documents(trace: Trace, source_arn: str) -> list[str]:
    """Snapshots that tell the stream's shards, the newest first."""
    found = trace.sql(
        "select document from resources where source_arn = $arn and kind in ('list-shards', 'describe-stream')"
        " order by observed_at desc",
        arn=source_arn,
    )
    return found["document"].to_list()


def _layout(load: KeyLoad, starts: Sequence[int]) -> Layout:
    seconds = ShardSeconds.of(load, starts)
    return Layout(tuple(starts), seconds.over, over_limit_sliding(load, starts))


def _peaks(load: KeyLoad) -> tuple[int, int]:
    cells = load.seconds
    first = group_starts(cells.second)
    return int(sums(cells.records, first).max()), int(sums(cells.bytes, first).max())


def _hot_key(load: KeyLoad, place: int, headroom: Fraction) -> HotKey:
    own = load.seconds.place == place
    records = int(load.seconds.records[own].max())
    in_bytes = int(load.seconds.bytes[own].max())
    times = max(Fraction(records, RECORDS_PER_SECOND), Fraction(in_bytes, BYTES_PER_SECOND))
    return HotKey(load.partition_keys[place], records, in_bytes, ceil(times * headroom))


def _current_load(load: KeyLoad, there: OpenShards) -> pl.DataFrame:
    seconds = ShardSeconds.of(load, there.starts)
    return pl.DataFrame(
        {
            "shard": np.array(there.shard_ids, dtype=object)[seconds.shard].tolist(),
            "second": pl.from_epoch(pl.Series(seconds.second), "s").dt.replace_time_zone("UTC"),
            "records": seconds.records,
            "bytes": seconds.bytes,
        }
    ).sort("shard", "second")


def _captured_load(
    trace: Trace, source_arn: str, since: datetime | None, until: datetime | None
) -> pl.DataFrame:
    statement = load_statement(__package__, "shard_seconds")
    return trace.sql(statement.text, source_arn=source_arn, since=since, until=until)


def _with_share(frame: pl.DataFrame) -> pl.DataFrame:
    shares = (pl.col("records") / RECORDS_PER_SECOND, pl.col("bytes") / BYTES_PER_SECOND)
    return frame.with_columns(
        pl.col("second").dt.cast_time_unit("us"), share_of_limit=pl.max_horizontal(*shares)
    )


def _instant(us: int) -> datetime:
    return datetime.fromtimestamp(us // 1_000_000, UTC).replace(microsecond=us % 1_000_000)
