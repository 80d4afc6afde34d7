"""What a capture tells around a stream's records: its shards and consumers, how long it was read, what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from workbench.trace import Trace
from workbench.trace.sql import load_statement
from workbench.tune.cost.settings import Stream
from workbench.tune.cost.streams import OnDemandUse, on_demand_terms
from workbench.tune.cost.terms import GIB, MONTH_HOURS, Rates, total
from workbench.tune.dated import DatedTable
from workbench.tune.resharding.hash_keys import shard_numbers
from workbench.tune.resharding.key_load import KeyLoad
from workbench.tune.resharding.reshard import OpenShards

LITTLE_S = 60.0
"""Assumed: a capture as short as this shows no peak."""


@dataclass(frozen=True, slots=True)
class Consumers:
    """Who reads the stream, as captured."""

    mappings: tuple[Mapping[str, Any], ...]
    """Rows of `consumers`."""
    registered: int | None
    """Consumers that ListStreamConsumers answered; None where it was not captured."""
    work: Mapping[str, Mapping[str, Any]]
    """Rows of `work`, by log group."""

    @property
    def shared(self) -> int:
        """Those that share a shard's throughput."""
        return sum(not mapping["fan_out"] for mapping in self.mappings)

    @property
    def fan_out(self) -> int:
        """Those with a throughput of their own."""
        return max(sum(bool(mapping["fan_out"]) for mapping in self.mappings), self.registered or 0)

    @property
    def known(self) -> bool:
        """Whether anything tells of them."""
        return bool(self.mappings) or self.registered is not None

    @property
    def parallelization_factor(self) -> int:
        """The highest of the mappings'."""
        return max((mapping["parallelization_factor"] or 1 for mapping in self.mappings), default=1)


def read_consumers(trace: Trace, source_arn: str) -> Consumers:
    """The consumers of a stream, and the work of the functions among them."""
    statement = load_statement(__package__, "consumers").text
    mappings = trace.sql(statement, source_arn=source_arn).to_dicts()
    groups = [mapping["log_group"] for mapping in mappings]
    work: dict[str, Mapping[str, Any]] = {}
    if groups:
        asked = load_statement(__package__, "work").text
        rows = trace.sql(asked, source_arn=source_arn, log_groups=groups).to_dicts()
        work = {row["log_group"]: row for row in rows}
    registered = trace.sql(
        "select json_array_length(document, '$.Consumers') from resources where source_arn = $arn"
        " and kind = 'list-stream-consumers' and json_valid(document) order by observed_at desc limit 1",
        arn=source_arn,
    )
    return Consumers(tuple(mappings), registered.item() if len(registered) else None, work)


def range_documents(trace: Trace, source_arn: str) -> list[str]:
    """Snapshots that tell the stream's shards, the newest first."""
    found = trace.sql(
        "select document from resources where source_arn = $arn and kind in ('list-shards', 'describe-stream')"
        " order by observed_at desc",
        arn=source_arn,
    )
    return found["document"].to_list()


def read_left_out(
    trace: Trace, source_arn: str, since: datetime | None, until: datetime | None
) -> dict[str, Any]:
    """The row of `not_planned`."""
    statement = load_statement(__package__, "not_planned").text
    return trace.sql(statement, source_arn=source_arn, since=since, until=until).row(0, named=True)


def captured_span_s(
    trace: Trace,
    source_arn: str,
    from_at: datetime,
    to_at: datetime,
    since: datetime | None,
    until: datetime | None,
) -> float:
    """Seconds that a month is reckoned from: what was read of the stream, holes left out; else first to last record."""
    rows = trace.sql(
        "select greatest(from_at, coalesce($since, from_at)) as low, least(to_at, coalesce($until, to_at)) as high"
        " from coverage where source_arn = $arn and state <> 'hole' and isfinite(from_at) and isfinite(to_at)"
        " union all select $from_at::timestamptz, $to_at::timestamptz order by low",
        arn=source_arn,
        since=since,
        until=until,
        from_at=from_at,
        to_at=to_at,
    )
    seconds, reached = 0.0, None
    for low, high in rows.iter_rows():
        begin = low if reached is None else max(low, reached)
        seconds += max(0.0, (high - begin).total_seconds())
        reached = high if reached is None else max(high, reached)
    return seconds


