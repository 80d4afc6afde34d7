"""Charts: a frame in, an Altair chart out; and a chart as SVG, drawn here and offline.

A chart is drawn from a few hundred rows that the database has aggregated, never from raw records. Colours hold on white
and on black, because nobody here can see the page's theme; what a colour says is said by a shape or a word as well.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import altair as alt
import polars as pl
import vl_convert

from workbench.views.drawable import bounds, coverage_lanes, lanes_of, worst_seconds

Drawn = alt.Chart | alt.FacetChart | alt.LayerChart
"""Altair types what its methods return by no class; the private functions here return Any for it."""

INK = "#787878"
"""Text and axes: contrast 4.4 on white and 4.3 on #111, which is the most that one grey can have on both."""
LANES = (
    *("#3f7fc1", "#c9722c", "#3b9568", "#a862b8", "#c9564f", "#8c8431"),
    *("#2f93a0", "#9a6a4c", "#7c7fd0", "#c2608f", "#6c8c35", "#708090"),
)
STATES = ["sealed", "read", "assumed", "hole"]
STATE_COLOURS = ["#2a7f8e", "#3b9568", "#c9922c", "#d0453e"]
OVER = STATE_COLOURS[-1]
WHOLE_NUMBERS = alt.Axis(
    tickCount=2, grid=False, labelExpr="datum.value % 1 ? '' : format(datum.value, ',')"
)
INSTANT_FORMS = (
    (timedelta(seconds=10), "%H:%M:%S.%L"),
    (timedelta(minutes=10), "%H:%M:%S"),
    (timedelta(days=2), "%H:%M"),
    (timedelta(days=10), "%m-%d %H:%M"),
)
"""The longest stretch that is labelled so: no two ticks of one axis have the same label."""
WIDTH = 660
MOST_LANES = 30
MOST_CELLS = 4_500
"""Under the 5,000 rows that Altair accepts."""


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
        return _nothing("No deliveries: the trace holds no records.")
    totals = frame.group_by("source_arn", maintain_order=True).agg(
        pl.col("deliveries").sum().alias("total")
    )
    totals = totals.with_columns(source=lanes_of(totals["source_arn"]).fill_null("others"))
    rows = frame.join(totals, on="source_arn", nulls_equal=True)
    low, high = bounds(rows, "from_at", "to_at")
    bars = alt.Chart(rows.with_columns(_utc("from_at", "to_at"))).mark_bar(orient="vertical")
    lanes = (
        bars.encode(
            x=_time("from_at", low, high),
            x2="to_at",
            y=alt.Y("deliveries:Q", title=None, axis=WHOLE_NUMBERS),
            color=alt.Color("source:N", legend=None, scale=alt.Scale(range=list(LANES))),
        )
        .properties(width=WIDTH, height=34)
        .facet(row=_lane_header("source", "total"), spacing=6)
        .resolve_scale(y="independent")
    )
    said = "; ".join(f"{name} {total:,}" for name, total in totals.select("source", "total").rows())
    return _dressed(lanes, f"Deliveries over time, {_minute(low)} to {_minute(high)} UTC: {said}.")


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
        return _nothing("No coverage: nothing is known to have been read.")
    spans = coverage_lanes(frame, within)
    low, high = bounds(spans, "from_at", "to_at")
    shown = spans.filter(pl.col("rank") < MOST_LANES).with_columns(_utc("from_at", "to_at"))
    base = alt.Chart(shown).encode(y=_rows("lane"), x=_time("from_at", low, high))
    lanes = spans.select("rank", "holed").unique()
    hidden = lanes.filter(pl.col("rank") >= MOST_LANES)
    drawn = (_span_bars(base) + _seals(base) + _hole_marks(base)).properties(
        width=WIDTH,
        height=alt.Step(26),
        title=_more(len(hidden), int(hidden["holed"].sum()), "holes"),
    )
    holes = int((spans["state"] == "hole").sum())
    return _dressed(drawn, f"Coverage of {len(lanes)} partitions: {_times(holes, 'hole')}.")


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
        return _nothing("Nothing found.")
    rows = frame.select(
        finding=pl.concat_str("kind", pl.lit(" in "), lanes_of(frame["source_arn"])),
        instances="count",
    )
    scale = alt.Scale(type="symlog")
    base = alt.Chart(rows.with_row_index("rank")).encode(
        y=_rows("finding"), x=alt.X("instances:Q", axis=None, scale=scale)
    )
    counts = base.mark_text(align="left", dx=5, color=INK)
    drawn = base.mark_bar(color=LANES[0], height=14) + counts.encode(
        text=alt.Text("instances:Q", format=",")
    )
    said = "; ".join(f"{finding} {instances:,}" for finding, instances in rows.rows())
    return _dressed(drawn.properties(width=300, height=alt.Step(22)), f"Instances: {said}.")


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
        return _nothing("No load: no records with an instant.")
    peaks = frame.group_by("shard").agg(pl.col("share_of_limit").max().alias("peak"))
    peaks = peaks.sort("peak", "shard", descending=[True, False])
    cells = worst_seconds(frame.join(peaks.head(MOST_LANES), on="shard"), MOST_CELLS)
    low, high = bounds(cells, "from_at", "to_at")
    base = alt.Chart(cells.with_columns(_utc("from_at", "middle_at", "to_at"))).encode(
        y=_rows("shard", rank="shard")
    )
    hidden = peaks.tail(-MOST_LANES)
    drawn = (_load_cells(base, low, high) + _over_marks(base)).properties(
        width=WIDTH,
        height=alt.Step(22),
        title=_more(len(hidden), int((hidden["peak"] > 1).sum()), "seconds over the limit"),
    )
    over = int((frame["share_of_limit"] > 1).sum())
    said = f"{peaks['peak'][0]:.0%} of the limit at the peak, {_times(over, 'second')} over it"
    return _dressed(drawn, f"Load of {len(peaks)} shards: {said}.")


