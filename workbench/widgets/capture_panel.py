"""A capture from a notebook: what it needs to be allowed, start, progress, stop. Nothing begins without a press."""

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import traitlets

from connectors import policy_of_all
from connectors.record import Mode
from workbench.errors import UsageError, WorkbenchError
from workbench.jobs import Job, Report
from workbench.markup import el, table, visible
from workbench.trace import Trace
from workbench.trace.capture_process import CaptureProcess, ask_preflight, start_capture
from workbench.views.live import STATEMENT, goes_on, preflight_rows, progress_by_source, told
from workbench.widgets.job_panel import JobLine
from workbench.widgets.view import page, style

COLUMNS = ("source", "records", "a second", "behind, s", "holes")
CHECKED = ("source", "mode", "state", "rights missing", "to mind")
LOOK_S = 0.5
"""Between two looks at a capture that goes on."""
FIELDS = ("since", "profile", "region", "endpoint_url")
ASKED = ("profile", "region", "endpoint_url", "mode")
"""What of them a preflight takes."""


class CapturePanel(JobLine):
    """A capture into a trace; `capture_panel` makes one. It reads only: queues are peeked, never drained.

    Attributes:
        path: the trace, made when not there.
        sources: what to capture, separated by spaces or commas. May be set.
        options: `since`, `profile`, `region`, `endpoint_url` as text, `follow` and `peek` as truth. May be set.
        capture: the process; None before the first start.
        job: what watches it, what looks on at another's, or a preflight; its result is the document of the command.

    Example:
        >>> panel = capture_panel("incident.trace", "kinesis:orders")  # doctest: +SKIP
        >>> panel.start()                                              # doctest: +SKIP
    """

    _esm = page("capture_panel")
    _css = style("capture_panel")
    columns = traitlets.List(list(COLUMNS)).tag(sync=True)
    path = traitlets.Unicode().tag(sync=True)
    sources = traitlets.Unicode().tag(sync=True)
    options = traitlets.Dict().tag(sync=True)
    checked_columns = traitlets.List(list(CHECKED)).tag(sync=True)
    checked = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    rows = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)
    policy = traitlets.Unicode().tag(sync=True)
    trouble = traitlets.Unicode().tag(sync=True)
    call = traitlets.Unicode().tag(sync=True)

    def __init__(
        self, path: Path, sources: str, options: dict[str, Any], now: Callable[[], datetime]
    ) -> None:
        self.capture: CaptureProcess | None = None
        self._now = now
        self._is_closed = False
        self._pressing = threading.Lock()
        self._before: dict[str, int] = {}
        self._looked_s = 0.0
        super().__init__(path=str(path), sources=sources, options=options)
        self.on_msg(self._told)
        self.observe(self._asked_otherwise, ["sources", "options"])
        self._asked_otherwise(None)

    @property
    def sql(self) -> str:
        """The statement whose rows are those of `to_frame`, for any open trace."""
        return STATEMENT.text

    def to_frame(self) -> pl.DataFrame:
        """How far each source is, now: `source_arn, records, read_to_at, holes`.

        Raises:
            TraceError: the trace is not there yet.
        """
        with Trace(self.path) as trace:
            return progress_by_source(trace)

    def start(self) -> CaptureProcess:
        """Begin, or go on where the same capture stopped.

        Raises:
            UsageError: no source, or something goes on already.
        """
        self._free()
        capture = start_capture(self.path, self._names(), **self._arguments())
        self.capture = capture
        self._begin(partial(self._follow, capture), f"capturing into {Path(self.path).name}")
        return capture

    def attach(self) -> Job[Any]:
        """Look on at a capture that another process runs into the trace; to stop looking does not stop it.

        Raises:
            UsageError: there is none, or something goes on already.
            TraceError: the trace is not there.
        """
        self._free()
        with Trace(self.path) as trace:
            if not goes_on(trace):
                raise UsageError(f"wanted a capture that goes on into {self.path}, found none")
        return self._begin(self._look_on, f"looking on at {Path(self.path).name}")

    def check(self) -> Job[Any]:
        """Ask, with describe calls alone, what a capture would meet: rights, and what to mind.

        Raises:
            UsageError: no source, or something goes on already.
        """
        self._free()
        names = self._names()
        arguments = {name: value for name, value in self._arguments().items() if name in ASKED}

        def work(report: Report) -> dict[str, Any]:
            document = ask_preflight(names, stop=report.stop, **arguments)
            rows = preflight_rows(names, document)
            self.checked = [[visible(cell) for cell in row] for row in rows]
            report.count(len(rows), len(rows))
            return document

        return self._begin(work, "asking what a capture would meet", "sources")

    def stop(self) -> None:
        """End what goes on; what was committed stays."""
        if self.job is not None:
            self.job.cancel()

    def settle(self) -> None:
        """Wait until what goes on has ended and the panel says how."""
        self.finish()

    def close(self) -> None:
        """Remove the panel; a capture that goes on, goes on."""
        self._is_closed = True
        if self.job is not None:
            self.job.ended(5)
        super().close()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The live panel, and what it says without script."""
        live, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return live | {"text/html": self.static_html(), "text/plain": repr(self)}, metadata

    def static_html(self) -> str:
        """How far the capture is, for where no kernel runs."""
        drawn = table(list(COLUMNS), self.rows) if self.rows else ""
        said = self.job.progress() if self.job else "not begun"
        return str(
            el("div", el("p", f"Capture into {self.path}: {said}"), drawn, el("p", self.said))
        )

    def __repr__(self) -> str:
        return f"<CapturePanel of {visible(self.path)}>"

    def _told(self, _widget: Any, content: Any, _buffers: Any) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        asked = {"start": self.start, "attach": self.attach, "check": self.check}.get(str(kind))
        try:
            with self._pressing:  # some kernels answer two presses on two threads
                if asked is not None:
                    asked()
        except WorkbenchError as error:
            self.trouble = visible(error)

    def _asked_otherwise(self, _change: Any) -> None:
        self.trouble = ""
        try:
            names = self._names()
            arguments = {
                name: value
                for name, value in self._arguments().items()
                if value not in (None, False)
            }
            said = "".join(f", {name}={value!r}" for name, value in arguments.items())
            self.call = visible(f"wb.start_capture({self.path!r}, {names!r}{said})")
            mode = Mode.PEEK if self.options.get("peek") else None
            wanted = [(name, mode if name.startswith("sqs:") else None) for name in names]
            self.policy = json.dumps(policy_of_all(wanted), indent=2)
        except Exception as error:  # noqa: BLE001 - half a name is no fault: it says what is wanted
            self.policy, self.call = visible(" ".join(str(error).split())), ""

    def _names(self) -> list[str]:
        names = self.sources.replace(",", " ").split()
        if not names:
            raise UsageError(
                "wanted sources, found none; name them as kinesis:orders lambda:charge"
            )
        return names

    def _arguments(self) -> dict[str, Any]:
        text = {name: str(self.options.get(name) or "").strip() or None for name in FIELDS}
        return text | {
            "follow": bool(self.options.get("follow")),
            "mode": "peek" if self.options.get("peek") else None,
        }

    def _free(self) -> None:
        if self.job and self.is_busy:
            raise UsageError(
                f"wanted to begin, found that this goes on: {self.job.title}; stop it first"
            )

    def _begin(self, work: Callable[[Report], Any], title: str, unit: str = "records") -> Job[Any]:
        self.trouble, self.said = "", ""
        self._before, self._looked_s = {}, 0.0
        job = Job(work, title, unit)
        self.watch(job)
        return job

    def _follow(self, capture: CaptureProcess, report: Report) -> dict[str, Any]:
        """Until the capture ends: how far it is, twice a second; one trace is opened and let go at each look."""
        while capture.running:
            self._look(report)
            if report.stop.wait(LOOK_S):
                self.said = "stopping …"
                capture.interrupt()
                break
            if self._is_closed:
                return {}
        document = capture.wait()
        self._look(report)
        self.said = "complete" if document.get("complete") else "incomplete: see the holes"
        return document

    def _look_on(self, report: Report) -> None:
        self.said = "another process captures, or was killed at it"
        while self._look(report) and not self._is_closed:
            if report.stop.wait(LOOK_S):
                return
        self.said = "the other process has ended it"

    def _look(self, report: Report) -> bool:
        """Show how far it is; whether a capture goes on by the trace's books."""
        try:
            with Trace(self.path) as trace:
                found, going = progress_by_source(trace), goes_on(trace)
        except WorkbenchError:
            return True  # not there yet
        now_s = time.monotonic()
        took_s = now_s - self._looked_s if self._looked_s else 0.0
        rows = told(found, self._before, took_s, self._now())
        self.rows = [[visible(cell) for cell in row] for row in rows]
        self._before = dict(found.select("source_arn", "records").iter_rows())
        self._looked_s = now_s
        report.count(int(found["records"].sum()))
        return going


def capture_panel(trace: Trace | Path | str, sources: str = "", **options: Any) -> CapturePanel:
    """A capture to start, watch and stop; it shows first what it needs to be allowed.

    Args:
        trace: a trace, or the folder of one, made when not there.
        sources: as `start_capture` takes them, separated by spaces.
        options: of `start_capture`: `since`, `profile`, `region`, `endpoint_url`, `follow`; `peek=True` for queues.

    Example:
        >>> capture_panel("incident.trace", "kinesis:orders lambda:charge", since="2h")  # doctest: +SKIP
    """
    path = trace.path if isinstance(trace, Trace) else Path(trace)
    return CapturePanel(path, sources, options, lambda: datetime.now(UTC))
