"""hot_shard: many keys that meet in one shard, so that it is full while the stream is not."""

import polars as pl

from workbench.findings.consumers.hot_key import (
    BYTES_LIMIT,
    LEAST_RECORDS,
    RECORDS_LIMIT,
    TIMES_MEAN,
)
from workbench.findings.detector import Detector
from workbench.findings.finding import FAULT, INFORMATIONAL
from workbench.findings.wording import times, total
from workbench.questions import Parameters, Threshold
from workbench.trace.sql import load_statement


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    over = total(instances, "over_limit")
    limits = f"({used['records_limit']:,} records, {used['bytes_limit']:,} bytes)"
    hottest = instances.sort(
        "records_per_second", "bytes_per_second", "key", descending=[True, True, False]
    ).row(0, named=True)
    share = (
        f" and {hottest['share']:.0%} of the records where {hottest['fair_share']:.0%} would be fair"
        if hottest["share"] is not None and hottest["fair_share"] is not None
        else ""
    )
    return (
        f"{times(instances.height, 'shard')} hot without hot keys: {hottest['key']} takes"
        f" {hottest['records_per_second']:,} records and {hottest['bytes_per_second']:,} bytes in its highest second"
        f"{share}; {over or 'none'} over the limit of a second {limits}, far over its share means over"
        f" {used['times_fair']:g} times the fair one"
    )


HOT_SHARD = Detector(
    kind="hot_shard",
    statement=load_statement(__package__, "hot_shard"),
    definition="A shard that, without its hot keys, is over its per-second limit or far over the share that its range"
    " of hash keys would have.",
    not_to_confuse=(
        "one key that is hot by itself, which no split cures: hot_key, left out of the shard's load",
        "a shard with a wide range of hash keys, whose fair share is large: shares are judged by the width",
        "the only shard that was read: a shard with holes is compared with nothing, and what was read for a part of the"
        " time counts for that part",
        "a reshard: a shard is compared with the others for the time that it was open",
        "few keys, which cannot spread evenly: no share is judged where a fair one has fewer than least_keys",
        "shards of a DynamoDB stream, which the service makes, splits and never lets a writer fill: left out, because a"
        " table's own partitions are limited in capacity units, which its stream does not tell",
    ),
    instance=("key",),
    fields={
        name: pl.col(name).first()
        for name in (
            "records_per_second",
            "bytes_per_second",
            "share",
            "fair_share",
            "over_limit",
        )
    },
    thresholds=(
        RECORDS_LIMIT,
        BYTES_LIMIT,
        TIMES_MEAN,
        LEAST_RECORDS,
        Threshold("times_fair", 2, "such a shard is full when the stream as a whole is half full"),
        Threshold(
            "least_keys",
            5,
            "assumed: with fewer keys to a fair share, chance alone doubles it easily",
        ),
    ),
    summary=_summary,
    severity=lambda instances: FAULT if instances["over_limit"].any() else INFORMATIONAL,
)
"""Source: Kinesis Data Streams quotas; SplitShard."""
