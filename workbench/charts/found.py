"""Findings at a glance: how many instances of each kind, and where."""

import altair as alt
import polars as pl

from workbench.charts.axes import rows_of
from workbench.charts.dressing import INK, LANES, Drawn, dressed, nothing
from workbench.views.drawable import lanes_of


def findings_chart(frame: pl.DataFrame) -> Drawn:
    """How many instances of each kind in each source.

    Args:
        frame: what `Findings.to_frame` returns; `kind`, `source_arn` and `count` are used.

    Returns:
        A bar a finding with its count beside it; lengths grow with the logarithm.

    Example:
        >>> findings_chart(find(trace).to_frame())  # doctest: +SKIP
    """
    if frame.is_empty():
        return nothing("Nothing found.")
    rows = frame.select(
        finding=pl.concat_str("kind", pl.lit(" in "), lanes_of(frame["source_arn"])),
        instances="count",
    )
    scale = alt.Scale(type="symlog")
    base = alt.Chart(rows.with_row_index("rank")).encode(
        y=rows_of("finding"), x=alt.X("instances:Q", axis=None, scale=scale)
    )
    counts = base.mark_text(align="left", dx=5, color=INK)
    drawn = base.mark_bar(color=LANES[0], height=14) + counts.encode(
        text=alt.Text("instances:Q", format=",")
    )
    said = "; ".join(f"{finding} {instances:,}" for finding, instances in rows.rows())
    return dressed(drawn.properties(width=300, height=alt.Step(22)), f"Instances: {said}.")
