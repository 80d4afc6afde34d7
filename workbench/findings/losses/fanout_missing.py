"""fanout_missing: a publish that a subscribed queue should have had and did not."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.wording import seconds, times
from workbench.questions import Parameters, Scope, Threshold
from workbench.trace import Trace
from workbench.trace.sql import load_statement

DELIVERY_LAG = Threshold(
    "delivery_lag_ms",
    120_000,
    "SNS tries a queue fifteen times within about two minutes, then every 20 s: SNS developer guide, message delivery"
    " retries",
)
LEAST_SHOWN_SHARE = Threshold(
    "least_shown_share",
    0.9,
    "assumed: a capture that shows nine of ten is a look at all of it, and what it lacks an exception",
)
JUDGED = load_statement(__package__, "fanout_judged")


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    topics = sorted({str(each).rpartition(":")[2] for each in instances["topic_arn"]})
    return (
        f"{times(instances.height, 'publish', 'publishes')} of {', '.join(topics)} that the subscription lets through"
        f" did not come within {seconds(used['delivery_lag_ms'])}; {times(int(instances['held'][0]), 'other')} came"
    )


def _confidence(instances: pl.DataFrame) -> float:
    """How surely the capture would have shown the message: Laplace's estimate out of what it shows and lacks."""
    held, missing = instances["held"], instances["missing"]
    return round(float(((held + 1) / (held + missing + 2)).min()), 3)  # type: ignore[arg-type]


def _unable(trace: Trace, scope: Scope) -> str | None:
    counts = trace.sql(JUDGED.text, source_arn=scope.source_arn).row(0, named=True)
    if not counts["subscriptions"] or counts["told_whole"]:
        return None
    return (
        f"no filter policy is known of {times(counts['subscriptions'], 'subscription')} (a listing tells none);"
        " import `aws sns get-subscription-attributes`"
    )


FANOUT_MISSING = Detector(
    kind="fanout_missing",
    statement=load_statement(__package__, "fanout_missing"),
    definition=(
        "A publish, seen in a tap or in another queue, that a subscription's filter policy lets through and its queue"
        " does not hold, in a stretch where the capture of the queue would have shown it."
    ),
    not_to_confuse=(
        "a publish that the filter policy keeps out: the policy is evaluated as SNS does; where it is not known, or was"
        " changing, nothing is claimed",
        "a message that a consumer took before we looked: a queue that others read is judged only between messages it"
        " holds, and only where it holds nearly all the others",
        "a publish still on its way or retried: the queue must have been read on for the lag",
        "a message that failed and went to the queue's own dead-letter queue: it had come",
        "a subscription younger than the publish, removed, or waiting for confirmation: left out",
        "raw delivery, which loses the MessageId: told by payload and time, or not at all",
        "a FIFO queue that took the publish for a repeat of a message sent to it directly: cannot be kept apart",
    ),
    instance=("key",),
    fields={
        "missing_from": pl.col("source_arn").first(),
        "topic_arn": pl.col("topic_arn").first(),
        "copies": pl.col("copy_arn").sort(),
        "shown_by": pl.col("shown_by").first(),
        "held": pl.col("held").first(),
        "missing": pl.col("missing").first(),
    },
    thresholds=(DELIVERY_LAG, LEAST_SHOWN_SHARE),
    summary=_summary,
    confidence=_confidence,
    unable=_unable,
)
"""Source: SNS developer guide, "Fanout to Amazon SQS queues", "Message delivery retries"."""
