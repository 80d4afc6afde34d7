"""A story has its faults where its labels are true of them."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.story import APART_S, Story


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20)
def test_moments_of_one_name_stand_apart_where_there_is_room(seed: int) -> None:
    story = Story(seed, 7_200.0)
    begun_s = sorted(story.moment(120, apart="imports") for _ in range(8))

    assert min(b - a for a, b in pairwise(begun_s)) >= APART_S


def test_moments_without_room_are_still_told() -> None:
    story = Story(1, 300.0)

    assert len([story.moment(apart="imports") for _ in range(20)]) == 20
