"""Measures: quantiles by rank, nothing lost on the way to a sentence."""

from math import inf

import numpy as np
import pytest

from tests.workbench.tune.search.plain import poisson, queue, scene, simulate
from workbench.tune.durations.model import DurationModel
from workbench.tune.search.measures import MEASURES, PERCENTS, WORDS, measure, said


def test_a_quantile_is_an_age_that_occurred_and_so_many_are_not_above_it() -> None:
    simulated = simulate(poisson(20, 60), queue(batch_size=1), DurationModel(base_ms=100))
    measures = measure(simulated, 1.0)
    ages = simulated.age_s * 1_000

    for name, share in PERCENTS.items():
        value = getattr(measures, name)
        assert np.isclose(ages, value).any()
        assert np.mean(ages <= value + 1e-9) >= share
        assert np.mean(ages < value - 1e-9) < share


def test_where_nothing_was_taken_the_age_is_infinite_and_null_in_a_document() -> None:
    simulated = simulate(
        poisson(1, 20), queue(), DurationModel(base_ms=1, record_failure_share=1.0)
    )
    measures = measure(simulated, 0.0)

    assert measures.p99_age_ms == inf
    assert measures.dead_letter_share == 1.0
    assert measures.document()["p99_age_ms"] is None
    assert said("p99_age_ms", inf) == "never"


def test_every_measure_has_a_word() -> None:
    assert set(WORDS) == set(MEASURES)


def test_cost_grows_with_the_work_and_not_with_the_span() -> None:
    short, long = (
        scene(poisson(20, span_s), DurationModel(base_ms=100)).measured(queue(batch_size=1))
        for span_s in (200, 2_000)
    )
    slow = scene(poisson(20, 200), DurationModel(base_ms=200)).measured(queue(batch_size=1))

    # 20 a second, each with a sd of sqrt(4,000) records: 4 sd are 6 %.
    assert short.cost_per_month == pytest.approx(long.cost_per_month, rel=0.08)
    assert slow.cost_per_month > short.cost_per_month
