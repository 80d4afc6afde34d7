"""Long frames are made short, and what matters in them stays."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workbench.charts.frames import at
from workbench.views.thinned import in_bins, in_columns, stretched, summed, worst_ages

SECONDS = st.lists(st.integers(0, 5_000), min_size=1, max_size=60)


@settings(max_examples=50)
@given(SECONDS, st.integers(1, 40))
def test_every_instant_is_in_its_stretch_and_there_are_no_more_than_asked(
    seconds: list[int], most: int
) -> None:
    frame = stretched(pl.DataFrame({"at": [at(each) for each in seconds]}), "at", most)

    assert frame["from_at"].n_unique() <= most
    assert frame.filter(pl.col("at") < pl.col("from_at")).is_empty()
    assert frame.filter(pl.col("at") >= pl.col("to_at")).is_empty()


@settings(max_examples=50)
@given(SECONDS, st.integers(1, 40))
def test_added_up_counts_lose_nothing(seconds: list[int], most: int) -> None:
    frame = pl.DataFrame({"at": [at(each) for each in seconds], "accepted": seconds})

    assert summed(frame, most, "accepted")["accepted"].sum() == sum(seconds)


def test_few_buckets_stay_what_they_are() -> None:
    frame = pl.DataFrame({"at": [at(0), at(10), at(30)], "accepted": [1, 2, 3]})

    assert summed(frame, 10, "accepted")["accepted"].to_list() == [1, 2, 3]
    assert summed(frame, 10, "accepted")["from_at"].to_list() == [at(0), at(10), at(30)]


@settings(max_examples=50)
@given(st.lists(st.floats(0, 9), min_size=1, max_size=60), st.integers(1, 20))
def test_the_oldest_of_a_stretch_stands_for_it(ages: list[float], most: int) -> None:
    frame = pl.DataFrame(
        {
            "at": [at(n) for n in range(len(ages))],
            "p50_age_s": [age / 2 for age in ages],
            "p99_age_s": ages,
            "series": "observed",
        }
    )
    thinned = worst_ages(frame, most)

    assert len(thinned) <= most
    assert thinned["p99_age_s"].max() == max(ages)


def test_of_what_is_at_one_place_the_first_is_left_and_each_name_keeps_one() -> None:
    frame = pl.DataFrame({"at_s": [0.0, 0.0, 0.0, 1e6], "phase": ["a", "a", "b", "b"]})

    assert in_columns(frame, 10, "at_s", "phase").rows() == [(0.0, "a"), (0.0, "b"), (1e6, "b")]


@pytest.mark.parametrize(("most", "width"), [(10, 1), (5, 2), (3, 4)])
def test_bins_are_of_one_width_and_keep_the_whole_share(most: int, width: int) -> None:
    frame = pl.DataFrame({"records": range(1, 11), "share": [0.1] * 10, "series": "observed"})
    binned, found = in_bins(frame, most)

    assert found == width
    assert len(binned) <= most
    assert binned["share"].sum() == pytest.approx(1)
