"""kpl_duplicate: a user record of the Kinesis Producer Library that came in two aggregates."""

import polars as pl

from workbench.findings.detector import SPREAD_MS, Detector
from workbench.findings.duplicates.chance import CHANCE, confidence
from workbench.findings.wording import seconds, times, total
from workbench.questions import Parameters, Threshold
from workbench.trace.sql import load_statement


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    return (
        f"{times(instances.height, 'user record')} put again in another aggregate within"
        f" {seconds(used['kpl_window_ms'])}, {total(instances, 'is_whole'):,} of them with the whole aggregate"
        f" (chance at most {used['chance']:g})"
    )


KPL_DUPLICATE = Detector(
    kind="kpl_duplicate",
    statement=load_statement(__package__, "kpl_duplicate"),
    definition="A user record that came in two aggregates of a stream moments apart; of a repeated aggregate each one.",
    not_to_confuse=(
        "an aggregate captured twice: one sequence number",
        "user records that stand in one aggregate several times: meant so, only aggregates are compared",
        "plain records put twice: producer_retry",
        "equal user records that come by themselves: scored against how often the stream has them far apart",
    ),
    instance=("key", "content", "group_number"),
    fields={
        "sub_sequences": pl.col("sub_sequence"),
        "sequence_numbers": pl.col("sequence_number"),
        "is_whole": pl.col("is_whole").any(),
        "spread_ms": SPREAD_MS,
        "by_chance": pl.col("by_chance").first(),
    },
    thresholds=(
        Threshold(
            "kpl_window_ms",
            30_000,
            "RecordTtl of the Kinesis Producer Library: for how long it goes on trying to put a user record",
        ),
        CHANCE,
    ),
    summary=_summary,
    confidence=confidence,
)
"""Own fields: `sub_sequences`, its place in each aggregate, beside `sequence_numbers`; `is_whole`: the aggregate itself
was repeated; `spread_ms`; `by_chance`.

Source: amazon-kinesis-producer, aggregation-format.md and default_config.properties.
"""
