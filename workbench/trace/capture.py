"""The capture loop: a thread a source reads pages, one thread makes them durable, and only then may a source go on."""

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.budget import Budget
from connectors.errors import ConnectorError, CorruptAnswerError, ThrottledError
from connectors.record import Connector, Page, Partition, Service, Span
from workbench.errors import WorkbenchError
from workbench.trace.repeats import RepeatedEvents
from workbench.trace.writer import TraceWriter

STREAMS = (Service.KINESIS, Service.DYNAMODB)
RECORDS_AT_ONCE = 10_000
"""Pages that wait are committed together up to about so many records: fewer, larger segments under load."""
TRIES = 6
"""Attempts at a page that is throttled or corrupt before its partition is given up with a hole."""
LONGEST_PAUSE_S = 30.0


@dataclass(frozen=True, slots=True)
class Limits:
    """When a capture is done."""

    until: datetime | None = None
    """Stop a partition that was read up to here; None for the tip as of now."""
    follow: bool = False
    """Go on at the tip until stopped."""


@dataclass(slots=True)
class SourceState:
    """What became of one source."""

    source_arn: str
    records: int = 0
    holes: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Captured:
    """The result of a capture."""

    trace: str
    capture_id: str
    state: str
    """`done`, or `interrupted` when it was stopped before its limits."""
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


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as the loop needs it."""

    now: Callable[[], datetime]
    monotonic_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000


@dataclass(slots=True)
class _Waiting:
    """A page on its way to the writer; the future is done when it is durable, and carries the writer's error."""

    source_arn: str
    page: Page
    durable: "Future[None]" = field(default_factory=Future)


