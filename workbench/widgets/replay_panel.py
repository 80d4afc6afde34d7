"""Replays in a notebook: a source, a handler, a mapping; what became of the records; what differs between two runs."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import traitlets

from workbench.errors import ReplayRefusedError, UsageError, WorkbenchError
from workbench.jobs import Job, Report
from workbench.mapping import REPORT, EventSourceMapping
from workbench.markup import el, table, visible
from workbench.replay.comparison.compare import compare
from workbench.replay.run import Run
from workbench.replay.selection import EVERYTHING, Selection
from workbench.replay.shrink.shrink import Shrunk, shrink
from workbench.replay.start import replay
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.views.runs import (
    Setting,
    compared_rows,
    isolation_ahead,
    isolation_words,
    outcomes_statement,
    run_calls,
    run_outcomes,
    runs,
    settings_of,
    summary_words,
)
from workbench.widgets.job_panel import JobLine
from workbench.widgets.view import View, page, style

OUTCOME_COLUMNS = ("verdict", "error", "deliveries", "records", "for example")
RUN_COLUMNS = ("run", "handler", "source", "ended (UTC)", "isolation")


class ReplayPanel(View, JobLine):
    """Replays of a trace; `replay_panel` makes one.

    Attributes:
        source: the source's name, as `sqs:orders`. May be set.
        handler: `file.py:function` or `module:function`, from `folder`. May be set.
        settings: what differs from the mapping that the trace or Lambda has, by the field of `EventSourceMapping`:
            numbers as text, switches as truth. May be set.
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
    sources = traitlets.List(traitlets.Unicode()).tag(sync=True)
    source = traitlets.Unicode().tag(sync=True)
    handler = traitlets.Unicode().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    fields = traitlets.List(traitlets.Dict()).tag(sync=True)
    isolation = traitlets.Unicode().tag(sync=True)
    only_selected = traitlets.Bool(False).tag(sync=True)
    delivery_id = traitlets.Int(None, allow_none=True).tag(sync=True)
    runs = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    shown = traitlets.Unicode().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)
    difference = traitlets.Dict().tag(sync=True)
    fewest = traitlets.Dict().tag(sync=True)
    call = traitlets.Unicode().tag(sync=True)

    def __init__(self, trace: Trace, handler: str = "", folder: Path | None = None) -> None:
        self._folder = folder
        self._settable: dict[str, list[Setting]] = {}
        self._summaries: dict[str, str] = {}
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
        self.watch(job, lambda: self.later("ended", self._list_newest))
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
        self.watch(job, lambda: self.later("ended", partial(self._tell_fewest, job, run_id)))
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
        """The page asks to start, compare or shrink."""
        match content:
            case {"kind": "start"}:
                self.start()
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
        if self.job:
            self.job.cancel()
            self.job.ended()
        super().close()

    def _begin(self) -> None:
        rows = self.trace.sql("select distinct source_arn from records order by source_arn")
        self.sources = [visible(source_name(arn)) for arn in rows["source_arn"]]
        if not self.source and self.sources:
            self.source = next(
                (each for each in self.sources if each.startswith(("sqs:", "kinesis:"))),
                self.sources[0],
            )
        self._list_runs()
        self._tell_asked()

    def _list_newest(self) -> None:
        """What has been replayed is shown; a replay that never began left no run."""
        before = {row[0] for row in self.runs}
        self.trace.refresh()
        self._list_runs()
        self.shown = next((row[0] for row in self.runs if row[0] not in before), self.shown)

    def _list_runs(self) -> None:
        found = runs(self.trace)
        self._summaries = dict(found.select("run_id", "summary").iter_rows())
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
        self.difference, self.fewest = {}, {}
        if not self.shown:
            self.detail = {}
            return
        outcomes, calls = run_outcomes(self.trace, self.shown), run_calls(self.trace, self.shown)
        self.detail = {
            "said": visible(summary_words(self._summaries.get(self.shown, ""))),
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

    def _tell_fewest(self, job: Job[Shrunk], run_id: str) -> None:
        if job.progress().state == "done":
            self.fewest = {
                "said": visible(repr(job.wait())),
                "call": visible(f"wb.shrink({run_id!r}, trace{self._folder_said()})"),
            }

    def _free(self) -> None:
        if self.job and self.is_busy:
            raise UsageError(
                f"wanted to begin, found that this goes on: {self.job.title}; cancel it first"
            )

    def _wanted_run(self) -> str:
        if not self.shown:
            raise UsageError("wanted a run, found none; start a replay")
        return self.shown

    def _mapping(self) -> EventSourceMapping | None:
        """Only what was said, and that this source has: the rest is as the trace or Lambda has it."""
        said: dict[str, Any] = {}
        for each in self._settings():
            value = self.settings.get(each.name)
            if each.is_switch:
                if value is not None:
                    said[each.name] = bool(value)
            elif text := str(value or "").strip():
                if not text.removeprefix("-").isdecimal():
                    raise UsageError(f"wanted a whole number as {each.label}, found {text!r}")
                said[each.name] = int(text)
        if "function_response_types" in said:
            said["function_response_types"] = (REPORT,) if said["function_response_types"] else ()
        return EventSourceMapping(**said) if said else None

    def _settings(self) -> list[Setting]:
        """Asked of the trace once a source; it may be asked from two threads, which does no harm."""
        if self.source and self.source not in self._settable:
            self._settable[self.source] = settings_of(self.trace, self.source)
        return self._settable.get(self.source, [])

    def _selection(self) -> Selection:
        if self.delivery_id is not None:
            return Selection(delivery_ids=(self.delivery_id,))
        if self.only_selected and self.selection.clauses:
            return Selection(where=self.selection.where())
        return EVERYTHING

    def _asked_otherwise(self, _change: traitlets.Bunch) -> None:
        self.later("call", self._tell_asked)

    def _tell_asked(self) -> None:
        self.fields = [asdict(each) for each in self._settings()]
        self._tell_isolation()
        self._tell_call()

    def _tell_isolation(self) -> None:
        """Half a name of a handler is no fault yet; that nothing shuts it in here is said before it is tried."""
        try:
            words = isolation_ahead(
                self.handler.strip(), self._folder or Path.cwd(), self.trace.path
            )
        except ReplayRefusedError as error:
            words = str(error)
        except WorkbenchError:
            words = ""
        self.isolation = visible(words)

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
        self.call = visible(f"wb.replay({', '.join(parts)}{self._folder_said()})")

    def _folder_said(self) -> str:
        return f", folder=Path({str(self._folder)!r})" if self._folder else ""


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
