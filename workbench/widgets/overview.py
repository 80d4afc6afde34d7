"""The first look at a trace: sources, coverage, what is wrong with it, what can still be captured."""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import polars as pl
import traitlets

from workbench.crossfilter import Clause
from workbench.findings import DETECTORS, Finding, Findings, find
from workbench.jobs import Job, JobProgress, Report
from workbench.markup import el, table, visible
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.views.overview import source_rows, sources_statement, state_of, still_kept
from workbench.widgets.picture import coverage_bar
from workbench.widgets.view import View, page, style

COLUMNS = (
    "source",
    "deliveries",
    "selected",
    "partitions",
    "bytes",
    "first (UTC)",
    "last (UTC)",
    "coverage",
    "still kept",
)
WORST = ("hole", "assumed", "read", "sealed")
"""Of a source's coverage the weakest state is what it has."""


class Overview(View):
    """Sources and findings; `overview` makes one.

    Attributes:
        findings: what was found; None while it is looked for.

    Example:
        >>> overview(trace).to_frame()  # doctest: +SKIP
    """

    _esm = page("overview")
    _css = style("overview")
    own_clause = "overview"
    columns = traitlets.List(list(COLUMNS)).tag(sync=True)
    rows = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    state = traitlets.List(traitlets.Unicode()).tag(sync=True)
    picture = traitlets.Dict().tag(sync=True)
    found = traitlets.List(traitlets.Dict()).tag(sync=True)
    looking = traitlets.Unicode().tag(sync=True)
    chosen = traitlets.Unicode().tag(sync=True)
    statement = traitlets.Unicode().tag(sync=True)

    def __init__(self, trace: Trace, now: Callable[[], datetime]) -> None:
        self.findings: Findings | None = None
        self._job: Job[Findings] | None = None
        self._now = now
        self._sources: list[str] = []
        super().__init__(trace)
        self.later("selection", self._begin)

    @property
    def sql(self) -> str:
        """The statement that counts by source."""
        return sources_statement(self.selection.where(self.own_clause))

    def static_html(self) -> str:
        """Sources, their coverage, what was found."""
        notes = [el("p", each) for each in self.state]
        kinds = [[row["kind"], row["source"], row["count"]] for row in self.found]
        found = [table(["kind", "source", "count"], kinds)] if kinds else []
        return str(el("div", *notes, table(self.columns, self.rows), *found))

    def selection_changed(self) -> None:
        """Count again what of each source is selected."""
        if self.own_clause not in self.selection.clauses:
            self.chosen = ""
        self._count()

    def message(self, content: dict[str, Any]) -> None:
        """A source or a finding is chosen, everything is given back, or the trace has grown."""
        place = content.get("place")
        match content.get("kind"):
            case "source" if isinstance(place, int) and 0 <= place < len(self._sources):
                self._choose(f"source {place}", Clause.one_of("source_arn", [self._sources[place]]))
            case "finding" if (
                isinstance(place, int) and self.findings and 0 <= place < len(self.findings)
            ):
                self._choose(f"finding {place}", _witness(self.findings.findings[place]))
            case "clear":
                self._choose("", None)
            case "refresh":
                self.trace.refresh()
                self._begin()

    def wait(self) -> Findings:
        """What was found, once it was looked for."""
        self.settle()
        assert self._job is not None
        return self._job.wait()

    def close(self) -> None:
        """Stop looking, and remove it from the page."""
        super().close()
        self._stop_looking()

    def _choose(self, name: str, clause: Clause | None) -> None:
        self.choose(clause)
        self.chosen = name

    def _begin(self) -> None:
        self.state = [visible(each) for each in state_of(self.trace)]
        self._count()
        drawn = coverage_bar(self.trace)
        source = b64encode(drawn.svg.encode()).decode()
        self.picture = {
            "src": f"data:image/svg+xml;base64,{source}",
            "alt": visible(drawn.description),
        }
        self.looking = "looking for what went wrong …"
        self._stop_looking()
        self._job = Job(self._look, "Looking for what went wrong", "kinds")
        self._job.listen(self._looked)

    def _look(self, report: Report) -> Findings:
        done = count()
        return find(self.trace, on_kind=lambda kind: report(next(done), len(DETECTORS)))

    def _stop_looking(self) -> None:
        """Nobody may ask a trace that is being closed."""
        if self._job is not None:
            self._job.cancel()
            self._job.ended()

    def _looked(self, progress: JobProgress) -> None:
        if progress.state == "running":
            self.looking = f"looking for what went wrong: {progress.done} of {progress.total or len(DETECTORS)} kinds"
            return
        if progress.state != "done":
            self.looking = visible(progress.error or "not looked for to the end")
            return
        self.findings = self._job.wait() if self._job else None
        self.found = [_finding_row(each) for each in self.findings or ()]
        self.looking = "" if self.found else "nothing was found"

    def _count(self) -> None:
        sources = source_rows(self.trace, self.selection.where(self.own_clause))
        coverage = self.trace.coverage()
        states = {
            arn: next(state for state in WORST if state in set(held["state"]))
            for (arn,), held in coverage.partition_by("source_arn", as_dict=True).items()
        }
        kept = dict(still_kept(self.trace, self._now()).iter_rows())
        self._sources = sources["source_arn"].to_list()
        self.rows = [
            _source_row(
                row, states.get(row["source_arn"], "-"), kept.get(row["source_arn"], "not known")
            )
            for row in sources.iter_rows(named=True)
        ]
        self.statement = visible(self.sql)

    def to_frame(self) -> pl.DataFrame:
        """The sources.

        Returns:
            A row a source: `source_arn, deliveries, selected, partitions, payload_bytes, first_at, last_at`.
        """
        return source_rows(self.trace, self.selection.where(self.own_clause))


def overview(trace: Trace) -> Overview:
    """The first look at a trace: what it holds, how whole it is, what went wrong, what could still be captured.

    Returns:
        A widget; `.to_frame()` has the sources, `.findings` what was found once it was looked for.

    Example:
        >>> overview(wb.open("incident.trace"))  # doctest: +SKIP
    """
    return Overview(trace, lambda: datetime.now(UTC))


def _source_row(row: dict[str, Any], state: str, kept: str) -> list[str]:
    return [
        visible(source_name(row["source_arn"])),
        f"{row['deliveries']:,}",
        f"{row['selected']:,}",
        f"{row['partitions']:,}",
        f"{int(row['payload_bytes'] or 0):,}",
        *(visible(row[at])[:19].replace("T", " ") for at in ("first_at", "last_at")),
        state,
        visible(kept),
    ]


def _finding_row(finding: Finding) -> dict[str, str]:
    return {
        "kind": finding.kind,
        "source": visible(source_name(finding.source_arn)),
        "count": f"{finding.count:,}",
        "summary": visible(finding.summary),
    }


def _witness(finding: Finding) -> Clause:
    return Clause.rows_of(finding.sql, f"{finding.kind} in {source_name(finding.source_arn)}")
