"""producer_resend: one content sent again under another id."""

import polars as pl

from workbench.findings.detector import SPREAD_MS, Detector
from workbench.findings.duplicates.chance import CHANCE, confidence
from workbench.findings.wording import largest, seconds, times
from workbench.questions import Parameters, Threshold
from workbench.trace.sql import load_statement

RESEND_WINDOW = Threshold(
    "resend_window_ms",
    300_000,
    "what SQS itself calls the same send: the five-minute deduplication interval",
)


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    ignored = f" without {', '.join(used['ignore'])}" if used["ignore"] else ""
    compared = "canonical" if used["ignore"] else used["compare"]
    return (
        f"{times(instances.height, 'content')} sent again under another id, at most"
        f" {seconds(largest(instances, 'spread_ms'))} apart"
        f" (window {seconds(used['resend_window_ms'])}, compared as {compared}{ignored},"
        f" chance at most {used['chance']:g})"
    )


PRODUCER_RESEND = Detector(
    kind="producer_resend",
    statement=load_statement(__package__, "producer_resend"),
    definition="Messages of different ids with the same content, closer than equal contents come by chance.",
    not_to_confuse=(
        "heartbeats, equal contents at a steady beat: each gap is like the others; two or three beats cannot be told",
        "equal contents that come independently of one another: scored against how often the source has them far apart",
        "copies of one SNS publish: one message here; raw delivery loses the publish, and they look like a resend",
        "a message delivered again under its own id: redelivery",
        "a copy from a dead-letter queue: redrive_copy",
        "FIFO queues and topics, which deduplicate: fifo_dedup_escape",
        "messages that differ in their attributes alone: the payload is compared, so they look like a resend",
    ),
    instance=("key", "group_number"),
    fields={
        "record_ids": pl.col("record_id"),
        "spread_ms": SPREAD_MS,
        "by_chance": pl.col("by_chance").first(),
    },
    thresholds=(
        RESEND_WINDOW,
        CHANCE,
        Threshold(
            "compare",
            "bytes",
            "a client that sends again sends the same bytes; canonical where a producer writes the JSON anew each time",
        ),
        Threshold(
            "ignore",
            (),
            "nothing: which members (an instant of sending, a trace id) do not count only the producer's people know",
        ),
    ),
    summary=_summary,
    confidence=confidence,
    yields_to=("redrive_copy",),
    least_witness=2,
)
"""Own fields: `record_ids` in order of sending, `spread_ms`, `by_chance` (the share that chance explains)."""
