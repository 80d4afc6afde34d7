"""The events: all selected deliveries in a grid, however many, and the one looked at taken apart beside it.

The page has the rows in sight alone; it asks for others as it is scrolled, and is answered out of blocks that are read
at once, because a block costs hardly more than a row.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import polars as pl
import traitlets
from numpy.typing import NDArray

from workbench.crossfilter import Clause
from workbench.errors import UsageError
from workbench.markup import table, visible
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.views.copied import copied
from workbench.views.deliveries import deliveries, delivery, delivery_ids, same_key
from workbench.views.inspected import FACES, inspected
from workbench.widgets.view import View, page, style

COLUMNS = (
    "time (UTC)",
    "source",
    "partition",
    "id or sequence",
    "key",
    "receives",
    "bytes",
    "waited (ms)",
    "payload",
)
STATIC_ROWS = 20
BLOCK_ROWS = 1_000
BLOCKS = 8
"""That are kept: who scrolls comes back."""
MOST_ROWS = 200
"""Of one answer."""
LONGEST_ID = 15
"""Characters of an id in a row; it is told from its neighbours by its end."""
Asked = tuple[int, str, Clause | None]
"""Generation, the conditions of the others, its own."""


class EventGrid(View):
    """A grid of deliveries with an inspector, operated by mouse and keyboard; `events` makes one.

    Attributes:
        selected: delivery_id of the record looked at; None while there is none. May be set.
        filter: the grid's own condition, as it was typed; `crossfilter(trace).set("events", …)` sets it.
        refused: why a condition that was typed is none, in one line.

    Example:
        >>> grid = events(trace)          # doctest: +SKIP
        >>> grid.selected = 42            # doctest: +SKIP
        >>> grid.record["ordering_key"]   # doctest: +SKIP
        >>> print(grid.copy_as("pytest"))  # doctest: +SKIP
    """

    _esm = page("event_grid")
    _css = style("event_grid")
    own_clause: ClassVar[str] = "events"
    columns = traitlets.List(list(COLUMNS)).tag(sync=True)
    selected = traitlets.Int(None, allow_none=True).tag(sync=True)
    filter = traitlets.Unicode().tag(sync=True)
    refused = traitlets.Unicode().tag(sync=True)
    loading = traitlets.Bool(True).tag(sync=True)
    shown = traitlets.List([0, 0, 0]).tag(sync=True)
    """A number that is another one with each change of the rows; how many there are; of how many."""
    cursor = traitlets.List([0, -1]).tag(sync=True)
    """Of which rows, and the place among them that is selected; -1: it is none of them."""
    call = traitlets.Unicode().tag(sync=True)
    can_replay = traitlets.Bool(False).tag(sync=True)
    on_replay: Callable[[int], object] | None = None

    def __init__(self, trace: Trace, on_replay: Callable[[int], object] | None = None) -> None:
        self.on_replay = on_replay
        self._asked: Asked | None = None
        self._rows: tuple[int, NDArray[np.int64]] = (0, np.empty(0, np.int64))
        """In one, because the page's thread looks at both while ours changes them."""
        self._blocks: dict[int, list[list[str]]] = {}
        super().__init__(trace, can_replay=on_replay is not None)
        self.observe(self._pointed, "cursor")
        self.observe(self._chosen, "selected")
        self.later("selection", self.selection_changed)

    @property
    def sql(self) -> str:
        """The statement that returns the rows of the grid, in its order."""
        return f"{self.selection.sql} order by coalesce(source_at, received_at), delivery_id"

    def to_frame(self, limit: int = 1_000) -> pl.DataFrame:
        """The first rows of the grid, with all columns of `records`."""
        return self.trace.sql(f"{self.sql} limit {int(limit)}")

    @property
    def record(self) -> dict[str, Any]:
        """The selected delivery: the columns of `records`, as `event_record` takes them.

        Raises:
            UsageError: none is selected, or the trace has none of that id.
        """
        if self.selected is None:
            raise UsageError("wanted a selected record, found none; set .selected to a delivery_id")
        return delivery(self.trace, self.selected)

    def copy_as(self, form: str) -> str:
        """The selected record to take along.

        Args:
            form: `sql` (the statement that returns it), `pytest` (a test file that runs, its event in a fixture), `aws`
                (commands of AWS's command line; nothing of ours runs them).

        Raises:
            UsageError: another form, nothing selected, or an event of a service that calls no function.
        """
        return copied(self.trace, self.record, form)

    def static_html(self) -> str:
        """The first rows as a table."""
        self.settle()
        ids = self._rows[1]
        rows = _cells(deliveries(self.trace, ids[:STATIC_ROWS]))
        return table(list(COLUMNS), list(rows), caption=f"{len(rows):,} of {len(ids):,} deliveries")

    def selection_changed(self) -> None:
        """Show the rows that are selected now."""
        self._load(self.selection.clauses.get(self.own_clause))
        self.call = f"trace.sql({self.sql!r})"

    def message(self, content: dict[str, Any]) -> None:
        """What the page asks for."""
        match content:
            case {
                "kind": "rows",
                "version": int(version),
                "first": int(first),
                "count": int(count),
            }:
                if version == self._rows[0]:
                    self._answer(first, min(count, MOST_ROWS))
            case {"kind": "filter", "text": str(text)}:
                self._narrow(text)
            case {"kind": "follow"}:
                said = same_key(self.record)
                self._set(Clause(said, said))
            case {"kind": "inspect", "id": int(id_), "face": str(face), "whole": bool(whole)}:
                if face in FACES:
                    self._inspect(id_, face, whole)
            case {"kind": "replay"} if self.selected is not None and self.on_replay:
                self.on_replay(self.selected)
            case {"kind": "copy", "form": str(form)}:
                self.send({"kind": "copied", "form": form, "text": self.copy_as(form)})

    def _inspect(self, delivery_id: int, face: str, whole: bool) -> None:
        row = delivery(self.trace, delivery_id)
        title = f"delivery {delivery_id} of {visible(source_name(row['source_arn']))}"
        about = {"kind": "inspected", "id": delivery_id, "face": face, "title": title}
        self.send(about | inspected(row, face, whole=whole))

    def _narrow(self, text: str) -> None:
        """Set what was typed; what is no condition changes nothing and is said beside it."""
        self.refused = ""
        try:
            self._set(Clause.typed(text) if text.strip() else None)
        except UsageError as error:
            self.refused = visible(" ".join(str(error).split()))

    def _set(self, own: Clause | None) -> None:
        """Look first whether every record can be asked: a condition may fail in the middle."""
        self._load(own)
        self.choose(own)

    def _load(self, own: Clause | None) -> None:
        others = self.selection.where(self.own_clause)
        asked = (self.trace.generation, others, own)
        if asked == self._asked:
            return
        self.loading = True
        try:
            condition = others if own is None else f"({others}) and ({own.sql}\n)"
            ids = delivery_ids(self.trace, condition)
            total = self.trace.sql("select count(*) from records").item()
        finally:
            self.loading = False
        version = self._rows[0] + 1
        self._asked, self._rows = asked, (version, ids)
        self._blocks.clear()
        with self.hold_sync():
            self.filter = "" if own is None else visible(own.words)
            self.shown = [version, len(ids), total]
            self._point()

    def _point(self) -> None:
        """Let the cursor be where the selected record is."""
        version, ids = self._rows
        found = np.flatnonzero(ids == (-1 if self.selected is None else self.selected))
        self.cursor = [version, int(found[0]) if len(found) else -1]

    def _pointed(self, change: dict[str, Any]) -> None:
        """The page has moved the cursor."""
        of, place = change["new"]
        version, ids = self._rows
        if of == version and 0 <= place < len(ids):
            self.selected = int(ids[place])

    def _chosen(self, change: dict[str, Any]) -> None:
        of, place = self.cursor
        version, ids = self._rows
        is_there = of == version and 0 <= place < len(ids) and ids[place] == change["new"]
        if not is_there:
            self.later("cursor", self._point)

    def _answer(self, first: int, count: int) -> None:
        version, ids = self._rows
        first = max(0, min(first, len(ids) - 1))
        last = min(first + count, len(ids))
        rows: list[list[str]] = []
        for block in range(first // BLOCK_ROWS, -(-last // BLOCK_ROWS)):
            rows += self._block(block)
        start = first % BLOCK_ROWS
        self.send(
            {
                "kind": "rows",
                "version": version,
                "first": first,
                "rows": rows[start : start + last - first],
            }
        )

    def _block(self, block: int) -> list[list[str]]:
        if block not in self._blocks:
            ids = self._rows[1][block * BLOCK_ROWS : (block + 1) * BLOCK_ROWS]
            self._blocks[block] = _cells(deliveries(self.trace, ids))
            if len(self._blocks) > BLOCKS:
                self._blocks.pop(next(iter(self._blocks)))
        return self._blocks[block]


def events(trace: Trace) -> EventGrid:
    """All selected deliveries in a grid, by time; the one looked at taken apart beside it.

    Args:
        trace: the trace.

    Returns:
        A widget; it follows `crossfilter(trace)` and narrows it. `.selected` is the delivery_id of the record looked
        at, `.record` its row, `.copy_as("sql")` what gives it elsewhere; `.to_frame()` and `.sql` are the rows.

    Example:
        >>> events(trace)  # doctest: +SKIP
    """
    return EventGrid(trace)


def _cells(rows: pl.DataFrame) -> list[list[str]]:
    """The texts of a page, in the order of `COLUMNS`."""
    shown = rows.select(
        pl.col("at").dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%d %H:%M:%S%.3f"),
        pl.col("source_arn").map_elements(source_name, pl.String),
        pl.col("partition_id", "id").map_elements(_short, pl.String),
        "ordering_key",
        "receive_count",
        "body_bytes",
        "first_receive_ms",
        "body_start",
    )
    return [[_text(value) for value in row] for row in shown.iter_rows()]


def _short(identity: str) -> str:
    is_long = len(identity) > LONGEST_ID
    return f"{identity[:4]}…{identity[5 - LONGEST_ID :]}" if is_long else identity


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else visible(value)
