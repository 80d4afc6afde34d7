"""Deliveries over time: what came, from where, and when."""

import altair as alt
import polars as pl

from workbench.charts.axes import WHOLE_NUMBERS, lane_header, minute, time, utc
from workbench.charts.dressing import LANES, WIDTH, Drawn, dressed, nothing
from workbench.views.drawable import bounds, lanes_of


def timeline(frame: pl.DataFrame) -> Drawn:
    """Deliveries over time, a lane a source, each with a scale of its own.

    Args:
        frame: what `views.activity` returns: `source_arn`, `from_at`, `to_at`, `deliveries`.

    Returns:
        A chart with a UTC axis; a line of text when the frame is empty.

    Example:
        >>> timeline(activity(trace))  # doctest: +SKIP
    """
    if frame.is_empty():
        return nothing("No deliveries: the trace holds no records.")
    totals = frame.group_by("source_arn", maintain_order=True).agg(
        pl.col("deliveries").sum().alias("total")
    )
    totals = totals.with_columns(source=lanes_of(totals["source_arn"]).fill_null("others"))
    rows = frame.join(totals, on="source_arn", nulls_equal=True)
    low, high = bounds(rows, "from_at", "to_at")
    bars = alt.Chart(rows.with_columns(utc("from_at", "to_at"))).mark_bar(orient="vertical")
    lanes = (
        bars.encode(
            x=time("from_at", low, high),
            x2="to_at",
            y=alt.Y("deliveries:Q", title=None, axis=WHOLE_NUMBERS),
            color=alt.Color("source:N", legend=None, scale=alt.Scale(range=list(LANES))),
        )
        .properties(width=WIDTH, height=34)
        .facet(row=lane_header("source", "total"), spacing=6)
        .resolve_scale(y="independent")
    )
    said = "; ".join(f"{name} {total:,}" for name, total in totals.select("source", "total").rows())
    return dressed(lanes, f"Deliveries over time, {minute(low)} to {minute(high)} UTC: {said}.")
