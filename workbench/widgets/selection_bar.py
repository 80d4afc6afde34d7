"""What all views have selected, in words and as SQL, with the way back to everything."""

from typing import Any

import polars as pl
import traitlets

from workbench.markup import el, visible
from workbench.trace import Trace
from workbench.views.selected import said, selected_counts
from workbench.widgets.view import View, page, style


class SelectionBar(View):
    """A line over the views of a trace.

    Example:
        >>> SelectionBar(trace).to_frame()  # doctest: +SKIP
    """

    _esm = page("selection_bar")
    _css = style("selection_bar")
    counts = traitlets.Unicode().tag(sync=True)
    statement = traitlets.Unicode().tag(sync=True)

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace)
        self.later("selection", self.selection_changed)

    @property
    def sql(self) -> str:
        """The statement that returns what is selected."""
        return self.selection.sql

    def to_frame(self) -> pl.DataFrame:
        """How much is selected: `source_arn, selected, deliveries`, a row a source."""
        return selected_counts(self.trace)

    def static_html(self) -> str:
        """The words."""
        return el("p", "Selected: ", el("b", self.selected_words), " ", self.counts)

    def selection_changed(self) -> None:
        """Count again."""
        self.statement = visible(self.sql)
        self.counts = visible(said(self.to_frame()))

    def message(self, content: dict[str, Any]) -> None:
        """The page asks for everything again."""
        if content.get("kind") == "reset":
            self.selection.reset()
