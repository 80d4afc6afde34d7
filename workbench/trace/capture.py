"""The capture loop: a thread a source reads pages, one thread makes them durable, and only then may a source go on."""

import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.budget import Budgets
from connectors.errors import ConnectorError
from connectors.record import Affecting, Connector, Page
from workbench.errors import WorkbenchError
from workbench.trace.limits import Clock, Limits, SourceState
from workbench.trace.partition_reader import WaitingPage
from workbench.trace.piling_up import PilingUp
from workbench.trace.source_reader import SourceReader
from workbench.trace.writer import TraceWriter

TURN_S = 0.000_1
RECORDS_AT_ONCE = 10_000
"""Pages that wait are committed together up to about so many records: fewer, larger segments under load."""


@dataclass(frozen=True, slots=True)
class Captured:
    """The result of a capture."""

    trace: str
    capture_id: str
    state: str
    """`done`, or `stopped` when it was told to end before its limits."""
    sources: tuple[SourceState, ...]

    @property
    def complete(self) -> bool:
        """Every source was read to its limit without a hole."""
        return all(source.error is None and source.holes == 0 for source in self.sources)

    def document(self) -> dict[str, Any]:
        """The result as `capture --json` prints it."""
        return {
            "trace": self.trace,
            "capture_id": self.capture_id,
            "state": self.state,
            "complete": self.complete,
            "records": sum(source.records for source in self.sources),
            "sources": [
                {
                    name: getattr(source, name)
                    for name in ("source_arn", "records", "holes", "error")
                }
                for source in self.sources
            ],
        }


def capture(
    trace: Path,
    connectors: Sequence[Connector],
    *,
    limits: Limits,
    clock: Clock,
    budgets: Budgets,
    stop: threading.Event,
    prepare: Callable[[Page], Page] = lambda page: page,
    redaction: str | None = None,
    committed: Callable[[Sequence[tuple[str, Page]]], None] = lambda pages: None,
    progress: Callable[[Sequence[SourceState]], None] = lambda sources: None,
) -> Captured:
    """Read every connector to its limits into the trace, resuming from its checkpoints.

    A page is committed with its position in one transaction, and the connector goes on only after that. A source that
    fails stops alone, with a hole from where it stood; the others go on.

    Args:
        trace: the folder; made when not there.
        connectors: what to read; closed at the end, whatever happens.
        limits: when it is done.
        clock: the time.
        budgets: how often each source may be asked, and for how much.
        stop: set it to end early; nothing that was committed is lost.
        prepare: what is done to every page before its first byte reaches the disk; called from several threads.
        redaction: how `prepare` redacts, for the trace's books; None: it does not.
        committed: called after each commit, in the writer's thread, with source and page of all that became durable.
        progress: called after each commit, and while nothing comes, with the state of every source.

    Raises:
        FencedError: another capture has taken over one of the sources.
        TraceError: the trace cannot be written, for example because the disk is full.
    """
    states = {connector.source_arn: SourceState(connector.source_arn) for connector in connectors}
    writer = None
    piling_up = PilingUp(trace)
    state = "failed"
    readers: list[SourceReader] = []
    pages: queue.Queue[WaitingPage] = queue.Queue(maxsize=64)
    try:
        writer = TraceWriter(trace, "capture", list(states), clock.now, redaction=redaction)
        for connector in connectors:
            writer.hold(connector.source_arn)
            readers.append(
                SourceReader(
                    connector,
                    writer,
                    pages,
                    stop,
                    states[connector.source_arn],
                    limits,
                    clock,
                    budgets,
                    prepare,
                )
            )
        with _short_turns():
            for reader in readers:
                reader.start()
            _write(
                writer,
                readers,
                pages,
                committed,
                lambda: progress(list(states.values())),
                piling_up,
            )
        _close_books(writer, readers)
        cut_short = limits.follow or any(reader.cut_short for reader in readers)
        state = "stopped" if stop.is_set() and cut_short else "done"
    except KeyboardInterrupt:
        state = "interrupted"
        raise
    finally:
        _let_go(readers, pages, connectors)
        if writer is not None:
            writer.close(state)
        piling_up.close()
    return Captured(str(trace), writer.capture_id, state, tuple(states.values()))