def nothing_to_plan(
    source_arn: str, left_out: Mapping[str, Any], stream: Stream, rates: Rates, allowed: DatedTable
) -> str:
    """Why there is no plan, and what can still be said: a stream without keys has totals and an on-demand price."""
    found = "none"
    if left_out["without_partition_key"]:
        found = f"{left_out['without_partition_key']} without a partition key"
    elif left_out["without_source_at"]:
        found = f"{left_out['without_source_at']} without an arrival"
    missing = f"wanted captured records of a Kinesis stream, with partition keys, found {found} in {source_arn}; "
    if not left_out["without_partition_key"]:
        return missing + "name a stream and a time with traffic"
    return missing + _without_keys(left_out, stream, rates, allowed)


def _without_keys(
    left_out: Mapping[str, Any], stream: Stream, rates: Rates, allowed: DatedTable
) -> str:
    said = (
        "a shard plan is not applicable: with record distribution AUTO the service spreads records itself and keeps no"
        " order by key"
    )
    span_s = (left_out["last_at"] - left_out["first_at"]).total_seconds()
    if not span_s:
        return said
    records, in_bytes = left_out["without_partition_key"], left_out["bytes_without_partition_key"]
    month = in_bytes * MONTH_HOURS * 3_600 / span_s
    priced = total(on_demand_terms(OnDemandUse(month, month), rates, allowed))
    cost = "" if priced.unknown else f", on demand at least {priced.cost:,.2f} USD"
    return (
        f"{said}; it carried {records / span_s:,.1f} records/s and {in_bytes / span_s:,.0f} bytes/s,"
        f" {month / GIB:,.2f} GB a month{cost}"
    )


def said_of(
    load: KeyLoad,
    there: OpenShards | None,
    stream: Stream,
    span_s: float,
    left_out: Mapping[str, Any],
) -> tuple[str, ...]:
    """What to mind about a plan of this capture."""
    notes = []
    if span_s < LITTLE_S:
        notes.append(
            f"captured {span_s:,.0f} s: the plan holds these seconds, a peak may be higher"
        )
    if len(load.hash_keys) == 1:
        notes.append(
            "one partition key only: no cut parts its load, a second shard would stay idle"
        )
    if stream.mode == "ON_DEMAND":
        notes.append(
            "the stream is on demand: AWS splits it itself, evenly, and SplitShard, MergeShards and UpdateShardCount"
            " are refused; the layouts say what provisioned mode would take"
        )
    for name in ("without_source_at", "without_partition_key"):
        if left_out[name]:
            notes.append(f"{left_out[name]:,} records {name.replace('_', ' ')} are not in the plan")
    if there is None:
        notes.append(
            "its ranges were not captured: no operations, no current layout; import `aws kinesis list-shards`"
        )
        return tuple(notes)
    return (*notes, *_of_shards(load, there))


def _of_shards(load: KeyLoad, there: OpenShards) -> Sequence[str]:
    """Records from shards that are no longer open, or that the MD5 of their key puts into another."""
    open_ids = {shard_id: number for number, shard_id in enumerate(there.shard_ids)}
    number = np.array([open_ids.get(each, -1) for each in load.shard_ids], dtype=np.int64)
    captured = number[load.shard]
    notes = []
    closed = sum(each not in open_ids for each in load.shard_ids)
    if closed:
        notes.append(
            f"records came from {closed} shards that are not open in the newest listing: the stream was resharded, or"
            " the listing is older; the operations start from the listing"
        )
    expected = shard_numbers(load.hash_keys, there.starts)[load.place]
    elsewhere = int(((captured >= 0) & (captured != expected)).sum())
    if elsewhere:
        notes.append(
            f"{elsewhere:,} records were not in the shard that their key's MD5 belongs to: a producer sets"
            " ExplicitHashKey, which GetRecords does not answer; the plan does not hold for these"
        )
    return notes