def description(chart: Drawn) -> str:
    """What the chart says, in one sentence, for those who do not see it."""
    return str(chart.description)


def to_svg(chart: Drawn) -> str:
    """The chart as SVG text; nothing is fetched, no script is in it.

    Example:
        >>> to_svg(timeline(activity(trace)))[:4]  # doctest: +SKIP
        '<svg'
    """
    version = "_".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    drawn = vl_convert.vegalite_to_svg(chart.to_dict(), vl_version=version, allowed_base_urls=[])
    return str(drawn)


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
    return _cross(holes) + cause.encode(text="said:N")


def _load_cells(base: alt.Chart, low: datetime, high: datetime) -> Any:
    ramp = alt.Scale(domain=[0, 0.5, 1], range=["#9cc3e6", "#3f7fc1", "#1f4e8c"], clamp=True)
    share = alt.Color("share:Q", title="of limit", scale=ramp, legend=alt.Legend(format=".0%"))
    return base.mark_rect().encode(x=_time("from_at", low, high), x2="to_at", color=share)


def _over_marks(base: alt.Chart) -> Any:
    return _cross(base.transform_filter("datum.share > 1")).encode(x="middle_at:T")


def _cross(base: alt.Chart) -> Any:
    return base.mark_point(shape="cross", angle=45, size=80, color=OVER, filled=True, opacity=1)


def _rows(field: str, rank: str = "rank") -> alt.Y:
    """A horizontal lane for each value, in the order of `rank`."""
    axis = alt.Axis(labelLimit=330, ticks=False, domain=False, grid=False, labelPadding=8)
    return alt.Y(f"{field}:N", title=None, sort=alt.EncodingSortField(rank, "min"), axis=axis)


def _lane_header(field: str, rank: str) -> alt.Row:
    header = alt.Header(labelAngle=0, labelAlign="left", labelLimit=230, labelPadding=8)
    sort = alt.EncodingSortField(rank, "max", "descending")
    return alt.Row(f"{field}:N", title=None, sort=sort, header=header)


def _time(column: str, low: datetime, high: datetime) -> alt.X:
    """A UTC axis that says the date once and as much of the time as the stretch needs."""
    stretch = high - low
    form = next((form for most, form in INSTANT_FORMS if stretch <= most), "%Y-%m-%d")
    domain = [round(each.timestamp() * 1_000) for each in (low, high)]
    axis = alt.Axis(format=form, tickCount=6, titleAlign="right", titleAnchor="end")
    scale = alt.Scale(type="utc", domain=domain, padding=0)
    return alt.X(f"{column}:T", title=f"UTC, from {_minute(low)}", scale=scale, axis=axis)


def _utc(*columns: str) -> pl.Expr:
    """Instants that every chart library takes for UTC, whatever the zone of whoever looks."""
    return pl.col(columns).dt.convert_time_zone("UTC")


def _minute(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}"


def _more(hidden: int, marked: int, what: str) -> str:
    """What is not drawn is said, never dropped in silence."""
    return f"and {hidden:,} more, {marked:,} of them with {what}" if hidden else ""


def _times(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else one + 's'}"


def _nothing(sentence: str) -> Drawn:
    text = alt.Chart(pl.DataFrame({"said": [sentence]})).mark_text(
        color=INK, fontSize=13, align="left"
    )
    drawn = text.encode(text="said:N", x=alt.value(4)).properties(width=420, height=30)
    return _dressed(drawn, sentence)


def _dressed(chart: Drawn, sentence: str) -> Drawn:
    """Transparent, grey axes, system fonts, and a description for those who do not see it."""
    axis = {"labelColor": INK, "titleColor": INK, "domainColor": INK, "tickColor": INK}
    quiet = {"gridColor": INK, "gridOpacity": 0.2, "labelFontSize": 11, "titleFontSize": 10}
    plain = {"titleFontWeight": "normal", "labelColor": INK, "titleColor": INK}
    dressed: Drawn = (
        chart.properties(description=sentence, background="transparent")
        .configure(font="system-ui, 'DejaVu Sans', sans-serif")
        .configure_view(stroke=None)
        .configure_axis(**axis, **quiet, titleFontWeight="normal")
        .configure_header(**plain, labelFontSize=12)
        .configure_legend(**plain, labelFontSize=11, titleFontSize=11)
        .configure_title(color=INK, fontSize=11, fontWeight="normal", anchor="start")
    )
    return dressed
