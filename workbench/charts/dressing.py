"""What all charts look like: colours for white and black pages, a sentence for those who do not see them.

Colours hold on white and on black, because nobody here can see the page's theme; what a colour says is said by a shape
or a word as well.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

Drawn = alt.Chart | alt.FacetChart | alt.LayerChart
"""Altair types what its methods return by no class; the functions beside the charts return Any for it."""

INK = "#787878"
"""Text and axes: contrast 4.4 on white and 4.3 on #111, which is the most that one grey can have on both."""
LANES = (
    *("#3f7fc1", "#c9722c", "#3b9568", "#a862b8", "#c9564f", "#8c8431"),
    *("#2f93a0", "#9a6a4c", "#7c7fd0", "#c2608f", "#6c8c35", "#708090"),
)
OVER = "#d0453e"
"""What is not as it should be."""
DASHES = ([1, 0], [5, 3], [1.5, 2.5], [8, 3, 2, 3])
WIDTH = 660
MOST_LANES = 30


def dressed(chart: Drawn, sentence: str) -> Drawn:
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


def nothing(sentence: str) -> Drawn:
    """A line of text in place of a chart that would be empty."""
    text = alt.Chart(pl.DataFrame({"said": [sentence]})).mark_text(
        color=INK, fontSize=13, align="left"
    )
    drawn = text.encode(text="said:N", x=alt.value(4)).properties(width=420, height=30)
    return dressed(drawn, sentence)


def legend() -> alt.Legend:
    """Names above the chart, none of them cut off."""
    return alt.Legend(orient="top", labelLimit=0)


def legend_of_lines() -> alt.Legend:
    """The same, with lines drawn as lines, so that dashes are seen."""
    return alt.Legend(orient="top", labelLimit=0, symbolType="stroke", symbolSize=500)


def told_apart(
    channel: type, field: str, domain: list[str], values: Sequence[Any], legend: alt.Legend | None
) -> Any:
    """A channel that tells the names of a field apart; the values begin again where there are fewer.

    Args:
        channel: such as `alt.Color` or `alt.Shape`.
        field: the column with the names.
        domain: the names in their order.
        values: what the channel takes: colours, shapes, dashes.
        legend: equal ones of several channels are drawn as one.
    """
    taken = [values[n % len(values)] for n in range(len(domain))]
    return channel(
        f"{field}:N", title=None, scale=alt.Scale(domain=domain, range=taken), legend=legend
    )


def cross(base: alt.Chart) -> Any:
    """The mark of what is not as it should be."""
    return base.mark_point(shape="cross", angle=45, size=80, color=OVER, filled=True, opacity=1)


def more(hidden: int, marked: int, what: str) -> str:
    """What is not drawn is said, never dropped in silence."""
    return f"and {hidden:,} more, {marked:,} of them with {what}" if hidden else ""


def times(count: int, one: str) -> str:
    """How many of something.

    Example:
        >>> times(1, "hole"), times(2_000, "hole")
        ('1 hole', '2,000 holes')
    """
    return f"{count:,} {one if count == 1 else one + 's'}"
