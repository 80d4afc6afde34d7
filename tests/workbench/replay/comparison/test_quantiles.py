"""A change of duration is told where there is one, and noise is not taken for it."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.replay.comparison.quantiles import ratio_of_quantiles

DURATIONS = st.lists(st.floats(0.1, 1e4), min_size=1, max_size=200)


def drawn(seed, mean, count=300):
    chance = Random(seed)
    return [chance.lognormvariate(0, 0.4) * mean for _ in range(count)]


@given(DURATIONS, DURATIONS)
def test_swapped_durations_give_the_inverse(a, b):
    there, back = ratio_of_quantiles(a, b, 0.5), ratio_of_quantiles(b, a, 0.5)
    assert there.ratio == pytest.approx(1 / back.ratio)
    assert there.changed is back.changed
    if there.low is not None:
        assert there.low == pytest.approx(1 / back.high)
        assert there.low <= there.ratio <= there.high


@given(DURATIONS, st.sampled_from([0.5, 0.99]))
def test_durations_do_not_differ_from_themselves(values, quantile):
    assert not ratio_of_quantiles(values, values[::-1], quantile).changed


def test_one_distribution_seldom_differs_from_itself():
    found = sum(
        ratio_of_quantiles(drawn(n, 10), drawn(n + 1_000, 10), 0.5).changed for n in range(200)
    )
    assert found <= 20


def test_the_interval_holds_the_true_ratio_about_as_often_as_it_says():
    ratios = [ratio_of_quantiles(drawn(n, 10), drawn(n + 1_000, 15), 0.5) for n in range(200)]
    assert sum(each.low <= 1.5 <= each.high for each in ratios) >= 184


def test_a_handler_half_as_quick_is_found_out():
    found = ratio_of_quantiles(drawn(1, 10), drawn(2, 20), 0.5)
    assert found.changed
    assert found.low < 2 < found.high


def test_few_durations_say_nothing():
    assert ratio_of_quantiles([1.0] * 3, [9.0] * 3, 0.5).changed is None
    assert ratio_of_quantiles([1.0] * 50, [9.0] * 50, 0.99).changed is None
    assert ratio_of_quantiles([], [1.0], 0.5) is None
    assert ratio_of_quantiles([0.0], [1.0], 0.5).ratio is None
