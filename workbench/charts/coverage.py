"""Coverage: what was read and what was not, so that nobody takes silence for absence."""

from datetime import datetime
from typing import Any

import altair as alt
import polars as pl

from workbench.charts.axes import rows_of, time, utc
from workbench.charts.dressing import (
    LANES,
    MOST_LANES,
    OVER,
    WIDTH,
    Drawn,
    cross,
    dressed,
    more,
    nothing,
    times,
)
from workbench.views.drawable import bounds, coverage_lanes

STATES = ["sealed", "read", "assumed", "hole"]
STATE_COLOURS = ["#2a7f8e", LANES[2], "#c9922c", OVER]


def coverage_bar(frame: pl.DataFrame, within: tuple[datetime, datetime] | None = None) -> Drawn:
    """What was read and what was not, a lane a source and partition; lanes with holes first.

    Args:
        frame: what `Trace.coverage` returns: `source_arn`, `partition_id`, `from_at`, `to_at`, `state`, `cause`.
        within: the stretch of interest, such as from the first to the last record: coverage that reaches out of it is
            cut off, holes never are; None for everything.

    Returns:
        A chart of at most 30 lanes; the title says how many more there are.

    Example:
        >>> coverage_bar(trace.coverage())  # doctest: +SKIP
    """
    if frame.is_empty():
        return nothing("No coverage: nothing is known to have been read.")
    spans = coverage_lanes(frame, within)
    low, high = bounds(spans, "from_at", "to_at")
    shown = spans.filter(pl.col("rank") < MOST_LANES).with_columns(utc("from_at", "to_at"))
    base = alt.Chart(shown).encode(y=rows_of("lane"), x=time("from_at", low, high))
    lanes = spans.select("rank", "holed").unique()
    hidden = lanes.filter(pl.col("rank") >= MOST_LANES)
    drawn = (_span_bars(base) + _seals(base) + _hole_marks(base)).properties(
        width=WIDTH,
        height=alt.Step(26),
        title=more(len(hidden), int(hidden["holed"].sum()), "holes"),
    )
    holes = int((spans["state"] == "hole").sum())
    return dressed(drawn, f"Coverage of {len(lanes)} partitions: {times(holes, 'hole')}.")


def _span_bars(base: alt.Chart) -> Any:
    """Sealed: solid with a pale core. Read: solid. Assumed: pale and dashed. Hole: pale, marked and named."""
    return base.mark_bar(strokeWidth=1.5, height=9).encode(
        x2="to_at",
        color=_by_state(alt.Color, STATE_COLOURS, legend=alt.Legend(orient="top")),
        stroke=_by_state(alt.Stroke, STATE_COLOURS, legend=None),
        strokeDash=_by_state(alt.StrokeDash, [[1, 0], [1, 0], [4, 3], [1, 0]], legend=None),
        fillOpacity=_by_state(alt.FillOpacity, [0.85, 0.85, 0.15, 0.3], legend=None),
    )


def _seals(base: alt.Chart) -> Any:
    """The pale core of what was read again so late that nothing can be missing."""
    sealed = base.transform_filter("datum.state === 'sealed'")
    return sealed.mark_bar(height=3, color="#ffffff", opacity=0.75).encode(x2="to_at")


def _by_state(channel: type, values: list[Any], legend: alt.Legend | None) -> Any:
    scale = alt.Scale(domain=STATES, range=values)
    return channel("state:N", title=None, scale=scale, legend=legend)


def _hole_marks(base: alt.Chart) -> Any:
    """A cross and the cause, so that a hole of one millisecond is seen in a bar of a day."""
    holes = base.transform_filter("datum.state === 'hole'")
    cause = holes.mark_text(align="left", dx=7, dy=-10, fontSize=10, limit=180, color=OVER)
    return cross(holes) + cause.encode(text="said:N")
