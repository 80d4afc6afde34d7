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
NOTED = (
    "repeats",
    "first_repeat_id",
    "steps_back",
    "first_step_back_id",
    "resets",
    "first_reset_id",
    "unnumbered",
)
"""Counts over the whole source, the same in every row of it."""


def _finished(instance: dict[str, Any]) -> dict[str, Any]:
    """The numbers themselves where they are few, their bounds where they are many; what is noted stands in notes."""
    first, last = instance.pop("missing_from"), instance.pop("missing_to")
    few = last - first < LISTED_NUMBERS
    missing = list(range(first, last + 1)) if few else {"from": first, "to": last}
    own = {name: value for name, value in instance.items() if name not in NOTED}
    return own | {"missing": missing}


def _missing(instances: pl.DataFrame) -> list[int]:
    """How many numbers each instance misses; they may be more than 64 bits hold."""
    bounds = instances["missing_from", "missing_to"].iter_rows()
    return [last - first + 1 for first, last in bounds]


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    return (
        f"{times(sum(_missing(instances)), 'number')} of {used['sequence']} missing between neighbours of"
        f" {times(instances['key'].n_unique(), 'key')} {used['key']},"
        f" with the source read on for {seconds(used['settle_ms'])} and no hole between"
    )


def _confidence(instances: pl.DataFrame) -> float:
    """The share of the numbers that no unreadable record can be; of those missing in an imported span half."""
    missing, sure = _missing(instances), 0.0
    told = zip(missing, instances["unreadable"], instances["is_read"], strict=True)
    for numbers, unreadable, is_read in told:
        sure += (numbers - unreadable) * (1.0 if is_read else 0.5)
    return round(sure / sum(missing), 3)


def _notes(trace: Trace, used: Parameters, instances: pl.DataFrame) -> tuple[str, ...]:
    noted = instances.select(NOTED).row(0, named=True)
    seen = (
        (times(noted["repeats"], "repeated number"), noted["first_repeat_id"]),
        (times(noted["steps_back"], "step back", "steps back"), noted["first_step_back_id"]),
        (times(noted["resets"], "count begun anew", "counts begun anew"), noted["first_reset_id"]),
    )
    unnumbered = times(noted["unnumbered"], "payload")
    return tuple(
        f"{told}, the first with delivery {delivery_id}"
        for told, delivery_id in seen
        if delivery_id is not None
    ) + (
        (f"{unnumbered} with {used['key']} and no whole number at {used['sequence']}",)
        if noted["unnumbered"]
        else ()
    )


SEQUENCE_GAP = Detector(
    kind="sequence_gap",
    statement=load_statement(__package__, "sequence_gap"),
    definition="Numbers missing between two neighbours of one business key, watermark passed, inside coverage.",
    not_to_confuse=(
        "jumps of AWS's own sequence numbers, which are never dense: never used here",
        "numbers that may still come: every partition that could bring them must be read on for the settling time",
        "what we have not read: a hole between the neighbours, or no span that reaches from one to the other",
        "a count begun anew at 0, 1 or the key's first number: nothing is missing between its end and its beginning",
        "a number in a payload that cannot be read: where there are as many of these between the neighbours as numbers"
        " are missing, nothing is claimed; where they are fewer they lower the confidence",
        "what a queue does not hold any more when one peeks into it, and what was never meant for it (a dead-letter"
        " queue, a failure destination, a subscription with a filter): left out",
        "an imported span, which is complete only as far as its files are: such numbers count half in the confidence",
    ),
    instance=("key", "gap"),
    fields={
        name: pl.col(name).first()
        for name in ("missing_from", "missing_to", "unreadable", "is_read", *NOTED)
    },
    finish=_finished,
    thresholds=(
        Threshold(
            "settle_ms",
            5_000,
            "the service's own propagation and a producer's retry stay well below it",
        ),
    ),
    summary=_summary,
    confidence=_confidence,
    notes=_notes,
    needs=("key", "sequence"),
)
