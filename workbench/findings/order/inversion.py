"""inversion: neighbours of one key in the wrong order, told beside what put them so."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.finding import FAULT, INFORMATIONAL
from workbench.findings.wording import largest, seconds, times, total
from workbench.questions import PRODUCER, Parameters, Threshold
from workbench.trace import Trace
from workbench.trace.sql import load_statement

CLOCK_ERROR = Threshold(
    "clock_error_ms",
    100,
    "assumed: NTP over a network keeps a clock within tens of milliseconds, and two clocks differ by both errors",
)
AWS_CLOCK_ERROR = Threshold(
    "aws_clock_error_ms",
    10,
    "assumed: Amazon Time Sync keeps hosts within a millisecond, and stamps and log lines have whole ones",
)
_NAMES = {"source_at": "arrival", "event_time": "event time"}
_BY_CLOCK = 0.95
"""Confidence in what event times tell. Assumed: a producer's clock may have been stepped, or be worse than allowed."""


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    counts = instances["by"].list.join("/").value_counts().sort("by")
    told = " and ".join(
        f"{times(count, 'pair')} by {_pair_name(by)}" for by, count in counts.iter_rows()
    )
    return (
        f"{told} in the wrong order, in {times(instances['key'].n_unique(), 'key')}; largest displacement"
        f" {largest(instances, 'displacement')}{_stepped_back(instances)};"
        f" clocks within {seconds(used['clock_error_ms'])} (AWS's {seconds(used['aws_clock_error_ms'])}) count as equal"
        f"{', corrected by producer ' + used['producer'] if used['producer'] else ''}"
    )


def _pair_name(by: str) -> str:
    rules, runs_against = (_NAMES.get(name, name.replace("_", " ")) for name in by.split("/"))
    return f"{rules} against {runs_against}"


def _stepped_back(instances: pl.DataFrame) -> str:
    furthest = largest(instances, "behind_ms")
    return "" if furthest is None else f", furthest step back {seconds(furthest)}"


def _notes(trace: Trace, used: Parameters, instances: pl.DataFrame) -> tuple[str, ...]:
    by_key = instances.group_by("key").agg(pl.col("kendall_distance").max(), pl.len())
    key, distance, pairs = by_key.sort(["kendall_distance", "key"], descending=[True, False]).row(0)
    worst = f"furthest from order: {key!r}, {times(distance, 'pair')} the wrong way round, {pairs} of neighbours"
    unread = (
        instances.height
        - total(instances, "is_read_throughout")
        - instances["is_read_throughout"].null_count()
    )
    if not unread:
        return (worst,)
    return (
        worst,
        f"{times(unread, 'pair')}: the log was not read from the record's arrival on; it may have been handled earlier",
    )


INVERSION = Detector(
    kind="inversion",
    statement=load_statement(__package__, "inversion"),
    definition="Two neighbours of one key in the wrong order, beyond ties and clock error: sent so by the producer"
    " (business sequence, else event time, against the service's order) or taken so by the consumer"
    " (the service's order against first handlings; the business sequence where the service keeps none).",
    not_to_confuse=(
        "a number or event time that came before: a producer's retry, left out",
        "a record delivered or handled again: its first delivery and handling are compared",
        "records of two shards that are not parent and child, and keys of a shard: no order between them",
        "a child shard handled before its parent was finished: child_before_parent",
        "equal times, and times closer than clocks can tell: unordered",
        "sources that promise no order (standard queues and topics, streams that distribute records themselves):"
        " told as informational",
        "a counter that starts again with numbers it never had: cannot be kept apart",
        "a record handled before the log was read: its pair is noted; across a hole of the log none is told",
    ),
    instance=("key", "pair"),
    fields={
        "by": pl.col("by").first(),
        "displacement": pl.col("displacement").first(),
        "sequences": pl.col("sequence").filter(pl.col("position") <= 2).drop_nulls(),
        "behind_ms": pl.col("behind_ms").first(),
        "kendall_distance": pl.col("kendall_distance").first(),
        "in_order_share": pl.col("in_order_share").first(),
        "is_promised": pl.col("is_promised").first(),
        "is_read_throughout": pl.col("is_read_throughout").first(),
    },
    thresholds=(CLOCK_ERROR, AWS_CLOCK_ERROR, PRODUCER),
    summary=_summary,
    confidence=lambda instances: (
        _BY_CLOCK if instances["by"].list.contains("event_time").any() else 1.0
    ),
    severity=lambda instances: FAULT if instances["is_promised"].any() else INFORMATIONAL,
    notes=_notes,
)
"""Source: Kinesis developer guide, sequence numbers and resharding; SQS developer guide, FIFO message groups;
Lambda developer guide, ParallelizationFactor keeps the order of a partition key; Kinesis API,
RecordDistributionStrategy."""
