"""sequence_gap: numbers missing from a business sequence."""

from typing import Any

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.wording import seconds, times
from workbench.questions import Parameters, Threshold
from workbench.trace import Trace
from workbench.trace.sql import load_statement

LISTED_NUMBERS = 100
"""More missing numbers than this are given as from and to."""
NOTES = load_statement(__package__, "sequence_notes")


def _with_missing(instance: dict[str, Any]) -> dict[str, Any]:
    """The numbers themselves where they are few, their bounds where they are many."""
    first, last = instance.pop("missing_from"), instance.pop("missing_to")
    few = last - first < LISTED_NUMBERS
    return instance | {
        "missing": list(range(first, last + 1)) if few else {"from": first, "to": last}
    }


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    lost = sum(
        last - first + 1 for first, last in instances["missing_from", "missing_to"].iter_rows()
    )
    return (
        f"{times(lost, 'number')} of {used['sequence']} missing between neighbours of"
        f" {times(instances['key'].n_unique(), 'key')} {used['key']},"
        f" with the source read on for {seconds(used['settle_ms'])} and no hole between"
    )


def _notes(trace: Trace, used: Parameters, instances: pl.DataFrame) -> tuple[str, ...]:
    counts = trace.sql(NOTES.text, **{name: used[name] for name in NOTES.parameters})
    return tuple(
        f"{times(repeats, 'repeated number')}, {times(regressions, 'step')} back"
        for _, repeats, regressions in counts.iter_rows()
    )


SEQUENCE_GAP = Detector(
    kind="sequence_gap",
    statement=load_statement(__package__, "sequence_gap"),
    definition="Numbers missing between two neighbours of one business key, watermark passed, inside coverage.",
    not_to_confuse=(
        "jumps of AWS's own sequence numbers, which are never dense: never used here",
        "numbers that may still come: the source must have been read on for the settling time",
        "what we have not read: a hole between the neighbours leaves the pair out",
    ),
    instance=("key", "gap"),
    fields={
        "missing_from": pl.col("missing_from").first(),
        "missing_to": pl.col("missing_to").first(),
    },
    finish=_with_missing,
    thresholds=(
        Threshold(
            "settle_ms",
            5_000,
            "the service's own propagation and a producer's retry stay well below it",
        ),
    ),
    summary=_summary,
    notes=_notes,
    needs=("key", "sequence"),
)
