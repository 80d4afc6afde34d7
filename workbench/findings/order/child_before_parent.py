"""child_before_parent: a child shard that a consumer took up before it had finished the parent."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.order.inversion import AWS_CLOCK_ERROR
from workbench.findings.wording import largest, seconds, times, total
from workbench.questions import Parameters, Scope
from workbench.trace import Trace
from workbench.trace.sql import load_statement

LINEAGE_KNOWN = load_statement(__package__, "lineage_known")


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    return (
        f"{times(instances.height, 'child shard')} handled before the parent's last record was, by up to"
        f" {seconds(largest(instances, 'ahead_ms'))}: {times(total(instances, 'child_records'), 'record')} ahead of"
        f" {total(instances, 'parent_records'):,} (starts within {seconds(used['aws_clock_error_ms'])} count as equal)"
    )


def _notes(trace: Trace, used: Parameters, instances: pl.DataFrame) -> tuple[str, ...]:
    unread = instances.height - total(instances, "is_read_throughout")
    if not unread:
        return ()
    return (
        f"{times(unread, 'child shard')}: the log was not read from the parent's record's arrival on; it may have been"
        " handled earlier",
    )


def _unable(trace: Trace, scope: Scope) -> str | None:
    streams = _streams(trace, scope)
    return None if streams["is_described"].any() else _not_described(streams)


def _left_out(trace: Trace, scope: Scope) -> str | None:
    streams = _streams(trace, scope)
    return _not_described(streams) if streams["is_described"].any() else None


def _streams(trace: Trace, scope: Scope) -> pl.DataFrame:
    return trace.sql(LINEAGE_KNOWN.text, source_arn=scope.source_arn)


def _not_described(streams: pl.DataFrame) -> str | None:
    unknown = streams.filter(~pl.col("is_described"))["source_arn"]
    return f"the shards of {', '.join(unknown)} were not described" if len(unknown) else None


CHILD_BEFORE_PARENT = Detector(
    kind="child_before_parent",
    statement=load_statement(__package__, "child_before_parent"),
    definition="A record of a child shard handled before a captured record of its parent, or of a shard before that,"
    " was handled for the first time.",
    not_to_confuse=(
        "a retry of the parent's records, or a consumer that was set back: first handlings are compared",
        "two functions that read one stream, each at its own pace: each log group is judged by itself",
        "records of the parent that were never handled: unhandled",
        "a parent that was handled before the log was read: noted; across a hole of the log nothing is told",
        "two shards that are not parent and child: no order between them",
    ),
    instance=("key", "log_group"),
    fields={"handled_in": pl.col("log_group").first()}
    | {
        name: pl.col(name).first()
        for name in (
            "parent",
            "ahead_ms",
            "child_records",
            "parent_records",
            "is_read_throughout",
        )
    },
    thresholds=(AWS_CLOCK_ERROR,),
    summary=_summary,
    notes=_notes,
    unable=_unable,
    left_out=_left_out,
)
"""Source: Kinesis developer guide, after a reshard a parent is read to its end before its children; DynamoDB developer
guide, a stream's parent shard is processed before its child shards."""
