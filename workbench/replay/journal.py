"""The journal of a run: invocations and outcomes as rows, written into the trace piece by piece."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from workbench.replay.engine.invocation import Batch, Invocation, Item
from workbench.replay.engine.response import Judgement
from workbench.trace.schema import INVOCATIONS, OUTCOMES

PIECE_BYTES = 32 * 1024 * 1024
PIECE_ROWS = 100_000
Row = dict[str, Any]
Write = Callable[[Mapping[str, pa.Table]], None]


class RunJournal:
    """What happened in one run.

    A delivery's row is held back until it is known whether a fate stands on it: until the record is delivered again,
    succeeds, meets its fate, or the run ends.

    Args:
        run_id: on every row.
        write: takes tables by relation; called every `PIECE_BYTES` or so.
        progress: called with the records that are done with.
    """

    def __init__(
        self, run_id: str, write: Write, progress: Callable[[int], None] = lambda settled: None
    ) -> None:
        self.invocations = 0
        self.verdicts: Counter[str] = Counter()
        """Records by their last verdict; complete after `close`."""
        self._run_id = run_id
        self._write = write
        self._progress = progress
        self._invocations: list[Row] = []
        self._outcomes: list[Row] = []
        self._held: dict[int, Row] = {}
        self._done: set[int] = set()
        self._buffered_bytes = 0

    def invoked(self, batch: Batch, invocation_id: str, invocation: Invocation) -> None:
        """An invocation has ended."""
        event = batch.event
        self.invocations += 1
        self._invocations.append(
            {
                "run_id": self._run_id,
                "invocation_id": invocation_id,
                "batch_size": len(batch.items),
                "closed_by": batch.closed_by,
                "event": event,
                "response": invocation.response,
                "error_type": invocation.error_type,
                "started_at": batch.at,
                "duration_ms": invocation.duration_ms,
                "cold": invocation.cold,
                "billed_ms": math.ceil(invocation.duration_ms + (invocation.init_ms or 0)),
                "max_memory_bytes": invocation.max_memory_bytes,
            }
        )
        self._buffered_bytes += len(event) + len(invocation.response or "")

    def delivered(
        self, batch: Batch, invocation_id: str, invocation: Invocation, failed: Judgement
    ) -> None:
        """Records were delivered; each gets its row."""
        for item in batch.items:
            self._release(item)
            has_failed = item.identifier in failed.failed
            row = self._row(item, "failed" if has_failed else "succeeded", batch.at)
            row |= {"invocation_id": invocation_id, "duration_ms": invocation.duration_ms}
            row["error_type"] = invocation.error_type
            row["error_message"] = failed.reason
            self._held[item.row["delivery_id"]] = row
            if not has_failed:
                self._finish(item)
        self._write_piece(PIECE_ROWS, PIECE_BYTES)
        self._progress(len(self._done))

    def fate(self, item: Item, verdict: str, at: datetime) -> None:
        """A record will not be delivered again; the verdict stands on its last delivery, or on a row of its own."""
        row = self._held.setdefault(item.row["delivery_id"], self._row(item, verdict, at))
        row["verdict"] = verdict
        self._finish(item)

    def close(self, items: Iterable[Item]) -> None:
        """Write what is left; a record that was never reached gets its row too."""
        for item in items:
            if item.row["delivery_id"] in self._done:
                continue
            if item.row["delivery_id"] not in self._held:
                self._held[item.row["delivery_id"]] = self._row(item, "not_reached", None)
            self._finish(item)
        self._write_piece(1, 0)

    def _row(self, item: Item, verdict: str, at: datetime | None) -> Row:
        return {
            "run_id": self._run_id,
            "attempt": item.deliveries,
            "delivery_id": item.row["delivery_id"],
            "record_id": item.row["record_id"],
            "partition_id": item.row["partition_id"],
            "verdict": verdict,
            "started_at": at,
        }

    def _release(self, item: Item) -> None:
        row = self._held.pop(item.row["delivery_id"], None)
        if row is not None:
            self._outcomes.append(row)

    def _finish(self, item: Item) -> None:
        self.verdicts[self._held[item.row["delivery_id"]]["verdict"]] += 1
        self._done.add(item.row["delivery_id"])
        self._release(item)

    def _write_piece(self, rows: int, size_bytes: int) -> None:
        if len(self._outcomes) < rows and self._buffered_bytes <= size_bytes:
            return
        tables = {
            "invocations": pa.Table.from_pylist(self._invocations, INVOCATIONS),
            "outcomes": pa.Table.from_pylist(self._outcomes, OUTCOMES),
        }
        self._write(tables)
        self._invocations, self._outcomes, self._buffered_bytes = [], [], 0
