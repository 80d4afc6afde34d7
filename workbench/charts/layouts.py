"""Layouts of a stream against its load: where each cuts the hash key space, and what it cuts there."""

from collections.abc import Iterator
from typing import Any

import altair as alt
import polars as pl

from workbench.charts.axes import spoken, time, utc
from workbench.charts.dressing import INK, LANES, Drawn, cross, dressed, nothing, times
from workbench.charts.shards import load_colour
from workbench.errors import UsageError
from workbench.views.drawable import bounds, worst_seconds
from workbench.views.thinned import stretch_s

HASH_KEYS = 2**128
MOST_CELLS = 4_000
MOST_BINS = 400
MOST_LINES = 40
"""Of more cuts the lines would hide the load."""
HEIGHT = 300
HEAT_WIDTH, BOX_WIDTH, BOX_GAP = 480, 44, 26
DASHES = {"current": [6, 4], "planned": [1, 0]}
"""Layouts whose cuts go through the load; others are beside it only."""
SPACE = alt.Axis(
    values=[0, 0.25, 0.5, 0.75, 1],
    labelExpr="datum.value === 0 ? '0' : datum.value === 1 ? '2¹²⁸' : format(datum.value, '.0%')",
    grid=False,
)


def shard_layouts(load: pl.DataFrame, cuts: pl.DataFrame) -> Drawn:
    """Load over the hash key space by time, and where layouts cut that space into shards.

    Args:
        load: a row a bin of the space and second with traffic: `bin` (from 0), `from_hash_key` (where the bin begins,
            a number or decimal text), `second` (UTC), `share_of_limit` (of what one shard takes, by this bin alone).
        cuts: a row a shard of a layout: `layout` (`current`, `uniform`, `planned`), `position` (where it begins, from 0
            to 1).

    Returns:
        A heat map; dashed lines cut it as now, solid ones as planned, and beside it each layout is a column of boxes, a
        box a shard. A cross is what no cut helps: a bin over the limit alone. A long stretch is drawn by its worst
        second.

    Raises:
        UsageError: more bins than can be drawn.

    Example:
        >>> shard_layouts(plan.load_by_hash(bins=64), plan.cuts())  # doctest: +SKIP
    """
    if load.is_empty():
        return nothing("No load: no records with a partition key and an instant.")
    height = 1 / _bins(load)
    cells = worst_seconds(load.rename({"bin": "shard"}).cast({"shard": pl.String}), MOST_CELLS)
    cells = cells.with_columns(
        utc("from_at", "middle_at", "to_at"), low=pl.col("shard").cast(pl.Int64) * height
    )
    cells = cells.with_columns(high=pl.col("low") + height, middle=pl.col("low") + height / 2)
    layouts = {
        str(name): _boxes(rows) for (name,), rows in cuts.group_by("layout", maintain_order=True)
    }
    low, high = bounds(cells, "from_at", "to_at")
    base = alt.Chart(cells)
    heat = base.mark_rect().encode(
        x=time("from_at", low, high),
        x2="to_at",
        y=_space("low"),
        y2="high",
        color=load_colour(float(cells["share"].max()), orient="bottom"),  # type: ignore[arg-type]  # not empty, numbers
    )
    over = cross(base.transform_filter("datum.share > 1")).encode(
        x="middle_at:T", y=_space("middle")
    )
    beside = [
        each for n, (name, boxes) in enumerate(layouts.items()) for each in _beside(n, name, boxes)
    ]
    lines = [
        line
        for name, boxes in layouts.items()
        if _has_lines(name, boxes)
        for line in _lines(name, boxes)
    ]
    drawn = alt.layer(heat, over, *lines, *beside).properties(
        width=HEAT_WIDTH, height=HEIGHT, title=_shortened(cells, layouts)
    )
    return dressed(drawn, _said(load, layouts))


