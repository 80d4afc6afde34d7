"""A capture that is watched: nothing is shown before it is durable, nothing that happened is left unsaid."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from connectors.budget import Budgets
from connectors.record import Connector, Page, Span
from workbench.tail.watching import Notice, Seen, Watch
from workbench.trace import open_trace
from workbench.trace.capture import Captured, capture
from workbench.trace.limits import Clock, Limits, SourceState
from workbench.trace.redaction.connector import RedactedConnector
from workbench.trace.redaction.redactor import Redactor


@dataclass(frozen=True, slots=True)
class Tailed:
    """The result of a tail."""

    captured: Captured
    records: int
    shown: int
    """Those of the records for which the condition held."""
    holes: int
    """Those that are left; one that was told and read later is none any more."""

    @property
    def complete(self) -> bool:
        """Every source was read without a hole."""
        return self.captured.complete and self.holes == 0


def tail(
    trace: Path,
    connectors: Sequence[Connector],
    *,
    since: datetime,
    watch: Watch,
    show: Callable[[Iterable[Seen]], None],
    clock: Clock,
    budgets: Budgets,
    stop: threading.Event,
    redactor: Redactor | None = None,
) -> Tailed:
    """Follow every connector into the trace and show what comes, each batch as soon as it is durable.

    A `show` that takes long holds the readers up, not the memory: where they stand is in the trace.

    Args:
        trace: the folder; made when not there, resumed when there.
        connectors: what to read; closed at the end, whatever happens.
        since: from where on it was asked for; a source that the trace has already goes on from there.
        watch: what is to be seen.
        show: writes it; called with nothing where a batch had nothing to be seen.
        clock: the time.
        budgets: how often each source may be asked, and for how much.
        stop: set it to end.
        redactor: what is done to every page before its first byte reaches disk or screen; None: nothing.

    Raises:
        FencedError: another capture has taken over one of the sources.
        TraceError: the trace cannot be written.
    """
    failed: dict[str, str] = {}

    def committed(pages: Sequence[tuple[str, Page]]) -> None:
        show(watch.of_pages(pages))

    captured = capture(
        trace,
        [RedactedConnector(each, redactor) for each in connectors] if redactor else connectors,
        limits=Limits(follow=True, since=since),
        clock=clock,
        budgets=budgets,
        stop=stop,
        prepare=redactor.page if redactor else lambda page: page,
        redaction=redactor.described if redactor else None,
        progress=lambda states: show(_failures(states, failed)),
        committed=committed,
    )
    show(_failures(captured.sources, failed))
    holes = _holes(trace, captured.capture_id)
    show(watch.of_holes(holes))
    return Tailed(captured, watch.records, watch.shown, len(holes))


def _failures(states: Iterable[SourceState], told: dict[str, str]) -> Iterator[Notice]:
    """Sources that cannot be read, each error once while it lasts, and those that are read again."""
    for state in states:
        arn, error = state.source_arn, state.error
        if told.get(arn) == error:
            continue
        if error is None:
            del told[arn]
        else:
            told[arn] = error
        yield Notice(arn, "", error or "is read again, from where it stood")


def _holes(trace: Path, capture_id: str) -> list[tuple[str, str, Span]]:
    """All that this capture knows that it has not read, also what no page told."""
    with open_trace(trace) as opened:
        rows = opened.sql(
            "select source_arn, partition_id, from_at, to_at, cause from coverage "
            "where state = 'hole' and capture_id = $capture_id order by from_at",
            capture_id=capture_id,
        )
    return [(arn, partition, Span(*span)) for arn, partition, *span in rows.iter_rows()]
