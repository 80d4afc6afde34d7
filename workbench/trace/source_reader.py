"""Reading one source: its partitions side by side, parents before children, each within its read budget."""

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TypeVar

from connectors.budget import Budgets
from connectors.errors import ConnectorError, SourceNotFoundError
from connectors.record import Cause, Connector, Finishing, Page, Partition, Resumable, Service, Span
from workbench.errors import WorkbenchError
from workbench.trace.configuration import ConfigurationWatch
from workbench.trace.limits import Clock, Limits, SourceState
from workbench.trace.logged_deliveries import with_logged_deliveries
from workbench.trace.partition_reader import PartitionReader, WaitingPage
from workbench.trace.patience import TRIES, patiently
from workbench.trace.repeats import RepeatedEvents
from workbench.trace.turns import Turns
from workbench.trace.unread import Asked, unread
from workbench.trace.workers import Step, Workers
from workbench.trace.writer import TraceWriter

T = TypeVar("T")
STREAMS = (Service.KINESIS, Service.DYNAMODB)
READ_AT_ONCE = 8
"""Shards of one stream that are asked at the same time: an answer takes tens of milliseconds, most of it waiting."""
LISTED_AGAIN_MS = 120_000
"""While following, partitions are listed again so often, as the Kinesis Client Library does."""
LOOKED_AGAIN_MS = 300_000
"""While following, configuration is looked at again so often; only what has changed is stored."""
OUT_OF_ORDER = timedelta(seconds=5)
"""By how much arrival times may differ from the order in which records come."""
PATIENCE_MS = 200
"""Longest wait for an answer or a turn before looking whether to stop."""
DRAINED_WITHIN_MS = 30_000
"""So long a stopped tap may take to read what has already reached its queue, before that queue is removed."""


