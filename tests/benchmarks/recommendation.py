"""Recommendations on captures whose best settings are known: how often those are among what is recommended."""

from collections.abc import Iterator
from typing import Any

from tests.workbench.tune.search.test_advice import searched

SEEDS = 100
WANTED_HELD = 0.95


def run() -> Iterator[dict[str, Any]]:
    """Share of the seeds whose true optimum is in the set that the capture cannot tell from the best."""
    held, sizes = 0, []
    for seed in range(SEEDS):
        advice, truth = searched(seed)
        kept = advice.ranking.not_beaten if advice.ranking else ()
        held += truth in kept if truth is not None else advice.recommended is None
        sizes.append(len(kept))
    yield {
        "name": "recommendation",
        "seeds": SEEDS,
        "optimum_held": held / SEEDS,
        "wanted": WANTED_HELD,
        "set_size_mean": round(sum(sizes) / SEEDS, 1),
    }
