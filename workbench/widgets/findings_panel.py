"""The findings panel: findings in a grid, and for the one selected its witness rows and the call that returns them.

What it shows are captured payloads, so it sends text only and the page puts it in as text. Questions to the trace are
answered on a thread of the panel's own, because front ends call from different threads and must not wait.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anywidget
import polars as pl
import traitlets

from workbench.errors import UsageError
from workbench.findings import Finding, Findings, find
from workbench.markup import el, table, visible
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.views import with_records, witness

COLUMNS = ("kind", "source", "count", "sure", "coverage", "what")
FIRST = ("key", "delivery_id", "source_at", "body_start")
PAGE_ROWS = 50
LONGEST = 2_000
"""Characters of a cell; the trace has the rest."""


class FindingsPanel(anywidget.AnyWidget):
    """A grid of findings, operated by mouse and keyboard; `findings_panel` makes one.

    Attributes:
        selected: place of the selected finding, from 0; None when there are no findings. May be set.

    Example:
        >>> panel = findings_panel(trace)  # doctest: +SKIP
        >>> panel.selected = 2             # doctest: +SKIP
        >>> panel.witness()                # doctest: +SKIP
    """

    _esm = Path(__file__).parent / "findings_panel.js"
    _css = Path(__file__).parent / "findings_panel.css"
    columns = traitlets.List(list(COLUMNS)).tag(sync=True)
    rows = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    remarks = traitlets.List(traitlets.Unicode()).tag(sync=True)
    selected = traitlets.Int(None, allow_none=True).tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)

    def __init__(self, trace: Trace, findings: Findings) -> None:
        self.trace, self.findings = trace, findings
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="findings-panel")
        self._proved: tuple[int, pl.DataFrame] | None = None
        super().__init__(
            rows=[_summary(finding) for finding in findings],
            remarks=[visible(remark) for remark in findings.remarks],
        )
        self.on_msg(self._told)
        self.observe(self._turned, "selected")
        self.selected = 0 if len(findings) else None

    @property
    def finding(self) -> Finding:
        """The selected finding.

        Raises:
            UsageError: there are no findings.
        """
        if self.selected is None:
            raise UsageError(
                "wanted a selected finding, found none; set .selected to a row's number"
            )
        return self.findings.findings[self.selected]

    def witness(self) -> pl.DataFrame:
        """All rows that prove the selected finding; columns as its SQL names them."""
        return witness(self.trace, self.finding)

    def call(self) -> str:
        """The Python call that returns what `witness` returns."""
        return _call(self.finding)

    def close(self) -> None:
        """Remove the panel from the page once its thread is done, so that the trace may be closed after it."""
        self._worker.shutdown(cancel_futures=True)
        super().close()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The live panel, and a table for where no kernel runs: a saved notebook, an export."""
        bundle = super()._repr_mimebundle_(**options)
        if bundle is not None:
            bundle[0]["text/html"] = self._table()
            bundle[0]["text/plain"] = repr(self.findings.to_frame())
        return bundle

    def _table(self) -> str:
        if not self.rows:
            return el("p", "Nothing found.")
        return table(self.columns, self.rows, caption=f"{len(self.rows)} findings")

    @traitlets.validate("selected")
    def _there(self, proposal: dict[str, Any]) -> int | None:
        place: int | None = proposal["value"]
        if place is not None and not 0 <= place < len(self.findings):
            raise traitlets.TraitError(
                f"wanted a row from 0 to {len(self.findings) - 1}, found {place}"
            )
        return place

    def _turned(self, change: dict[str, Any]) -> None:
        if change["new"] is None:
            self.detail = {}
        else:
            self._worker.submit(self._show, change["new"], 0)

    def _told(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """The page asks for another page of the witness."""
        page = content.get("page") if isinstance(content, dict) else None
        if isinstance(page, int) and self.selected is not None:
            self._worker.submit(self._show, self.selected, page)

    def _show(self, place: int, page: int) -> None:
        """Answer with one page, unless the reader has moved on; the worker's thread comes here, one at a time."""
        if place != self.selected:
            return
        try:
            shown = self._page(place, page)
        except Exception as error:  # noqa: BLE001 - nobody sees what is raised on this thread
            shown = {"error": visible(error)}
        self.detail = {"finding": place, **shown}

    def _page(self, place: int, page: int) -> dict[str, Any]:
        finding = self.findings.findings[place]
        if self._proved is None or self._proved[0] != place:
            self._proved = (place, witness(self.trace, finding))
        rows = self._proved[1]
        first = max(0, min(page, (len(rows) - 1) // PAGE_ROWS)) * PAGE_ROWS
        told = _telling(with_records(self.trace, rows.slice(first, PAGE_ROWS)))
        return {
            "title": self.rows[place][:2],
            "notes": [visible(note) for note in (finding.definition, *finding.notes)],
            "columns": [visible(column) for column in told.columns],
            "rows": [[_text(value) for value in row] for row in told.iter_rows()],
            "first": first,
            "total": len(rows),
            "page": first // PAGE_ROWS,
            "call": _call(finding),
        }


def findings_panel(trace: Trace, findings: Findings | None = None) -> FindingsPanel:
    """A panel of what went wrong in the trace, each finding with the rows that prove it.

    Args:
        trace: the trace.
        findings: what `find` returned; None to look for everything with the fields remembered in the trace.

    Returns:
        A widget; `.selected` is the row's number, `.finding` the finding, `.witness()` its rows, `.call()` what gives
        them without the panel.

    Example:
        >>> findings_panel(trace)  # doctest: +SKIP
    """
    return FindingsPanel(trace, find(trace) if findings is None else findings)


def _summary(finding: Finding) -> list[str]:
    cells = (
        finding.kind,
        source_name(finding.source_arn),
        f"{finding.count:,}",
        f"{finding.confidence:.0%}",
        finding.coverage,
        finding.summary,
    )
    return [_text(cell) for cell in cells]


def _call(finding: Finding) -> str:
    sql = finding.sql.strip()
    quoted = repr(sql) if '"""' in sql or "\\" in sql else f'"""\n{sql}\n"""'
    return f"trace.sql({quoted})"


def _telling(rows: pl.DataFrame) -> pl.DataFrame:
    """The columns that say something on this page; what came, and when, before what is known of it."""
    telling = [
        column.name for column in rows if any(value not in (None, "") for value in column.to_list())
    ]
    return rows.select(sorted(telling, key=lambda name: (*FIRST, name).index(name)))


def _text(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else visible(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
