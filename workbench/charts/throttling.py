"""Requests that a throttle lets through and those that it turns away."""

import altair as alt
import polars as pl

from workbench.charts.axes import spoken, time, utc
from workbench.charts.dressing import (
    LANES,
    OVER,
    WIDTH,
    Drawn,
    dressed,
    legend,
    nothing,
    told_apart,
)
from workbench.views.drawable import bounds
from workbench.views.thinned import stretch_s, summed

MOST_BARS = 600
ACCEPTED, REJECTED = "accepted", "rejected"


def throttled(frame: pl.DataFrame) -> Drawn:
    """Accepted and rejected requests over time; rejected ones hang below the line of zero.

    Args:
        frame: a row a stretch of time: `at` (its start, UTC), `accepted`, `rejected` (counts).

    Returns:
        Two bars a stretch, accepted upwards, rejected downwards; long frames are added up, never left out.

    Example:
        >>> throttled(throttle.to_frame())  # doctest: +SKIP
    """
    if frame.is_empty():
        return nothing("No requests: nothing to throttle.")
    rows = summed(frame, MOST_BARS, ACCEPTED, REJECTED)
    low, high = bounds(rows, "from_at", "to_at")
    bars = rows.unpivot([ACCEPTED, REJECTED], index=["from_at", "to_at"], variable_name="answer")
    bars = bars.with_columns(
        utc("from_at", "to_at"),
        signed=pl.col("value").cast(pl.Int64)
        * pl.when(pl.col("answer") == REJECTED).then(-1).otherwise(1),
    ).filter(pl.col("value") > 0)
    whole = alt.Axis(tickCount=5, labelExpr="datum.value % 1 ? '' : format(abs(datum.value), ',')")
    drawn = (
        alt.Chart(bars)
        .mark_bar(orient="vertical")
        .encode(
            x=time("from_at", low, high),
            x2="to_at",
            y=alt.Y(
                "signed:Q",
                title=f"rejected, accepted per {spoken(stretch_s(rows))}",
                stack=None,
                axis=whole,
            ),
            color=told_apart(alt.Color, "answer", [ACCEPTED, REJECTED], [LANES[0], OVER], legend()),
        )
    )
    taken, turned_away = int(frame[ACCEPTED].sum()), int(frame[REJECTED].sum())
    share = turned_away / (taken + turned_away) if taken + turned_away else 0.0
    said = f"{taken:,} requests accepted, {turned_away:,} rejected, {share:.2%} of all."
    return dressed(drawn.properties(width=WIDTH, height=170), said)
