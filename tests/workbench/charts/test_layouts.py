"""Layouts against load: where each cuts, and what no cut helps."""

import polars as pl
import pytest

from tests.workbench.charts.frames import text_of
from tests.workbench.charts.tuned_frames import THREE, cuts, load_by_hash
from workbench.charts import description, shard_layouts, to_svg
from workbench.errors import UsageError


def rules(svg: str) -> int:
    return svg.count('aria-roledescription="rule mark"')


def test_every_layout_is_a_column_of_boxes_under_its_name_and_its_count() -> None:
    chart = shard_layouts(load_by_hash(), cuts(**THREE))
    words = text_of(to_svg(chart)).split()

    assert {"current", "uniform", "planned", "4", "6", "3"} <= set(words)
    assert description(chart).endswith("current 4 shards, uniform 6 shards, planned 3 shards.")


def test_the_current_and_the_planned_layout_cut_the_load_and_the_uniform_one_does_not() -> None:
    def lines(**layouts: list[float]) -> int:
        return rules(to_svg(shard_layouts(load_by_hash(), cuts(**layouts))))

    bed_and_line = 2
    assert lines(current=[0.0, 0.5]) == bed_and_line
    assert lines(planned=[0.0, 0.25, 0.5]) == 2 * bed_and_line
    assert lines(uniform=[0.0, 0.5]) == 0


def test_a_layout_that_names_no_cut_at_zero_has_a_shard_from_there_all_the_same() -> None:
    chart = shard_layouts(load_by_hash(), cuts(planned=[0.25, 0.5]))

    assert description(chart).endswith("planned 3 shards.")


def test_layouts_of_very_many_shards_do_not_hide_the_load_and_are_counted_whole() -> None:
    many = shard_layouts(load_by_hash(), cuts(current=[n / 9_000 for n in range(9_000)]))
    svg = to_svg(many)

    assert rules(svg) == 0
    assert "too many cuts to draw through the load: current" in text_of(svg)
    assert "9,000" in text_of(svg)
    assert max(len(rows) for rows in many.to_dict()["datasets"].values()) < 5_000


def test_boxes_leave_nothing_out_where_shards_are_too_narrow_to_draw() -> None:
    chart = shard_layouts(load_by_hash(), cuts(planned=[0.0, 0.1, 0.1003, 0.56]))
    boxes = [
        rows
        for rows in chart.to_dict()["datasets"].values()
        if set(rows[0]) == {"low", "high", "place"}
    ]

    (drawn,) = boxes
    assert [row["high"] for row in drawn] == [*(row["low"] for row in drawn[1:]), 1.0]
    assert drawn[0]["low"] == 0


def test_a_bin_that_is_over_the_limit_alone_is_crossed() -> None:
    over, under = (shard_layouts(load_by_hash(hot=hot), cuts(**THREE)) for hot in (1.3, 1.0))

    assert to_svg(over).count('aria-roledescription="point"') == 1
    assert to_svg(under).count('aria-roledescription="point"') == 0
    assert "takes 130% of one shard's limit" in description(over)


def test_a_long_load_is_thinned_and_keeps_its_peak() -> None:
    chart = shard_layouts(load_by_hash(64, 600, 1.3), cuts(**THREE))

    assert sum(len(rows) for rows in chart.to_dict()["datasets"].values()) <= 5_000
    assert "each cell is the worst second of 10 s" in text_of(to_svg(chart))
    assert to_svg(chart).count('aria-roledescription="point"') == 1


def test_the_space_is_whole_where_only_its_beginning_has_load() -> None:
    low = load_by_hash(16).filter(pl.col("bin") <= 1)
    rows = shard_layouts(low, cuts()).to_dict()["datasets"].values()

    assert max(row["high"] for cells in rows for row in cells if "share" in row) == 2 / 16


def test_more_bins_than_can_be_drawn_are_refused_in_one_line() -> None:
    with pytest.raises(UsageError, match="wanted at most 400 bins to draw, found 512"):
        shard_layouts(load_by_hash(512, 1), cuts(**THREE))
