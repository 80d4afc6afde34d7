"""Captures a scripted table page by page, with a crash wherever a test wants one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.dynamodb_streams.stream import TableStream
from connectors.errors import ConnectorError
from connectors.record import Checkpoint, Page, Record, Span
from tests.scripted_aws.dynamodb_streams import Change, ScriptedMappings, ScriptedTable


def stream_of(table: ScriptedTable, **more: Any) -> TableStream:
    """The connector of the table's latest stream, without asking who reads it."""
    return TableStream(
        source_arn=table.stream.arn,
        client=table,
        table_client=table,
        lambda_client=ScriptedMappings(),
        created_at=table.stream.enabled_at,
        now=table.clock.now,
        **more,
    )


@dataclass
class TableCapture:
    """What is durable, and the readers that a crash takes away."""

    table: ScriptedTable
    since: datetime | None = None
    stored: list[Record] = field(default_factory=list)
    holes: list[tuple[str, Span]] = field(default_factory=list)
    read: list[tuple[str, Span]] = field(default_factory=list)
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)
    at_tip: set[str] = field(default_factory=set)
    begun_at: datetime | None = None
    """When the first page was durable: from then on all that was kept is accounted for."""
    _connector: TableStream | None = None
    _reading: dict[str, Iterator[Page]] = field(default_factory=dict)

    def crash(self) -> None:
        """All that was not durable is gone."""
        self._connector, self._reading, self.at_tip = None, {}, set()

    def step(self) -> bool:
        """One page of every shard that may be read; whether all there is was read.

        What went wrong is tried again by the next step, from what is durable.
        """
        self.table.clock.forward(seconds=1)
        try:
            self._begin()
        except ConnectorError:
            return False
        before = len(self._reading)
        for shard_id in list(self._reading):
            try:
                page = next(self._reading[shard_id], None)
            except ConnectorError:
                page = None
                del self._reading[shard_id]
            else:
                assert page is not None, "a shard ends with a page that says so"
                self._commit(page)
            if page is not None and page.checkpoint.finished:
                del self._reading[shard_id]
        if len(self._reading) < before:
            return False  # children may be begun by the next step
        return (bool(self._reading) and self.at_tip >= set(self._reading)) or self._all_finished()

    def to_the_end(self, steps: int = 2_000) -> None:
        """Read until every shard is finished or at its tip."""
        for _ in range(steps):
            if self.step():
                return
        raise AssertionError(f"not done after {steps} pages of {sorted(self._reading)}")

    def finished(self) -> int:
        """How many shards were read to their end."""
        return sum(checkpoint.finished for checkpoint in self.checkpoints.values())

    def _all_finished(self) -> bool:
        assert self._connector is not None
        listed = self._connector.partitions()
        return all(self._is_finished(shard.partition_id) for shard in listed)

    def _begin(self) -> None:
        if self._connector is None:
            connector = stream_of(self.table, since=self.since)
            for page in connector.resume(dict(self.checkpoints)):
                self._commit(page)
            self._connector = connector
        listed = self._connector.partitions()
        there = {shard.partition_id for shard in listed}
        for shard in listed:
            known = shard.partition_id in self._reading or self._is_finished(shard.partition_id)
            waits = any(p in there and not self._is_finished(p) for p in shard.parents)
            if not known and not waits:
                checkpoint = self.checkpoints.get(shard.partition_id)
                self._reading[shard.partition_id] = self._connector.read(shard, checkpoint)

    def _commit(self, page: Page) -> None:
        shard_id = page.checkpoint.partition_id
        self.begun_at = self.begun_at or self.table.clock.now()
        self.stored += page.records
        self.checkpoints[shard_id] = page.checkpoint
        for span in page.spans:
            (self.holes if span.cause else self.read).append((shard_id, span))
        if page.millis_behind_latest == 0 and not page.records:
            self.at_tip.add(shard_id)
        else:
            self.at_tip.discard(shard_id)

    def _is_finished(self, shard_id: str) -> bool:
        return shard_id in self.checkpoints and self.checkpoints[shard_id].finished


def unexplained(capture: TableCapture) -> list[tuple[str, Change]]:
    """Changes of the ledger that are neither stored nor in a hole of their shard's line."""
    table = capture.table
    stored = {record.record_id for record in capture.stored}
    assert capture.begun_at is not None
    since = capture.since or capture.begun_at - timedelta(hours=24) + timedelta(minutes=10)
    lineage = {s.shard_id: s.parent for stream in table.streams for s in stream.shards.values()}
    holes: dict[str, list[Span]] = {}
    for shard_id, span in capture.holes:
        for each in (shard_id, *_ancestors(shard_id, lineage)):
            holes.setdefault(each, []).append(span)
    missing = []
    for arn, shard_id, change in table.written:
        created_at = change.written_at.replace(microsecond=0)
        asked_for = arn == table.stream.arn and created_at >= since.replace(microsecond=0)
        if not asked_for or change.event_id in stored:
            continue
        around = (shard_id, *_ancestors(shard_id, lineage))
        if not any(
            span.from_at.replace(microsecond=0) <= created_at < span.to_at
            for each in around
            for span in holes.get(each, [])
        ):
            missing.append((shard_id, change))
    return missing


def _ancestors(shard_id: str, lineage: dict[str, str | None]) -> Iterator[str]:
    while parent := lineage[shard_id]:
        yield parent
        shard_id = parent


def needless_holes(capture: TableCapture, within: timedelta) -> list[tuple[str, Span]]:
    """Holes of the time that the table still keeps."""
    horizon = capture.table.clock.now() - timedelta(hours=24) + within
    return [(shard_id, span) for shard_id, span in capture.holes if span.to_at > horizon]
