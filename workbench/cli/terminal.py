"""Printing: one JSON document for programs, a table for people, everything else on standard error."""

import os
import sys
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from workbench.markup import visible
from workbench.trace.instants import instant_text

if TYPE_CHECKING:
    from rich.progress import Progress


def print_json(document: Any) -> None:
    """The document on standard output, instants as text, bytes as UTF-8 text or base64."""
    text = orjson.dumps(
        document, default=_plain, option=orjson.OPT_INDENT_2 | orjson.OPT_PASSTHROUGH_DATETIME
    )
    sys.stdout.buffer.write(text + b"\n")
    sys.stdout.flush()


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    title: str | None = None,
    *,
    to_stderr: bool = False,
) -> None:
    """A table for people on standard output, or beside a document on standard error; nothing in it is markup."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    on_terminal = (sys.stderr if to_stderr else sys.stdout).isatty()
    Console(stderr=to_stderr, width=None if on_terminal else 160).print(table)


def say(line: str) -> None:
    """One line for people, on standard error, so that a program's document stays alone."""
    print(visible(line), file=sys.stderr, flush=True)


def has_colours() -> bool:
    """Whether standard output is a terminal that shows colours, and its user wants them (no-color.org)."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and sys.stdout.isatty()


def counted(number: int, what: str) -> str:
    """The number with its word.

    Example:
        >>> counted(1, "hole"), counted(2_000, "hole")
        ('1 hole', '2,000 holes')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


@contextmanager
def progress(what: str) -> "Iterator[Progress | None]":
    """A progress display on a terminal's standard error; None where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn(what),
        TextColumn("{task.description}"),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield shown


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return instant_text(value)
        case bytes():
            try:
                return value.decode("utf-8")
            except UnicodeDecodeError:
                return b64encode(value).decode("ascii")
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
    return str(value)
