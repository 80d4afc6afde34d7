"""HTML from captured data: the one place that builds it, so that nothing gets in unescaped.

Anyone who can put a message on a queue chooses what we show; a body that ran as script in a notebook would have the
kernel. So text is escaped, never sanitised, and characters that turn, hide or move text are written out.
"""

from datetime import datetime
from html import escape
from typing import Any

from workbench.trace.instants import instant_text

VOID = frozenset({"br", "col", "hr", "meta"})


class Markup(str):
    """HTML that `el` made: the only text that `el` puts in as it is."""

    __slots__ = ()


def visible(value: Any) -> str:
    r"""The value as text in which every character can be seen; `-` for what is not known.

    Args:
        value: text, bytes (as UTF-8, what is none written out), an instant, or anything with a `str`.

    Example:
        >>> visible("a\u202eb"), visible(b"\xff"), visible(None)
        ('a\\u202eb', '\\xff', '-')
    """
    match value:
        case None:
            return "-"
        case bytes():
            text = value.decode("utf-8", "backslashreplace")
        case datetime():
            text = instant_text(value)
        case list() | tuple():
            text = ", ".join(str(each) for each in value)
        case _:
            text = str(value)
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in "\n\t" else each.encode("unicode_escape").decode()
        for each in text
    )


def el(tag: str, *children: Any, **attributes: str | None) -> Markup:
    """An element: children are escaped unless `el` made them, attributes always; an attribute of None is left out.

    Args:
        tag: a constant, never data.
        children: Markup as it is, anything else through `visible`.
        attributes: names are constants; `class_` is `class`, `aria_label` is `aria-label`.

    Returns:
        Markup, to nest or to write.

    Example:
        >>> el("p", "a < b", el("b", "c"), class_="note")
        '<p class="note">a &lt; b<b>c</b></p>'
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(visible(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    start = Markup(f"<{tag}{written}>")
    return start if tag in VOID else Markup(f"{start}{joined(*children)}</{tag}>")


def joined(*children: Any) -> Markup:
    """Children one after the other, escaped as `el` does it."""
    return Markup(
        "".join(
            child if isinstance(child, Markup) else escape(visible(child)) for child in children
        )
    )


def table(
    columns: list[str], rows: list[list[Any]], caption: str | None = None, **attributes: str | None
) -> Markup:
    """A table with a header row; cells are escaped as children of `el` are, numbers are aligned for reading."""
    head = el("thead", el("tr", *(el("th", column, scope="col") for column in columns)))
    body = el("tbody", *(el("tr", *(_cell(value) for value in row)) for row in rows))
    title = () if caption is None else (el("caption", caption),)
    return el("table", *title, head, body, **attributes)


def _cell(value: Any) -> Markup:
    if isinstance(value, int) and not isinstance(value, bool):
        return el("td", f"{value:,}", class_="number")
    return el("td", value)
