"""Chance belongs to its record, attempt and purpose alone, and is even."""

import numpy as np
import pytest

from workbench.tune.simulate.chance import DURATION, RECORD_FAILURE, quantile, uniform

COUNT = 20_000


def test_the_same_question_gets_the_same_number() -> None:
    assert uniform(1, 2, 3, DURATION) == uniform(1, 2, 3, DURATION)


@pytest.mark.parametrize(
    "other",
    [(2, 2, 3, DURATION), (1, 3, 3, DURATION), (1, 2, 4, DURATION), (1, 2, 3, RECORD_FAILURE)],
)
def test_any_other_question_gets_another(other: tuple[int, int, int, int]) -> None:
    assert uniform(1, 2, 3, DURATION) != uniform(*other)


def test_numbers_are_even_and_independent() -> None:
    first = np.array([uniform(7, record, 1, DURATION) for record in range(COUNT)])
    again = np.array([uniform(7, record, 2, DURATION) for record in range(COUNT)])
    four_sd = 4 / np.sqrt(COUNT)

    assert abs(first.mean() - 0.5) < four_sd * np.sqrt(1 / 12)
    assert abs(np.corrcoef(first, again)[0, 1]) < four_sd
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < four_sd


def test_a_quantile_lies_between_its_neighbours() -> None:
    table = np.array([1.0, 2.0, 4.0])

    assert [quantile(table, share) for share in (0.0, 0.25, 0.75, 1.0)] == [1.0, 1.5, 3.0, 4.0]
    assert quantile(np.array([5.0]), 0.3) == 5.0
