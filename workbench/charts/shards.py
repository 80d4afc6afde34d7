"""Load of shards: how near each comes to its limit, and when."""

from datetime import datetime
from typing import Any

import altair as alt
import polars as pl

from workbench.charts.axes import rows_of, time, utc
from workbench.charts.dressing import MOST_LANES, WIDTH, Drawn, cross, dressed, more, nothing, times
from workbench.views.drawable import bounds, worst_seconds

MOST_CELLS = 4_500
"""Under the 5,000 rows that Altair accepts."""


def shard_load(frame: pl.DataFrame) -> Drawn:
    """How near each shard came to its limit, second by second; a cross where it went over.

    Args:
        frame: what `ShardPlan.to_frame` returns: `shard`, `second` (UTC), `records`, `bytes`, `share_of_limit`
            (1.0 is the limit).

    Returns:
        A heat map, shard by time, of the 30 busiest shards; a long stretch is drawn by its worst second.

    Example:
        >>> shard_load(plan.to_frame())  # doctest: +SKIP
    """
    if frame.is_empty():
        return nothing("No load: no records with an instant.")
    peaks = frame.group_by("shard").agg(pl.col("share_of_limit").max().alias("peak"))
    peaks = peaks.sort("peak", "shard", descending=[True, False])
    cells = worst_seconds(frame.join(peaks.head(MOST_LANES), on="shard"), MOST_CELLS)
    low, high = bounds(cells, "from_at", "to_at")
    base = alt.Chart(cells.with_columns(utc("from_at", "middle_at", "to_at"))).encode(
        y=rows_of("shard", rank="shard")
    )
    hidden = peaks.tail(-MOST_LANES)
    drawn = (_load_cells(base, low, high) + _over_marks(base)).properties(
        width=WIDTH,
        height=alt.Step(22),
        title=more(len(hidden), int((hidden["peak"] > 1).sum()), "seconds over the limit"),
    )
    over = int((frame["share_of_limit"] > 1).sum())
    said = f"{peaks['peak'][0]:.0%} of the limit at the peak, {times(over, 'second')} over it"
    return dressed(drawn, f"Load of {len(peaks)} shards: {said}.")


def load_colour(top: float, **where: Any) -> alt.Color:
    """Pale to dark, from nothing to `top`, a share of a shard's limit."""
    ramp = alt.Scale(domain=[0, top / 2, top], range=["#9cc3e6", "#3f7fc1", "#1f4e8c"], clamp=True)
    return alt.Color(
        "share:Q", title="of limit", scale=ramp, legend=alt.Legend(format=".0%", **where)
    )


def _load_cells(base: alt.Chart, low: datetime, high: datetime) -> Any:
    return base.mark_rect().encode(x=time("from_at", low, high), x2="to_at", color=load_colour(1))


def _over_marks(base: alt.Chart) -> Any:
    return cross(base.transform_filter("datum.share > 1")).encode(x="middle_at:T")