def _bins(load: pl.DataFrame) -> int:
    """How many bins the space is in, worked out from where the last one that is there begins."""
    last = load.sort("bin").tail(1).row(0, named=True)
    begins = int(last["from_hash_key"])
    bins = round(last["bin"] * HASH_KEYS / begins) if begins else 1
    if bins > MOST_BINS:
        raise UsageError(f"wanted at most {MOST_BINS} bins to draw, found {bins:,}; ask for fewer")
    return bins


def _boxes(rows: pl.DataFrame) -> pl.DataFrame:
    """The shards of a layout: where each begins and ends."""
    starts = sorted({0.0, *(float(each) for each in rows["position"] if each < 1)})
    return pl.DataFrame({"low": starts, "high": [*starts[1:], 1.0]})


def _space(column: str) -> alt.Y:
    return alt.Y(f"{column}:Q", title="hash key space", scale=alt.Scale(domain=[0, 1]), axis=SPACE)


def _beside(place: int, name: str, boxes: pl.DataFrame) -> Iterator[Any]:
    """A column of boxes right of the load; thousands of boxes are drawn as far as they are places apart."""
    left = HEAT_WIDTH + BOX_GAP + place * (BOX_WIDTH + BOX_GAP)
    place_of = pl.col("low").mul(2 * HEIGHT).floor()
    apart = boxes.with_columns(place=place_of).unique("place", keep="first").sort("low")
    apart = apart.with_columns(high=pl.col("low").shift(-1, fill_value=1.0))
    x, x2 = alt.value(left), alt.value(left + BOX_WIDTH)
    colour = LANES[(place * 2 + 1) % len(LANES)]
    yield (
        alt.Chart(apart)
        .mark_rect(fill=colour, fillOpacity=0.25, stroke=colour, strokeWidth=1)
        .encode(x=x, x2=x2, y=_space("low"), y2="high")
    )
    for dy, said in ((-20, name), (-7, f"{len(boxes):,}")):
        word = alt.Chart(pl.DataFrame({"said": [said]})).mark_text(color=INK, fontSize=11, dy=dy)
        yield word.encode(text="said:N", x=alt.value(left + BOX_WIDTH / 2), y=alt.value(0))


def _has_lines(name: str, boxes: pl.DataFrame) -> bool:
    return name in DASHES and 1 < len(boxes) <= MOST_LINES


def _lines(name: str, boxes: pl.DataFrame) -> Iterator[Any]:
    """Cuts through the load, from its left to its right: dark on a pale bed, to be seen on any load and any page."""
    base = alt.Chart(boxes.filter(pl.col("low") > 0)).encode(
        y=_space("low"), x=alt.value(0), x2=alt.value(HEAT_WIDTH)
    )
    yield base.mark_rule(strokeWidth=3, color="#ffffff", opacity=0.7)
    yield base.mark_rule(strokeDash=DASHES[name], strokeWidth=1.4, color="#202020")


def _shortened(cells: pl.DataFrame, layouts: dict[str, pl.DataFrame]) -> str:
    """What stands for more than itself, and which layouts have no lines because these would hide the load."""
    names = [name for name, boxes in layouts.items() if name in DASHES and len(boxes) > MOST_LINES]
    said = [f"too many cuts to draw through the load: {', '.join(names)}"] if names else []
    if (long_s := stretch_s(cells)) > 1:
        said.append(f"each cell is the worst second of {spoken(long_s)}")
    return "; ".join(said)


def _said(load: pl.DataFrame, layouts: dict[str, pl.DataFrame]) -> str:
    peak = float(load["share_of_limit"].max())  # type: ignore[arg-type]  # not empty, numbers
    told = [f"{name} {times(len(boxes), 'shard')}" for name, boxes in layouts.items()]
    heaviest = f"its heaviest part takes {peak:.0%} of one shard's limit at the peak"
    return f"Load over the hash key space, {heaviest}; {', '.join(told) or 'no layout'}."
