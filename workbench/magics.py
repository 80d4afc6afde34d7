"""`%load_ext workbench`: cells of SQL over the open trace, `%%trace`."""

import shlex
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import polars as pl
from IPython.core.error import UsageError as CellError
from IPython.core.interactiveshell import InteractiveShell

from workbench.errors import UsageError, WorkbenchError
from workbench.markup import el, joined, table
from workbench.trace import Trace
from workbench.trace.reader import named_parameters

SHOWN_ROWS = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """What a cell of SQL returned: all of it in `frame`, the first rows to look at."""

    frame: pl.DataFrame
    sql: str
    """As `trace.sql` takes it."""
    took_s: float

    def __repr__(self) -> str:
        return f"{self.frame}\n{self._said()}"

    def _repr_html_(self) -> str:
        rows = [list(row) for row in self.frame.head(SHOWN_ROWS).iter_rows()]
        return joined(table(self.frame.columns, rows), el("p", self._said()))

    def _said(self) -> str:
        shown = f", the first {SHOWN_ROWS} shown" if len(self.frame) > SHOWN_ROWS else ""
        return f"{len(self.frame):,} rows in {self.took_s:,.2f} s{shown}"


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Add `%%trace` to a notebook or an IPython shell; what `%load_ext workbench` calls."""
    shell.register_magic_function(_magic(shell), magic_kind="cell", magic_name="trace")  # type: ignore[call-arg]  # IPython wraps it untyped


def _magic(shell: InteractiveShell) -> Any:
    def trace(line: str, cell: str) -> Answer:
        """Ask the open trace in SQL.

        %%trace [--as NAME] [--on VARIABLE]
        select service, count(*) from records group by all

        `$names` in the statement are variables of the notebook; --as keeps the frame under a name, --on says which
        variable holds the trace where several do.
        """
        try:
            return _answered(line, cell, shell.user_ns)
        except WorkbenchError as error:
            raise CellError(str(error)) from error

    return trace


def _answered(line: str, cell: str, names: dict[str, Any]) -> Answer:
    asked = _options().parse_args(shlex.split(line))
    opened = _open_trace(asked.on, names)
    wanted = named_parameters(cell)
    if missing := sorted(wanted - names.keys()):
        raise UsageError(
            f"wanted a variable {missing[0]} for ${missing[0]}, found none; set it in a cell before"
        )
    began_s = time.perf_counter()
    frame = opened.sql(cell, **{name: names[name] for name in wanted})
    if asked.kept_as:
        names[asked.kept_as] = frame
    return Answer(frame, cell, time.perf_counter() - began_s)


def _open_trace(variable: str | None, names: Mapping[str, Any]) -> Trace:
    if variable is not None:
        if isinstance(names.get(variable), Trace):
            return names[variable]  # type: ignore[no-any-return]
        raise UsageError(
            f'wanted an open trace in {variable}, found {names.get(variable)!r}; wb.open("incident.trace") opens one'
        )
    public = {name: value for name, value in names.items() if not name.startswith("_")}
    opened = {name: value for name, value in public.items() if isinstance(value, Trace)}
    if len(set(map(id, opened.values()))) == 1:
        return next(iter(opened.values()))
    if not opened:
        raise UsageError(
            'wanted an open trace in a variable, found none; trace = wb.open("incident.trace") opens one'
        )
    raise UsageError(f"wanted one open trace, found {', '.join(opened)}; say which with --on NAME")


def _options() -> ArgumentParser:
    class Options(ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise UsageError(f"%%trace [--as NAME] [--on VARIABLE]: {message}")

    options = Options(prog="%%trace", add_help=False)
    options.add_argument("--as", dest="kept_as", type=_name, metavar="NAME")
    options.add_argument("--on", metavar="VARIABLE")
    return options


def _name(text: str) -> str:
    if not text.isidentifier():
        raise UsageError(f"wanted a name for the rows, found {text!r}")
    return text
