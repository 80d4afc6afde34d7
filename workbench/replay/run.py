"""A run: the captured records of one source through a handler, and what came of them."""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import polars as pl
import pyarrow as pa

from connectors.record import Service
from workbench.errors import TraceError
from workbench.mapping import EventSourceMapping
from workbench.replay.engine import Fate, Invoker, Item, Lane, run_lanes
from workbench.replay.environment import handler_environment
from workbench.replay.events import replayable
from workbench.replay.handler import HandlerSpec
from workbench.replay.invoker import HandlerInvoker, HandlerSetup
from workbench.replay.isolation import Sandbox, choose_sandbox, dead_end, planted_canary
from workbench.replay.journal import RunJournal
from workbench.replay.kinesis_source import shard_lanes
from workbench.replay.settings import Document, Settings, settle
from workbench.replay.sqs_source import QueueLane
from workbench.trace import Trace, TraceWriter
from workbench.trace.instants import instant_text
from workbench.trace.schema import RUNS
from workbench.trace.sources import source_in_trace
from workbench.trace.sql import load_statement

_DISCARDED = ("discarded_age", "discarded_retries")
_COUNTED = ("succeeded", "failed", "dead_lettered", "filtered", "not_reached")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Run:
    """One replay, finished or interrupted; its rows are in the trace."""

    run_id: str
    source_arn: str
    handler: str
    mapping: Mapping[str, Any]
    """As AWS spells it, with the defaults."""
    isolation: Mapping[str, Any]
    """`tier`, `means`, `canary`: what each probe met."""
    invocations_count: int
    records: Mapping[str, int]
    """`total` and how many have which verdict as their last."""
    deliveries_not_run: int
    """Deliveries of messages that had failed so often that the rest, up to their expiry, was taken as failed too."""
    interrupted: bool
    trace: Trace = field(repr=False, compare=False)

    def document(self) -> dict[str, Any]:
        """The run as `replay --json` prints it; `effects` is null: they are not recorded."""
        return {
            "run_id": self.run_id,
            "source_arn": self.source_arn,
            "handler": self.handler,
            "mapping": dict(self.mapping),
            "isolation": dict(self.isolation),
            "invocations": self.invocations_count,
            "records": dict(self.records),
            "effects": None,
            "deliveries_not_run": self.deliveries_not_run,
            "interrupted": self.interrupted,
        }

    def outcomes(self) -> pl.DataFrame:
        """One row a delivery, in the order of the run: the columns of the relation `outcomes`."""
        return self._rows("outcomes")

    def invocations(self) -> pl.DataFrame:
        """One row an invocation, in the order of the run: the columns of the relation `invocations`."""
        return self._rows("invocations")

    def _rows(self, relation: str) -> pl.DataFrame:
        statement = load_statement(__package__, f"{relation}_of_run")
        return self.trace.sql(statement.text, run_id=self.run_id)


