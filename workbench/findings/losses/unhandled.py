"""unhandled: a record of a stream that its function should have been given and was not."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.losses.fanout_missing import LEAST_SHOWN_SHARE
from workbench.findings.wording import seconds, times
from workbench.questions import Parameters, Scope, Threshold
from workbench.trace import Trace
from workbench.trace.sql import load_statement

HANDLING_LAG = Threshold(
    "handling_lag_ms",
    300_000,
    "assumed: the longest batching window; a lane that lags further behind its shard is seen by the records after it",
)
SIEVED = load_statement(__package__, "unhandled_sieved")


def shown_confidence(instances: pl.DataFrame) -> float:
    """How surely the log would have told of the record: Laplace's estimate out of what it tells and does not."""
    handled, unhandled = instances["handled"], instances["unhandled"]
    return round(float(((handled + 1) / (handled + unhandled + 2)).min()), 3)  # type: ignore[arg-type]


def sieved_notes(trace: Trace, used: Parameters, instances: pl.DataFrame) -> tuple[str, ...]:
    """What the filters dropped, and what cannot be told of."""
    counts = trace.sql(SIEVED.text, source_arn=used["source_arn"]).row(0, named=True)
    told = (
        (counts["filtered"], "filtered by the mapping"),
        (
            counts["untold"],
            "not judged: whether the mapping's filter lets them through cannot be told",
        ),
    )
    return tuple(f"{times(count, 'record')} {what}" for count, what in told if count)


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    group = str(instances["log_group"][0]).rpartition(":")[2]
    return (
        f"{times(instances.height, 'record')} in no request of {group}, whose log tells of"
        f" {times(int(instances['handled'][0]), 'other')} around; read on for {seconds(used['handling_lag_ms'])}"
    )


def _unable(trace: Trace, scope: Scope) -> str | None:
    trace.keep("unreached")
    counts = trace.sql(SIEVED.text, source_arn=scope.source_arn).row(0, named=True)
    if not counts["mapped"] or counts["told"]:
        return None
    return (
        f"the logs of the functions of {times(counts['mapped'], 'mapped stream')} tell of no record they were given;"
        " print events or ids"
    )


UNHANDLED = Detector(
    kind="unhandled",
    statement=load_statement(__package__, "unhandled"),
    definition=(
        "A record of a stream that the mapping's filters let through and that is in no request of its function, while"
        " its log was read, tells of its neighbours on both sides, and of every invocation between."
    ),
    not_to_confuse=(
        "a record that the mapping's FilterCriteria drop: evaluated as Lambda does, and counted in the notes",
        "a record whose turn came too late: expired",
        "a log that tells of some records only: it must tell of nearly all of the shard, and no invocation may be there"
        " that tells of none",
        "a record in a request that failed before it printed the id: left out where ids are printed one by one and the"
        " request before failed",
        "a record between two of one request: it was in that request too",
        "a record before the mapping began or behind the last line: it must have neighbours that were handled",
        "a message of a queue: what we hold was still in the queue or was taken by us; never claimed of queues",
    ),
    instance=("key",),
    fields={
        "partition_id": pl.col("partition_id").first(),
        "log_group": pl.col("log_group").first(),
        "handled": pl.col("handled").first(),
        "unhandled": pl.col("unhandled").first(),
    },
    thresholds=(HANDLING_LAG, LEAST_SHOWN_SHARE),
    summary=_summary,
    confidence=shown_confidence,
    notes=sieved_notes,
    unable=_unable,
)
"""Source: Lambda developer guide, "Using Lambda with Kinesis", "Control which events Lambda sends to your function"."""
