"""`tune.shards`: from the captured partition keys of a stream to its shards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np

from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.trace.sources import source_in_trace, source_name
from workbench.tune.cost.settings import Stream, read_settings
from workbench.tune.cost.terms import Rates
from workbench.tune.dated import DEFAULT_REGION, DatedTable
from workbench.tune.prices import prices
from workbench.tune.quotas import quotas
from workbench.tune.resharding.aggregation import aggregation
from workbench.tune.resharding.captured import (
    Consumers,
    captured_span_s,
    nothing_to_plan,
    range_documents,
    read_consumers,
    read_left_out,
    said_of,
)
from workbench.tune.resharding.hash_keys import even_starts
from workbench.tune.resharding.key_load import KeyLoad, group_starts, read_key_load, sums
from workbench.tune.resharding.lanes import lanes
from workbench.tune.resharding.layouts import (
    ShardSeconds,
    fewest_even,
    fewest_ranges,
    hot_places,
    runs_to_cut,
)
from workbench.tune.resharding.limits import ShardLimits, shard_limits
from workbench.tune.resharding.priced import Carried, Prices, priced
from workbench.tune.resharding.readers import Readers
from workbench.tune.resharding.reshard import OpenShards, open_shards, operations
from workbench.tune.resharding.salting import salted
from workbench.tune.resharding.schedule import CALL_S, schedule, update_shard_count
from workbench.tune.resharding.shard_plan import Burst, HotKey, Layout, Salted, ShardPlan

MINUTE = 60


@dataclass(frozen=True, slots=True)
class _Cut:
    """The fewest ranges and the fewest even shards that hold a load."""

    ranges: tuple[int, ...]
    even: int | None
    hot: tuple[int, ...]
    """Places of keys that are over a limit alone."""


def shards(
    trace: Trace,
    source: str,
    since: datetime | None = None,
    until: datetime | None = None,
    headroom: float = 1.25,
    *,
    burst: float = 1.0,
    readers: int | None = None,
    call_s: float = CALL_S,
    at: date | None = None,
    own_prices: Path | None = None,
    own_quotas: Path | None = None,
) -> ShardPlan:
    """Plan the shards of a Kinesis stream so that no captured second is over a shard's limits.

    A key's place is the MD5 of its partition key. An explicit hash key is not in what GetRecords answers: a producer's
    own placing is not seen. Wall-clock seconds decide; how the service aligns its second is not documented. What was
    over a limit is judged by the quotas of the captured day, what is recommended by those of `at`.

    Args:
        trace: an open trace.
        source: the stream, by ARN or as in a capture (`kinesis:orders`).
        since: only arrivals from then on.
        until: only arrivals up to then.
        headroom: how much room a salted hot key is given.
        burst: plan for so many times the captured load.
        readers: how many share the read throughput; None: the captured mappings, or one.
        call_s: assumed: seconds until a stream is ACTIVE again after a SplitShard or MergeShards.
        at: the day whose quotas and prices hold for what is recommended; today.
        own_prices: CSV that takes the place of prices, see `prices`.
        own_quotas: CSV that takes the place of quotas, see `quotas`.

    Returns:
        The plan: three layouts (`current`, fewest even shards, fewest ranges), the calls that lead to the last, and the
        keys that no count fixes; each of these gets a range of its own. With it what each costs, how long the calls
        take, what readers and consumers need, and what salting and packing would change.

    Raises:
        UsageError: no such source, not a Kinesis stream, nothing captured that has a partition key and an arrival, or a
            setting that cannot be.

    Example:
        >>> shards(trace, source="kinesis:orders").document()["planned"]["shards"]  # doctest: +SKIP
        3

    Source: Kinesis API reference, PutRecord (hash keys), SplitShard, MergeShards; Kinesis Data Streams quotas.
    """
    source_arn = _stream_arn(trace, source)
    _refuse(headroom, burst, readers, call_s)
    day, region = at or datetime.now(UTC).date(), source_arn.split(":")[3] or DEFAULT_REGION
    allowed, rates = quotas(own_quotas), Rates(prices(own_prices), day, region)
    stream = read_settings(trace).streams.get(source_arn, Stream())
    left_out = read_left_out(trace, source_arn, since, until)
    load = read_key_load(trace, source_arn, since, until).by_time
    if not len(load.place):
        raise UsageError(nothing_to_plan(source_arn, left_out, stream, rates, allowed))
    limits = shard_limits(allowed, day, region)
    from_at, to_at = (_instant(int(load.arrived_us[n])) for n in (0, -1))
    held = shard_limits(allowed, to_at.date(), region)
    there = open_shards(range_documents(trace, source_arn))
    cut = _cut(load, limits.for_burst(burst), there)
    plain = cut if burst == 1 else _cut(load, limits, there)
    planned = _layout(load, cut.ranges, held)
    calls = _calls(source_arn, there, cut.ranges, stream)
    hot = tuple(_hot_key(load, place, limits, headroom * burst) for place in cut.hot)
    consumers = read_consumers(trace, source_arn)
    span_s = captured_span_s(trace, source_arn, from_at, to_at, since, until)
    reading = _readers(load, consumers, readers, limits, planned)
    records, in_bytes = _peaks(load)
    return ShardPlan(
        source_arn=source_arn,
        from_at=from_at,
        to_at=to_at,
        peak_records_per_second=records,
        peak_bytes_per_second=in_bytes,
        current=_layout(load, there.starts, held) if there else None,
        current_shard_ids=there.shard_ids if there else (),
        uniform=_layout(load, even_starts(cut.even), held) if cut.even else None,
        planned=planned,
        operations=calls,
        schedule=schedule(calls, len(there.starts), call_s) if there and calls else None,
        update_shard_count=update_shard_count(len(there.starts), cut.even, cut.ranges, limits)
        if there and stream.mode != "ON_DEMAND"
        else None,
        hot_keys=hot,
        salted=_salted(load, hot, limits.for_burst(burst), held) if hot else None,
        burst=Burst(burst, len(plain.ranges), plain.even, len(cut.ranges), cut.even),
        readers=reading,
        lanes=tuple(
            lanes(mapping, _busiest_minute(load), consumers.work.get(mapping["log_group"]))
            for mapping in consumers.mappings
        ),
        aggregation=aggregation(
            load,
            cut.ranges,
            len(_cut(load, limits.for_burst(burst).by_bytes(), there, even=False).ranges),
            fan_out=consumers.fan_out > 0,
            parallelization_factor=consumers.parallelization_factor,
        ),
        prices=_prices(load, span_s, cut, there, stream, reading, rates, allowed),
        limits=held,
        mode=stream.mode,
        without_source_at=left_out["without_source_at"],
        without_partition_key=left_out["without_partition_key"],
        notes=said_of(load, there, stream, span_s, left_out),
        load=load,
    )


def _stream_arn(trace: Trace, source: str) -> str:
    source_arn = source_in_trace(trace, source)
    if source_arn.split(":")[2:3] != ["kinesis"]:
        raise UsageError(
            f"wanted a Kinesis stream, found {source_name(source_arn)}, which has no shards to set; name kinesis:NAME"
        )
    return source_arn


def _refuse(headroom: float, burst: float, readers: int | None, call_s: float) -> None:
    for name, value, least in (
        ("headroom", headroom, 1),
        ("burst", burst, 1),
        ("call_s", call_s, 0),
    ):
        if not least <= value < float("inf"):
            raise UsageError(f"wanted {name} of {least} or more, found {value:g}")
    if readers is not None and readers < 0:
        raise UsageError(f"wanted 0 readers or more, found {readers}")


def _cut(
    load: KeyLoad, limits: ShardLimits, there: OpenShards | None, *, even: bool = True
) -> _Cut:
    runs = runs_to_cut(load.seconds, len(load.hash_keys), limits)
    hot = hot_places(load.seconds, limits)
    ranges = fewest_ranges(runs, load.hash_keys, there.starts if there else ())
    count = None
    if even and not len(hot):
        count = fewest_even(runs, load.limbs, len(ranges), limits.shards)
    return _Cut(ranges, count, tuple(hot.tolist()))


def _layout(load: KeyLoad, starts: Sequence[int], limits: ShardLimits) -> Layout:
    return Layout(tuple(starts), ShardSeconds.of(load, starts).over(limits))


def _calls(
    source_arn: str, there: OpenShards | None, ranges: Sequence[int], stream: Stream
) -> tuple[dict[str, str], ...]:
    """None where AWS would refuse them: in on-demand mode it splits and merges itself."""
    if there is None or stream.mode == "ON_DEMAND":
        return ()
    return operations(source_arn, there, ranges)


def _salted(load: KeyLoad, hot: Sequence[HotKey], limits: ShardLimits, held: ShardLimits) -> Salted:
    spread = salted(load, {key.partition_key: key.salt_factor for key in hot})
    cut = _cut(spread, limits, None)
    return Salted(
        planned=_layout(spread, cut.ranges, held),
        uniform=_layout(spread, even_starts(cut.even), held) if cut.even else None,
        still_hot=tuple(spread.partition_keys[place] for place in cut.hot),
    )


def _readers(
    load: KeyLoad,
    consumers: Consumers,
    stated: int | None,
    limits: ShardLimits,
    planned: Layout,
) -> Readers:
    shared = stated if stated is not None else consumers.shared
    known = stated is not None or consumers.known
    shared = shared if known else 1
    cut = _cut(load, limits.for_readers(shared), None, even=False)
    return Readers(
        shared=shared,
        fan_out=consumers.fan_out,
        known=known,
        peak_bytes_per_second=int(ShardSeconds.of(load, planned.starts).bytes.max()),
        shards_needed=None if cut.hot else len(cut.ranges),
        limits=limits,
    )


def _prices(
    load: KeyLoad,
    span_s: float,
    cut: _Cut,
    there: OpenShards | None,
    stream: Stream,
    readers: Readers,
    rates: Rates,
    allowed: DatedTable,
) -> Prices:
    counts = {
        "current": len(there.starts) if there and stream.mode != "ON_DEMAND" else None,
        "uniform": cut.even,
        "planned": len(cut.ranges),
    }
    carried = Carried.of(load.data_bytes, span_s, rates)
    return priced(carried, counts, stream, readers.shared, rates, allowed)


def _peaks(load: KeyLoad) -> tuple[int, int]:
    cells = load.seconds
    first = group_starts(cells.second)
    return int(sums(cells.records, first).max()), int(sums(cells.bytes, first).max())


def _busiest_minute(load: KeyLoad) -> float:
    """Records a second of the wall-clock minute that has most; of what was captured, where that is less than one."""
    _, records = np.unique(load.arrived_us // (MINUTE * 1_000_000), return_counts=True)
    span_s = (int(load.arrived_us[-1]) - int(load.arrived_us[0])) / 1_000_000
    return float(records.max()) / min(MINUTE, max(1.0, span_s))


def _hot_key(load: KeyLoad, place: int, limits: ShardLimits, headroom: float) -> HotKey:
    own = load.seconds.place == place
    records = int(load.seconds.records[own].max())
    in_bytes = int(load.seconds.bytes[own].max())
    times = max(
        Fraction(records, limits.records_per_second), Fraction(in_bytes, limits.bytes_per_second)
    )
    factor = ceil(times * Fraction(str(headroom)))
    return HotKey(load.partition_keys[place], records, in_bytes, factor)


def _instant(us: int) -> datetime:
    return datetime.fromtimestamp(us // 1_000_000, UTC).replace(microsecond=us % 1_000_000)
