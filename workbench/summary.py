"""What an object says of itself: a line of text where it is printed, a short table at the end of a notebook's cell.

A person who has just made something wants to know what it is, not all of it: at most ten facts, each on one line, in
the colours of the page, and nothing of a payload runs as part of the page.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any

from workbench.markup import Markup, el, visible

MOST_FACTS = 10
LONGEST = 200
"""Characters of a fact; the object has the rest."""
LEFT = "text-align: left"
"""Notebooks align tables as columns of numbers."""
PRINTED_FACTS, PRINTED_LONGEST = 4, 60


class Summary:
    """Objects that tell their key facts; those that say nothing themselves tell their fields.

    Example:
        >>> class Batch(Summary):
        ...     def _facts(self):
        ...         return {"records": 1_200, "closed by": "window"}
        >>> Batch()
        <Batch: records 1,200, closed by window>
    """

    __slots__ = ()

    def _facts(self) -> Mapping[str, Any]:
        """Names and values for people; the first ten are shown."""
        if not is_dataclass(self):
            return {}
        told = {each.name: getattr(self, each.name) for each in fields(self) if each.repr}
        return {name.replace("_", " "): value for name, value in told.items() if value is not None}

    def _sentences(self) -> tuple[str, ...]:
        """What a person should read before the facts."""
        return ()

    def __repr__(self) -> str:
        shown = islice(self._facts().items(), PRINTED_FACTS)
        said = ", ".join(f"{_line(name)} {_line(value, PRINTED_LONGEST)}" for name, value in shown)
        return f"<{type(self).__name__}{': ' if said else ''}{said}>"

    def _repr_html_(self) -> str:
        return summary(type(self).__name__, self._facts(), self._sentences())


def summary(title: str, facts: Mapping[str, Any], sentences: tuple[str, ...] = ()) -> Markup:
    """The facts as a table under their title; it has no colours, fonts and scripts of its own.

    Args:
        title: what it is.
        facts: names and values; those beyond the tenth are left out.
        sentences: above the table.
    """
    rows = (
        el("tr", el("th", _line(name), scope="row", style=LEFT), el("td", _line(value), style=LEFT))
        for name, value in islice(facts.items(), MOST_FACTS)
    )
    told = (el("p", sentence) for sentence in sentences)
    # A payload with two dollar signs is no formula.
    return el(
        "div", *told, el("table", el("caption", title), el("tbody", *rows)), class_="mathjax_ignore"
    )


def _line(value: Any, longest: int = LONGEST) -> str:
    """The value on one line, its end left out where it is long."""
    text = " ".join(visible(_said(value)).split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _said(value: Any) -> Any:
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.4g}"
        case Mapping():
            told = (
                f"{_line(name)} {_line(each)}" for name, each in islice(value.items(), MOST_FACTS)
            )
            return ", ".join(told) or "none"
        case list() | tuple() | set() | frozenset():
            more = len(value) - MOST_FACTS
            shown = ", ".join(_line(each) for each in islice(value, MOST_FACTS))
            return (f"{shown} and {more:,} more" if more > 0 else shown) or "none"
    return value
