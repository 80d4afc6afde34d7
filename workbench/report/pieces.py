"""Pieces that every section of the report is made of: a chart, a cell, a table that says what it leaves out."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from workbench.charts import Drawn, description, to_svg
from workbench.markup import Markup, el, table, visible

LONGEST = 80
"""Characters of a cell; the trace has the rest."""


def picture(chart: Drawn) -> Markup:
    """The chart inline, with its sentence for those who do not see it."""
    return el("figure", Markup(to_svg(chart)), role="img", aria_label=description(chart))


def section(title: str, *children: Any) -> Markup:
    """A section under its heading, which links lead to; the title is ours."""
    return el("section", el("h2", title, id=anchor(title)), *children)


def anchor(title: str) -> str:
    """What a link to the section of this title leads to.

    Example:
        >>> anchor("What was found")
        'what-was-found'
    """
    return title.lower().replace(" ", "-")


def listing(columns: list[str], rows: list[list[Any]], total: int | None = None) -> Markup:
    """A table that scrolls in itself, of `total` rows when these are not all."""
    return scrolling(table(columns, rows), len(rows), total)


def scrolling(rows: Markup, shown: int, total: int | None) -> Markup:
    """A table that scrolls in itself; below it how many rows there are besides those shown."""
    box = el("div", rows, class_="scroll", tabindex="0")
    hidden = 0 if total is None else total - shown
    if hidden <= 0:
        return box
    said = f"{shown:,} of {total:,} rows shown; {hidden:,} more in the trace."
    return el("div", box, el("p", said, class_="quiet"))


def folded(title: str, *children: Any) -> Markup:
    """What a reader opens when in doubt."""
    return el("details", el("summary", title), *children)


def cell(value: Any) -> Any:
    """A value as a reader wants it: instants in UTC to the millisecond, fractions short, long text cut."""
    match value:
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]
        case float():
            return f"{value:.4g}"
        case bool() | int() | Markup():
            return value
        case _:
            return cut(visible(value))


def cut(text: str, longest: int = LONGEST) -> str:
    """The beginning of a long text, marked as such."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def first(rows: Iterable[list[Any]], most: int) -> list[list[Any]]:
    """The first rows, each value as a cell."""
    return [[cell(value) for value in row] for row in islice(rows, most)]
