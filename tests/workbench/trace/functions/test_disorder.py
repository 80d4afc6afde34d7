"""Kendall's distance and its kin are what they are by definition, however many values and however equal."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.factories import write_trace
from workbench.trace.functions.disorder import displacements, longest_in_order

BIG = st.integers(-(2**63), 2**63 - 1)
SERIES = st.one_of(
    st.lists(st.integers(0, 5), max_size=200),
    st.lists(st.integers(0, 1_000), max_size=200),
    st.lists(BIG, max_size=100),
)


@given(SERIES, st.sampled_from([0, 0, 1, 7, 2**62]))
def test_a_displacement_counts_the_greater_ones_before(told: list[int], error: int) -> None:
    expected = [
        sum(before > value + error for before in told[:place]) for place, value in enumerate(told)
    ]

    assert displacements(told, error) == expected


@given(st.integers(0, 300))
def test_a_reversed_series_is_as_far_from_order_as_can_be(length: int) -> None:
    backwards = list(range(length, 0, -1))

    assert sum(displacements(backwards)) == length * (length - 1) // 2
    assert longest_in_order(backwards) == min(length, 1)


@given(SERIES)
def test_a_sorted_series_is_in_order_and_ties_change_nothing(told: list[int]) -> None:
    in_order = sorted(told)
    with_ties = sorted(told + told)

    assert sum(displacements(in_order)) == sum(displacements(with_ties)) == 0
    assert longest_in_order(in_order) == len(told)


@given(st.lists(st.integers(0, 20), max_size=9))
def test_the_longest_part_in_order_is_the_longest_of_all_parts(told: list[int]) -> None:
    parts = [
        [value for n, value in enumerate(told) if which >> n & 1] for which in range(1 << len(told))
    ]

    assert longest_in_order(told) == max(len(part) for part in parts if part == sorted(part))


def test_sql_has_both_figures(tmp_path: Path) -> None:
    with write_trace(tmp_path / "t.trace", []) as trace:
        row = trace.sql(
            "select disorder([3, 1, 2], 0) as d, disorder([3, 1, 2], 2) as e"
        ).to_dicts()

    assert row == [
        {
            "d": {"displacements": [0, 1, 1], "in_order": 2},
            "e": {"displacements": [0, 0, 0], "in_order": 2},
        }
    ]
