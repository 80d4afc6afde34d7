"""Charts in a notebook as still pictures: SVG, because Altair's own outputs want a network that may not be there."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from workbench import charts
from workbench.trace import Trace
from workbench.views import activity
from workbench.views.drawable import bounds


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart that a notebook shows; `frame` is what it was drawn from."""

    svg: str = field(repr=False)
    description: str
    """What it says, in one sentence."""
    frame: pl.DataFrame | None = field(default=None, repr=False)
    """The rows that were drawn."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": self.description}


def show(chart: charts.Drawn, frame: pl.DataFrame | None = None) -> Picture:
    """The chart as a picture that any notebook shows, offline and after it was saved.

    Args:
        chart: what a function of `workbench.charts` drew.
        frame: the rows it was drawn from, to be kept with it.

    Example:
        >>> show(shard_load(plan.to_frame()))  # doctest: +SKIP
    """
    return Picture(charts.to_svg(chart), charts.description(chart), frame)


def timeline(trace: Trace) -> Picture:
    """Deliveries over time, a lane a source; `.frame` has `source_arn, from_at, to_at, deliveries`.

    Example:
        >>> timeline(trace).frame  # doctest: +SKIP
    """
    frame = activity(trace)
    return show(charts.timeline(frame), frame)


def coverage_bar(trace: Trace) -> Picture:
    """What was read and what was not while records came; `.frame` is `trace.coverage()`, all of it.

    Example:
        >>> coverage_bar(trace).frame  # doctest: +SKIP
    """
    frame, records = trace.coverage(), activity(trace)
    within = None if records.is_empty() else bounds(records, "from_at", "to_at")
    return show(charts.coverage_bar(frame, within), frame)
