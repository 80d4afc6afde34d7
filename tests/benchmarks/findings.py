"""How well each kind is found among all others and what looks like it, on several seeds and sizes; and clean ones."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datasets import Agreement, agreement, make
from datasets.plantings import LOOK_ALIKES, PLANTINGS
from datasets.story import Told
from tests.datasets.examined import found_in
from workbench.findings import DETECTORS
from workbench.trace import open_trace

SEEDS = (1, 2, 3, 4, 5)
SIZES = (1_000, 5_000, 20_000)
"""Records of ordinary traffic."""
EACH = 5
"""Faults of each kind in a dataset, and look-alikes of each."""


def run(records: int | None = None) -> Iterator[dict[str, Any]]:
    """Figures a kind, over all seeds and sizes, then those of clean traffic.

    Args:
        records: this size alone.
    """
    sizes = SIZES if records is None else (records,)
    mixed = [
        examined(make(PLANTINGS, LOOK_ALIKES, records=size, seed=seed, each=EACH))
        for size in sizes
        for seed in SEEDS
    ]
    for kind in DETECTORS:
        yield {"name": "findings", "kind": kind, **figures([each.of(kind) for each, _ in mixed])}
    clean = [examined(make(records=size, seed=seed)) for size in sizes for seed in SEEDS]
    found = Counter(kind for agreed, _ in clean for kind, _, _ in agreed.unplanted)
    yield {
        "name": "findings",
        "traffic": "clean",
        "records": sum(rows for _, rows in clean),
        "found": sum(found.values()),
        "kinds": dict(found),
        "wanted": 0,
    }


def figures(agreed: list[Agreement]) -> dict[str, Any]:
    """What was planted and found, summed up."""
    met = [label for each in agreed for label in each.met]
    planted = sum(each.wanted for each in met) + sum(len(each.missed) for each in agreed)
    found = len(met) + sum(len(each.unplanted) for each in agreed)
    return {
        "planted": planted,
        "found": found,
        "true": len(met),
        "wrong_fields": sum(len(each.untrue) for each in agreed),
        "precision": round(len(met) / found, 4) if found else None,
        "recall": round(sum(each.wanted for each in met) / planted, 4) if planted else None,
    }


def examined(told: Told) -> tuple[Agreement, int]:
    """How what is found agrees with what is true, and of how many records."""
    with tempfile.TemporaryDirectory() as folder:
        path = told.write(Path(folder, "t.trace"))
        with open_trace(path) as trace:
            return agreement(told.labels, found_in(trace), DETECTORS), len(told.records)
