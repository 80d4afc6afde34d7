"""Reading one source in a thread of its own: its partitions in turn, each page durable before the next."""

import queue
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

from connectors.budget import Budget
from connectors.errors import ConnectorError, CorruptAnswerError, ThrottledError
from connectors.record import Connector, Page, Partition, Resource, Service, Span
from workbench.errors import WorkbenchError
from workbench.trace.repeats import RepeatedEvents
from workbench.trace.writer import LaidOutPage, TraceWriter

STREAMS = (Service.KINESIS, Service.DYNAMODB)
TRIES = 6
"""Attempts at a page that is throttled or corrupt before its partition is given up with a hole."""
LONGEST_PAUSE_S = 30.0
ENDED = object()


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
class Clock:
    """Time as the loop needs it."""

    now: Callable[[], datetime]
    monotonic_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000
    wait: Callable[[threading.Event, float], object] = threading.Event.wait
    """Waits so many seconds, or until the event is set."""


@dataclass(slots=True)
class WaitingPage:
    """A page on its way to the writer; the future is done when it is durable, and carries the writer's error."""

    laid_out: LaidOutPage
    durable: "Future[None]" = field(default_factory=Future)


class SourceReader(threading.Thread):
    """Reads one source: its partitions in turn, parents before children, each page durable before the next."""

    def __init__(
        self,
        connector: Connector,
        writer: TraceWriter,
        pages: "queue.Queue[WaitingPage]",
        stop: threading.Event,
        state: SourceState,
        limits: Limits,
        clock: Clock,
        calls_per_second: Callable[[str], float],
        prepare: Callable[[Page], Page],
    ) -> None:
        super().__init__(name=f"read {connector.source_arn}", daemon=True)
        self.connector = connector
        self.state = state
        self.resources: Sequence[Resource] = ()
        self.holes: list[tuple[str, Span]] = []
        self.cut_short = False
        self._started_at = clock.now()
        self._writer = writer
        self._repeats = RepeatedEvents(writer.catalog.folder)
        self._checkpoints = writer.checkpoints(connector.source_arn)
        self._pages, self._stop_asked, self._limits, self._clock = pages, stop, limits, clock
        self._rate = calls_per_second(connector.service)
        self._prepare = prepare
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
        reading: dict[str, Generator[None, None, None]] = {}
        done: set[str] = set()
        self._begin(reading, done)
        try:
            while reading and not self._stopping():
                for partition_id in list(reading):
                    if next(reading[partition_id], ENDED) is not ENDED:
                        continue
                    if self._stopping():
                        break
                    del reading[partition_id]
                    done.add(partition_id)
                    if self._finished(partition_id):
                        self._begin(reading, done)
            self.cut_short = bool(reading)
        finally:
            for pages in reading.values():
                pages.close()

    def _begin(self, reading: dict[str, Generator[None, None, None]], done: set[str]) -> None:
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

    def _pages_of(self, partition: Partition) -> Generator[None, None, None]:
        """A step for each page of one partition; begins again after the last durable one when an answer was refused."""
        failures = 0
        while not self._stopping():
            try:
                for _ in self._steps(partition):
                    failures = 0
                    yield
                return
            except (ThrottledError, CorruptAnswerError) as error:
                failures += 1
                if failures >= TRIES:
                    throttled = isinstance(error, ThrottledError)
                    self._leave_hole(
                        partition.partition_id, "throttled_skip" if throttled else "corrupt_page"
                    )
                    self.state.error = str(error)
                    return
                self._clock.wait(self._halt, min(LONGEST_PAUSE_S, 0.25 * 2**failures))

    def _steps(self, partition: Partition) -> Generator[None, None, None]:
        """Hand over a page, let the other partitions have theirs, and go on once it is durable."""
        reading = self.connector.read(partition, self._checkpoints.get(partition.partition_id))
        try:
            while not self._stopping():
                self._wait_for_budget(partition.partition_id)
                page = next(reading, None)
                if page is None:
                    return
                durable = self._hand_over(page)
                yield
                durable.result()
                self._note(partition.partition_id, page)
                if self._is_done(page):
                    return
        finally:
            reading.close()  # type: ignore[attr-defined]  # every connector's read is a generator

    def _hand_over(self, page: Page) -> "Future[None]":
        fresh = self._repeats.without(self.connector.source_arn, page)
        prepared = self._prepare(fresh)
        waiting = WaitingPage(self._writer.lay_out(self.connector.source_arn, prepared))
        self._pages.put(waiting)
        return waiting.durable

    def _note(self, partition_id: str, page: Page) -> None:
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
            self._clock.wait(self._halt, delay_ms / 1_000)
        budget.spend(self._clock.monotonic_ms())

    def _leave_hole(self, partition_id: str, cause: str) -> None:
        from_at = self._read_until.get(partition_id, self._started_at)
        self.holes.append((partition_id, Span(from_at, self._clock.now(), cause)))

    def _stopping(self) -> bool:
        return self._stop_asked.is_set() or self._halt.is_set()
