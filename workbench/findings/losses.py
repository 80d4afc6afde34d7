"""Losses: what should have come and did not."""

from typing import Any

import polars as pl

from workbench.findings.detector import Detector, Instances, Parameters, seconds, times

LISTED_NUMBERS = 100
"""More missing numbers than this are given as from and to."""


def _with_missing(instance: dict[str, Any]) -> dict[str, Any]:
    """The numbers themselves where they are few, their bounds where they are many."""
    first, last = instance.pop("missing_from"), instance.pop("missing_to")
    few = last - first < LISTED_NUMBERS
    return instance | {
        "missing": list(range(first, last + 1)) if few else {"from": first, "to": last}
    }


def _summary(instances: Instances, used: Parameters) -> str:
    lost = sum(
        len(each["missing"])
        if isinstance(each["missing"], list)
        else each["missing"]["to"] - each["missing"]["from"] + 1
        for each in instances
    )
    keys = len({each["key"] for each in instances})
    return (
        f"{times(lost, 'number')} of {used['sequence']} missing between neighbours of {times(keys, 'key')}"
        f" {used['key']}, with the source read on for {seconds(used['settle_ms'])} and no hole between"
    )


SEQUENCE_GAP = Detector(
    kind="sequence_gap",
    instance=("key", "gap"),
    fields={
        "missing_from": pl.col("missing_from").first(),
        "missing_to": pl.col("missing_to").first(),
    },
    finish=_with_missing,
    thresholds={
        "settle_ms": 5_000
    },  # the service's own propagation and a producer's retry stay well below it
    summary=_summary,
    needs=("key", "sequence"),
)
"""Numbers missing between two neighbours of one business key.

Not to be confused with jumps of AWS's own sequence numbers (never dense, never used here), with numbers that may still
come (the source was not read on long enough) or with what we have not read (a hole lies between).
"""

DETECTORS = (SEQUENCE_GAP,)
