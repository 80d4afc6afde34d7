"""Age over time: what was observed and what a simulation makes of it, on one axis."""

from datetime import timedelta

import polars as pl

from tests.workbench.charts.frames import T0, at, text_of
from tests.workbench.charts.tuned_frames import ages
from workbench.charts import age_over_time, description, to_svg


def test_each_series_is_a_line_in_each_panel_and_told_apart_by_its_dashes() -> None:
    svg = to_svg(age_over_time(ages()))

    assert svg.count('aria-roledescription="line mark"') == 4
    assert "stroke-dasharray" in svg
    assert {"observed", "simulated", "99th", "median"} <= set(text_of(svg).split())


def test_what_was_observed_comes_first_and_the_oldest_is_said() -> None:
    said = description(age_over_time(ages(120, "as changed", "simulated", "observed")))

    assert "observed at most 1.03 min; simulated at most 1.03 min; as changed at most" in said


def test_a_long_stretch_is_drawn_by_its_oldest_within_altairs_5000_rows() -> None:
    long = ages(20_000, "observed", "simulated", "as changed")
    peak = pl.DataFrame(
        {"at": [at(77_777)], "series": ["observed"], "p50_age_s": [1.0], "p99_age_s": [9_000.0]}
    )
    chart = age_over_time(pl.concat([long, peak], how="diagonal"))
    rows = [row for cells in chart.to_dict()["datasets"].values() for row in cells]

    assert len(rows) <= 5_000
    assert "the oldest of each 5.56 min" in text_of(to_svg(chart))
    assert "the oldest" not in text_of(to_svg(age_over_time(ages())))
    assert max(row["age_s"] for row in rows) == 9_000


def test_stretches_in_which_nothing_ended_are_left_out_and_zero_has_a_place() -> None:
    frame = pl.DataFrame(
        {
            "at": [T0, T0 + timedelta(seconds=10)],
            "series": ["observed"] * 2,
            "p50_age_s": [0.0, None],
            "p99_age_s": [0.0, None],
        },
        schema_overrides={"p50_age_s": pl.Float64, "p99_age_s": pl.Float64},
    )
    rows = [row for cells in age_over_time(frame).to_dict()["datasets"].values() for row in cells]

    assert [row["age_s"] for row in rows] == [0.001, 0.001]


def test_one_instant_alone_is_drawn() -> None:
    assert to_svg(age_over_time(ages(1, "observed"))).count('aria-roledescription="point"') == 2


def test_no_end_at_all_is_a_sentence() -> None:
    assert description(age_over_time(ages().clear())).startswith("No ages")
