"""Replays in a notebook: a source, a handler, a mapping; what became of the records; what differs between two runs."""

from pathlib import Path
from typing import Any

import polars as pl
import traitlets

from workbench.errors import UsageError
from workbench.jobs import Job, JobProgress, Report
from workbench.mapping import EventSourceMapping
from workbench.markup import el, table, visible
from workbench.replay.comparison.compare import compare
from workbench.replay.run import Run
from workbench.replay.selection import EVERYTHING, Selection
from workbench.replay.shrink.shrink import Shrunk, shrink
from workbench.replay.start import replay
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.views.runs import (
    compared_rows,
    isolation_words,
    outcomes_statement,
    run_calls,
    run_outcomes,
    runs,
)
from workbench.widgets.view import View, page, style

SETTINGS = {
    "batch_size": "Batch size",
    "maximum_batching_window_in_seconds": "Batching window, s",
    "maximum_retry_attempts": "Retries (streams)",
}
"""Numbers of a mapping that the page asks for; what is left empty is as the trace or AWS has it."""
SWITCHES = {
    "reports_failures": "ReportBatchItemFailures",
    "bisects": "Bisect on error (streams)",
}
OUTCOME_COLUMNS = ("verdict", "error", "deliveries", "records", "for example")
CALL_COLUMNS = ("service", "operation", "calls", "answered")
RUN_COLUMNS = ("run", "handler", "source", "ended (UTC)", "isolation")