def capture(
    trace: Path,
    connectors: Sequence[Connector],
    *,
    limits: Limits,
    clock: Clock,
    calls_per_second: Callable[[str], float],
    stop: threading.Event,
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
        calls_per_second: the read budget of a service: per shard for streams, per source for the rest.
        stop: set it to end early; nothing that was committed is lost.
        progress: called after each commit with the state of every source.

    Raises:
        FencedError: another capture has taken over one of the sources.
        TraceError: the trace cannot be written, for example because the disk is full.
    """
    states = {connector.source_arn: SourceState(connector.source_arn) for connector in connectors}
    writer = None
    state = "failed"
    readers: list[_Reader] = []
    try:
        writer = TraceWriter(trace, "capture", list(states), clock.now)
        pages: queue.Queue[_Waiting] = queue.Queue(maxsize=64)
        for connector in connectors:
            writer.hold(connector.source_arn)
            readers.append(
                _Reader(
                    connector,
                    writer,
                    pages,
                    stop,
                    states[connector.source_arn],
                    limits,
                    clock,
                    calls_per_second,
                )
            )
        for reader in readers:
            reader.start()
        _write(
            writer, readers, pages, RepeatedEvents(trace), lambda: progress(list(states.values()))
        )
        _close_books(writer, readers, clock)
        state = (
            "interrupted"
            if stop.is_set() and any(reader.cut_short for reader in readers)
            else "done"
        )
    except KeyboardInterrupt:
        state = "interrupted"
        raise
    finally:
        _let_go(readers, connectors)
        if writer is not None:
            writer.close(state)
    return Captured(str(trace), writer.capture_id, state, tuple(states.values()))


def _write(
    writer: TraceWriter,
    readers: "Sequence[_Reader]",
    pages: "queue.Queue[_Waiting]",
    repeats: RepeatedEvents,
    progress: Callable[[], None],
) -> None:
    """Commit pages as they come until every reader has ended and nothing waits."""
    try:
        while True:
            batch = _next_batch(pages, readers)
            if batch is None:
                return
            try:
                writer.append_pages(
                    [
                        (each.source_arn, repeats.without(each.source_arn, each.page))
                        for each in batch
                    ]
                )
            except BaseException as error:
                for each in batch:
                    each.durable.set_exception(error)
                raise
            for each in batch:
                each.durable.set_result(None)
            progress()
    finally:
        for reader in readers:
            reader.stop_reading()
        _refuse_rest(pages, readers)


def _next_batch(
    pages: "queue.Queue[_Waiting]", readers: "Sequence[_Reader]"
) -> list[_Waiting] | None:
    """All pages that wait, at least one; None when there will be no more."""
    first = None
    while first is None:
        ended = not any(reader.is_alive() for reader in readers)
        try:
            first = pages.get(timeout=0.05)
        except queue.Empty:
            if ended:
                return None
    batch, records = [first], len(first.page.records)
    while records < RECORDS_AT_ONCE:
        try:
            batch.append(pages.get_nowait())
        except queue.Empty:
            break
        records += len(batch[-1].page.records)
    return batch


def _refuse_rest(pages: "queue.Queue[_Waiting]", readers: "Sequence[_Reader]") -> None:
    """Answer whoever still waits, so that no reader thread waits for ever."""
    while any(reader.is_alive() for reader in readers) or not pages.empty():
        try:
            pages.get(timeout=0.05).durable.set_exception(WorkbenchError("the capture has ended"))
        except queue.Empty:
            continue


def _close_books(writer: TraceWriter, readers: "Sequence[_Reader]", clock: Clock) -> None:
    """Write configuration snapshots, and a hole for what a failed source leaves unread."""
    for reader in readers:
        writer.append_resources(reader.resources)
        for partition_id, span in reader.holes:
            writer.append_hole(reader.connector.source_arn, partition_id, span)
            reader.state.holes += 1


def _let_go(readers: "Sequence[_Reader]", connectors: Sequence[Connector]) -> None:
    for reader in readers:
        if reader.ident is not None:
            reader.join()
    for connector in connectors:
        connector.close()


class _Reader(threading.Thread):
    """Reads one source: its partitions in turn, parents before children, each page durable before the next."""

    def __init__(
        self,
        connector: Connector,
        writer: TraceWriter,
        pages: "queue.Queue[_Waiting]",
        stop: threading.Event,
        state: SourceState,
        limits: Limits,
        clock: Clock,
        calls_per_second: Callable[[str], float],
    ) -> None:
        super().__init__(name=f"read {connector.source_arn}", daemon=True)
        self.connector = connector
        self.state = state
        self.resources: Sequence[Any] = ()
        self.holes: list[tuple[str, Span]] = []
        self.cut_short = False
        self._started_at = clock.now()
        self._checkpoints = writer.checkpoints(connector.source_arn)
        self._pages, self._stop_asked, self._limits, self._clock = pages, stop, limits, clock
        self._rate = calls_per_second(connector.service)
        self._budgets: dict[str, Budget] = {}
        self._read_until: dict[str, datetime] = {}
        self._halt = threading.Event()

    def stop_reading(self) -> None:
        """Ask the thread to end at the next page."""
        self._halt.set()

    def run(self) -> None:
        """Read until every partition is done; an error ends this source alone."""
        try:
            self._read_source()
            self.resources = self.connector.resources()
        except (ConnectorError, WorkbenchError) as error:
            self._give_up(str(error))
        except Exception as error:  # noqa: BLE001 - a reader that died unseen would look complete
            self._give_up(f"unexpected {type(error).__name__} while reading: {error}")

    def _give_up(self, reason: str) -> None:
        self.state.error = reason
        self.cut_short = True
        self._leave_hole("", "unreadable")

    def _read_source(self) -> None:
        """One page of each partition in turn; children join as soon as their parents were read to the end."""
        reading: dict[str, Generator[Page, None, None]] = {}
        done: set[str] = set()
        self._begin(reading, done)
        try:
            while reading and not self._stopping():
                for partition_id in list(reading):
                    if next(reading[partition_id], None) is None:
                        del reading[partition_id]
                        done.add(partition_id)
                        if self._finished(partition_id):
                            self._begin(reading, done)
            self.cut_short = bool(reading)
        finally:
            for pages in reading.values():
                pages.close()

    def _begin(self, reading: dict[str, Generator[Page, None, None]], done: set[str]) -> None:
        """Start every listed partition that may be read now and is not yet."""
        listed = self.connector.partitions()
        for partition in listed:
            known = partition.partition_id in reading or partition.partition_id in done
            if not known and self._may_start(partition, listed):
                reading[partition.partition_id] = self._pages_of(partition)

    def _may_start(self, partition: Partition, listed: Sequence[Partition]) -> bool:
        """Not read to its end before, and every parent that is still listed has been."""
        if self._finished(partition.partition_id):
            return False
        there = {each.partition_id for each in listed}
        return all(self._finished(parent) for parent in partition.parents if parent in there)

    def _finished(self, partition_id: str) -> bool:
        checkpoint = self._checkpoints.get(partition_id)
        return checkpoint is not None and checkpoint.finished

    def _pages_of(self, partition: Partition) -> Generator[Page, None, None]:
        """Durable pages of one partition; starts again after the last durable one when an answer was refused."""
        failures = 0
        while not self._stopping():
            try:
                for page in self._durable_pages(partition):
                    failures = 0
                    yield page
                return
            except (ThrottledError, CorruptAnswerError) as error:
                failures += 1
                if failures >= TRIES:
                    cause = (
                        "throttled_skip" if isinstance(error, ThrottledError) else "corrupt_page"
                    )
                    self._leave_hole(partition.partition_id, cause)
                    self.state.error = str(error)
                    return
                self._halt.wait(min(LONGEST_PAUSE_S, 0.25 * 2**failures))

    def _durable_pages(self, partition: Partition) -> Iterator[Page]:
        reading = self.connector.read(partition, self._checkpoints.get(partition.partition_id))
        try:
            while not self._stopping():
                self._wait_for_budget(partition.partition_id)
                page = next(reading, None)
                if page is None:
                    return
                self._make_durable(partition.partition_id, page)
                yield page
                if self._is_done(page):
                    return
        finally:
            reading.close()  # type: ignore[attr-defined]  # every connector's read is a generator

    def _make_durable(self, partition_id: str, page: Page) -> None:
        waiting = _Waiting(self.connector.source_arn, page)
        self._pages.put(waiting)
        waiting.durable.result()
        self._checkpoints[partition_id] = page.checkpoint
        if page.spans:
            self._read_until[partition_id] = page.spans[-1].to_at
        self.state.records += len(page.records)
        self.state.holes += sum(span.cause is not None for span in page.spans)

    def _is_done(self, page: Page) -> bool:
        if page.checkpoint.finished:
            return True
        until = self._limits.until
        if until is not None and page.spans and page.spans[-1].to_at >= until:
            return True
        return page.millis_behind_latest == 0 and not page.records and not self._limits.follow

    def _wait_for_budget(self, partition_id: str) -> None:
        lane = partition_id if self.connector.service in STREAMS else ""
        budget = self._budgets.setdefault(lane, Budget(self._rate))
        delay_ms = budget.delay_ms(self._clock.monotonic_ms())
        if delay_ms:
            self._halt.wait(delay_ms / 1_000)
        budget.spend(self._clock.monotonic_ms())

    def _leave_hole(self, partition_id: str, cause: str) -> None:
        from_at = self._read_until.get(partition_id, self._started_at)
        self.holes.append((partition_id, Span(from_at, self._clock.now(), cause)))

    def _stopping(self) -> bool:
        return self._stop_asked.is_set() or self._halt.is_set()
