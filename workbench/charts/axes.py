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
