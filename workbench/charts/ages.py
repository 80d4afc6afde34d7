"""How old messages get over time: as observed, and as a simulation has it, side by side."""

import altair as alt
import polars as pl

from workbench.charts.axes import minute, panel_header, seconds_axis, spoken, time, utc
from workbench.charts.dressing import (
    DASHES,
    LANES,
    WIDTH,
    Drawn,
    dressed,
    legend_of_lines,
    nothing,
    told_apart,
)
from workbench.views.drawable import bounds, shown
from workbench.views.thinned import stretch_s, worst_ages

MOST_ROWS = 4_800
MOST_INSTANTS = 600
"""A place a pixel of the width, about."""
PERCENTILES = {"p99_age_s": "99th percentile", "p50_age_s": "median"}
YOUNGEST_S = 0.001
"""A logarithm has no zero: what is younger is drawn so old."""


def age_over_time(frame: pl.DataFrame) -> Drawn:
    """How old messages were when their work ended, over time; a line a series, told apart by dashes as well.

    Args:
        frame: a row an instant and series: `at` (UTC), `p50_age_s`, `p99_age_s` (null where nothing ended), `series`
            (`observed`, `simulated`, or other names).

    Returns:
        Two panels with one logarithmic axis, the 99th percentile and the median. A long stretch is drawn by its oldest.

    Example:
        >>> age_over_time(prepared.age_over_time(simulated, bucket_s=10))  # doctest: +SKIP
    """
    known = frame.drop_nulls("p99_age_s")
    if known.is_empty():
        return nothing("No ages: no message whose end is known.")
    known = known.with_columns(shown(known["series"]))
    names = _in_order(known["series"])
    most = min(MOST_INSTANTS, MOST_ROWS // (2 * len(names)))
    worst = worst_ages(known, most)
    rows = (
        worst.rename(PERCENTILES)
        .unpivot(
            list(PERCENTILES.values()), index=["series", "from_at"], variable_name="percentile"
        )
        .drop_nulls("value")
        .with_columns(utc("from_at"), age_s=pl.col("value").clip(YOUNGEST_S))
    )
    low, high = bounds(worst, "from_at", "to_at")
    ages = rows["age_s"].to_list()
    youngest, oldest = min(ages) * 0.8, max(ages) * 1.25
    base = alt.Chart(rows).encode(
        x=time("from_at", low, high),
        y=alt.Y(
            "age_s:Q",
            scale=alt.Scale(type="log", nice=False, domain=[youngest, oldest]),
            axis=seconds_axis("age (log)", youngest, oldest),
        ),
        color=told_apart(alt.Color, "series", names, LANES, legend_of_lines()),
    )
    lines = base.mark_line(strokeWidth=1.7).encode(
        strokeDash=told_apart(alt.StrokeDash, "series", names, DASHES, legend_of_lines())
    )
    lone = base.mark_point(size=6, filled=True, opacity=1)
    drawn = (lines + lone).properties(width=WIDTH - 40, height=120)
    faceted = drawn.facet(
        row=alt.Row(
            "percentile:N", title=None, sort=list(PERCENTILES.values()), header=panel_header()
        ),
        spacing=10,
    )
    if len(worst) < len(known):
        faceted = faceted.properties(title=f"the oldest of each {spoken(stretch_s(worst))}")
    return dressed(faceted, _said(known, names))


def _in_order(series: pl.Series) -> list[str]:
    """What happened first, then what would have."""
    return sorted(series.unique(), key=lambda name: (name != "observed", name != "simulated", name))


def _said(known: pl.DataFrame, names: list[str]) -> str:
    low, high = bounds(known, "at", "at")
    highest = dict(known.group_by("series").agg(pl.col("p99_age_s").max()).iter_rows())
    told = "; ".join(f"{name} at most {spoken(highest[name])}" for name in names)
    return f"Age from {minute(low)} to {minute(high)} UTC, 99th percentile: {told}."
