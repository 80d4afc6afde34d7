"""The tail of durations: what was seen, a fitted tail beyond it, nothing beyond the function's timeout."""

from itertools import pairwise

import numpy as np
import pytest

from workbench.tune.redelivery.tail import FEW, Tail


def exponential(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).exponential(1.0, count)


def test_with_many_attempts_the_share_is_the_one_that_was_seen() -> None:
    seen = exponential(FEW + 1)

    assert Tail.of(seen, None).over(2.0).share == np.mean(seen > 2.0)


def test_beyond_what_was_seen_the_tail_goes_on() -> None:
    found = [Tail.of(exponential(1_000, seed), None).over(9.0).share for seed in range(40)]
    truth = np.exp(-9.0)

    assert 0.2 * truth < np.median(found) < 5 * truth
    assert np.mean(exponential(1_000) > 9.0) == 0


def test_the_interval_of_a_fitted_tail_holds_the_truth() -> None:
    truth = np.exp(-5.0)
    found = [Tail.of(exponential(800, seed), None).over(5.0) for seed in range(40)]

    assert np.mean([each.low <= truth <= each.high for each in found]) >= 0.7


@pytest.mark.parametrize("count", [50, 1_000, 3_000])
def test_longer_is_never_likelier(count: int) -> None:
    tail = Tail.of(exponential(count), 12.0)
    shares = [tail.over(seconds).share for seconds in np.linspace(0, 13, 200)]

    assert all(a >= b - 1e-9 for a, b in pairwise(shares))


def test_nothing_takes_longer_than_the_longest_possible() -> None:
    tail = Tail.of(exponential(500), 8.0)

    assert tail.over(8.0).high == 0
    assert tail.over(7.9).share >= 0


def test_few_attempts_leave_a_wide_interval_and_no_fit() -> None:
    tail = Tail.of(exponential(20), None)

    assert tail.fitted is None
    assert tail.over(100.0).share == 0
    assert tail.over(100.0).high > 0.1


def test_equal_durations_are_no_trouble() -> None:
    assert Tail.of(np.full(500, 3.0), None).over(3.0).share == 0
