"""How large batches are: as observed and as a simulation forms them."""

import altair as alt
import polars as pl

from workbench.charts.dressing import INK, LANES, WIDTH, Drawn, dressed, legend, nothing, told_apart
from workbench.views.drawable import shown
from workbench.views.thinned import in_bins

MOST_BINS = 60


def batch_sizes(frame: pl.DataFrame) -> Drawn:
    """What share of invocations had how many records: bars for what was observed, a stepped line for each other series.

    Args:
        frame: a row a size and series: `records`, `share` (0 to 1, of the series' invocations), `series`.

    Returns:
        At most 60 bins of one width; the title says how wide where it is more than one size.

    Example:
        >>> batch_sizes(frame)  # doctest: +SKIP
    """
    if frame.is_empty():
        return nothing("No batches: no invocation whose records are known.")
    named = frame.with_columns(shown(frame["series"]))
    names = named["series"].unique(maintain_order=True).to_list()
    barred = "observed" if "observed" in names else names[0]
    names.sort(key=lambda name: name != barred)
    binned, width = in_bins(named, MOST_BINS)
    rows = binned.with_columns(left=pl.col("records") - 0.5, right=pl.col("records") + width - 0.5)
    base = alt.Chart(rows).encode(
        x=alt.X(
            "left:Q",
            title="records of a batch",
            scale=alt.Scale(nice=False, zero=False),
            axis=alt.Axis(tickMinStep=1, tickCount=10, format=",d", grid=False),
        ),
        x2="right",
        y=alt.Y("share:Q", title="share of invocations", axis=alt.Axis(format=".0%", tickCount=5)),
        color=told_apart(alt.Color, "series", names, LANES, legend()),
    )
    bars = base.transform_filter(alt.datum.series == barred).mark_bar(opacity=0.55, stroke=INK)
    bars = bars.encode(y2=alt.datum(0))
    strokes = base.transform_filter(alt.datum.series != barred).mark_rule(strokeWidth=3)
    drawn = (bars + strokes).properties(
        width=WIDTH - 40, height=170, title=f"each bar {width:,} sizes" if width > 1 else ""
    )
    return dressed(drawn, _said(named, names))


def _said(named: pl.DataFrame, names: list[str]) -> str:
    weighed = named.group_by("series").agg(
        mean=(pl.col("records") * pl.col("share")).sum() / pl.col("share").sum()
    )
    means = dict(weighed.iter_rows())
    told = "; ".join(f"{name} {means[name]:.1f}" for name in names)
    return f"Records of a batch, on average: {told}."
