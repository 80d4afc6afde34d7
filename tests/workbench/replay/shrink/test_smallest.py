"""The smallest failing part: that it fails, that nothing of it can go, and how many trials it takes."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.replay.shrink.smallest import smallest


def counted(culprits):
    trials = []

    def fails(some):
        trials.append(len(some))
        return set(culprits) <= set(some)

    return fails, trials


@pytest.mark.parametrize(("culprits", "most"), [(1, 20), (2, 40), (3, 60), (5, 100)])
def test_few_culprits_among_ten_thousand_are_found_in_few_trials(culprits, most):
    took = []
    for seed in range(20):
        chosen = sorted(random.Random(seed).sample(range(10_000), culprits))
        fails, trials = counted(chosen)
        assert smallest(range(10_000), fails) == chosen
        took.append(len(trials))
    print(f"culprits={culprits} of=10000 trials mean={sum(took) / len(took):.0f} most={max(took)}")
    assert max(took) < most


@given(
    st.sets(st.frozensets(st.integers(0, 11), min_size=1, max_size=3), min_size=1, max_size=4),
)
def test_what_is_left_fails_and_no_item_of_it_can_go(reasons):
    """Also where more is not always worse: a failure needs one of several sets, and is hidden by a full house."""
    items = list(range(12))

    def fails(some):
        return len(some) != 7 and any(reason <= set(some) for reason in reasons)

    left = smallest(items, fails)

    assert fails(left)
    assert left == sorted(left)
    for gone in left:
        rest = [each for each in left if each != gone]
        assert not rest or not fails(rest)


def test_items_that_only_fail_all_together_stay():
    assert smallest("abcd", lambda some: len(some) == 4) == list("abcd")
