"""fanout_duplicate: one SNS publish more than once in one queue."""

import polars as pl

from workbench.findings.detector import SPREAD_MS, Detector
from workbench.findings.wording import times, total
from workbench.questions import Parameters
from workbench.trace.sql import load_statement


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    return (
        f"{times(instances.height, 'publish', 'publishes')} more than once in the queue,"
        f" {total(instances, 'is_by_two_subscriptions'):,} of them through several subscriptions"
    )


FANOUT_DUPLICATE = Detector(
    kind="fanout_duplicate",
    statement=load_statement(__package__, "fanout_duplicate"),
    definition="One SNS MessageId more than once in one queue, under different SQS message ids.",
    not_to_confuse=(
        "one copy in each queue behind the topic: as it should be",
        "a message delivered again under its own SQS id: redelivery",
        "a content that was published twice, under two SNS ids: producer_resend",
        "a message that came back from its dead-letter queue: redrive_copy",
        "with raw delivery the SNS id is lost: such copies look like a producer_resend",
    ),
    instance=("key", "topic_arn"),
    fields={
        "record_ids": pl.col("record_id"),
        "topic_arn": pl.col("topic_arn").first(),
        "is_by_two_subscriptions": pl.col("subscription_arn").drop_nulls().n_unique() > 1,
        "spread_ms": SPREAD_MS,
    },
    summary=_summary,
    yields_to=("redrive_copy",),
    least_witness=2,
)
"""Own fields: `record_ids` (SQS's), `topic_arn`, `is_by_two_subscriptions` (else SNS itself sent again), `spread_ms`.

Source: SNS Developer Guide, Message delivery retries; Parsing Amazon SNS message formats.
"""