def replay(
    trace: Trace,
    handler: str,
    *,
    source: str,
    now: Callable[[], datetime],
    mapping: EventSourceMapping | Document | None = None,
    queue_attributes: Document | None = None,
    function: Document | None = None,
    allow_cooperative: bool = False,
    progress: Progress = lambda settled, total: None,
    folder: Path | None = None,
    seed: int = 0,
) -> Run:
    """Run the captured records of a source through a handler, as Lambda would have handed them to it.

    Args:
        trace: where the records are, and where the run's rows go.
        handler: `file.py:function` or `module:function`.
        source: an ARN, `sqs:NAME` or `kinesis:NAME`, among those in the trace.
        now: the clock of the books; the run has a virtual one.
        mapping: batch size, window, retries …, over what the trace knows of the source's mapping.
        queue_attributes: as `get-queue-attributes` answers, over what the trace knows.
        function: as `get-function-configuration` answers, over what the trace knows.
        allow_cooperative: run without proved isolation where this machine has none.
        progress: called with the records that are done with, and all.
        folder: what a relative handler is found from; the working directory.
        seed: of the request ids; equal seeds give equal ids.

    Returns:
        The run, also where it was interrupted: what was done is saved, the rest is `not_reached`.

    Raises:
        UsageError: no such source, a setting that cannot be right, or a service that is not replayed yet.
        HandlerError: the handler does not load.
        ReplayRefusedError: isolation could not be proved.
        TraceError: a sealed export, or a full disk.

    Example:
        >>> replay(trace, "handlers.py:handle", source="sqs:orders-dlq", now=now).document()   # doctest: +SKIP

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
    with ExitStack() as stack:
        invoker, isolation = _invoker(stack, trace, spec, settings, source_arn, allow_cooperative)
        books = _Books(trace, source_arn, spec, settings, isolation, now)
        return books.keep(items, invoker, seed, progress)


class _Books:
    """Runs the lanes and writes the run down."""

    def __init__(
        self,
        trace: Trace,
        source_arn: str,
        spec: HandlerSpec,
        settings: Settings,
        isolation: Mapping[str, Any],
        now: Callable[[], datetime],
    ) -> None:
        self._trace, self._source_arn, self._spec = trace, source_arn, spec
        self._settings, self._isolation, self._now = settings, isolation, now
        self._started_at = now()
        self._run_id = f"{self._started_at:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"

    def keep(
        self, items: Sequence[Item], invoker: Invoker, seed: int, progress: Progress
    ) -> Run:
        """Run, and save what happened, also when interrupted."""
        writer = TraceWriter(self._trace.path, "replay", [self._source_arn], self._now)
        state = "failed"
        try:
            journal = RunJournal(self._run_id, lambda tables: writer.append_results(dict(tables)))
            lanes = _lanes(items, self._settings, self._source_arn, journal.fate)
            watched = _Watched(invoker, journal, progress, len(items))
            interrupted = self._go(lanes, watched, journal, seed)
            journal.close(items)
            run = self._run(journal, lanes, len(items), interrupted)
            writer.append_results({"runs": self._row(run)})
            state = "interrupted" if interrupted else "done"
        finally:
            writer.close(state)
        self._trace.refresh()
        progress(len(items), len(items))
        return run

    def _go(self, lanes: Sequence[Lane], invoker: Invoker, journal: RunJournal, seed: int) -> bool:
        mapping, parents = self._settings.mapping, self._settings.parents
        ids = _request_ids(seed, self._source_arn)
        try:
            run_lanes(
                lanes, parents, invoker, journal, ids, reports_failures=mapping.reports_failures
            )
        except KeyboardInterrupt:
            return True
        return False

    def _run(
        self, journal: RunJournal, lanes: Sequence[Lane], total: int, interrupted: bool
    ) -> Run:
        verdicts = journal.verdicts
        records = {name: verdicts[name] for name in _COUNTED}
        records["discarded"] = sum(verdicts[name] for name in _DISCARDED)
        return Run(
            run_id=self._run_id,
            source_arn=self._source_arn,
            handler=self._spec.text,
            mapping=self._settings.mapping.to_aws(),
            isolation=self._isolation,
            invocations_count=journal.invocations,
            records={"total": total, **records},
            deliveries_not_run=sum(
                lane.deliveries_not_run for lane in lanes if isinstance(lane, QueueLane)
            ),
            interrupted=interrupted,
            trace=self._trace,
        )

    def _row(self, run: Run) -> pa.Table:
        row = {
            "run_id": run.run_id,
            "source_arn": run.source_arn,
            "handler": run.handler,
            "mapping": json.dumps(run.mapping),
            "isolation": json.dumps(run.isolation),
            "started_at": self._started_at,
            "ended_at": self._now(),
            "summary": json.dumps(run.document()),
        }
        return pa.Table.from_pylist([row], RUNS)


class _Watched:
    """An invoker that tells how far the run is."""

    def __init__(
        self, invoker: Invoker, journal: RunJournal, progress: Progress, total: int
    ) -> None:
        self.invoke = invoker.invoke
