"""Candidates for a setting: what each costs and how old messages get, so that a choice is seen to be one."""

from collections.abc import Iterator
from typing import Any

import altair as alt
import polars as pl

from workbench.charts.axes import seconds_axis, spoken
from workbench.charts.dressing import INK, LANES, OVER, Drawn, dressed, legend, nothing, told_apart
from workbench.views.drawable import shown

MOST_CANDIDATES = 1_000
MEETS, MISSES, UNJUDGED, LOSES = (
    *("meets the SLO", "misses the SLO", "without an SLO"),
    "more dead letters than today",
)
VERDICTS = {
    MEETS: (LANES[0], LANES[0], "circle"),
    MISSES: (LANES[0], "transparent", "circle"),
    UNJUDGED: (LANES[2], LANES[2], "square"),
    LOSES: (OVER, OVER, "triangle-down"),
}
"""Stroke, fill, shape."""
LONGEST_NAME = 48


def pareto(frame: pl.DataFrame) -> Drawn:
    """What each candidate costs and how old messages get with it; the line joins those that nothing beats.

    Args:
        frame: a row a candidate: `label`, `p99_age_ms`, `cost_per_month` (USD), `dead_letter_share` (0 to 1),
            `meets_slo` (null without an SLO), `is_current`, `is_recommended`, `is_pareto`.

    Returns:
        A point a candidate that has an age and a price, the age on a logarithmic axis; the title counts the others.
        The current and the recommended setting are ringed and named.

    Example:
        >>> pareto(advice.to_frame())  # doctest: +SKIP
    """
    placed = _placed(frame)
    if placed.is_empty():
        return nothing(f"No trade-off: of {len(frame):,} candidates none has an age and a price.")
    ages = placed["age_s"].to_list()
    low, high = min(ages) * 0.7, max(ages) * 1.4
    age = alt.Scale(type="log", nice=False, domain=[low, high])
    cost = alt.Axis(format="$,.2~f", tickCount=6, title="USD per month")
    base = alt.Chart(placed.head(MOST_CANDIDATES)).encode(
        x=alt.X("cost_per_month:Q", scale=alt.Scale(zero=False, padding=24), axis=cost),
        y=alt.Y("age_s:Q", scale=age, axis=seconds_axis("99th percentile of age (log)", low, high)),
    )
    drawn = (_front(base) + _points(base) + _rings(base)).properties(
        width=540, height=280, title=_not_drawn(frame, placed)
    )
    return dressed(drawn, _said(placed))


def _placed(frame: pl.DataFrame) -> pl.DataFrame:
    """Candidates that have a place, first those that a reader looks for; with what is to be said of each."""
    today = frame.filter("is_current")["dead_letter_share"].max()
    verdict = (
        pl.when(pl.col("dead_letter_share") > pl.lit(today, pl.Float64))
        .then(pl.lit(LOSES))
        .when(pl.col("meets_slo").cast(pl.Boolean))
        .then(pl.lit(MEETS))
        .when(pl.col("meets_slo").cast(pl.Boolean).not_())
        .then(pl.lit(MISSES))
        .otherwise(pl.lit(UNJUDGED))
    )
    role = pl.concat_str(
        pl.when("is_current").then(pl.lit("current")),
        pl.when("is_recommended").then(pl.lit("recommended")),
        separator=", ",
        ignore_nulls=True,
    )
    placed = frame.with_columns(shown(frame["label"])).filter(
        pl.col("p99_age_ms").cast(pl.Float64).is_finite(),
        pl.col("cost_per_month").cast(pl.Float64).is_finite(),
    )
    middle = (pl.col("cost_per_month").min() + pl.col("cost_per_month").max()) / 2
    return placed.with_columns(
        age_s=pl.max_horizontal(pl.col("p99_age_ms") / 1_000, 0.001),
        verdict=verdict,
        role=role,
        is_right=pl.col("cost_per_month") > middle,
        name=pl.concat_str(role, pl.lit(": "), pl.col("label").str.head(LONGEST_NAME)),
    ).sort(
        pl.col("is_current") | pl.col("is_recommended"),
        "is_pareto",
        "cost_per_month",
        descending=[True, True, False],
    )


def _front(base: alt.Chart) -> Any:
    """Steps, because between two candidates there is none."""
    front = base.transform_filter("datum.is_pareto")
    return front.mark_line(interpolate="step-after", color=INK, strokeDash=[4, 3], strokeWidth=1.2)


def _points(base: alt.Chart) -> Any:
    names, (strokes, fills, shapes) = list(VERDICTS), zip(*VERDICTS.values(), strict=True)
    return base.mark_point(size=50, strokeWidth=1.5, opacity=1).encode(
        stroke=told_apart(alt.Stroke, "verdict", names, strokes, legend()),
        fill=told_apart(alt.Fill, "verdict", names, fills, legend()),
        shape=told_apart(alt.Shape, "verdict", names, shapes, legend()),
    )


def _rings(base: alt.Chart) -> Any:
    """The current setting is framed by a square, the recommended one by a diamond; each has its name."""
    current = base.transform_filter("datum.is_current")
    recommended = base.transform_filter("datum.is_recommended")
    other = recommended.transform_filter("!datum.is_current")
    ring = {"color": INK, "strokeWidth": 2, "filled": False}
    return alt.layer(
        current.mark_point(shape="square", size=190, **ring),  # type: ignore[arg-type]
        recommended.mark_point(shape="diamond", size=300, **ring),  # type: ignore[arg-type]
        *_names(current, dy=-16),
        *_names(other, dy=18),
    )


def _names(base: alt.Chart, dy: int) -> Iterator[Any]:
    """Beside the mark, towards the middle."""
    said = {"dy": dy, "color": INK, "fontSize": 11, "fontWeight": 600}
    right, left = (base.transform_filter(f"{no}datum.is_right") for no in ("", "!"))
    yield right.mark_text(align="right", dx=-4, **said).encode(text="name:N")  # type: ignore[arg-type]
    yield left.mark_text(align="left", dx=4, **said).encode(text="name:N")  # type: ignore[arg-type]


def _not_drawn(frame: pl.DataFrame, placed: pl.DataFrame) -> str:
    unplaced = len(frame) - len(placed)
    beyond = len(placed) - MOST_CANDIDATES
    said = [f"and {beyond:,} more, none of them on the line"] if beyond > 0 else []
    said += [f"{unplaced:,} without an age or a price not drawn"] if unplaced else []
    return "; ".join(said)


def _said(placed: pl.DataFrame) -> str:
    def one(row: dict[str, Any]) -> str:
        return f"{row['name']}, {spoken(row['age_s'])} at {row['cost_per_month']:,.2f} USD a month"

    named = [one(row) for row in placed.filter(pl.col("role") != "").iter_rows(named=True)]
    on_front = int(placed["is_pareto"].sum())
    return "; ".join([f"{len(placed):,} candidates, {on_front:,} of them not beaten", *named]) + "."
