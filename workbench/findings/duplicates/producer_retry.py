"""producer_retry: a producer put the same data twice into a stream."""

import polars as pl

from workbench.findings.detector import SPREAD_MS, Detector
from workbench.findings.duplicates.chance import CHANCE
from workbench.findings.wording import largest, seconds, times
from workbench.questions import Threshold
from workbench.trace.sql import load_statement

PRODUCER_RETRY = Detector(
    kind="producer_retry",
    statement=load_statement(__package__, "producer_retry"),
    definition="The same data and key under different sequence numbers of a stream, seconds apart.",
    not_to_confuse=(
        "a consumer reading again, which keeps the sequence number: consumer_reread",
        "a record captured twice: one sequence number",
        "user records of the Kinesis Producer Library that came in two aggregates: kpl_duplicate",
        "equal data at a steady beat, or as often by itself: scored against how often the stream has it far apart",
    ),
    instance=("key", "content", "group_number"),
    fields={
        "sequence_numbers": pl.col("sequence_number"),
        "spread_ms": SPREAD_MS,
        "by_chance": pl.col("by_chance").first(),
    },
    thresholds=(
        Threshold(
            "retry_window_ms",
            10_000,
            "twice the KPL's default time-out of a put, and more than an SDK retries for",
        ),
        CHANCE,
    ),
    summary=lambda instances, used: (
        f"{times(instances.height, 'record')} put again with the same data and key under another sequence number"
        f" within {seconds(used['retry_window_ms'])} (chance at most {used['chance']:g})"
    ),
    # Equal data may be meant: only the producer knows.
    confidence=lambda instances: round(min(0.95, 1 - float(largest(instances, "by_chance"))), 4),
    yields_to=("kpl_duplicate",),
    least_witness=2,
)
"""Own fields: `sequence_numbers` in order of arrival, `spread_ms`, `by_chance` (the share that chance explains).

Source: Kinesis Developer Guide, Handling duplicate records.
"""
