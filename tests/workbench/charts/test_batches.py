"""Sizes of batches: observed as bars, simulated beside."""

import polars as pl

from tests.workbench.charts.frames import text_of
from tests.workbench.charts.tuned_frames import sizes
from workbench.charts import batch_sizes, description, to_svg


def marks(svg: str, kind: str) -> int:
    return svg.count(f'aria-roledescription="{kind}"')


def test_bars_are_what_was_observed_and_strokes_are_what_was_not() -> None:
    frame = pl.concat([sizes(3, "simulated"), sizes(10, "observed")])
    svg = to_svg(batch_sizes(frame))

    assert (marks(svg, "bar"), marks(svg, "rule mark")) == (10, 3)
    assert {"observed", "simulated"} <= set(text_of(svg).split())


def test_ten_thousand_sizes_are_binned_and_the_bins_width_is_said() -> None:
    chart = batch_sizes(sizes(10_000))
    rows = [row for cells in chart.to_dict()["datasets"].values() for row in cells]

    assert "each bar 167 sizes" in text_of(to_svg(chart))
    assert len(rows) <= 120
    assert sum(row["share"] for row in rows if row["series"] == "observed") > 0.999


def test_the_mean_is_said() -> None:
    assert description(batch_sizes(sizes(10, "simulated"))) == (
        "Records of a batch, on average: simulated 5.5."
    )


def test_no_batch_is_a_sentence() -> None:
    assert description(batch_sizes(sizes().clear())).startswith("No batches")
