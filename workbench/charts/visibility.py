"""Visibility timeout: what each would cost in deliveries again and in dead letters."""

from typing import Any

import altair as alt
import polars as pl

from workbench.charts.axes import panel_header, seconds_axis, spoken
from workbench.charts.dressing import (
    DASHES,
    INK,
    LANES,
    OVER,
    WIDTH,
    Drawn,
    dressed,
    legend_of_lines,
    nothing,
    told_apart,
)

MEASURES = {
    "extra_deliveries_per_message": "extra deliveries per message",
    "dead_letter_share": "share to the dead-letter queue",
}
MARKS = {"is_observed": "observed", "is_current": "current", "is_recommended": "recommended"}
SHAPES = {"is_observed": "cross", "is_current": "square", "is_recommended": "diamond"}


def redelivery(frame: pl.DataFrame) -> Drawn:
    """Extra deliveries and dead letters against the visibility timeout, one panel each.

    Args:
        frame: a row a prediction: `visibility_timeout_s`, `extra_deliveries_per_message`, `dead_letter_share`; where
            several are tried, `max_receive_count` (a line each); where known `is_current`, `is_recommended` and
            `is_observed` (the row is what was captured, and on no line).

    Returns:
        Timeouts on a logarithmic axis; observed, current and recommended are marked by a shape and named.

    Example:
        >>> redelivery(advice.to_frame())  # doctest: +SKIP
    """
    if frame.is_empty():
        return nothing("No prediction: no duration of a handler is known.")
    rows = _measured(frame)
    least, longest = (float(each) for each in (rows["timeout_s"].min(), rows["timeout_s"].max()))  # type: ignore[arg-type]
    domain = [least * 0.6, longest * 1.25]
    base = alt.Chart(rows).encode(
        x=alt.X(
            "timeout_s:Q",
            scale=alt.Scale(type="log", nice=False, domain=domain),
            axis=seconds_axis("visibility timeout (log)", *domain),
        ),
        y=alt.Y("value:Q", title=None, axis=alt.Axis(format=".3~%", tickCount=4)),
    )
    layers = alt.layer(_lines(base, rows), *_marks(base)).properties(width=WIDTH - 60, height=120)
    faceted = layers.facet(
        row=alt.Row("measure:N", title=None, sort=list(MEASURES.values()), header=panel_header()),
        spacing=12,
    ).resolve_scale(y="independent")
    return dressed(faceted, _said(frame))


def _measured(frame: pl.DataFrame) -> pl.DataFrame:
    """A row a prediction and measure, with the word that is beside it."""
    flags = [flag for flag in MARKS if flag in frame.columns]
    words = [pl.when(flag).then(pl.lit(MARKS[flag])) for flag in flags]
    receives = (
        pl.concat_str(pl.lit("maxReceiveCount "), "max_receive_count")
        if "max_receive_count" in frame.columns
        else pl.lit("predicted")
    )
    observed = pl.col("is_observed") if "is_observed" in flags else pl.lit(value=False)
    return (
        frame.select(
            pl.col("visibility_timeout_s").cast(pl.Float64).clip(1).alias("timeout_s"),
            pl.col(*MEASURES).cast(pl.Float64).name.map(lambda name: MEASURES[name]),
            series=receives.fill_null("predicted"),
            is_observed=observed.fill_null(value=False),
            mark=pl.concat_str(*words, separator=", ", ignore_nulls=True) if words else pl.lit(""),
        )
        .unpivot(
            list(MEASURES.values()),
            index=["timeout_s", "series", "is_observed", "mark"],
            variable_name="measure",
        )
        .drop_nulls("value")
    )


def _lines(base: alt.Chart, rows: pl.DataFrame) -> Any:
    predicted = rows.filter(~pl.col("is_observed"))
    names = predicted["series"].unique(maintain_order=True).to_list()
    key = legend_of_lines() if len(names) > 1 else None
    line = base.transform_filter("!datum.is_observed").mark_line(
        strokeWidth=1.7, point={"size": 22, "filled": True}
    )
    return line.encode(
        color=told_apart(alt.Color, "series", names, LANES, key),
        strokeDash=told_apart(alt.StrokeDash, "series", names, DASHES, key),
    )


def _marks(base: alt.Chart) -> list[Any]:
    """What was observed, the current and the recommended setting: each a shape and a word."""
    layers: list[Any] = []
    for flag, word in MARKS.items():
        marked = base.transform_filter(f"indexof(datum.mark, '{word}') >= 0")
        is_ours = flag != "is_observed"
        point = marked.mark_point(
            shape=SHAPES[flag], size=150, filled=not is_ours, strokeWidth=2, opacity=1
        )
        layers.append(point.encode(color=alt.value(INK if is_ours else OVER)))
    for test, align, dx, dy in (("!!", "right", -10, 0), ("!", "left", 9, -10)):
        named = base.transform_filter(f"datum.mark !== '' && {test}datum.is_observed")
        words = named.mark_text(align=align, dx=dx, dy=dy, color=INK, fontWeight=600)  # type: ignore[arg-type]
        layers.append(words.encode(text="mark:N"))
    return layers


def _said(frame: pl.DataFrame) -> str:
    least, longest = frame["visibility_timeout_s"].min(), frame["visibility_timeout_s"].max()
    said = [f"Visibility timeouts from {spoken(float(least))} to {spoken(float(longest))}"]  # type: ignore[arg-type]
    for flag, word in MARKS.items():
        rows = frame.filter(flag) if flag in frame.columns else frame.clear()
        for row in rows.head(1).iter_rows(named=True):
            extra, dead = (row[name] for name in MEASURES)
            again = "unknown" if extra is None else f"{extra:.2%} extra deliveries"
            lost = "unknown" if dead is None else f"{dead:.2%} to the dead-letter queue"
            said.append(f"{word} {spoken(row['visibility_timeout_s'])}: {again}, {lost}")
    return "; ".join(said) + "."
