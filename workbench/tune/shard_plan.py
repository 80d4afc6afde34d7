"""`tune.shards`: how a stream's shards should be cut, from the partition keys that were captured."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
import polars as pl

from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.trace.instants import instant_text
from workbench.trace.sources import source_in_trace
from workbench.tune.captured_load import CapturedLoad, captured_load
from workbench.tune.layouts import (
    by_shard,
    even_starts,
    fewest_even,
    fewest_starts,
    over_limit_sliding,
    sliding,
)
from workbench.tune.load import BYTES_PER_SECOND, RECORDS_PER_SECOND, Load, regrouped
from workbench.tune.reshard import operations, ordinal_of
from workbench.tune.stream_shards import StreamShards, stream_shards

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to cut the hash key space, and how often the captured load would have been too much for it."""

    starting_hash_keys: tuple[int, ...]
    over_limit_shard_seconds: int
    """Wall-clock seconds, counted once for each shard that was over a limit in it."""
    over_limit_sliding_shard_seconds: int
    """The same when a second may begin anywhere: how the service counts is not documented."""

    def document(self) -> dict[str, Any]:
        """As `tune shards --json` has it."""
        return {
            "shards": len(self.starting_hash_keys),
            "over_limit_shard_seconds": self.over_limit_shard_seconds,
            "over_limit_sliding_shard_seconds": self.over_limit_sliding_shard_seconds,
            "starting_hash_keys": [str(start) for start in self.starting_hash_keys],
        }


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest second of each measure, separately."""

    records_per_second: int
    bytes_per_second: int
    sliding_records_per_second: int
    sliding_bytes_per_second: int


@dataclass(frozen=True, slots=True)
class HotKey:
    """A partition key that no number of shards helps: it exceeds a shard's limit alone."""

    partition_key: str
    records_per_second: int
    bytes_per_second: int
    salt_factor: int
    """Keys to spread it over; order then holds within each of them only."""


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """What the captured load asks of a stream's shards."""

    source_arn: str
    from_at: datetime
    """The first record counted."""
    to_at: datetime
    """The last record counted."""
    peak: Peak
    current: Layout | None
    """The open shards; None where the trace does not know their ranges."""
    uniform: Layout | None
    """The fewest even shards that hold every second; None where no number up to the quota does."""
    planned: Layout
    """The fewest ranges: each hot key alone, all else within the limits in every second."""
    operations: tuple[dict[str, str], ...]
    """From the current ranges to the planned; empty where the current ones are unknown."""
    hot_keys: tuple[HotKey, ...]
    notes: tuple[str, ...]
    """What was left out, and what the plan does not know."""
    _load: Load = field(repr=False, compare=False)
    _shard_ids: tuple[str, ...] = field(repr=False, compare=False)

    def document(self) -> dict[str, Any]:
        """The plan as `tune shards --json` prints it: instants as text, hash keys as decimal strings, null for unknown."""
        unknown = dict.fromkeys(Layout((), 0, 0).document())
        return {
            "source_arn": self.source_arn,
            "from": instant_text(self.from_at),
            "to": instant_text(self.to_at),
            "peak": _fields(self.peak),
            "current": self.current.document() if self.current else None,
            "uniform": self.uniform.document() if self.uniform else unknown,
            "planned": self.planned.document(),
            "operations": [dict(operation) for operation in self.operations],
            "hot_keys": [_fields(hot) for hot in self.hot_keys],
            "prices": None,
            "notes": list(self.notes),
        }

    def to_frame(self) -> pl.DataFrame:
        """The load of each shard of the current layout; of the planned one where the current is unknown.

        Returns:
            One row per shard and wall-clock second that has records, sorted by them: `shard` (its id, or its starting
            hash key where it has none yet), `second` (UTC), `records`, `bytes` (data and keys), `share_of_limit` (the
            larger of the two measures' shares; above 1.0 the service throttles).
        """
        starts = (self.current or self.planned).starting_hash_keys
        load = by_shard(self._load, starts)
        names = pl.Series(self._shard_ids or [str(start) for start in starts], dtype=pl.String)
        frame = pl.DataFrame(
            {
                "shard": names.gather(load.owner),
                "second": load.second * 1_000_000,
                "records": load.records,
                "bytes": load.bytes,
                "share_of_limit": np.maximum(
                    load.records / RECORDS_PER_SECOND, load.bytes / BYTES_PER_SECOND
                ),
            }
        )
        return frame.with_columns(pl.col("second").cast(pl.Datetime("us", "UTC"))).sort(
            "shard", "second"
        )


