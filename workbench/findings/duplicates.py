"""Duplicates: one message delivered again, or one content sent again."""

import polars as pl

from workbench.findings.detector import SPREAD_MS, Detector, Instances, Parameters, seconds, times

REDELIVERY = Detector(
    kind="redelivery",
    instance=("key",),
    fields={"receive_counts": pl.col("receive_count")},
    thresholds={},
    summary=lambda instances, _: (
        f"{times(len(instances), 'message')} delivered again after an earlier attempt had ended or its visibility ran"
        f" out; highest receive count {max(max(each['receive_counts']) for each in instances)}"
    ),
)
"""A message that SQS delivered more than once: same id, higher receive count.

Not to be confused with our own receives (taken off), with a resend (another id) or with a copy from a dead-letter
queue (another id). Source: SQS ReceiveMessage, ApproximateReceiveCount.
"""


def _resend_confidence(instances: Instances) -> float:
    worst: float = max(each["by_chance"] for each in instances)
    return round(min(0.99, 1 - worst), 4)


def _resend_summary(instances: Instances, used: Parameters) -> str:
    widest = max(each["spread_ms"] for each in instances)
    return (
        f"{times(len(instances), 'content')} sent again under another id, at most {seconds(widest)} apart"
        f" (window {seconds(used['window_ms'])}, chance at most {used['chance']:g})"
    )


PRODUCER_RESEND = Detector(
    kind="producer_resend",
    instance=("key", "group_number"),
    fields={
        "record_ids": pl.col("record_id"),
        "spread_ms": SPREAD_MS,
        "by_chance": pl.col("by_chance").first(),
    },
    thresholds={
        "window_ms": 300_000,  # what SQS itself calls the same send: the five-minute deduplication interval
        "chance": 0.05,  # one in twenty, the usual bound for taking a coincidence for a cause
    },
    summary=_resend_summary,
    confidence=_resend_confidence,
)
"""Messages of different ids with the same content, closer than equal contents come by chance.

Not to be confused with heartbeats (equal contents at a steady beat, left out), with SNS copies of one publish (one
message here) or with redelivery (one id). FIFO queues and topics are left out: they deduplicate.
"""

PRODUCER_RETRY = Detector(
    kind="producer_retry",
    instance=("key", "content", "group_number"),
    fields={"sequence_numbers": pl.col("sequence_number"), "spread_ms": SPREAD_MS},
    thresholds={
        "window_ms": 10_000
    },  # twice the KPL's default time-out of a put, and more than an SDK retries for
    summary=lambda instances, used: (
        f"{times(len(instances), 'record')} put again with the same data and key under another sequence number"
        f" within {seconds(used['window_ms'])}"
    ),
    confidence=lambda instances: 0.95,
)
"""The same data and key under different sequence numbers of a stream, seconds apart.

Not to be confused with a consumer reading again (same sequence number) or with a steady beat of equal data. 0.95: equal
data may be meant, only the producer knows. Source: Kinesis Developer Guide, Handling duplicate records.
"""

DETECTORS = (REDELIVERY, PRODUCER_RESEND, PRODUCER_RETRY)
