"""producer_resend: one content sent again under another id."""

import polars as pl

from workbench.findings.detector import SPREAD_MS, Detector
from workbench.findings.wording import largest, seconds, times
from workbench.questions import Parameters, Threshold
from workbench.trace.sql import load_statement


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    return (
        f"{times(instances.height, 'content')} sent again under another id, at most"
        f" {seconds(largest(instances, 'spread_ms'))} apart"
        f" (window {seconds(used['resend_window_ms'])}, chance at most {used['chance']:g})"
    )


PRODUCER_RESEND = Detector(
    kind="producer_resend",
    statement=load_statement(__package__, "producer_resend"),
    definition="Messages of different ids with the same content, closer than equal contents come by chance.",
    not_to_confuse=(
        "heartbeats, equal contents at a steady beat: left out",
        "copies of one SNS publish: one message here",
        "a message delivered again under its own id: redelivery",
        "FIFO queues and topics, which deduplicate: fifo_dedup_escape",
    ),
    instance=("key", "group_number"),
    fields={
        "record_ids": pl.col("record_id"),
        "spread_ms": SPREAD_MS,
        "by_chance": pl.col("by_chance").first(),
    },
    thresholds=(
        Threshold(
            "resend_window_ms",
            300_000,
            "what SQS itself calls the same send: the five-minute deduplication interval",
        ),
        Threshold(
            "chance",
            0.05,
            "one in twenty, the usual bound for taking a coincidence for a cause",
        ),
    ),
    summary=_summary,
    confidence=lambda instances: round(min(0.99, 1 - largest(instances, "by_chance")), 4),
)
