"""Axes: instants in UTC, whatever the zone of whoever looks, and lanes in an order that is said."""

from datetime import UTC, datetime, timedelta

import altair as alt
import polars as pl

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
LADDER_S = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
    *(1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800),
    *(3_600, 7_200, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600),
)
"""Durations that have short names."""
MOST_STEPS, FEWEST_STEPS = 8, 2
SPOKEN = (
    "datum.value === 0 ? '0' : datum.value < 1 ? format(datum.value * 1e3, '.3~g') + ' ms'"
    " : datum.value < 60 ? format(datum.value, '.3~g') + ' s'"
    " : datum.value < 3600 ? format(datum.value / 60, '.3~g') + ' min'"
    " : datum.value < 86400 ? format(datum.value / 3600, '.3~g') + ' h'"
    " : format(datum.value / 86400, '.3~g') + ' d'"
)
"""The same as `spoken`, in the chart."""


def time(column: str, low: datetime, high: datetime) -> alt.X:
    """A UTC axis that says the date once and as much of the time as the stretch needs."""
    stretch = high - low
    form = next((form for most, form in INSTANT_FORMS if stretch <= most), "%Y-%m-%d")
    domain = [round(each.timestamp() * 1_000) for each in (low, high)]
    axis = alt.Axis(format=form, tickCount=6, titleAlign="right", titleAnchor="end")
    scale = alt.Scale(type="utc", domain=domain, padding=0)
    return alt.X(f"{column}:T", title=f"UTC, from {minute(low)}", scale=scale, axis=axis)


def utc(*columns: str) -> pl.Expr:
    """Instants that every chart library takes for UTC, whatever the zone of whoever looks."""
    return pl.col(columns).dt.convert_time_zone("UTC")


def minute(instant: datetime) -> str:
    """The instant in UTC, to the minute."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}"


def rows_of(field: str, rank: str = "rank") -> alt.Y:
    """A horizontal lane for each value, in the order of `rank`."""
    axis = alt.Axis(labelLimit=330, ticks=False, domain=False, grid=False, labelPadding=8)
    return alt.Y(f"{field}:N", title=None, sort=alt.EncodingSortField(rank, "min"), axis=axis)


def lane_header(field: str, rank: str) -> alt.Row:
    """A panel for each value, the highest `rank` on top, its name at the left."""
    header = alt.Header(labelAngle=0, labelAlign="left", labelLimit=230, labelPadding=8)
    sort = alt.EncodingSortField(rank, "max", "descending")
    return alt.Row(f"{field}:N", title=None, sort=sort, header=header)


def panel_header() -> alt.Header:
    """The name of a panel, above it at its left."""
    return alt.Header(
        labelAngle=0, labelAlign="left", labelOrient="top", labelAnchor="start", labelPadding=-12
    )


def seconds_axis(title: str, low_s: float, high_s: float) -> alt.Axis:
    """Durations as people say them: at most eight steps of a ladder from milliseconds to days.

    Args:
        title: what lasts.
        low_s: the shortest of the axis.
        high_s: its longest.
    """
    within = [step for step in LADDER_S if low_s <= step <= high_s]
    every = -(-len(within) // MOST_STEPS) or 1
    if len(within) < FEWEST_STEPS:
        return alt.Axis(title=title, labelExpr=SPOKEN, tickCount=4)
    return alt.Axis(title=title, labelExpr=SPOKEN, values=within[::every])


def spoken(seconds: float) -> str:
    """A duration as people say it.

    Example:
        >>> [spoken(each) for each in (0, 0.25, 30, 90, 7_200)]
        ['0', '250 ms', '30 s', '1.5 min', '2 h']
    """
    if seconds == 0:
        return "0"
    units = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"), (0.001, "ms"))
    size, unit = next((each for each in units if seconds >= each[0]), units[-1])
    return f"{float(f'{seconds / size:.3g}'):g} {unit}"
