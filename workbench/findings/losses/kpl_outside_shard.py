"""kpl_outside_shard: aggregates that consumers drop whole, because a user record in them belongs elsewhere."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.wording import times, total
from workbench.questions import Scope
from workbench.trace import Trace
from workbench.trace.sql import load_statement

WITHOUT_RANGE = load_statement(__package__, "shards_without_range")


def _without_range(trace: Trace, scope: Scope) -> pl.DataFrame:
    trace.keep("user_records")
    return trace.sql(WITHOUT_RANGE.text, source_arn=scope.source_arn)


def _said(shards: pl.DataFrame) -> str:
    return (
        f"the hash-key ranges of {times(shards.height, 'shard')} are not known, which hold"
        f" {times(total(shards, 'aggregates'), 'aggregate')}: import the answer of"
        " `aws kinesis list-shards` for the stream"
    )


def _unable(trace: Trace, scope: Scope) -> str | None:
    shards = _without_range(trace, scope)
    return _said(shards) if shards.height and shards["others"][0] == 0 else None


def _left_out(trace: Trace, scope: Scope) -> str | None:
    shards = _without_range(trace, scope)
    return _said(shards) if shards.height and shards["others"][0] > 0 else None


KPL_OUTSIDE_SHARD = Detector(
    kind="kpl_outside_shard",
    statement=load_statement(__package__, "kpl_outside_shard"),
    definition=(
        "An aggregate of the Kinesis Producer Library with user records whose hash key lies outside its shard: the"
        " Kinesis Client Library, and Lambda with enhanced fan-out, drop all of its user records in silence."
    ),
    not_to_confuse=(
        "an aggregate read after a reshard: a shard's range never changes, it is held against the one it stands in",
        "an explicit hash key: it decides in place of the partition key",
        "a user record whose keys are damaged: where it belongs is not known, and nothing is claimed",
        "a consumer that opens aggregates itself and checks no range: it loses nothing, which the stream cannot tell",
    ),
    instance=("key",),
    fields={
        "sub_sequences": pl.col("sub_sequences").first(),
        "user_records": pl.col("user_records").first(),
    },
    summary=lambda instances, used: (
        f"{times(instances.height, 'aggregate')} with"
        f" {times(int(instances['sub_sequences'].list.len().sum()), 'user record')} outside the shard: consumers that"
        f" check the range drop all {total(instances, 'user_records'):,} user records in them without a word"
    ),
    unable=_unable,
    left_out=_left_out,
)