class ReplayPanel(View):
    """Replays of a trace; `replay_panel` makes one.

    Attributes:
        source: the source's name, as `sqs:orders`. May be set.
        handler: `file.py:function` or `module:function`, from `folder`. May be set.
        settings: what differs from the mapping that the trace knows, as text by name. May be set.
        only_selected: whether only the records that all views have selected are replayed. May be set.
        shown: the run that is shown. May be set.
        job: the replay that goes on, or that ended last; None before the first.

    Example:
        >>> panel = replay_panel(trace)                              # doctest: +SKIP
        >>> panel.handler = "handlers.py:handle"                     # doctest: +SKIP
        >>> panel.start().wait().records                             # doctest: +SKIP
    """

    _esm = page("replay_panel")
    _css = style("replay_panel")
    labels = traitlets.Dict({"settings": SETTINGS, "switches": SWITCHES}).tag(sync=True)
    sources = traitlets.List(traitlets.Unicode()).tag(sync=True)
    source = traitlets.Unicode().tag(sync=True)
    handler = traitlets.Unicode().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    only_selected = traitlets.Bool(False).tag(sync=True)
    delivery_id = traitlets.Int(None, allow_none=True).tag(sync=True)
    progress = traitlets.Dict().tag(sync=True)
    runs = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    shown = traitlets.Unicode().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)
    difference = traitlets.Dict().tag(sync=True)
    fewest = traitlets.Unicode().tag(sync=True)
    call = traitlets.Unicode().tag(sync=True)

    def __init__(self, trace: Trace, handler: str = "", folder: Path | None = None) -> None:
        self._folder = folder
        self.job: Job[Run] | Job[Shrunk] | None = None
        super().__init__(trace, handler=handler)
        self.observe(
            self._asked_otherwise, ["source", "handler", "settings", "only_selected", "delivery_id"]
        )
        self.observe(lambda change: self.later("shown", self._show), "shown")
        self.later("selection", self._begin)

    @property
    def sql(self) -> str:
        """The statement that counts how the shown run's deliveries ended.

        Raises:
            UsageError: no run is shown.
        """
        return outcomes_statement(self._wanted_run())

    def to_frame(self) -> pl.DataFrame:
        """How the shown run's deliveries ended: `verdict, error_type, deliveries, records, error_message`."""
        return run_outcomes(self.trace, self._wanted_run())

    def static_html(self) -> str:
        """The runs, and what the shown one did."""
        parts = (
            [table(list(RUN_COLUMNS), self.runs)]
            if self.runs
            else [el("p", "Nothing was replayed yet.")]
        )
        if self.detail.get("outcomes"):
            parts.append(table(list(OUTCOME_COLUMNS), self.detail["outcomes"], caption=self.shown))
        return str(el("div", *parts))

    def start(self) -> Job[Run]:
        """Begin the replay that is asked for.

        Raises:
            UsageError: no handler, no source, a setting that cannot be, or another one goes on.
        """
        self._free()
        handler, source = self.handler.strip(), self.source
        if not handler:
            raise UsageError("wanted a handler, found none; name it as handlers.py:handle")
        mapping, selection = self._mapping(), self._selection()

        def work(report: Report) -> Run:
            return replay(
                self.trace,
                handler,
                source=source,
                mapping=mapping,
                folder=self._folder,
                progress=lambda done, total: report.count(done, total),
                stop=report.stop,
                selection=selection,
            )

        job: Job[Run] = Job(work, f"replaying {source} through {handler}")
        self.job = job
        job.listen(self._replayed)
        return job

    def shrink(self) -> Job[Shrunk]:
        """Begin to look for the fewest records of the shown run that still fail.

        Raises:
            UsageError: no run is shown, or another job goes on.
        """
        self._free()
        run_id = self._wanted_run()

        def work(report: Report) -> Shrunk:
            return shrink(
                run_id,
                self.trace,
                folder=self._folder,
                progress=lambda trials, records: report(trials),
            )

        job: Job[Shrunk] = Job(work, f"shrinking {run_id}", "trials")
        self.job = job
        job.listen(self._shrunk)
        return job

    def replay_only(self, delivery_id: int | None) -> None:
        """Ask for one record, such as the one that the events show; None for all again."""
        self.delivery_id = delivery_id
        if delivery_id is not None:
            row = self.trace.sql(
                "select source_arn from records where delivery_id = $id", id=delivery_id
            )
            self.source = source_name(row.item()) if len(row) else self.source

    def message(self, content: dict[str, Any]) -> None:
        """The page asks to start, stop, show, compare or shrink."""
        match content:
            case {"kind": "start"}:
                self.start()
            case {"kind": "cancel"} if self.job:
                self.job.cancel()
            case {"kind": "shrink"}:
                self.shrink()
            case {"kind": "compare", "run": str(other)} if other:
                self._compare(other)
            case {"kind": "all"}:
                self.delivery_id = None

    def selection_changed(self) -> None:
        """The call says what is selected."""
        self._tell_call()

    def close(self) -> None:
        """End what goes on, and remove it from the page."""
        super().close()
        if self.job:
            self.job.cancel()
            self.job.ended()

    def _begin(self) -> None:
        rows = self.trace.sql("select distinct source_arn from records order by source_arn")
        self.sources = [visible(source_name(arn)) for arn in rows["source_arn"]]
        if not self.source and self.sources:
            self.source = next(
                (each for each in self.sources if each.startswith(("sqs:", "kinesis:"))),
                self.sources[0],
            )
        self._list_runs()
        self._tell_call()

    def _list_runs(self) -> None:
        found = runs(self.trace)
        self.runs = [
            [
                row["run_id"],
                visible(row["handler"]),
                visible(source_name(row["source_arn"])),
                visible(row["ended_at"])[:19].replace("T", " "),
                visible(isolation_words(row["isolation"])),
            ]
            for row in found.iter_rows(named=True)
        ]
        if self.runs and self.shown not in {row[0] for row in self.runs}:
            self.shown = self.runs[0][0]

    def _show(self) -> None:
        self.difference, self.fewest = {}, ""
        if not self.shown:
            self.detail = {}
            return
        outcomes, calls = run_outcomes(self.trace, self.shown), run_calls(self.trace, self.shown)
        self.detail = {
            "outcomes": [
                [
                    visible(verdict),
                    visible(error),
                    f"{deliveries:,}",
                    f"{records:,}",
                    visible(message)[:300],
                ]
                for verdict, error, deliveries, records, message in outcomes.iter_rows()
            ],
            "calls": [
                [visible(service), visible(operation), f"{count:,}", visible(means)]
                for service, operation, count, means in calls.iter_rows()
            ],
            "statement": outcomes_statement(self.shown),
        }

    def _compare(self, other: str) -> None:
        said, rows = compared_rows(compare(other, self._wanted_run(), self.trace))
        self.difference = {
            "said": visible(said),
            "rows": [[visible(cell)[:300] for cell in row] for row in rows],
            "call": f"wb.compare({other!r}, {self.shown!r}, trace)",
        }

    def _replayed(self, progress: JobProgress) -> None:
        if progress.state != "running":
            self.trace.refresh()
            self._list_runs()
            if self.runs:
                self.shown = self.runs[0][0]
        self._report(progress)

    def _shrunk(self, progress: JobProgress) -> None:
        self._report(progress)
        if progress.state == "done" and self.job:
            self.fewest = visible(repr(self.job.wait()))

    def _report(self, progress: JobProgress) -> None:
        self.progress = {
            "state": progress.state,
            "said": visible(str(progress)),
            "done": progress.done,
            "total": progress.total,
        }

    def _free(self) -> None:
        if self.job and self.job.progress().state == "running":
            raise UsageError(
                f"wanted to begin, found that this goes on: {self.job.title}; cancel it first"
            )

    def _wanted_run(self) -> str:
        if not self.shown:
            raise UsageError("wanted a run, found none; start a replay")
        return self.shown

    def _mapping(self) -> EventSourceMapping | None:
        """Only what was said: the rest is as the trace knows it."""
        said: dict[str, Any] = {}
        for name, label in SETTINGS.items():
            text = str(self.settings.get(name, "")).strip()
            if text and not text.lstrip("-").isdecimal():
                raise UsageError(f"wanted a whole number as {label}, found {text!r}")
            if text:
                said[name] = int(text)
        if self.settings.get("reports_failures"):
            said["function_response_types"] = ("ReportBatchItemFailures",)
        if self.settings.get("bisects"):
            said["bisect_batch_on_function_error"] = True
        return EventSourceMapping(**said) if said else None

    def _selection(self) -> Selection:
        if self.delivery_id is not None:
            return Selection(delivery_ids=(self.delivery_id,))
        if self.only_selected and self.selection.clauses:
            return Selection(where=self.selection.where())
        return EVERYTHING

    def _asked_otherwise(self, _change: traitlets.Bunch) -> None:
        self.later("call", self._tell_call)

    def _tell_call(self) -> None:
        parts = [f"trace, {self.handler.strip()!r}, source={self.source!r}"]
        mapping, selection = self._mapping(), self._selection()
        if mapping is not None:
            said = {name: value for name, value in _fields(mapping).items() if value is not None}
            parts.append(
                "mapping=wb.EventSourceMapping("
                + ", ".join(f"{k}={v!r}" for k, v in said.items())
                + ")"
            )
        if selection.delivery_ids is not None:
            parts.append(f"selection=wb.Selection(delivery_ids={tuple(selection.delivery_ids)!r})")
        elif selection.where is not None:
            parts.append(f"selection=wb.Selection(where={selection.where!r})")
        self.call = visible(f"wb.replay({', '.join(parts)})")


def replay_panel(trace: Trace, handler: str = "", folder: Path | None = None) -> ReplayPanel:
    """Replays of a trace, to start, stop, look at and compare.

    Args:
        trace: the trace; its runs are kept in it.
        handler: what is in the box at first: `handlers.py:handle`.
        folder: what a relative handler is found from; None for the working directory.

    Returns:
        A widget; `.start()` begins what is asked for and returns the job, `.to_frame()` says how records ended.

    Example:
        >>> replay_panel(wb.open("incident.trace"), "handlers.py:handle")  # doctest: +SKIP
    """
    return ReplayPanel(trace, handler, folder)


def _fields(mapping: EventSourceMapping) -> dict[str, Any]:
    return {name: getattr(mapping, name) for name in mapping.__dataclass_fields__}