@contextmanager
def _short_turns() -> Iterator[None]:
    """Let threads take turns of 0.1 ms, not Python's 5 ms.

    The writer's few steps between two flushes must not wait for a reader to lay out half a page. A capture runs in a
    process of its own, so nobody else feels it.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _write(
    writer: TraceWriter,
    readers: "Sequence[SourceReader]",
    pages: "queue.Queue[WaitingPage]",
    committed: Callable[[Sequence[tuple[str, Page]]], None],
    progress: Callable[[], None],
    piling_up: PilingUp,
) -> None:
    """Commit pages and configuration as they come until every reader has ended and nothing waits."""
    while True:
        ended = not any(reader.is_alive() for reader in readers)
        for reader in readers:
            writer.append_resources(list(reader.configuration.kept()))
        batch = _next_batch(pages)
        if batch:
            _commit(writer, batch)
            piling_up.committed(writer.catalog)
            committed([(each.laid_out.source_arn, each.laid_out.page) for each in batch])
            progress()
        elif ended:
            return
        else:
            progress()


def _commit(writer: TraceWriter, batch: list[WaitingPage]) -> None:
    """Make the pages durable in one commit, and tell their readers."""
    try:
        writer.append([each.laid_out for each in batch])
    except BaseException as error:
        for each in batch:
            each.durable.set_exception(error)
        raise
    for each in batch:
        each.durable.set_result(None)


def _next_batch(pages: "queue.Queue[WaitingPage]") -> list[WaitingPage]:
    """All pages that wait; none where none came for a while."""
    try:
        batch = [pages.get(timeout=0.05)]
    except queue.Empty:
        return []
    records = len(batch[0].laid_out.page.records)
    while records < RECORDS_AT_ONCE:
        try:
            batch.append(pages.get_nowait())
        except queue.Empty:
            break
        records += len(batch[-1].laid_out.page.records)
    return batch


def _close_books(writer: TraceWriter, readers: "Sequence[SourceReader]") -> None:
    """Write a hole for what a source leaves unread; mend those of a source that was read whole."""
    for reader in readers:
        if not reader.cut_short:
            writer.mend(reader.connector.source_arn)
        for partition_id, span in reader.holes:
            writer.append_hole(reader.connector.source_arn, partition_id, span)
        if isinstance(reader.connector, Affecting):
            effects = tuple(reader.connector.unrecorded_effects)
            writer.append_effects(reader.connector.source_arn, effects)
        # Counted at the end: what came late may have been sealed since.
        reader.state.holes = writer.holes(reader.connector.source_arn)


def _let_go(
    readers: Sequence[SourceReader],
    pages: "queue.Queue[WaitingPage]",
    connectors: Sequence[Connector],
) -> None:
    """End every reader, answering whoever still waits for a page to become durable, and close the connectors."""
    for reader in readers:
        reader.stop_reading()
    while any(reader.is_alive() for reader in readers) or not pages.empty():
        try:
            pages.get(timeout=0.05).durable.set_exception(WorkbenchError("the capture has ended"))
        except queue.Empty:
            continue
    _close(connectors)


def _close(connectors: Sequence[Connector]) -> None:
    """Close every connector, also where another cannot undo what it added."""
    earlier = sys.exc_info()[1]
    for connector in connectors:
        try:
            connector.close()
        except ConnectorError as error:
            earlier = _first(error, earlier)
    if isinstance(earlier, ConnectorError) and earlier is not sys.exc_info()[1]:
        raise earlier


def _first(error: ConnectorError, earlier: BaseException | None) -> BaseException:
    if earlier is None:
        return error
    earlier.add_note(str(error))
    return earlier
