"""The workbench: all views of a trace as tabs under one line that says what is selected."""

from collections.abc import Callable
from typing import Any

import ipywidgets
import traitlets

from workbench.findings import Findings
from workbench.markup import el
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.widgets.capture_panel import CapturePanel, capture_panel
from workbench.widgets.event_grid import EventGrid
from workbench.widgets.findings_panel import findings_panel
from workbench.widgets.overview import Overview, overview
from workbench.widgets.replay_panel import ReplayPanel, replay_panel
from workbench.widgets.selection_bar import SelectionBar
from workbench.widgets.story_view import story_view
from workbench.widgets.timeline import timeline
from workbench.widgets.tune_panel import tune_panel
from workbench.widgets.view import View

Tab = View | CapturePanel
Make = Callable[["Workbench"], Tab]
VIEWS: dict[str, Make] = {
    "Overview": lambda bench: overview(bench.trace),
    "Timeline": lambda bench: timeline(bench.trace),
    "Findings": lambda bench: findings_panel(bench.trace, bench.found()),
    "Events": lambda bench: EventGrid(bench.trace, bench.replay_only),
    "Story": lambda bench: story_view(bench.trace),
    "Replay": lambda bench: replay_panel(bench.trace),
    "Tune": lambda bench: tune_panel(bench.trace),
    "Capture": lambda bench: capture_panel(bench.trace, " ".join(bench.captured())),
}
"""Tabs in their order; each is made when it is first looked at."""


class Workbench(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """All views of a trace; `workbench` makes one.

    Example:
        >>> bench = workbench(trace)         # doctest: +SKIP
        >>> bench.show("Events").to_frame()  # doctest: +SKIP
    """

    def __init__(self, trace: Trace) -> None:
        self.trace: Trace = trace
        self.selection_bar = SelectionBar(trace)
        self._made: dict[str, Tab] = {}
        self._tabs = ipywidgets.Tab(
            children=[ipywidgets.VBox() for _ in VIEWS], titles=tuple(VIEWS), selected_index=None
        )
        super().__init__([self.selection_bar, self._tabs])
        self._tabs.observe(self._turned, "selected_index")
        self.show(next(iter(VIEWS)))

    def view(self, name: str) -> Tab:
        """The view of a tab, made where nobody has looked at it yet.

        Raises:
            KeyError: no such tab; `VIEWS` has their names.
        """
        if name not in self._made:
            self._made[name] = VIEWS[name](self)
            self._tabs.children[list(VIEWS).index(name)].children = (self._made[name],)
        return self._made[name]

    def found(self) -> Findings:
        """What went wrong: what the overview has looked for, so that nobody looks twice."""
        first = self.view("Overview")
        assert isinstance(first, Overview)
        return first.wait()

    def captured(self) -> list[str]:
        """The names of what was captured into the trace."""
        rows = self.trace.sql("select distinct source_arn from records order by source_arn")
        return [source_name(arn) for arn in rows["source_arn"]]

    def replay_only(self, delivery_id: int) -> None:
        """Turn to the replays, asking for this record alone."""
        panel = self.show("Replay")
        assert isinstance(panel, ReplayPanel)
        panel.settle()
        panel.replay_only(delivery_id)

    def show(self, name: str) -> Tab:
        """Turn to a tab, and its view."""
        found = self.view(name)
        self._tabs.selected_index = list(VIEWS).index(name)
        return found

    def close(self) -> None:
        """Remove all views from the page once their threads are done, so that the trace may be closed after it."""
        for view in (self.selection_bar, *self._made.values()):
            view.close()
        self._tabs.close()
        super().close()

    def _turned(self, change: traitlets.Bunch) -> None:
        if change["new"] is not None:
            self.view(list(VIEWS)[change["new"]])

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The live tabs; where no kernel runs, what each view that was looked at has to show."""
        bundle = super()._repr_mimebundle_(**options)
        bundle["text/html"] = el(
            "div",
            self.selection_bar.static_html(),
            *(
                el("section", el("h3", name), view.static_html())
                for name, view in self._made.items()
            ),
        )
        return bundle


def workbench(trace: Trace) -> Workbench:
    """All views of a trace as tabs; what one of them selects, all show.

    Returns:
        A widget; `.view("Events")` is the view of a tab, `.show("Events")` turns to it.

    Example:
        >>> workbench(wb.open("incident.trace"))  # doctest: +SKIP
    """
    return Workbench(trace)
