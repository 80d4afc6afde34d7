"""fifo_dedup_escape: a FIFO queue or topic accepted one deduplication id more than once."""

import polars as pl

from workbench.findings.detector import SPREAD_MS, Detector
from workbench.findings.wording import seconds, times
from workbench.questions import Parameters, Threshold
from workbench.trace.sql import load_statement


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    grouped = instances.filter(pl.col("escaped_by").list.contains("group")).height
    other = instances.filter(pl.col("contents") > 1).height
    return (
        f"{times(instances.height, 'deduplication id')} accepted more than once, later than"
        f" {seconds(used['dedup_interval_ms'])} or, {grouped:,} of them, in another message group"
        + (f"; {other:,} with another content" if other else "")
    )


FIFO_DEDUP_ESCAPE = Detector(
    kind="fifo_dedup_escape",
    statement=load_statement(__package__, "fifo_dedup_escape"),
    definition=(
        "One deduplication id accepted under several message ids: after the interval, or in another group where"
        " deduplication is per group."
    ),
    not_to_confuse=(
        "a message delivered again under its own id: redelivery",
        "a message that came back from its dead-letter queue: redrive_copy",
        "an id that the producer uses for several contents: `contents` is above 1",
        "equal contents that are meant, where ids are made of content: a steady beat is left out, else confidence 0.9",
        "a message in a FIFO dead-letter queue, whose deduplication id is the old message id: another queue",
    ),
    instance=("key",),
    fields={
        "record_ids": pl.col("record_id"),
        "escaped_by": pl.col("escaped_by").drop_nulls().unique().sort(),
        "contents": pl.col("content").n_unique(),
        "is_content_based": pl.col("is_content_based").all(),
        "spread_ms": SPREAD_MS,
    },
    thresholds=(
        Threshold(
            "dedup_interval_ms",
            300_000,
            "SQS Developer Guide and SNS Developer Guide: the deduplication interval is five minutes",
        ),
    ),
    summary=_summary,
    # An id of the producer's own says that the message is the same; one made of the content only that contents are.
    confidence=lambda instances: 0.9 if instances["is_content_based"].any() else 1.0,
    yields_to=("redrive_copy",),
    least_witness=2,
)
"""Own fields: `record_ids` in order of sending, `escaped_by` (`interval`, `group`), `contents` (different payloads),
`is_content_based` (the id is the payload's SHA-256), `spread_ms`.

Source: SQS Developer Guide, Exactly-once processing; SendMessage, MessageDeduplicationId; SetQueueAttributes,
DeduplicationScope; SNS Developer Guide, Message deduplication for FIFO topics.
"""
