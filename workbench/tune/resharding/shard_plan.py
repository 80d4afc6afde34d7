"""How a Kinesis stream should be sharded: what was found, as a document for programs and as frames for charts."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from workbench.errors import UsageError
from workbench.summary import Summary
from workbench.trace.instants import instant_text
from workbench.trace.sources import source_name
from workbench.tune.resharding.aggregation import Aggregation
from workbench.tune.resharding.hash_keys import (
    HASH_KEYS,
    even_shard_numbers,
    even_starts,
    shard_numbers,
)
from workbench.tune.resharding.key_load import KeyLoad, group_starts, sums
from workbench.tune.resharding.lanes import Lanes
from workbench.tune.resharding.layouts import over_limit_sliding
from workbench.tune.resharding.limits import ShardLimits
from workbench.tune.resharding.priced import Prices
from workbench.tune.resharding.readers import Readers
from workbench.tune.resharding.salting import COSTS, salt_names
from workbench.tune.resharding.schedule import Schedule, UpdateShardCount
from workbench.tune.resharding.tally import SECOND_US, Integers, sums_by_second

NAMED_SALTS = 3
"""Salts that are written out."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to cut the hash key space into shards, and what the captured load makes of it."""

    starts: tuple[int, ...]
    """Starting hash keys, ascending from 0."""
    over_limit_shard_seconds: int
    """Wall-clock seconds of a shard with more than it takes."""

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

    def document(self) -> dict[str, Any]:
        """The key as `tune shards --json` prints it, with the first of its salts and what they cost."""
        names = salt_names(self.partition_key, min(self.salt_factor, NAMED_SALTS))
        return {**asdict(self), "salted_as": list(names), "salting_costs": COSTS}


@dataclass(frozen=True, slots=True)
class Salted:
    """The plan once the hot keys are salted, counted again with the salts' own hash keys."""

    planned: Layout
    uniform: Layout | None
    still_hot: tuple[str, ...]
    """Salts that are over a limit alone: then the factor is too small."""

    def document(self) -> dict[str, Any]:
        """As the member `salted` of the plan."""
        return {
            "planned": self.planned.document(),
            "uniform": self.uniform.document() if self.uniform else NO_LAYOUT,
            "still_hot": list(self.still_hot),
        }


@dataclass(frozen=True, slots=True)
class Burst:
    """What room for a burst costs in shards."""

    factor: float
    planned_without: int
    uniform_without: int | None
    planned: int
    uniform: int | None

    def document(self) -> dict[str, Any]:
        """As the member `burst` of the plan."""
        both = self.uniform is not None and self.uniform_without is not None
        return {
            **asdict(self),
            "spare_planned": self.planned - self.planned_without,
            "spare_uniform": self.uniform - self.uniform_without if both else None,  # type: ignore[operator]
        }


