"""Consumers and load: what makes the reading side sick."""

import polars as pl

from workbench.findings.detector import Detector, Instances, Parameters, times


def _summary(instances: Instances, used: Parameters) -> str:
    hottest = max(instances, key=lambda each: each["share"])
    over = sum(each["over_limit"] for each in instances)
    limit = (
        f"{times(over, 'key')} over a shard's limit in one second"
        if over
        else "none over a shard's limit"
    )
    return (
        f"{times(len(instances), 'key')} far over its share: {hottest['key']!r} has {hottest['share']:.0%} of the"
        f" records, {hottest['records_per_second']:,} in its highest second; {limit}"
        f" ({used['records_limit']:,} records, {used['bytes_limit']:,} bytes)"
    )


HOT_KEY = Detector(
    kind="hot_key",
    instance=("key",),
    fields={
        name: pl.col(name).first()
        for name in ("records_per_second", "bytes_per_second", "share", "over_limit")
    },
    thresholds={
        "records_limit": 1_000,  # Kinesis: write limit of a shard, records per second
        "bytes_limit": 1_048_576,  # Kinesis: write limit of a shard, bytes per second
        "times_mean": 10,  # an order of magnitude: ordinary skew stays below it
        "least_records": 50,  # a share of fewer records moves by several points with each one
    },
    summary=_summary,
)
"""A partition key over a shard's per-second limit, or far over its share of the stream.

Not to be confused with a hot shard (many keys that meet in one range) or with a stream that has a single shard.
Source: Kinesis Data Streams quotas.
"""

DETECTORS = (HOT_KEY,)
