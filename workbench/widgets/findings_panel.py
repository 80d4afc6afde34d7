"""The findings panel: findings in a grid, and for the one selected its witness rows and the call that returns them.

The findings come from `find`; the panel asks the trace for the witness of the one selected, a page at a time. To walk
over findings filters nothing; a click or Enter selects the witness in all views of the trace.
"""

from typing import Any, ClassVar

import polars as pl
import traitlets

from workbench.crossfilter import Clause
from workbench.errors import UsageError
from workbench.explain import contrast
from workbench.findings import Finding, Findings, find
from workbench.markup import el, table, visible
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.trace.sql import literal
from workbench.views import with_records, witness
from workbench.widgets.view import View, page, style

COLUMNS = ("kind", "source", "count", "sure", "coverage", "what")
FIRST = ("key", "delivery_id", "source_at", "body_start")
PAGE_ROWS = 50
LONGEST = 2_000
"""Characters of a cell; the trace has the rest."""
APART_COLUMNS = ("field", "effect", "these", "the rest", "false discovery rate")
MOST_APART = 20


class FindingsPanel(View):
    """A grid of findings, operated by mouse and keyboard; `findings_panel` makes one.

    Attributes:
        selected: place of the selected finding, from 0; None when there are no findings. May be set.
        selecting: whether its witness is what all views of the trace show. May be set.

    Example:
        >>> panel = findings_panel(trace)  # doctest: +SKIP
        >>> panel.selected = 2             # doctest: +SKIP
        >>> panel.witness()                # doctest: +SKIP
    """

    _esm = page("findings_panel")
    _css = style("findings_panel")
    own_clause: ClassVar[str] = "findings"
    columns = traitlets.List(list(COLUMNS)).tag(sync=True)
    rows = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    remarks = traitlets.List(traitlets.Unicode()).tag(sync=True)
    selected = traitlets.Int(None, allow_none=True).tag(sync=True)
    selecting = traitlets.Bool().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)
    apart = traitlets.Dict().tag(sync=True)

    def __init__(self, trace: Trace, findings: Findings) -> None:
        self.findings = findings
        self._proved: tuple[int, pl.DataFrame] | None = None
        self._chosen = False
        super().__init__(
            trace,
            rows=[_summary(finding) for finding in findings],
            remarks=[visible(remark) for remark in findings.remarks],
        )
        self.observe(self._turned, "selected")
        self.observe(lambda _: self.later("choose", self._choose), "selecting")
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

    def contrast(self) -> pl.DataFrame:
        """What sets the witness of the selected finding apart from its source's other records, as `wb.contrast` tells.

        Raises:
            UsageError: there are no findings, or no other records.
        """
        return contrast(self.trace, self.finding)

    @property
    def sql(self) -> str:
        """The statement that returns the witness of the selected finding."""
        return self.finding.sql

    def static_html(self) -> str:
        """The findings as a table."""
        if not self.rows:
            return el("p", "Nothing found.")
        return table(self.columns, self.rows, caption=f"{len(self.rows)} findings")

    def selection_changed(self) -> None:
        """Somebody may have given everything back."""
        if self._chosen and self.own_clause not in self.selection.clauses:
            self.selecting = False

    def message(self, content: dict[str, Any]) -> None:
        """The page asks for another page of the witness, to select it or no longer, or what sets it apart."""
        if self.selected is None:
            return
        match content:
            case {"page": int(number)}:
                self._show(self.selected, number)
            case {"kind": "select", "place": int(place)} if 0 <= place < len(self.findings):
                self.selected, self.selecting = place, True
            case {"kind": "everything"}:
                self.selecting = False
            case {"kind": "contrast"}:
                self._tell_apart(self.selected)

    @traitlets.validate("selected")
    def _there(self, proposal: dict[str, Any]) -> int | None:
        place: int | None = proposal["value"]
        if place is not None and not 0 <= place < len(self.findings):
            raise traitlets.TraitError(
                f"wanted a row from 0 to {len(self.findings) - 1}, found {place}"
            )
        return place

    def _turned(self, change: dict[str, Any]) -> None:
        place = change["new"]
        if place is None:
            self.detail = {}
        else:
            self.later("witness", lambda: self._show(place, 0))
            if self.selecting:
                self.later("choose", self._choose)

    def _choose(self) -> None:
        """Select the witness in all views, or everything again."""
        self._chosen = self.selecting and self.selected is not None
        if not self._chosen:
            self.choose(None)
            return
        finding = self.finding
        words = f"{finding.kind} in {source_name(finding.source_arn)}"
        self.choose(Clause.rows_of(finding.sql, words))

    def _tell_apart(self, place: int) -> None:
        finding = self.findings.findings[place]
        self.apart = {"finding": place}
        try:
            frame = contrast(self.trace, finding)
        except Exception:
            self.apart = {}
            raise
        differing = frame.filter("differs").head(MOST_APART)
        self.apart = {
            "finding": place,
            "columns": list(APART_COLUMNS),
            "rows": [_apart(row) for row in differing.iter_rows(named=True)],
            "compared": len(frame),
            "call": _contrast_call(finding),
        }

    def _show(self, place: int, number: int) -> None:
        """Answer with one page, unless the reader has moved on."""
        if place == self.selected:
            self.detail = {"finding": place} | self._page(place, number)

    def _page(self, place: int, number: int) -> dict[str, Any]:
        finding = self.findings.findings[place]
        if self._proved is None or self._proved[0] != place:
            self._proved = (place, witness(self.trace, finding))
        rows = self._proved[1]
        first = max(0, min(number, (len(rows) - 1) // PAGE_ROWS)) * PAGE_ROWS
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
    return f"trace.sql({_quoted(finding.sql.strip())})"


def _quoted(sql: str) -> str:
    if '"""' in sql:
        return repr(sql)
    raw = "r" if "\\" in sql else ""
    return f'{raw}"""\n{sql}\n"""'


def _contrast_call(finding: Finding) -> str:
    rows = Clause.rows_of(finding.sql, "").sql
    return (
        f"wb.contrast(trace, {_quoted(f'source_arn = {literal(finding.source_arn)} and {rows}')})"
    )


def _apart(row: dict[str, Any]) -> list[str]:
    """A field that differs: numbers by their medians, anything else by the share of one value."""
    if row["value"] is None:
        sides = [f"median {row[name]:,.4g}" for name in ("selection_median", "baseline_median")]
    else:
        shares = (row["selection_share"], row["baseline_share"])
        sides = [f"{share:.0%} have {row['value']}" for share in shares]
    return [_text(each) for each in (row["dimension"], row["effect"], *sides, f"{row['q']:.1g}")]


def _telling(rows: pl.DataFrame) -> pl.DataFrame:
    """The columns that say something on this page; what came, and when, before what is known of it."""
    telling = [
        column.name for column in rows if any(value not in (None, "") for value in column.to_list())
    ]
    return rows.select(sorted(telling, key=lambda name: (*FIRST, name).index(name)))


def _text(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else visible(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
