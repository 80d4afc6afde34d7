"""overlapping_redelivery: a message delivered again while an earlier attempt at it still worked."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.duplicates.harm import harmful, with_completions
from workbench.findings.wording import largest, seconds, times
from workbench.questions import Parameters, Threshold
from workbench.trace.sql import load_statement


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    return (
        f"{times(instances.height, 'message')} delivered again while an earlier attempt worked, together for up to"
        f" {seconds(largest(instances, 'overlap_ms'))} (at least {seconds(used['least_overlap_ms'])})"
        f"{harmful(instances)}"
    )


OVERLAPPING_REDELIVERY = Detector(
    kind="overlapping_redelivery",
    statement=load_statement(__package__, "overlapping_redelivery"),
    definition="A message delivered again while an invocation with an earlier delivery of it still worked.",
    not_to_confuse=(
        "a clean error and then another attempt: the attempts do not overlap; redelivery",
        "several lines of one request, or an asynchronous retry under its request id: one request",
        "the copies that a topic sends to several queues: each queue is a source of its own",
        "an id in the log of a function further down: two functions count where both are mapped to the queue,"
        " or both printed the event",
    ),
    instance=("key",),
    fields={
        "overlap_ms": pl.col("overlap_ms").first(),
        "request_ids": pl.col("request_id").drop_nulls().unique().sort(),
        "receive_counts": pl.col("receive_count").drop_nulls().unique().sort(),
    },
    thresholds=(
        Threshold(
            "least_overlap_ms",
            10,
            "assumed: the clocks of two instances agree to within it, and log instants are whole milliseconds",
        ),
    ),
    deepen=with_completions,
    summary=_summary,
)
"""Own fields: `overlap_ms`, `request_ids` of the attempts that worked together, `receive_counts`, `completions`.

Source: SQS Developer Guide, visibility timeout; Lambda Developer Guide, Using Lambda with Amazon SQS: the visibility
timeout should be six times the function's.
"""
