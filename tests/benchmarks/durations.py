"""Fits of handlers that are known: how often the intervals hold them, and how often honest captures are accepted."""

from collections.abc import Iterator
from typing import Any

from tests.workbench.tune.captures import arrivals, happened
from tests.workbench.tune.durations.test_fit import logged
from tests.workbench.tune.simulate.systems import servers
from workbench.tune.backtest import back_test
from workbench.tune.durations.fit import fit
from workbench.tune.durations.model import DurationModel

SEEDS = 200
HANDLERS = ((50.0, 20.0), (200.0, 5.0), (10.0, 40.0))
WANTED_HELD = 0.9
STORIES = 60


def run() -> Iterator[dict[str, Any]]:
    """Coverage of the 95 % intervals over 200 seeds a handler; verdicts on captures that are true, and on lies."""
    for base_ms, each_ms in HANDLERS:
        held_base = held_each = 0
        for seed in range(SEEDS):
            found = fit(logged(base_ms, each_ms, seed), seed=seed)
            held_base += found.base_ms_interval[0] <= base_ms <= found.base_ms_interval[1]
            held_each += (
                found.per_record_ms_interval[0] <= each_ms <= found.per_record_ms_interval[1]
            )
        yield {
            "name": "durations",
            "handler_ms": [base_ms, each_ms],
            "base_held": held_base / SEEDS,
            "per_record_held": held_each / SEEDS,
            "wanted": WANTED_HELD,
        }
    yield {"name": "durations", "honest_accepted": verdicts(lie=False), "wanted": 0.95}
    yield {"name": "durations", "lies_accepted": verdicts(lie=True)}


def verdicts(lie: bool) -> float:
    """Share of the captures that are accepted; a lie says batches of 10 and many pollers where neither ran."""
    accepted = 0
    for seed in range(STORIES):
        batch_size, pollers = ((1, 5, 10)[seed % 3], 6) if not lie else (1, 2)
        model = DurationModel(base_ms=400, per_record_ms=40, record_failure_share=0.01)
        ran = servers(pollers, batch_size=batch_size, visibility_timeout_s=30)
        story = happened(arrivals(5, 600, seed), ran, model, seed)
        said = servers(50, batch_size=10, visibility_timeout_s=30) if lie else ran
        seen = story.observed(said)
        accepted += back_test(seen, fit(seen.invocations).model, [said.profile]).accepted
    return accepted / STORIES