NO_LAYOUT: dict[str, Any] = {
    "shards": None,
    "over_limit_shard_seconds": None,
    "starting_hash_keys": None,
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ShardPlan(Summary):
    """What `shards` found; `current` is None where the stream's ranges are not known."""

    source_arn: str
    from_at: datetime
    to_at: datetime
    peak_records_per_second: int
    peak_bytes_per_second: int
    current: Layout | None
    current_shard_ids: tuple[str, ...]
    """In the order of its ranges."""
    uniform: Layout | None
    """None where no even count up to the quota holds."""
    planned: Layout
    operations: tuple[dict[str, str], ...]
    schedule: Schedule | None
    """None where there are no calls to make."""
    update_shard_count: UpdateShardCount | None
    """None where the current shards are not known, or the stream is on demand."""
    hot_keys: tuple[HotKey, ...]
    salted: Salted | None
    """None where no key is hot."""
    burst: Burst
    readers: Readers
    lanes: tuple[Lanes, ...]
    aggregation: Aggregation
    prices: Prices
    limits: ShardLimits
    """Those that the captured load is held against."""
    mode: str
    """PROVISIONED or ON_DEMAND."""
    without_source_at: int
    """Records left out because their arrival is not known."""
    without_partition_key: int
    """Records left out because they have no key."""
    notes: tuple[str, ...]
    """What to mind: too little data, shards that changed meanwhile, records outside their shard."""
    load: KeyLoad = field(repr=False)

    @property
    def layouts(self) -> dict[str, Layout | None]:
        """By name."""
        return {"current": self.current, "uniform": self.uniform, "planned": self.planned}

    def document(self) -> dict[str, Any]:
        """The plan as `tune shards --json` prints it.

        Returns:
            `source_arn`, `from`, `to`, `peak`, the layouts `current` (null: ranges not captured), `uniform` and
            `planned`, `operations`, `hot_keys`, `prices` (by layout, `on_demand` and `advantage`: `per_month` in US
            dollars, `terms`); beside them `schedule`, `update_shard_count`, `salted`, `burst`, `readers`, `lanes`,
            `aggregation`, `sliding` (shard-seconds over the limit when the second may begin anywhere, by layout),
            `left_out` (records that have no place), `mode` and `notes`.
        """
        return {
            "source_arn": self.source_arn,
            "from": instant_text(self.from_at),
            "to": instant_text(self.to_at),
            "peak": {
                "records_per_second": self.peak_records_per_second,
                "bytes_per_second": self.peak_bytes_per_second,
            },
            "current": self.current and self.current.document(),
            "uniform": self.uniform.document() if self.uniform else NO_LAYOUT,
            "planned": self.planned.document(),
            "operations": list(self.operations),
            "hot_keys": [hot.document() for hot in self.hot_keys],
            "prices": self.prices.document(),
            "schedule": self.schedule and self.schedule.document(),
            "update_shard_count": self.update_shard_count and self.update_shard_count.document(),
            "salted": self.salted and self.salted.document(),
            "burst": self.burst.document(),
            "readers": self.readers.document(),
            "lanes": [each.document() for each in self.lanes],
            "aggregation": self.aggregation.document(),
            "sliding": self.sliding(),
            "left_out": {
                "without_source_at": self.without_source_at,
                "without_partition_key": self.without_partition_key,
            },
            "mode": self.mode,
            "notes": list(self.notes),
        }

    def sliding(self) -> dict[str, int | None]:
        """Shard-seconds, by layout, in which a second long stretch ends that is over the limit."""
        return {
            name: None
            if layout is None
            else over_limit_sliding(self.load, layout.starts, self.limits)
            for name, layout in self.layouts.items()
        }

    def to_frame(self) -> pl.DataFrame:
        """The load of the current shards, for a heat map.

        Returns:
            One row a shard and second with traffic, sorted by them: `shard` (id), `second` (start, UTC), `records`,
            `bytes` (data and keys), `share_of_limit` (of the tighter limit; over 1.0 is too much). Where the stream's
            ranges are not known, the shards are those that the records were captured from.
        """
        put = self.load.by_time
        ids, owner = put.shard_ids, put.shard
        if self.current:
            ids = self.current_shard_ids
            owner = shard_numbers(put.hash_keys, self.current.starts)[put.place]
        cells = sums_by_second(put.arrived_us // SECOND_US, owner, put.bytes, len(ids))
        names = pl.Series("shard", ids, dtype=pl.String).gather(cells[1])
        return self._shared(cells).select(names, pl.all()).sort("shard", "second")

    def load_by_hash(self, bins: int = 64) -> pl.DataFrame:
        """The load over the hash key space, whatever the shards.

        Args:
            bins: into how many even parts the space is cut.

        Returns:
            One row a part and second with traffic, sorted by second: `second` (start, UTC), `bin` (from 0),
            `from_hash_key` (where the part begins, decimal text), `records`, `bytes` (data and keys), `share_of_limit`
            (of what one shard takes).

        Raises:
            UsageError: no part at all.
        """
        if bins < 1:
            raise UsageError(f"wanted 1 bin or more, found {bins}")
        cells, limbs = self.load.seconds, self.load.limbs
        owner = even_shard_numbers(limbs, bins).astype(np.int64)[cells.place]
        first = group_starts(cells.second, owner)
        summed = (
            cells.second[first],
            owner[first],
            sums(cells.records, first),
            sums(cells.bytes, first),
        )
        begins = pl.Series("from_hash_key", list(map(str, even_starts(bins)))).gather(summed[1])
        return self._shared(summed).select(
            "second", pl.Series("bin", summed[1]), begins, "records", "bytes", "share_of_limit"
        )

    def cuts(self, layout: str | None = None) -> pl.DataFrame:
        """Where layouts cut the hash key space.

        Args:
            layout: `current`, `uniform` or `planned`; all that there are.

        Returns:
            One row a shard: `layout`, `position` (where it begins, from 0 to 1), `starting_hash_key` (decimal text).

        Raises:
            UsageError: no such layout.
        """
        if layout not in (None, *self.layouts):
            raise UsageError(
                f"wanted a layout, found {layout!r}; there are {', '.join(self.layouts)}"
            )
        rows = [
            (name, start / HASH_KEYS, str(start))
            for name, found in self.layouts.items()
            if found and layout in (None, name)
            for start in found.starts
        ]
        schema = {"layout": pl.String, "position": pl.Float64, "starting_hash_key": pl.String}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def _shared(self, cells: tuple[Integers, Integers, Integers, Integers]) -> pl.DataFrame:
        """Second, records, bytes, and their share of what a shard takes."""
        second, _, records, in_bytes = cells
        seconds = pl.from_epoch(pl.Series("second", second), "s")
        shares = (
            records / self.limits.records_per_second,
            in_bytes / self.limits.bytes_per_second,
        )
        return pl.DataFrame(
            {
                "second": seconds.dt.replace_time_zone("UTC").dt.cast_time_unit("us"),
                "records": records,
                "bytes": in_bytes,
                "share_of_limit": np.maximum(*shares),
            }
        )

    def _facts(self) -> dict[str, Any]:
        """The layouts, and what no layout helps."""
        layouts = {
            f"{name} layout": "none holds"
            if layout is None
            else f"{len(layout.starts):,} shards, {layout.over_limit_shard_seconds:,} shard-seconds over the limit"
            for name, layout in self.layouts.items()
        }
        return {
            "source": source_name(self.source_arn),
            **layouts,
            "mode": self.mode,
            "peak": f"{self.peak_records_per_second:,} records and {self.peak_bytes_per_second:,} bytes a second",
            "calls": len(self.operations),
            "hot keys": [each.partition_key for each in self.hot_keys],
            "notes": self.notes,
        }
