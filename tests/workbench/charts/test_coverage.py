"""A hole is seen, however short it is and however many lanes there are."""

import polars as pl
import pytest

from connectors.record import Cause
from tests.workbench.charts.frames import coverage, text_of
from workbench.charts import coverage_bar, to_svg


def test_a_hole_is_told_by_a_mark_and_a_word_and_not_by_colour_alone() -> None:
    with_hole, without = to_svg(coverage_bar(coverage(2, 1))), to_svg(coverage_bar(coverage(2, 0)))

    assert "hole: trimmed" in text_of(with_hole)
    assert with_hole.count('aria-roledescription="point"') == 1
    assert "hole: trimmed" not in text_of(without)
    assert without.count('aria-roledescription="point"') == 0


def test_what_was_sealed_is_told_by_its_core_and_a_word_and_not_by_colour_alone() -> None:
    read = coverage(1, 0)
    sealed = read.with_columns(state=pl.lit("sealed"))

    assert to_svg(coverage_bar(sealed)).count('aria-roledescription="bar"') == 2
    assert to_svg(coverage_bar(read)).count('aria-roledescription="bar"') == 1
    assert {"sealed", "read", "assumed", "hole"} <= set(
        text_of(to_svg(coverage_bar(sealed))).split()
    )


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_of_a_hole_is_named(cause: Cause) -> None:
    holed = coverage(1, 1).with_columns(cause=pl.lit(str(cause)))

    assert f"hole: {cause}" in text_of(to_svg(coverage_bar(holed)))


def test_lanes_beyond_those_drawn_are_counted_with_their_holes() -> None:
    assert "and 10 more, 5 of them with holes" in text_of(to_svg(coverage_bar(coverage(40, 35))))
    assert "more" not in text_of(to_svg(coverage_bar(coverage(30, 1))))
