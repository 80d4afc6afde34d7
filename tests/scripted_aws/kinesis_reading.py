"""What a capture does with a Kinesis connector, in one thread and without a disk: for tests of the connector alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.access.failures import aws_code
from connectors.errors import ConnectorError, CorruptAnswerError, ThrottledError
from connectors.kinesis.stream import KinesisStream, open_stream
from connectors.record import Checkpoint, Page, Partition, Record, Span
from connectors.source import parse_source
from tests.scripted_aws.clock import VirtualClock
from tests.scripted_aws.kinesis import ScriptedKinesis, Written, unexplained

TRIES = 6


class NoMappings:
    """Lambda without event source mappings."""

    def list_event_source_mappings(self, **asked: Any) -> dict[str, Any]:
        return {"EventSourceMappings": []}


@dataclass
class ScriptedAccess:
    """Clients that a test made, behind the interface of `Access`."""

    kinesis: Any

    def client(self, service: str, mode: object) -> Any:
        """The one asked for."""
        return self.kinesis if service == "kinesis" else NoMappings()


def opened(kinesis: ScriptedKinesis, stream: str = "orders", **limits: Any) -> KinesisStream:
    """The connector of a scripted stream, `since` and `until` as `open_stream` takes them."""
    name = parse_source(f"kinesis:{stream}")
    access: Any = ScriptedAccess(kinesis)
    return open_stream(name, access, now=kinesis.clock.now, **limits)


@dataclass
class Store:
    """What is durable: pages one by one, each with its checkpoint and its spans."""

    records: list[Record] = field(default_factory=list)
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)
    spans: list[tuple[str, Span]] = field(default_factory=list)
    given_up: dict[str, str] = field(default_factory=dict)
    """Partition to the error that ended it."""

    def commit(self, page: Page) -> None:
        """Make a page durable."""
        partition_id = page.checkpoint.partition_id
        self.records += page.records
        self.checkpoints[partition_id] = page.checkpoint
        self.spans += [(partition_id, span) for span in page.spans]

    @property
    def ids(self) -> list[str]:
        """Of the stored records, in the order they came."""
        return [record.record_id for record in self.records]

    @property
    def bodies(self) -> list[bytes]:
        """Of the stored records, in the order they came."""
        return [record.body for record in self.records]

    def holes(self, cause: str | None = None) -> list[tuple[str, datetime, datetime]]:
        """Partition, from, to; of one cause or of all."""
        return [
            (partition_id, span.from_at, span.to_at)
            for partition_id, span in self.spans
            if span.cause is not None and cause in (None, span.cause)
        ]

    def lost(self, kinesis: ScriptedKinesis, **more: Any) -> list[Written]:
        """What was written and is neither stored nor in a hole: must be nothing."""
        return unexplained(kinesis.state, self.ids, self.holes(), **more)


@dataclass
class Reading:
    """One capture: shards in turn, children after their parents, pages stored before the next."""

    connector: KinesisStream
    store: Store
    clock: VirtualClock
    reading: dict[str, Iterator[Page]] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    failures: dict[str, int] = field(default_factory=dict)
    partitions: dict[str, Partition] = field(default_factory=dict)

    def begin(self) -> "Reading":
        """Take up what the store has, and start what may be read."""
        for page in self.connector.resume(dict(self.store.checkpoints)):
            self.store.commit(page)
        self.start_listed()
        return self

    def start_listed(self) -> None:
        """Start each listed partition whose parents were read to their end or are not listed."""
        listed = self.connector.partitions()
        there = {partition.partition_id for partition in listed}
        for partition in listed:
            self.partitions[partition.partition_id] = partition
            waits = any(p in there and not self.finished(p) for p in partition.parents)
            known = partition.partition_id in self.done | self.reading.keys()
            if not (waits or known or self.finished(partition.partition_id)):
                self.reading[partition.partition_id] = self.read(partition)

    def finished(self, partition_id: str) -> bool:
        checkpoint = self.store.checkpoints.get(partition_id)
        return checkpoint is not None and checkpoint.finished

    def read(self, partition: Partition) -> Iterator[Page]:
        return self.connector.read(partition, self.store.checkpoints.get(partition.partition_id))

    def turn(self, *, follow: bool = False, die: Callable[[], bool] = lambda: False) -> bool:
        """One page of each; False once nothing is left to read. Dies between two commits where told."""
        for partition_id in list(self.reading):
            page = self._next(partition_id)
            if die():
                return False
            if page is not None:
                self.store.commit(page)
            at_tip = page is not None and page.millis_behind_latest == 0 and not page.records
            over = page is None and partition_id not in self.failures
            if over or self.finished(partition_id) or (at_tip and not follow):
                self.reading.pop(partition_id, None)
                self.done.add(partition_id)
                if self.finished(partition_id):
                    self.start_listed()
        self.clock.forward(seconds=1)
        return bool(self.reading)

    def _next(self, partition_id: str) -> Page | None:
        try:
            page = next(self.reading[partition_id], None)
        except (ThrottledError, CorruptAnswerError) as error:
            self._failed(partition_id, error)
            return None
        self.failures.pop(partition_id, None)
        return page

    def _failed(self, partition_id: str, error: ConnectorError) -> None:
        self.failures[partition_id] = self.failures.get(partition_id, 0) + 1
        if self.failures[partition_id] < TRIES:
            self.reading[partition_id] = self.read(self.partitions[partition_id])
            return
        self.store.given_up[partition_id] = aws_code(error) or str(error)
        del self.reading[partition_id]


def captured(kinesis: ScriptedKinesis, store: Store | None = None, **limits: Any) -> Store:
    """Read the stream `orders` up to its tip, into a store that may hold an earlier capture."""
    kept = store if store is not None else Store()
    reading = Reading(opened(kinesis, **limits), kept, kinesis.clock).begin()
    turns = 0
    while reading.turn():
        turns += 1
        assert turns < 10_000, "reading does not come to an end"
    return kept
