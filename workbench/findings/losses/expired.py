"""expired: a record that grew too old before anything took it."""

from collections import Counter

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.losses.fanout_missing import LEAST_SHOWN_SHARE
from workbench.findings.wording import times
from workbench.measures.expiring import EXPIRING
from workbench.questions import Parameters, Threshold
from workbench.trace import Trace
from workbench.trace.instants import instant_text
from workbench.trace.sql import load_statement

LEAST_LIFE_SHARE = Threshold(
    "least_life_share",
    0.9,
    "assumed: what nobody took for nine tenths of its life, hardly anybody took in the last",
)
LIMITS = {
    "maximum_record_age": "MaximumRecordAgeInSeconds",
    "retention": "the retention",
    "dead_letter_retention": "the dead-letter queue's retention",
}


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    counts = Counter(instances["limit"].to_list())
    told = ", ".join(f"{count:,} by {LIMITS[limit]}" for limit, count in sorted(counts.items()))
    return f"{times(instances.height, 'record')} expired before any attempt reached them: {told}"


def _notes(trace: Trace, used: Parameters, instances: pl.DataFrame) -> tuple[str, ...]:
    rows = trace.sql(EXPIRING.statement.text, source_arn=used["source_arn"], since=None, until=None)
    return tuple(
        f"of {times(row['messages'], 'message')} seen in the queue the next expires at"
        f" {instant_text(row['next_expiry_at'])}"
        for row in rows.iter_rows(named=True)
        if row["next_expiry_at"] is not None
    )


EXPIRED = Detector(
    kind="expired",
    statement=load_statement(__package__, "expired"),
    definition=(
        "A record that no attempt reached before the mapping's MaximumRecordAge, the retention of its stream or queue,"
        " or that of its dead-letter queue was over."
    ),
    not_to_confuse=(
        "a record that nothing was given although its turn came in time: unhandled",
        "a record that the mapping's FilterCriteria drop: left out",
        "a message that somebody took or deleted between our last look and its end: it must have been seen untaken late"
        " in its life; the share that was seen is the confidence",
        "a message that we drained: we took it",
        "a message whose retention or dead-letter queue was changed between looks: left out",
    ),
    instance=("key",),
    fields={
        "limit": pl.col("limit_name").first(),
        "expired_at": pl.col("expired_at").first(),
        "certainty": pl.col("certainty").first(),
    },
    thresholds=(LEAST_SHOWN_SHARE, LEAST_LIFE_SHARE),
    summary=_summary,
    confidence=lambda instances: round(float(instances["certainty"].min()), 3),  # type: ignore[arg-type]
    notes=_notes,
)
"""Source: SQS developer guide, "Dead-letter queues", retention; Lambda developer guide, MaximumRecordAgeInSeconds."""
