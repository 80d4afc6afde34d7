"""How the deliveries of a trace fall over time: lanes, stretches, marks; what was not read; what was changed.

Everything is counted in the database; what is drawn one by one is few, and what is not says so.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import polars as pl

from workbench.trace import Trace
from workbench.trace.sql import Statement, load_statement, with_literals
from workbench.views.drawable import lanes_of

STRETCHES = 600
"""Most of a window: about one for two points of a wide page."""
MARKS = 2_000
"""Most deliveries that are drawn one by one."""
LANES = 60
STEPS_MS = tuple(
    step * unit
    for unit, steps in (
        (1, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
        (1_000, (1, 2, 5, 10, 15, 30)),
        (60_000, (1, 2, 5, 10, 15, 30)),
        (3_600_000, (1, 2, 4, 6, 12)),
        (86_400_000, (1, 2, 7, 14, 30, 90, 365)),
    )
    for step in steps
)
SPAN, COUNTS, MARKED, LATENCY = (
    load_statement(__package__, name)
    for name in ("timeline_span", "timeline_counts", "timeline_marks", "timeline_latency")
)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time that is looked at, in milliseconds since 1970, cut into stretches of one length."""

    from_ms: int
    """A multiple of `step_ms`, so that stretches stay where they are when the window moves."""
    to_ms: int
    """Left out."""
    step_ms: int

    @classmethod
    def over(cls, from_ms: int, to_ms: int) -> Self:
        """The window that holds these instants, cut into at most 600 stretches of a round length.

        Example:
            >>> Window.over(1_500, 3_600_000)
            Window(from_ms=0, to_ms=3600000, step_ms=10000)
        """
        to_ms = max(to_ms, from_ms + 1)
        least = (to_ms - from_ms) / STRETCHES
        step = next((each for each in STEPS_MS if each >= least), int(least) + 1)
        return cls(from_ms // step * step, to_ms, step)


def whole_window(trace: Trace) -> Window | None:
    """From the first delivery to the last; None without any."""
    first, last, _ = trace.sql(SPAN.text).row(0)
    return None if first is None else Window.over(int(first), int(last) + 1)


def counts_statement(condition: str, window: Window, by_partition: bool) -> str:
    """The statement that counts deliveries by lane and stretch, as it can be pasted and run alone."""
    return with_literals(_narrowed(COUNTS, condition), _asked(window, by_partition))


def counted(
    trace: Trace, condition: str, window: Window, by_partition: bool = False
) -> pl.DataFrame:
    """Deliveries by lane and stretch of time.

    Args:
        trace: the trace.
        condition: SQL over `records`: which of them.
        window: the time.
        by_partition: whether a partition is a lane of its own; else a source is.

    Returns:
        A row a lane and stretch with deliveries, sorted: `source_arn, partition_id, stretch, deliveries`.
    """
    return trace.sql(_narrowed(COUNTS, condition), **_asked(window, by_partition))


def marked(
    trace: Trace, condition: str, window: Window, by_partition: bool = False
) -> pl.DataFrame:
    """The deliveries themselves, at most 2,000: `source_arn, partition_id, at_ms, delivery_id`."""
    asked = _asked(window, by_partition)
    del asked["step_ms"]
    return trace.sql(_narrowed(MARKED, condition), **asked, most=MARKS)


def latencies(trace: Trace, condition: str, window: Window) -> pl.DataFrame:
    """Attempts by arrival and latency: `stretch, doubling, attempts`; none where no log tells who was given what."""
    asked = _asked(window, False)
    del asked["by_partition"]
    return trace.sql(_narrowed(LATENCY, condition), **asked)


def lane_names(counts: pl.DataFrame) -> pl.DataFrame:
    """The lanes of some counts, the busiest first, each with its name: `source_arn, partition_id, deliveries, lane`."""
    lanes = (
        counts.group_by("source_arn", "partition_id")
        .agg(pl.col("deliveries").sum())
        .sort("deliveries", "source_arn", "partition_id", descending=[True, False, False])
    )
    names = lanes_of(lanes["source_arn"])
    return lanes.with_columns(
        lane=(names + " " + lanes["partition_id"]).str.strip_chars().fill_null("unknown")
    )


def unread(trace: Trace) -> pl.DataFrame:
    """Holes in coverage: `source_arn, partition_id, from_at, to_at, cause`."""
    return trace.coverage().filter(pl.col("state") == "hole").drop("state")


def changed(trace: Trace) -> pl.DataFrame:
    """Changes of configuration, code and shards: `changed_at, source_arn, kind, subject, path, before, after`."""
    return trace.sql(
        "select changed_at, source_arn, kind, subject, path, before, after from changes"
        " where changed_at is not null order by all"
    )


def since_1970_ms(at: datetime) -> float:
    """Milliseconds since 1970."""
    return at.timestamp() * 1_000


def _asked(window: Window, by_partition: bool) -> dict[str, Any]:
    return {
        "from_ms": window.from_ms,
        "to_ms": window.to_ms,
        "step_ms": window.step_ms,
        "by_partition": by_partition,
    }


def _narrowed(statement: Statement, condition: str) -> str:
    """The statement over those records alone for which the condition holds."""
    return statement.body.replace(
        "from records", f"from (from records where {condition}\n) as records"
    )
