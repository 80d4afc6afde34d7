"""consumer_reread: one consumer had a stream record in several requests."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.finding import FAULT, INFORMATIONAL
from workbench.findings.wording import times
from workbench.questions import Parameters
from workbench.trace.sql import load_statement

_CAUSES = {
    "retry": "after a request that failed",
    "after_success": "after a request that had ended well",
    "partial_failure_or_reread": "after a request that had ended well and may have named them as failed",
    "unknown": "after a request whose end is not known",
}


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    counts = dict(instances.group_by("cause").len().iter_rows())
    told = ", ".join(
        f"{counts[cause]:,} {words}" for cause, words in _CAUSES.items() if cause in counts
    )
    return f"{times(instances.height, 'record')} handled by two or more requests: {told}"


def _severity(instances: pl.DataFrame) -> str:
    """A failed batch comes again until it succeeds: that is what at-least-once promises."""
    return INFORMATIONAL if set(instances["cause"]) == {"retry"} else FAULT


def _confidence(instances: pl.DataFrame) -> float:
    """A handler may name a record that it does not handle (a checkpoint, say); one that prints its event has it."""
    return 1.0 if instances["is_printed"].all() else 0.9


CONSUMER_REREAD = Detector(
    kind="consumer_reread",
    statement=load_statement(__package__, "consumer_reread"),
    definition="A record of a shard, one sequence number, that one consumer handled in two or more requests.",
    not_to_confuse=(
        "the other consumers of the stream, which read each record too: each log group is one; where several mappings"
        " lead to one group, each version of the function",
        "a producer that put the data twice, under another sequence number: producer_retry",
        "several lines of one request: one request id",
        "a record that fails every attempt while others succeed: poison_record",
        "a record captured twice: one sequence number",
        "requests that only name a record (a checkpoint): cannot be told, so confidence is 0.9 without printed events",
    ),
    instance=("key", "log_group"),
    fields={
        "log_group": pl.col("log_group").first(),
        "request_ids": pl.col("request_id").drop_nulls().unique(maintain_order=True),
        "cause": pl.col("cause").first(),
        "completions": pl.col("completions").first(),
        "is_printed": (pl.col("told_by").drop_nulls() == "event").all(),
    },
    summary=_summary,
    severity=_severity,
    confidence=_confidence,
    yields_to=("poison_record",),
    yields_by="key",
)
"""Own fields: `log_group`, `request_ids`, `cause` (`retry`, `after_success`, `partial_failure_or_reread`, `unknown`),
`completions` (requests that had it and ended well), `is_printed` (each request printed the event).

Source: Lambda Developer Guide, Using Lambda with Kinesis: a failed batch is retried whole, or bisected.
"""
