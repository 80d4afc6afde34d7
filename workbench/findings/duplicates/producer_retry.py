"""producer_retry: a producer put the same data twice into a stream."""

import polars as pl

from workbench.findings.detector import SPREAD_MS, Detector
from workbench.findings.wording import seconds, times
from workbench.questions import Threshold
from workbench.trace.sql import load_statement

PRODUCER_RETRY = Detector(
    kind="producer_retry",
    statement=load_statement(__package__, "producer_retry"),
    definition="The same data and key under different sequence numbers of a stream, seconds apart.",
    not_to_confuse=(
        "a consumer reading again, which keeps the sequence number: consumer_reread",
        "equal data at a steady beat (four or more, evenly spaced): left out",
    ),
    instance=("key", "content", "group_number"),
    fields={"sequence_numbers": pl.col("sequence_number"), "spread_ms": SPREAD_MS},
    thresholds=(
        Threshold(
            "retry_window_ms",
            10_000,
            "twice the KPL's default time-out of a put, and more than an SDK retries for",
        ),
    ),
    summary=lambda instances, used: (
        f"{times(instances.height, 'record')} put again with the same data and key under another sequence number"
        f" within {seconds(used['retry_window_ms'])}"
    ),
    confidence=lambda instances: 0.95,  # equal data may be meant: only the producer knows
)
"""Source: Kinesis Developer Guide, Handling duplicate records."""
