"""Attempts of a delivery policy: when each comes, and of what phase it is."""

import altair as alt
import polars as pl

from workbench.charts.axes import seconds_axis, spoken
from workbench.charts.dressing import INK, LANES, WIDTH, Drawn, dressed, legend, nothing, told_apart
from workbench.views.drawable import shown
from workbench.views.thinned import in_columns

MOST_ATTEMPTS = 4_000
MANY_ATTEMPTS = 200
"""From here on their numbers are on a logarithmic axis as well, or the first phases would be one dot."""
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross"]


def retry_schedule(frame: pl.DataFrame) -> Drawn:
    """When each attempt of a delivery comes after the first, told apart by the shape of its phase.

    Args:
        frame: a row an attempt in their order: `attempt` (from 1 or 0), `phase`, `delay_s` (since the one before),
            `at_s` (since the first).

    Returns:
        Attempts over logarithmic time. Where there are thousands, of those at one place of the picture the first is
        drawn, and the title says of how many.

    Example:
        >>> retry_schedule(policy.to_frame())  # doctest: +SKIP
    """
    if frame.is_empty():
        return nothing("No attempts: the policy has none.")
    named = frame.with_columns(shown(frame["phase"]))
    phases = named["phase"].unique(maintain_order=True).to_list()
    rows = named
    if len(named) > MOST_ATTEMPTS:
        rows = in_columns(named, MOST_ATTEMPTS // (2 * len(phases)), "at_s", "phase")
    last_s = float(named["at_s"].max())  # type: ignore[arg-type]  # not empty, numbers
    base = alt.Chart(rows).encode(
        x=alt.X(
            "at_s:Q",
            scale=alt.Scale(type="symlog", domain=[0, max(last_s, 1) * 1.05], nice=False),
            axis=seconds_axis("after the first attempt (log)", 1, last_s),
        ),
        y=_counted(len(named)),
    )
    path = base.mark_line(interpolate="step-after", color=INK, strokeWidth=1)
    points = base.mark_point(size=34, filled=True, opacity=0.9).encode(
        color=told_apart(alt.Color, "phase", phases, LANES, legend()),
        shape=told_apart(alt.Shape, "phase", phases, SHAPES, legend()),
    )
    hidden = f"{len(rows):,} of {len(named):,} attempts are drawn, the first of each place"
    drawn = (path + points).properties(
        width=WIDTH - 40, height=220, title=hidden if len(rows) < len(named) else ""
    )
    return dressed(drawn, _said(named, phases))


def _counted(attempts: int) -> alt.Y:
    """Numbers of attempts; logarithmic where there are many."""
    if attempts <= MANY_ATTEMPTS:
        return alt.Y("attempt:Q", axis=alt.Axis(title="attempt", tickCount=5, format=",d"))
    tens = [10**power for power in range(len(str(attempts)))]
    scale = alt.Scale(type="symlog", nice=False)
    axis = alt.Axis(title="attempt (log)", values=tens, format=",d")
    return alt.Y("attempt:Q", scale=scale, axis=axis)


def _said(named: pl.DataFrame, phases: list[str]) -> str:
    counts = dict(named["phase"].value_counts().iter_rows())
    told = ", ".join(f"{counts[phase]:,} {phase}" for phase in phases)
    last_s = named["at_s"].max()
    return f"{len(named):,} attempts within {spoken(float(last_s))}: {told}."  # type: ignore[arg-type]