class SourceReader(threading.Thread):
    """Reads one source; an error ends this source alone, and says what it left unread."""

    def __init__(
        self,
        connector: Connector,
        writer: TraceWriter,
        pages: "queue.Queue[WaitingPage]",
        stop: threading.Event,
        state: SourceState,
        limits: Limits,
        clock: Clock,
        budgets: Budgets,
        prepare: Callable[[Page], Page],
    ) -> None:
        super().__init__(name=f"read {connector.source_arn}", daemon=True)
        self.connector = connector
        self.state = state
        self.configuration = ConfigurationWatch()
        self.holes: list[tuple[str, Span]] = []
        self.cut_short = False
        self._writer = writer
        self._pages, self._stop_asked, self._limits, self._clock = pages, stop, limits, clock
        self._prepare = prepare
        self._started_at = clock.now()
        self._stopped_ms: int | None = None
        self._repeats = RepeatedEvents(writer.catalog.folder)
        self._checkpoints = writer.checkpoints(connector.source_arn)
        self._read_to = writer.read_to(connector.source_arn)
        self._turns = Turns(budgets, connector.service, connector.source_arn)
        self._at_once = READ_AT_ONCE if connector.service in STREAMS else 1
        self._readers: dict[str, PartitionReader] = {}
        self._listed: Sequence[Partition] = ()
        self._list_again_ms = self._look_again_ms = 0
        self._halt = threading.Event()

    def stop_reading(self) -> None:
        """Ask the thread to end at the next page."""
        self._halt.set()

    def run(self) -> None:
        """Read until every partition is done, and note what was left unread."""
        cause, reason = Cause.INTERRUPTED, None
        try:
            self._read_source()
            self._look(whole=True, last=True)
        except SourceNotFoundError as error:
            cause, reason = Cause.GONE, str(error)
        except (ConnectorError, WorkbenchError) as error:
            cause, reason = Cause.UNREADABLE, str(error)
        except Exception as error:  # noqa: BLE001 - a reader that died unseen would look complete
            cause = Cause.UNREADABLE
            reason = f"unexpected {type(error).__name__} while reading: {error}"
        self.state.error = reason or self.state.error
        self._note_unread(cause, failed=reason is not None)

    def _read_source(self) -> None:
        self._resume()
        self._begin()
        self._look(whole=True)
        with Workers(self._at_once) as workers:
            try:
                while (self._turns or workers) and not self._stopping():
                    self._look_around()
                    self._start_steps(workers)
                    for step in workers.ended(PATIENCE_MS / 1_000):
                        self._end_step(*step)
            except BaseException:
                self._account_for_all(workers.rest())
                self._let_go()
                raise
            for reader in self._account_for_all(workers.rest()):
                reader.pass_on()  # it was asked for: on a queue it has cost a receive
        if (failed := self._let_go()) is not None:
            raise failed

    def _resume(self) -> None:
        """Store what the connector says of partitions that expired since an earlier capture."""
        connector = self.connector
        if not isinstance(connector, Resumable):
            return
        for page in self._patiently(lambda: tuple(connector.resume(dict(self._checkpoints)))):
            self._hand_over(page).durable.result()
            self._checkpoints[page.checkpoint.partition_id] = page.checkpoint
            self.state.holes += sum(span.cause is not None for span in page.spans)

    def _start_steps(self, workers: Workers) -> None:
        """Give every partition that is due to a free worker; wait where none is due and none is at work."""
        now_ms = self._clock.monotonic_ms()
        for reader in self._turns.take_due(workers.free, now_ms):
            workers.start(reader)
        if not workers and (in_ms := self._turns.next_in_ms(now_ms)):
            self._clock.wait(self._halt, min(PATIENCE_MS, in_ms) / 1_000)

    def _end_step(self, reader: PartitionReader, durable: Page | None) -> None:
        """Account for a step that is over; the partition is due again, or done."""
        self._account(reader, durable)
        if reader.fatal is not None:
            raise reader.fatal
        self._turns.pay(reader, reader.pass_on(), self._clock.monotonic_ms())
        if not reader.ended:
            self._turns.add(reader, self._clock.monotonic_ms())
        elif reader.given_up is not None:
            self._give_up(reader, reader.given_up)
        elif self._finished(reader.partition_id):
            self._begin()

    def _account_for_all(self, steps: Iterable[Step]) -> list[PartitionReader]:
        readers = []
        for reader, durable in steps:
            self._account(reader, durable)
            readers.append(reader)
        return readers

    def _give_up(self, reader: PartitionReader, cause: Cause) -> None:
        self.state.error = str(reader.error)
        alone = {reader.partition_id: reader.read_to_at}
        self.holes += unread(self._asked(failed=True), cause, alone, (), ())

    def _account(self, reader: PartitionReader, durable: Page | None) -> None:
        if reader.error is not None:
            self.state.error = str(reader.error)
        elif self.state.error is not None and not any(r.error for r in self._readers.values()):
            self.state.error = None
        if durable is None:
            return
        if reader.checkpoint is not None:
            self._checkpoints[reader.partition_id] = reader.checkpoint
        own = self.connector.source_arn
        self.state.records += sum(record.source_arn == own for record in durable.records)
        self.state.holes += sum(span.cause is not None for span in durable.spans)
        told = [r.behind_ms for r in self._readers.values() if r.behind_ms is not None]
        self.state.behind_ms = max(told, default=None)

    def _look_around(self) -> None:
        """While following: new partitions, and configuration that has changed."""
        if not self._limits.follow:
            return
        now_ms = self._clock.monotonic_ms()
        if now_ms >= self._list_again_ms:
            self._begin()
        if now_ms >= self._look_again_ms:
            self._look()

    def _begin(self) -> None:
        """Start every listed partition that may be read now and is not yet."""
        self._list_again_ms = self._clock.monotonic_ms() + LISTED_AGAIN_MS
        self._listed = self._patiently(self.connector.partitions)
        for partition in self._listed:
            if partition.partition_id not in self._readers and self._may_start(partition):
                reader = self._reader_of(partition)
                self._readers[partition.partition_id] = reader
                self._turns.add(reader, self._clock.monotonic_ms())

    def _reader_of(self, partition: Partition) -> PartitionReader:
        partition_id = partition.partition_id
        return PartitionReader(
            partition,
            self.connector,
            self._hand_over,
            self._checkpoints.get(partition_id),
            self._read_to.get(partition_id),
            patient=self._limits.follow,
            is_last=self._is_last,
        )

    def _may_start(self, partition: Partition) -> bool:
        """Not read to its end before, and every parent that is still listed has been."""
        if self._finished(partition.partition_id):
            return False
        there = {each.partition_id for each in self._listed}
        return all(self._finished(parent) for parent in partition.parents if parent in there)

    def _finished(self, partition_id: str) -> bool:
        checkpoint = self._checkpoints.get(partition_id)
        return checkpoint is not None and checkpoint.finished

    def _hand_over(self, page: Page) -> WaitingPage:
        fresh = self._repeats.without(self.connector.source_arn, page)
        prepared = self._prepare(with_logged_deliveries(fresh))
        waiting = WaitingPage(self._writer.lay_out(self.connector.source_arn, prepared))
        self._pages.put(waiting)
        return waiting

    def _is_last(self, page: Page) -> bool:
        until = self._limits.until
        read = [span.to_at for span in page.spans if span.cause is None]
        if until is not None and read and max(read) >= until + OUT_OF_ORDER:
            return True
        at_tip = page.millis_behind_latest == 0 and not page.records
        return at_tip and (not self._limits.follow or self._stop_asked.is_set())

    def _look(self, *, whole: bool = False, last: bool = False) -> None:
        """Take configuration snapshots; those that say nothing new only at the start and at the end.

        Records go before them: what cannot be described now is tried again, and said at the end.
        """
        self._look_again_ms = self._clock.monotonic_ms() + LOOKED_AGAIN_MS
        try:
            taken = (
                self._patiently(self.connector.resources) if last else self.connector.resources()
            )
        except ConnectorError as error:
            if last:
                self.state.error = self.state.error or str(error)
        else:
            self.configuration.saw(taken, whole=whole)

    def _patiently(self, ask: Callable[[], T]) -> T:
        """The answer, asked for again where it was refused, as often as a page would be."""
        before = self.state.error

        def rest(error: ConnectorError, ms: int) -> None:
            self.state.error = str(error)
            self._clock.wait(self._halt, ms / 1_000)

        def is_over(failures: int) -> bool:
            return (failures >= TRIES and not self._limits.follow) or self._stopping()

        answer = patiently(ask, rest, is_over)
        self.state.error = before
        return answer

    def _let_go(self) -> Exception | None:
        """Stand behind what was handed over and let every generator go; returns what went wrong first."""
        failed: Exception | None = None
        for reader in self._readers.values():
            try:
                self._account(reader, reader.settle())
                reader.close()
            except (ConnectorError, WorkbenchError) as error:
                failed = failed or error
        return failed

    def _note_unread(self, cause: Cause, *, failed: bool) -> None:
        ended = {id_ for id_, reader in self._readers.items() if reader.ended}
        finished = {each.partition_id for each in self._listed if self._finished(each.partition_id)}
        there = self._readers.keys() | {each.partition_id for each in self._listed}
        self.cut_short = failed or not there <= ended | finished
        read_to = {id_: reader.read_to_at for id_, reader in self._readers.items()}
        if not failed and self._limits.is_endless:
            # It was read until somebody said stop: all but who was refused last, or waits for a lost parent.
            refused = {id_ for id_, reader in self._readers.items() if reader.error is not None}
            if not refused:
                return
            ended |= self._readers.keys() - refused
        listed = self._listed or (Partition(""),)
        self.holes += unread(self._asked(failed), cause, read_to, listed, ended | finished)

    def _asked(self, failed: bool) -> Asked:
        """What was to be read: to the tip as it was at the start or, for who came to no end, as it is now."""
        tip_at = self._clock.now() if failed or self._limits.follow else self._started_at
        since_at = self._limits.since or self._started_at
        return Asked(since_at, self._limits.until or tip_at)

    def _stopping(self) -> bool:
        if self._halt.is_set():
            return True
        if not self._stop_asked.is_set():
            return False
        if self.connector.service != Service.SNS:
            return True
        now_ms = self._clock.monotonic_ms()
        if self._stopped_ms is None:
            self._stopped_ms = now_ms
            if isinstance(self.connector, Finishing):
                self.connector.finish()
        return now_ms - self._stopped_ms > DRAINED_WITHIN_MS
