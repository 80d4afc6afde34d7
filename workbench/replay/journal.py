"""The journal of a run: what happened in it as rows, written into the trace piece by piece."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from connectors.answers import compact_json
from workbench.replay.engine.failure_records import DestinationRecord
from workbench.replay.engine.invocation import Batch, Invocation, Item
from workbench.replay.engine.response import Judgement
from workbench.trace.schema import DESTINATION_RECORDS, EFFECTS, INVOCATIONS, OUTCOMES

PIECE_BYTES = 32 * 1024 * 1024
PIECE_ROWS = 100_000
PIECE_S = 10.0
"""What a run that is killed loses at most: so much of its time."""
Write = Callable[[Mapping[str, pa.Table]], None]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VERDICT = OUTCOMES.get_field_index("verdict") - 1
Row = list[Any]
"""Values by column of a schema, without the run's id and with instants in microseconds."""


class RunJournal:
    """What happened in one run.

    A delivery's row is held back until it is known whether a fate stands on it: until the record is delivered again,
    succeeds, meets its fate, or the run ends.

    Args:
        run_id: on every row.
        write: takes tables by relation; called every `PIECE_BYTES` or so, and every `PIECE_S`.
        progress: called with the records that are done with.
        now_s: a monotonic clock.
    """

    def __init__(
        self,
        run_id: str,
        write: Write,
        progress: Callable[[int], None] = lambda settled: None,
        now_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.invocations = 0
        self.effects: int | None = None
        """AWS calls that were heard; None where nobody listened."""
        self.destination_records = 0
        self.verdicts: Counter[str] = Counter()
        """Records by their last verdict; complete after `close`."""
        self._run_id = run_id
        self._write = write
        self._progress = progress
        self._now_s = now_s
        self._written_s = now_s()
        self._invocations: list[Row] = []
        self._outcomes: list[list[Any]] = [[] for _ in OUTCOMES.names[1:]]
        """By column: most batches succeed, and then each column grows by one list a batch."""
        self._effects: list[Row] = []
        self._sent: list[Row] = []
        self._held: dict[int, Row] = {}
        self._done: set[int] = set()
        self._buffered_bytes = 0

    def invoked(self, batch: Batch, invocation_id: str, invocation: Invocation) -> None:
        """An invocation has ended."""
        event = batch.event
        self.invocations += 1
        self._invocations.append(
            [
                invocation_id,
                len(batch.items),
                batch.closed_by,
                event,
                invocation.response,
                invocation.error_type,
                _us(batch.at),
                invocation.duration_ms,
                invocation.cold,
                math.ceil(invocation.duration_ms + (invocation.init_ms or 0)),
                invocation.max_memory_bytes,
            ]
        )
        self._buffered_bytes += len(event) + len(invocation.response or "")
        if invocation.effects is not None:
            self._called(invocation_id, invocation)

    def delivered(
        self, batch: Batch, invocation_id: str, invocation: Invocation, failed: Judgement
    ) -> None:
        """Records were delivered; each gets its row."""
        if failed.failed or self._held:
            self._delivered_apart(batch, invocation_id, invocation, failed)
        else:
            self._succeeded(batch.items, invocation_id, invocation, failed.reason, _us(batch.at))
        self._write_piece(PIECE_ROWS, PIECE_BYTES)
        self._progress(len(self._done))

    def _succeeded(
        self,
        items: tuple[Item, ...],
        invocation_id: str,
        invocation: Invocation,
        reason: str | None,
        at_us: int,
    ) -> None:
        """A batch at once, of which nothing failed."""
        size = len(items)
        numbers = [item.delivery_id for item in items]
        columns: tuple[list[Any], ...] = (
            [invocation_id] * size,
            [item.deliveries for item in items],
            numbers,
            [item.record_id for item in items],
            [item.partition_id for item in items],
            ["succeeded"] * size,
            [invocation.error_type] * size,
            [reason] * size,
            [at_us] * size,
            [invocation.duration_ms] * size,
        )
        for column, values in zip(self._outcomes, columns, strict=True):
            column += values
        self.verdicts["succeeded"] += size
        self._done.update(numbers)

    def _delivered_apart(
        self, batch: Batch, invocation_id: str, invocation: Invocation, failed: Judgement
    ) -> None:
        """Record by record: rows that wait for their verdict, and those that have it."""
        at_us, duration_ms, error_type = (
            _us(batch.at),
            invocation.duration_ms,
            invocation.error_type,
        )
        names, reason = failed.failed, failed.reason
        for item in batch.items:
            number = item.delivery_id
            if self._held:
                self._release(number)
            has_failed = bool(names) and item.identifier in names
            row = [
                invocation_id,
                item.deliveries,
                number,
                item.record_id,
                item.partition_id,
                "failed" if has_failed else "succeeded",
                error_type,
                reason,
                at_us,
                duration_ms,
            ]
            if has_failed:
                self._held[number] = row
            else:
                self._told(row)
                self._finish(number, "succeeded")

    def fate(self, item: Item, verdict: str, at: datetime) -> None:
        """A record will not be delivered again; the verdict stands on its last delivery, or on a row of its own."""
        row = self._held.pop(item.delivery_id, None) or _undelivered(item, at)
        row[_VERDICT] = verdict
        self._told(row)
        self._finish(item.delivery_id, verdict)

    def sent(self, record: DestinationRecord) -> None:
        """A destination would have got a document."""
        self.destination_records += 1
        names = record.invocation_id, record.destination_arn, record.condition
        self._sent.append([*names, _us(record.sent_at), record.object_key, record.document])
        self._buffered_bytes += len(record.document)

    def close(self, items: Iterable[Item]) -> None:
        """Write what is left; a record that was never reached gets its row too."""
        for item in items:
            if item.delivery_id not in self._done:
                row = self._held.pop(item.delivery_id, None) or _undelivered(item, None)
                self._told(row)
                self._finish(item.delivery_id, row[_VERDICT])
        self._write_piece(1, 0)

    def _called(self, invocation_id: str, invocation: Invocation) -> None:
        effects = invocation.effects or ()
        self.effects = (self.effects or 0) + len(effects)
        for ordinal, effect in enumerate(effects, 1):
            documents = compact_json(effect.parameters), compact_json(effect.answered_with)
            self._effects.append(
                [invocation_id, ordinal, effect.service, effect.operation, *documents]
            )
            self._buffered_bytes += sum(map(len, documents))

    def _release(self, delivery_id: int) -> None:
        row = self._held.pop(delivery_id, None)
        if row is not None:
            self._told(row)

    def _told(self, row: Row) -> None:
        for column, value in zip(self._outcomes, row, strict=True):
            column.append(value)

    def _finish(self, delivery_id: int, verdict: str) -> None:
        self.verdicts[verdict] += 1
        self._done.add(delivery_id)

    def _write_piece(self, rows: int, size_bytes: int) -> None:
        few = len(self._outcomes[0]) < rows and self._buffered_bytes <= size_bytes
        if few and self._now_s() - self._written_s < PIECE_S:
            return
        self._written_s = self._now_s()
        tables = {
            "invocations": self._table(_columns(self._invocations, INVOCATIONS), INVOCATIONS),
            "outcomes": self._table(self._outcomes, OUTCOMES),
        }
        if self._effects:
            tables["effects"] = self._table(_columns(self._effects, EFFECTS), EFFECTS)
        if self._sent:
            tables["destination_records"] = self._table(
                _columns(self._sent, DESTINATION_RECORDS), DESTINATION_RECORDS
            )
        self._write(tables)
        self._invocations, self._effects, self._sent = [], [], []
        self._outcomes = [[] for _ in self._outcomes]
        self._buffered_bytes = 0

    def _table(self, columns: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.Table:
        """The columns, and the run's id before them."""
        ids = pa.repeat(pa.scalar(self._run_id, schema[0].type), len(columns[0]))
        arrays = (
            _array(values, kind) for values, kind in zip(columns, schema.types[1:], strict=True)
        )
        return pa.Table.from_arrays([ids, *arrays], schema=schema)


def _columns(rows: list[Row], schema: pa.Schema) -> Sequence[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * (len(schema) - 1)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64()).cast(kind)
    return pa.array(values, kind)


def _undelivered(item: Item, at: datetime | None) -> Row:
    """The row of a record that has none of a delivery."""
    names = item.delivery_id, item.record_id, item.partition_id
    at_us = None if at is None else _us(at)
    return [None, item.deliveries, *names, "not_reached", None, None, at_us, None]


def _us(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
