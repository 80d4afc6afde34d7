"""Replay: the captured records of a source, through a handler, into rows of the trace."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa

from workbench.errors import TraceError, WorkbenchError
from workbench.mapping import EventSourceMapping
from workbench.replay.engine.invocation import COLUMNS, Invoker, Item
from workbench.replay.events import replayable
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.journal import RunJournal
from workbench.replay.opening import opened_handler
from workbench.replay.play import play
from workbench.replay.run import Run
from workbench.replay.settings import Document, Settings, settle
from workbench.trace import Trace, TraceWriter
from workbench.trace.schema import RUNS
from workbench.trace.sources import source_in_trace
from workbench.trace.sql import load_statement

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DISCARDED = ("discarded_age", "discarded_retries")
_COUNTED = ("succeeded", "failed", "dead_lettered", "filtered", "not_reached")
Progress = Callable[[int, int], None]
Clock = Callable[[], datetime]


def replay(
    trace: Trace,
    handler: str,
    *,
    source: str,
    mapping: EventSourceMapping | Document | None = None,
    queue_attributes: Document | None = None,
    function: Document | None = None,
    allow_cooperative: bool = False,
    progress: Progress | None = None,
    folder: Path | None = None,
    now: Clock = lambda: datetime.now(UTC),
    seed: int = 0,
) -> Run:
    """Run the captured records of a source through a handler, as Lambda would have handed them to it.

    Args:
        trace: where the records are, and where the run's rows go.
        handler: `file.py:function` or `module:function`.
        source: an ARN, `sqs:NAME`, `kinesis:NAME` or `dynamodb:TABLE`, among those in the trace.
        mapping: batch size, window, retries …, over what the trace knows of the source's mapping.
        queue_attributes: as `get-queue-attributes` answers, over what the trace knows.
        function: as `get-function-configuration` answers, over what the trace knows.
        allow_cooperative: run without proved isolation where this machine has none.
        progress: called with how many records are done with, and how many there are.
        folder: what a relative handler is found from; None for the working directory.
        now: the clock of the books; the run has a virtual one.
        seed: of the request ids; equal seeds give equal ids.

    Returns:
        The run, also where it was interrupted: what was done is saved, the rest is `not_reached`.

    Raises:
        UsageError: no such source, a setting that cannot be right, or a service that is not replayed yet.
        HandlerError: the handler does not load.
        ReplayRefusedError: isolation could not be proved.
        TraceError: a sealed export, or a full disk.

    Example:
        >>> replay(trace, "handlers.py:handle", source="sqs:orders-dlq").document()   # doctest: +SKIP

    Source: Lambda developer guide, "How Lambda processes records from stream and queue-based event sources".
    """
    source_arn = source_in_trace(trace, source)
    if trace.path.is_file():
        raise TraceError(
            f"wanted a trace to write the run to, found the sealed export {trace.path}; use the trace"
        )
    spec = HandlerSpec.parse(handler, folder or Path.cwd())
    settings = settle(trace, source_arn, spec.module, mapping, queue_attributes, function)
    items = _items(trace, source_arn)
    opened = opened_handler(trace, spec, settings, source_arn, allow_cooperative=allow_cooperative)
    with opened as (invoker, isolation):
        books = _Books(trace, source_arn, spec, settings, isolation, now)
        return books.keep(items, invoker, seed, progress or (lambda settled, total: None))


@dataclass(slots=True)
class _Books:
    """Runs the lanes and writes down what happened."""

    trace: Trace
    source_arn: str
    spec: HandlerSpec
    settings: Settings
    isolation: Mapping[str, Any]
    now: Clock

    def keep(self, items: Sequence[Item], invoker: Invoker, seed: int, progress: Progress) -> Run:
        """Run, and save what happened, also when interrupted."""
        started_at = self.now()
        run_id = f"{started_at:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
        writer = TraceWriter(self.trace.path, "replay", [self.source_arn], self.now)
        state = "failed"
        try:
            journal = RunJournal(
                run_id,
                lambda tables: writer.append_results(dict(tables)),
                lambda settled: progress(settled, len(items)),
            )
            not_run, stopped_by = self._go(items, invoker, journal, seed)
            journal.close(items)
            run = self._run(run_id, journal, not_run, stopped_by is not None)
            writer.append_results({"runs": self._row(run, started_at)})
            state = "interrupted" if stopped_by else "done"
        finally:
            writer.close(state)
        self.trace.refresh()
        if isinstance(stopped_by, Exception):
            raise stopped_by
        return run

    def _go(
        self, items: Sequence[Item], invoker: Invoker, journal: RunJournal, seed: int
    ) -> tuple[int, BaseException | None]:
        """Run to the end; what stopped it before is given back, so that the rows are saved first."""
        try:
            not_run = play(items, self.settings, self.source_arn, invoker, journal, seed=seed)
        except (KeyboardInterrupt, WorkbenchError, OSError) as stopped_by:
            return 0, stopped_by
        return not_run, None

    def _run(
        self, run_id: str, journal: RunJournal, deliveries_not_run: int, interrupted: bool
    ) -> Run:
        verdicts = journal.verdicts
        records = {"total": verdicts.total()} | {name: verdicts[name] for name in _COUNTED}
        records["discarded"] = sum(verdicts[name] for name in _DISCARDED)
        return Run(
            run_id=run_id,
            source_arn=self.source_arn,
            handler=self.spec.text,
            mapping=self.settings.mapping.to_aws(),
            isolation=self.isolation,
            invocations_count=journal.invocations,
            records=records,
            effects_count=journal.effects,
            deliveries_not_run=deliveries_not_run,
            interrupted=interrupted,
            trace=self.trace,
        )

    def _row(self, run: Run, started_at: datetime) -> pa.Table:
        row = {
            "run_id": run.run_id,
            "source_arn": run.source_arn,
            "handler": run.handler,
            "mapping": json.dumps(run.mapping),
            "isolation": json.dumps(run.isolation),
            "started_at": started_at,
            "ended_at": self.now(),
            "summary": json.dumps(run.document()),
        }
        return pa.Table.from_pylist([row], RUNS)


def _items(trace: Trace, source_arn: str) -> list[Item]:
    statement = load_statement(__package__, "captured_records")
    frame = trace.sql(statement.text, source_arn=source_arn)
    for service in frame["service"].unique():
        replayable(service)
    # One tzinfo for all instants: Python compares those of two far more slowly.
    arrived_us = frame["arrives_at"].dt.epoch("us").to_list()
    instants = (_EPOCH + timedelta(microseconds=each) for each in arrived_us)
    before, after = (
        COLUMNS[: COLUMNS.index("arrives_at")],
        COLUMNS[COLUMNS.index("arrives_at") + 1 :],
    )
    rows = zip(frame.select(before).rows(), instants, frame.select(after).rows(), strict=True)
    return [Item(*(*left, at, *right)) for left, at, right in rows]
