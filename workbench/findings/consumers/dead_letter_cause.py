"""dead_letter_cause: why a message reached its dead-letter queue."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.wording import times
from workbench.questions import Parameters, Threshold
from workbench.trace.sql import load_statement


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    by_cause = (
        instances.group_by("cause", "signature")
        .len()
        .sort(["len", "cause", "signature"], descending=[True, False, False])
    )
    causes = [
        f"{count:,} {cause}" + (f" ({signature})" if signature else "")
        for cause, signature, count in by_cause.head(5).iter_rows()
    ]
    rest = by_cause["len"].slice(5).sum()
    listed = "; ".join([*causes, *([f"{rest:,} others"] if rest else [])])
    absence = (
        f"; a throttle is told by absence where {used['least_named_requests']} requests or more, and"
        f" {used['least_named_share']:.0%} of all, name their records"
        if "throttle" in instances["cause"]
        else ""
    )
    unknown = (
        "; unknown: no line tells of an attempt, or none tells why"
        if "unknown" in instances["cause"]
        else ""
    )
    return (
        f"{times(instances.height, 'message')} in the dead-letter queue: {listed}{absence}{unknown}"
    )


def _confidence(instances: pl.DataFrame) -> float:
    """Of the causes that are claimed, the least certain."""
    least = instances.filter(pl.col("cause") != "unknown")["confidence"].min()
    return 1.0 if least is None else float(least)  # type: ignore[arg-type]  # polars types min() by no column


DEAD_LETTER_CAUSE = Detector(
    kind="dead_letter_cause",
    statement=load_statement(__package__, "dead_letter_cause"),
    definition="Why one message reached its dead-letter queue, as failure records and the log of its function tell.",
    not_to_confuse=(
        "what is not known: without a line of an attempt, or with lines that tell no failure, the cause is unknown",
        "a throttle, of which no line tells: claimed only where the function's log was read from the send to the"
        " arrival and its requests name their records; a consumer that is no mapped function cannot be told from it",
        "attempts by a consumer of the dead-letter queue itself: kept apart where the origin's mappings are known",
        "an error of a batch mate: the whole batch failed, so it is the cause of each; poison_record says whose",
    ),
    instance=("key",),
    fields={
        name: pl.col(name).first()
        for name in (
            "cause",
            "signature",
            "origin_arn",
            "attempts",
            "max_receive_count",
            "confidence",
        )
    },
    thresholds=(
        Threshold(
            "least_named_requests",
            10,
            "assumed: fewer requests do not show that the function names its records",
        ),
        Threshold(
            "least_named_share",
            0.95,
            "assumed: a function that names its records does so nearly always",
        ),
    ),
    summary=_summary,
    confidence=_confidence,
)
"""Source: SQS developer guide, dead-letter queues; Lambda developer guide, records of invocations to destinations."""
