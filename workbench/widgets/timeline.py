"""Deliveries over time, a lane a source or partition, with a brush that selects a stretch for all views."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import traitlets

from workbench.crossfilter import Clause
from workbench.markup import visible
from workbench.trace import Trace
from workbench.views.drawable import lanes_of
from workbench.views.over_time import (
    LANES,
    MARKS,
    Window,
    changed,
    counted,
    counts_statement,
    lane_names,
    latencies,
    marked,
    since_1970_ms,
    unread,
    whole_window,
)
from workbench.views.selected import said, selected_counts
from workbench.widgets.picture import activity_picture
from workbench.widgets.view import View, page, style

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Timeline(View):
    """Lanes over time; `timeline` makes one.

    Attributes:
        window: what is looked at: `[from, to]` in milliseconds since 1970; may be set.
        brush: what is selected, the same way; empty for nothing. May be set.
        by_partition: whether each partition is a lane. May be set.
        shows_latency: whether the map of latencies is drawn. May be set.

    Example:
        >>> lanes = timeline(trace)            # doctest: +SKIP
        >>> lanes.select(from_at, to_at)       # doctest: +SKIP
        >>> lanes.to_frame()                   # doctest: +SKIP
    """

    _esm = page("timeline")
    _css = style("timeline")
    own_clause = "timeline"
    whole = traitlets.List(traitlets.Float()).tag(sync=True)
    window = traitlets.List(traitlets.Float()).tag(sync=True)
    brush = traitlets.List(traitlets.Float()).tag(sync=True)
    by_partition = traitlets.Bool(False).tag(sync=True)
    shows_latency = traitlets.Bool(False).tag(sync=True)
    drawn = traitlets.Dict().tag(sync=True)
    overview = traitlets.Dict().tag(sync=True)
    latency = traitlets.Dict().tag(sync=True)
    counts = traitlets.Unicode().tag(sync=True)
    statement = traitlets.Unicode().tag(sync=True)

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace)
        self.observe(self._looked, ["window", "by_partition", "shows_latency"])
        self.observe(self._brushed, "brush")
        self.later("selection", self._begin)

    @property
    def sql(self) -> str:
        """The statement that counts what is drawn."""
        return counts_statement(self._condition, self._window, self.by_partition)

    def to_frame(self) -> pl.DataFrame:
        """What is drawn.

        Returns:
            A row a lane and stretch of time with deliveries: `source_arn, partition_id, from_at, to_at` (UTC),
            `deliveries`.
        """
        window = self._window
        counts = counted(self.trace, self._condition, window, self.by_partition)
        from_us = (window.from_ms + counts["stretch"] * window.step_ms) * 1_000
        instants = pl.DataFrame({"from_at": from_us, "to_at": from_us + window.step_ms * 1_000})
        return counts.drop("stretch").with_columns(
            instants.select(
                pl.from_epoch(pl.all(), "us").dt.replace_time_zone("UTC")
            ).iter_columns()
        )

    def select(self, from_at: datetime, to_at: datetime) -> None:
        """Select a stretch of time for all views."""
        self.brush = sorted((since_1970_ms(from_at), since_1970_ms(to_at)))

    def static_html(self) -> str:
        """The chart of all deliveries."""
        return str(activity_picture(self.trace)._repr_mimebundle_()["text/html"])

    def selection_changed(self) -> None:
        """Count again."""
        if self.own_clause not in self.selection.clauses and self.brush:
            self.brush = []
        self.counts = visible(said(selected_counts(self.trace)))
        self._count()

    def message(self, content: dict[str, Any]) -> None:
        """The page asks to draw anew: the trace has grown."""
        if content.get("kind") == "refresh":
            self.trace.refresh()
            self._begin()

    @property
    def _condition(self) -> str:
        return self.selection.where(self.own_clause)

    @property
    def _window(self) -> Window:
        if not self.window:
            return whole_window(self.trace) or Window.over(0, 1)
        return Window.over(int(self.window[0]), int(self.window[1]))

    def _begin(self) -> None:
        """The whole time, what was not read in it, what was changed."""
        whole = whole_window(self.trace)
        if whole is None:
            self.counts = "no deliveries"
            return
        holes, changes = unread(self.trace), changed(self.trace)
        counts = counted(self.trace, "true", whole)
        self.overview = {
            "from_ms": whole.from_ms,
            "step_ms": whole.step_ms,
            "counts": _by_stretch(counts),
            "holes": [
                {
                    "lane": lane,
                    "from_ms": _finite_ms(low),
                    "to_ms": _finite_ms(high),
                    "said": visible(cause),
                }
                for lane, low, high, cause in zip(
                    lanes_of(holes["source_arn"]),
                    holes["from_at"],
                    holes["to_at"],
                    holes["cause"],
                    strict=True,
                )
            ],
            "changes": [
                {"at_ms": since_1970_ms(row["changed_at"]), "said": _change(row)}
                for row in changes.iter_rows(named=True)
            ],
        }
        self.whole = [whole.from_ms, whole.to_ms]
        self.counts = visible(said(selected_counts(self.trace)))
        if self.window:
            self._count()
        else:
            self.window = self.whole

    def _looked(self, _change: traitlets.Bunch) -> None:
        self.later("count", self._count)

    def _brushed(self, change: traitlets.Bunch) -> None:
        ends = change["new"]
        clause = None
        if len(ends) == 2:
            low, high = (EPOCH + timedelta(milliseconds=float(each)) for each in ends)
            clause = Clause.between(low, high)
        self.later("brush", lambda: self.choose(clause))

    def _count(self) -> None:
        window, condition = self._window, self._condition
        counts = counted(self.trace, condition, window, self.by_partition)
        lanes = lane_names(counts)
        total = int(counts["deliveries"].sum())
        of_lane = counts.partition_by("source_arn", "partition_id", as_dict=True)
        marks: dict[tuple[Any, ...], pl.DataFrame] = {}
        if 0 < total <= MARKS:
            rows = marked(self.trace, condition, window, self.by_partition)
            marks = dict(rows.partition_by("source_arn", "partition_id", as_dict=True))
        self.statement = visible(self.sql)
        self.drawn = {
            "from_ms": window.from_ms,
            "to_ms": window.to_ms,
            "step_ms": window.step_ms,
            "note": _note(total, window, len(lanes)),
            "lanes": [
                {
                    "name": lane,
                    "deliveries": deliveries,
                    "counts": _by_stretch(of_lane[arn, partition]),
                    "marks": marks[arn, partition]["at_ms"].to_list()
                    if (arn, partition) in marks
                    else [],
                }
                for arn, partition, deliveries, lane in lanes.head(LANES).iter_rows()
            ],
        }
        if self.shows_latency:
            told = latencies(self.trace, condition, window)
            self.latency = {
                "from_ms": window.from_ms,
                "step_ms": window.step_ms,
                "cells": [list(row) for row in told.iter_rows()],
            }


def timeline(trace: Trace) -> Timeline:
    """Deliveries over time, a lane a source, to look at closely and to select a stretch from.

    Returns:
        A widget; `.to_frame()` is what is drawn, `.select(from_at, to_at)` does what the brush does.

    Example:
        >>> timeline(wb.open("incident.trace"))  # doctest: +SKIP
    """
    return Timeline(trace)


def _by_stretch(counts: pl.DataFrame) -> list[list[int]]:
    summed = counts.group_by("stretch").agg(pl.col("deliveries").sum()).sort("stretch")
    return [list(row) for row in summed.iter_rows()]


def _note(total: int, window: Window, lanes: int) -> str:
    each = f"each of the {total:,} deliveries is drawn"
    stretches = f"{total:,} deliveries, counted every {_long(window.step_ms)}"
    more = f"; the busiest {LANES} of {lanes} lanes" if lanes > LANES else ""
    return (each if 0 < total <= MARKS else stretches) + more


def _long(ms: int) -> str:
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)):
        if ms >= size and ms % size == 0:
            return f"{ms // size} {unit}"
    return f"{ms} ms"


def _finite_ms(at: datetime | None) -> float | None:
    """None where a hole has no end."""
    return None if at is None or not 1 < at.year < 9_999 else since_1970_ms(at)


def _change(row: dict[str, Any]) -> str:
    subject = str(row["subject"]).rpartition(":")[2]
    what = (
        f"{row['path']} {row['before'] or 'unknown'} → {row['after'] or 'none'}"
        if row["path"]
        else row["kind"]
    )
    return visible(f"{subject}: {what}")
