"""A capture from a notebook: what it needs to be allowed, start, progress, stop. Nothing begins without a press."""

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from connectors import policy_of_all
from connectors.record import Mode
from workbench.errors import UsageError, WorkbenchError
from workbench.markup import el, table, visible
from workbench.trace import Trace
from workbench.trace.capture_process import CaptureProcess, start_capture
from workbench.views.live import progress_by_source, told
from workbench.widgets.view import page, style

COLUMNS = ("source", "records", "a second", "behind, s", "holes")
LOOK_S = 0.5
"""Between two looks at a capture that goes on."""
FIELDS = ("since", "profile", "region", "endpoint_url")


class CapturePanel(anywidget.AnyWidget):
    """A capture into a trace; `capture_panel` makes one. It reads only: queues are peeked, never drained.

    Attributes:
        path: the trace, made when not there.
        sources: what to capture, separated by spaces or commas. May be set.
        options: `since`, `profile`, `region`, `endpoint_url` as text, `follow` and `peek` as truth. May be set.
        capture: the process; None before the first start.

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
    running = traitlets.Bool(False).tag(sync=True)
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
        self._watch: threading.Thread | None = None
        super().__init__(path=str(path), sources=sources, options=options)
        self.on_msg(self._told)
        self.observe(self._asked_otherwise, ["sources", "options"])
        self._asked_otherwise(None)

    def start(self) -> CaptureProcess:
        """Begin, or go on where the same capture stopped.

        Raises:
            UsageError: no source, or it goes on already.
        """
        if self.capture is not None and self.capture.running:
            raise UsageError("wanted to begin, found that the capture goes on; stop it first")
        self.trouble = ""
        self.capture = start_capture(self.path, self._names(), **self._arguments())
        self.running, self.said = True, "the capture begins …"
        self._watch = threading.Thread(target=self._look, name="capture panel", daemon=True)
        self._watch.start()
        return self.capture

    def stop(self) -> None:
        """End it; what was committed stays."""
        if self.capture is not None and self.capture.running:
            self.said = "stopping …"
            self.capture.interrupt()

    def settle(self) -> None:
        """Wait until the capture has ended and the panel says how."""
        if self._watch is not None:
            self._watch.join()

    def close(self) -> None:
        """Remove the panel; a capture that goes on, goes on."""
        watch, self._watch = self._watch, None
        super().close()
        if watch is not None:
            watch.join(5)

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The live panel, and what it says without script."""
        live, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return live | {"text/html": self.static_html(), "text/plain": repr(self)}, metadata

    def static_html(self) -> str:
        """How far the capture is, for where no kernel runs."""
        drawn = table(list(COLUMNS), self.rows) if self.rows else ""
        said = self.said or "not begun"
        return str(el("div", el("p", f"Capture into {self.path}: {said}"), drawn))

    def __repr__(self) -> str:
        return f"<CapturePanel of {visible(self.path)}>"

    def _told(self, _widget: Any, content: Any, _buffers: Any) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        try:
            if kind == "start":
                self.start()
            elif kind == "stop":
                self.stop()
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

    def _look(self) -> None:
        """Until it ends: how far it is, twice a second; one trace is opened and let go at each look."""
        capture = self.capture
        assert capture is not None
        before: dict[str, int] = {}
        looked_s = 0.0
        while capture.running and self._watch is not None:
            before, looked_s = self._show(before, looked_s)
            time.sleep(LOOK_S)
        if self._watch is None:
            return
        self._show({}, 0.0)
        try:
            document = capture.wait()
        except WorkbenchError as error:
            self.trouble, self.said = visible(error), "failed"
        else:
            whole = "complete" if document.get("complete") else "incomplete: see the holes"
            self.said = f"ended, {whole}"
        self.running = False

    def _show(self, before: dict[str, int], looked_s: float) -> tuple[dict[str, int], float]:
        try:
            with Trace(self.path) as trace:
                found = progress_by_source(trace)
        except WorkbenchError:
            return before, looked_s  # not there yet
        now_s = time.monotonic()
        took_s = now_s - looked_s if looked_s else 0.0
        self.rows = [
            [visible(cell) for cell in row] for row in told(found, before, took_s, self._now())
        ]
        self.said = f"{int(found['records'].sum()):,} records"
        return dict(found.select("source_arn", "records").iter_rows()), now_s


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
