"""One window of many sources: what of it is gone already, and a hole in the coverage for that part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from connectors import (
    Available,
    Cause,
    Checkpoint,
    Connector,
    Page,
    Partition,
    Resource,
    Service,
    Span,
)
from workbench.trace.instants import instant_text
from workbench.trace.reader import open_trace
from workbench.trace.sql import load_statement


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of time that an incident is looked for in."""

    from_at: datetime
    to_at: datetime


def window_around(at: datetime, half: timedelta) -> Window:
    """As much before the instant as after it.

    Example:
        >>> noon = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
        >>> window_around(noon, timedelta(minutes=30)).from_at.isoformat()
        '2026-11-20T11:30:00+00:00'
    """
    return Window(at - half, at + half)


def gone_until(available: Available, window: Window, now: datetime) -> datetime | None:
    """Up to when nothing of the window is left; None: it is still there, all of it.

    Before a source was made nothing can have gone.
    """
    if available.lost_after is None:
        return None
    horizon = now - available.lost_after
    made_later = available.kept_from_at is not None and available.kept_from_at > horizon
    return None if made_later or horizon <= window.from_at else min(horizon, window.to_at)


def with_hole(connector: Connector, hole_to: datetime, window: Window) -> Connector:
    """The connector of a queue, which says with its first page that the window's beginning was gone.

    Other connectors know themselves what was trimmed, of each partition.

    Args:
        connector: reads what is left.
        hole_to: as `gone_until` gives it.
        window: what was asked for.
    """
    if connector.service != Service.SQS:
        return connector
    return _LateConnector(connector, _hole(connector.service, hole_to, window))


def nothing_left(available: Available, window: Window) -> Connector:
    """Stands for a source that keeps nothing, for a window that is over: the hole is all there is to be read of it."""
    return _NothingLeft(
        available.source_arn, available.service, _hole(available.service, window.to_at, window)
    )


def capture_coverage(trace: Path, capture_id: str) -> dict[str, dict[str, Any]]:
    """What one capture knows of its sources' completeness, by source ARN.

    Returns:
        `holes_by_cause` (number of holes) and `sealed_until_at` (logs: nothing late is missing up to there) of each.
    """
    with open_trace(trace) as opened:
        statement = load_statement(__package__, "capture_coverage").text
        rows = opened.sql(statement, capture_id=capture_id).to_dicts()
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        source = found.setdefault(
            row["source_arn"], {"holes_by_cause": {}, "sealed_until_at": None}
        )
        if row["state"] == "hole":
            source["holes_by_cause"][row["cause"]] = row["spans"]
        elif row["state"] == "sealed":
            source["sealed_until_at"] = instant_text(row["to_at"])
    return found


def _hole(service: str, to_at: datetime, window: Window) -> Span:
    cause = Cause.LATEST_START if service == Service.SNS else Cause.TRIMMED
    return Span(window.from_at, to_at, cause)


@dataclass(slots=True)
class _LateConnector:
    """Another connector, with a hole before what it reads."""

    connector: Connector
    hole: Span

    @property
    def source_arn(self) -> str:
        return self.connector.source_arn

    @property
    def service(self) -> str:
        return self.connector.service

    def partitions(self) -> Sequence[Partition]:
        return self.connector.partitions()

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        holes: tuple[Span, ...] = (self.hole,)
        pages = self.connector.read(partition, after)
        try:
            for page in pages:
                yield replace(page, spans=(*holes, *page.spans))
                holes = ()
        finally:
            pages.close()  # type: ignore[attr-defined]  # every connector's read is a generator

    def resources(self) -> Sequence[Resource]:
        return self.connector.resources()

    def close(self) -> None:
        self.connector.close()


@dataclass(frozen=True, slots=True)
class _NothingLeft:
    """A source of which the window is over and nothing was kept; AWS is not asked, and nothing is added there."""

    source_arn: str
    service: str
    hole: Span

    def partitions(self) -> Sequence[Partition]:
        return (Partition(""),)

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        position = orjson.dumps({"read_to_at": instant_text(self.hole.to_at)}).decode()
        yield Page((), after or Checkpoint("", position), (self.hole,), 0, 0)

    def resources(self) -> Sequence[Resource]:
        return ()

    def close(self) -> None:
        """Nothing was added."""
