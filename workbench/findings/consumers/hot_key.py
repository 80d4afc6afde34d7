"""hot_key: one partition key that a shard cannot carry, or that takes far more than its share."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.finding import FAULT, INFORMATIONAL
from workbench.findings.wording import times, total
from workbench.questions import Parameters, Threshold
from workbench.trace.sql import load_statement


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    hottest = instances.sort("share", "key", descending=[True, False]).row(0, named=True)
    over = total(instances, "over_limit")
    limit = (
        f"{times(over, 'key')} over a shard's limit in one second"
        if over
        else "none over a shard's limit"
    )
    return (
        f"{times(instances.height, 'key')} far over its share: {hottest['key']!r} has {hottest['share']:.0%} of the"
        f" records, {hottest['records_per_second']:,} in its highest second; {limit}"
        f" ({used['records_limit']:,} records, {used['bytes_limit']:,} bytes)"
    )


RECORDS_LIMIT = Threshold(
    "records_limit", 1_000, "Kinesis: write limit of a shard, records per second"
)
BYTES_LIMIT = Threshold(
    "bytes_limit", 1_048_576, "Kinesis: write limit of a shard, bytes per second"
)
TIMES_MEAN = Threshold(
    "times_mean", 10, "assumed: an order of magnitude; ordinary skew stays below it"
)
LEAST_RECORDS = Threshold(
    "least_records", 50, "assumed: a share of fewer records moves by several points with each one"
)

HOT_KEY = Detector(
    kind="hot_key",
    statement=load_statement(__package__, "hot_key"),
    definition="A partition key over a shard's per-second limit, or far over its share of the stream.",
    not_to_confuse=(
        "a hot shard, where many keys meet in one range: hot_shard",
        "a stream that has a single shard, where every key's share is large: no share is judged there",
        'the key "a" under which the Kinesis Producer Library puts aggregates: its user records count under their own'
        " keys, and share the one record of the aggregate",
        "a key that Kinesis throttles: what was refused is not in the stream, so a throttled key stays at the limit",
    ),
    instance=("key",),
    fields={
        name: pl.col(name).first()
        for name in ("records_per_second", "bytes_per_second", "share", "over_limit")
    },
    thresholds=(RECORDS_LIMIT, BYTES_LIMIT, TIMES_MEAN, LEAST_RECORDS),
    summary=_summary,
    severity=lambda instances: FAULT if instances["over_limit"].any() else INFORMATIONAL,
)
"""An uneven key is a fault only where it is over a limit: until then it takes no more than it may.

Source: Kinesis Data Streams quotas; amazon-kinesis-producer, kinesis_record.cc.
"""
