"""The panel of findings: choose one, see the rows that prove it and the call that returns them."""

from pathlib import Path
from threading import Lock
from typing import Any

import polars as pl
import traitlets
from anywidget import AnyWidget

from workbench.errors import WorkbenchError
from workbench.findings import Finding, Findings, find
from workbench.markup import el, table, visible
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.views import with_records, witness

PAGE = 20
"""Witness rows shown at once."""
LONGEST = 400
"""Characters of a cell; the trace has the rest."""
COLUMNS = ["kind", "source", "count", "confidence", "coverage", "summary"]


class FindingsPanel(AnyWidget):
    """A grid of findings above the witness rows of the selected one.

    Traits: `selected` is the place of the chosen finding, from 0; `offset` the first witness row shown. Both may be set
    from Python or by hand. Text reaches the page as text only.
    """

    _esm = Path(__file__).with_name("findings_panel.js")
    _css = Path(__file__).with_name("findings_panel.css")

    selected = traitlets.Int(0).tag(sync=True)
    offset = traitlets.Int(0).tag(sync=True)
    listed: Any = traitlets.List().tag(sync=True)
    """The findings as cells, in COLUMNS' order."""
    shown = traitlets.Dict().tag(sync=True)
    """What stands below the grid: `columns, rows, total, offset, call, error`."""

    def __init__(self, trace: Trace, findings: Findings) -> None:
        self.trace = trace
        self.findings = tuple(findings)
        super().__init__(listed=[_cells(finding) for finding in self.findings])
        self._turn = Lock()
        self._proof: tuple[int, pl.DataFrame] | None = None
        self._show()
        self.observe(self._select, "selected")
        self.observe(lambda change: self._show(), "offset")

    @property
    def finding(self) -> Finding | None:
        """The selected finding; None where there is none."""
        inside = 0 <= self.selected < len(self.findings)
        return self.findings[self.selected] if inside else None

    def witness(self) -> pl.DataFrame:
        """The rows that prove the selected finding: the same as `call()` returns, all of them."""
        selected, finding = self.selected, self.finding
        if finding is None:
            return pl.DataFrame()
        if self._proof is None or self._proof[0] != selected:
            self._proof = (selected, witness(self.trace, finding))
        return self._proof[1]

    def call(self) -> str:
        """The Python call that returns the witness rows, ready to paste."""
        return "" if self.finding is None else f"trace.sql({_quoted(self.finding.sql)})"

    def _select(self, change: Any) -> None:
        if self.offset:
            self.offset = 0
        else:
            self._show()

    def _show(self) -> None:
        """Put the page of witness rows below the grid, or why it cannot be shown."""
        with self._turn:  # a front end may answer two messages at once, on two threads
            try:
                self.shown = self._page()
            except WorkbenchError as error:
                self.shown = {"error": str(error), "call": self.call()}

    def _page(self) -> dict[str, Any]:
        proof = self.witness()
        if proof.is_empty():
            return {"columns": [], "rows": [], "total": 0, "offset": 0, "call": self.call()}
        offset = max(0, min(self.offset, (len(proof) - 1) // PAGE * PAGE))
        page = with_records(self.trace, proof.slice(offset, PAGE)).rename({"body_start": "payload"})
        return {
            "columns": page.columns,
            "rows": [[_cell(value) for value in row] for row in page.iter_rows()],
            "total": len(proof),
            "offset": offset,
            "call": self.call(),
        }

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The live panel, and a table for where no kernel is: a saved notebook, an exported page."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return data | {"text/html": _still(self.findings), "text/plain": repr(self)}, metadata

    def __repr__(self) -> str:
        return f"<FindingsPanel {len(self.findings)} findings>"


def findings_panel(trace: Trace, findings: Findings | None = None) -> FindingsPanel:
    """The panel of findings for a notebook.

    Args:
        trace: the trace; it stays open as long as the panel is used.
        findings: what `find` returned on it; None to look now with the fields that the trace remembers.

    Returns:
        A widget with `.selected`, `.witness()` and `.call()`.

    Example:
        >>> panel = findings_panel(trace)  # doctest: +SKIP
        >>> panel.witness()                # doctest: +SKIP
    """
    return FindingsPanel(trace, find(trace) if findings is None else findings)


def _cells(finding: Finding) -> list[str]:
    summary = "; ".join([finding.summary, *finding.notes])
    sure = f"{finding.confidence:.0%}"
    source = source_name(finding.source_arn)
    cells = [finding.kind, source, f"{finding.count:,}", sure, finding.coverage, summary]
    return [visible(cell) for cell in cells]


def _cell(value: Any) -> str:
    text = visible(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _quoted(statement: str) -> str:
    """The statement as a Python literal: line by line where every character says what it is."""
    as_it_is = visible(statement) == statement and not statement.endswith('"')
    if as_it_is and '"""' not in statement and "\\" not in statement:
        return f'"""{statement}"""'
    return repr(statement)


def _still(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return el("p", "Nothing found.")
    return table(COLUMNS, [list[Any](_cells(finding)) for finding in findings])