def shards(
    trace: Trace,
    *,
    source: str,
    since: datetime | None = None,
    until: datetime | None = None,
    headroom: float = 1.25,
) -> ShardPlan:
    """Plan a stream's shards: the even number that holds every second, the fewest ranges, keys that nothing holds.

    Records are counted where the MD5 of their partition key falls. GetRecords does not tell an ExplicitHashKey, so
    those are not available: keys that came from a shard whose range cannot hold them are counted in `notes`.
    Wall-clock seconds decide; sliding ones stand beside. A record captured more than once counts once.

    Args:
        trace: the trace.
        source: the stream: `kinesis:NAME` or its ARN.
        since: only records that arrived at or after it.
        until: only records that arrived at or before it.
        headroom: how much more than its captured peak a salted hot key is to bear, as a factor.

    Raises:
        UsageError: no such stream in the trace, not a Kinesis stream, no records with partition keys and instants in
            that span, or a headroom below 1.

    Example:
        >>> shards(trace, source="kinesis:orders").planned.starting_hash_keys  # doctest: +SKIP

    Source: Kinesis Data Streams quotas; PutRecord, SplitShard, MergeShards.
    """
    if headroom < 1:
        raise UsageError(
            f"wanted a headroom of 1 or more (1.25: a quarter above the peak), found {headroom}"
        )
    source_arn = source_in_trace(trace, source)
    captured = captured_load(trace, source_arn, since, until)
    load, there = captured.load, stream_shards(trace, source_arn)
    from_at, to_at = _instant(load.arrived_us[0]), _instant(load.arrived_us[-1])
    current = [int(shard.starting_hash_key or 0) for shard in there.open]
    planned = fewest_starts(load, current)
    even = fewest_even(load, at_least=len(planned))
    return ShardPlan(
        source_arn=source_arn,
        from_at=from_at,
        to_at=to_at,
        peak=_peak(load),
        current=_layout(load, current) if current else None,
        uniform=_layout(load, even_starts(even)) if even else None,
        planned=_layout(load, planned),
        operations=tuple(_operations(source_arn, there, captured, planned)),
        hot_keys=tuple(_hot_keys(captured, headroom)),
        notes=tuple(_notes(captured, there, _holes(trace, source_arn, from_at, to_at))),
        _load=load,
        _shard_ids=tuple(shard.partition_id for shard in there.open),
    )


def _layout(load: Load, starts: Sequence[int]) -> Layout:
    over_limit = int(by_shard(load, starts).over_limit.sum())
    return Layout(tuple(starts), over_limit, over_limit_sliding(load, starts))


def _peak(load: Load) -> Peak:
    """Of the whole stream."""
    wall = regrouped(load.by_key, np.zeros(len(load.hashes), dtype=np.int64))
    records, n_bytes = sliding(np.zeros_like(load.key), load.arrived_us, load.bytes)
    highest = (wall.records, wall.bytes, records, n_bytes)
    return Peak(*(int(measure.max()) for measure in highest))


def _hot_keys(captured: CapturedLoad, headroom: float) -> list[HotKey]:
    by_key = captured.load.by_key
    hot = []
    for key in captured.load.hot:
        seconds = by_key.owner == key
        records, n_bytes = int(by_key.records[seconds].max()), int(by_key.bytes[seconds].max())
        share = max(Fraction(records, RECORDS_PER_SECOND), Fraction(n_bytes, BYTES_PER_SECOND))
        # A float product can end just above a whole number and cost one salt more.
        salt_factor = ceil(share * Fraction(str(headroom)))
        hot.append(HotKey(captured.keys[key], records, n_bytes, salt_factor))
    return hot


def _operations(
    source_arn: str, there: StreamShards, captured: CapturedLoad, planned: Sequence[int]
) -> list[dict[str, str]]:
    if not there.open:
        return []
    known = {shard.partition_id for shard in there.listed}.union(*captured.shard_ids)
    return operations(
        source_arn,
        [(shard.partition_id, int(shard.starting_hash_key or 0)) for shard in there.open],
        planned,
        max(map(ordinal_of, known)) + 1,
    )


def _holes(trace: Trace, source_arn: str, from_at: datetime, to_at: datetime) -> int:
    coverage = trace.coverage().filter(
        (pl.col("source_arn") == source_arn)
        & (pl.col("state") == "hole")
        & (pl.col("from_at") <= to_at)
        & (pl.col("to_at") >= from_at)
    )
    return len(coverage)


def _notes(captured: CapturedLoad, there: StreamShards, holes: int) -> list[str]:
    outside = captured.outside_their_shard(there.listed)
    said = {
        f"{captured.without_instant:,} records without an arrival instant not counted": captured.without_instant,
        f"{captured.without_key:,} records without a partition key not counted": captured.without_key,
        f"{holes:,} spans were not read: the load in them is unknown": holes,
        f"{outside:,} partition keys came from a shard whose range does not hold their MD5: their producer sets an"
        " ExplicitHashKey, which the plan cannot know": outside,
        "no operations: the trace does not hold the ranges of the open shards": not there.open,
        "the stream is on demand: AWS refuses these operations until it is provisioned": there.on_demand,
    }
    return [sentence for sentence, holds in said.items() if holds]


def _fields(row: Peak | HotKey) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


def _instant(since_1970_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=int(since_1970_us))
