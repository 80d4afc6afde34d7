"""One key through the system as a waterfall: what each step waited for, how attempts ended, what was not captured."""

from datetime import datetime
from typing import Any, ClassVar

import polars as pl
import traitlets

from workbench.crossfilter import Clause
from workbench.errors import UsageError
from workbench.explain import Story, story
from workbench.markup import el, joined, table, visible
from workbench.trace import Trace
from workbench.trace.sql import literal
from workbench.views.waterfall import story_keys, uncaptured, waterfall
from workbench.views.witness import with_records
from workbench.widgets.view import View, page, style

MOST_ROWS = 500
"""What a page holds; the frame has all."""
CELLS = ("source", "what", "ending", "waited", "detail")


class StoryView(View):
    """The waterfall of one key, operated by mouse and keyboard; `story_view` makes one.

    Attributes:
        key: what is told of: a business key, an id of a record, or a request id; empty for none. May be set.
        step: number of the step whose delivery is selected in all views; None for none. May be set.

    Example:
        >>> view = story_view(trace, "order-0007")  # doctest: +SKIP
        >>> view.step = 3                           # doctest: +SKIP
        >>> view.to_frame()                         # doctest: +SKIP
    """

    _esm = page("story_view")
    _css = style("story_view")
    own_clause: ClassVar[str] = "story"
    key = traitlets.Unicode().tag(sync=True)
    step = traitlets.Int(None, allow_none=True).tag(sync=True)
    told = traitlets.Dict().tag(sync=True)
    payload = traitlets.Dict().tag(sync=True)
    suggestions = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, trace: Trace, key: str | None = None) -> None:
        self._story: Story | None = None
        self._chosen = False
        super().__init__(trace, key=key or "")
        self.observe(lambda _: self._tell_later(), "key")
        self.observe(lambda _: self.later("step", self._select), "step")
        self.later("suggestions", self.selection_changed)
        if self.key:
            self._tell_later()

    def to_frame(self) -> pl.DataFrame:
        """The steps, as `wb.story(trace, key).to_frame()` returns them; none without a key.

        Raises:
            UsageError: nothing in the trace speaks of the key.
        """
        return self._of_key().to_frame()

    @property
    def sql(self) -> str:
        """The statement that returns the deliveries behind the steps."""
        ids = sorted({each.delivery_id for each in self._of_key().steps})
        listed = ", ".join(literal(each) for each in ids) or "null"
        return f"from records where delivery_id in ({listed})"

    def call(self) -> str:
        """The Python call that returns what `to_frame` returns."""
        return f"wb.story(trace, {self.key!r}).to_frame()"

    def static_html(self) -> str:
        """The steps as a table."""
        try:
            told = self._of_key()
        except UsageError as error:
            return el("p", str(error))
        if not told.steps:
            return el("p", "The story of no key: set .key")
        rows = waterfall(told).head(MOST_ROWS)
        listed: list[list[Any]] = [
            [row["from_at"], "· " * row["depth"] + row["source"], *_cells(row)[1:]]
            for row in rows.iter_rows(named=True)
        ]
        columns = ["at (UTC)", *CELLS]
        remarks = el("ul", *(el("li", each) for each in told.remarks))
        return joined(table(columns, listed, caption=f"The story of {visible(self.key)}"), remarks)

    def selection_changed(self) -> None:
        """Suggest the keys of what is selected; somebody may have given everything back."""
        if self._chosen and self.own_clause not in self.selection.clauses:
            self.step = None
        keys = story_keys(self.trace, self.selection.where(self.own_clause))["key"]
        # Hidden characters would make of a suggestion another key.
        self.suggestions = [key for key in keys if visible(key) == key]

    def message(self, content: dict[str, Any]) -> None:
        """The page asks for another key, or for another step."""
        match content:
            case {"kind": "key", "key": str(key)}:
                self.key = key.strip()
            case {"kind": "step", "step": int(step)}:
                self.step = step
            case {"kind": "everything"}:
                self.step = None

    def _of_key(self) -> Story:
        key, told = self.key, self._story
        if told is None or told.value != key:
            told = story(self.trace, key) if key else Story("", ())
            # An id may lead to a business key, but it is the id that was asked for.
            self._story = told = Story(key, told.steps, told.remarks)
        return told

    def _tell_later(self) -> None:
        self.step = None
        self.later("key", self._tell)

    def _tell(self) -> None:
        self.told = {"key": self.key, "rows": []}
        told = self._of_key()
        rows = waterfall(told)
        shown = rows.head(MOST_ROWS)
        self.told = {
            "key": visible(self.key),
            "rows": [_sent(row) for row in shown.iter_rows(named=True)],
            "unread": [
                [row["step"], _ms(row["from_at"]), _ms(row["to_at"]), visible(row["cause"])]
                for row in uncaptured(self.trace, shown).iter_rows(named=True)
            ],
            "beyond": len(rows) - len(shown),
            "remarks": [visible(each) for each in told.remarks],
            "call": self.call(),
        }

    def _select(self) -> None:
        """Choose the step's delivery, and show what it carried."""
        number = self.step
        self._chosen = False
        if number is None:
            self.payload = {}
            self.choose(None)
            return
        step = next((each for each in self._of_key().steps if each.step == number), None)
        if step is None:
            raise UsageError(f"wanted a step of the story, found {number}")
        chosen = Clause.one_of("delivery_id", [step.delivery_id])
        self.choose(Clause(chosen.sql, f"step {number} of {self.key}"))
        self._chosen = True
        row = with_records(self.trace, pl.DataFrame({"delivery_id": [step.delivery_id]})).row(
            0, named=True
        )
        self.payload = {
            "step": number,
            "facts": [
                [name, visible(value)]
                for name, value in row.items()
                if name != "body_start" and value not in (None, "")
            ],
            "body": visible(row["body_start"]),
        }


def story_view(trace: Trace, key: str | None = None) -> StoryView:
    """A waterfall of what one key went through; `wb.story(trace, key)` has the same as rows.

    Args:
        trace: the trace; it remembers where the business key stands.
        key: a business key, an id of a record or a request; None to choose one in the page.

    Returns:
        A widget; `.key` may be set, `.step` selects a step's delivery in all views of the trace.

    Example:
        >>> story_view(trace, "order-0007")  # doctest: +SKIP
    """
    return StoryView(trace, key)


def _cells(row: dict[str, Any]) -> list[str]:
    return [visible(row[name]) if row[name] else "" for name in CELLS]


def _sent(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the page draws it: texts, and instants in milliseconds since 1970."""
    instants = {name: _ms(row[name]) for name in ("from_at", "to_at", "waits_from_at")}
    return {"step": row["step"], "depth": row["depth"], "cells": _cells(row), **instants}


def _ms(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp() * 1_000
