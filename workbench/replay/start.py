"""Replay: the captured records of a source, through a handler, into rows of the trace."""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa

from connectors.record import Service
from workbench.errors import ReplayRefusedError, TraceError, WorkbenchError
from workbench.mapping import EventSourceMapping
from workbench.replay.engine.invocation import Invoker, Item
from workbench.replay.engine.loop import Fate, Lane, run_lanes
from workbench.replay.engine.queues import QueueLane
from workbench.replay.engine.streams import shard_lanes
from workbench.replay.events import replayable
from workbench.replay.functions.environment import handler_environment
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.invokers.worker_invoker import HandlerInvoker, HandlerSetup
from workbench.replay.isolation.sandbox import (
    Sandbox,
    dead_end,
    planted_canary,
    sandboxes,
    scratch_folder,
)
from workbench.replay.journal import RunJournal
from workbench.replay.run import Run
from workbench.replay.settings import Document, Settings, settle
from workbench.trace import Trace, TraceWriter
from workbench.trace.schema import RUNS
from workbench.trace.sources import source_in_trace
from workbench.trace.sql import load_statement

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
    with ExitStack() as stack:
        invoker, isolation = _invoker(stack, trace, spec, settings, source_arn, allow_cooperative)
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
            lanes = _lanes(items, self.settings, self.source_arn, journal.fate)
            stopped_by = self._go(lanes, invoker, journal, seed)
            journal.close(items)
            run = self._run(run_id, journal, lanes, stopped_by is not None)
            writer.append_results({"runs": self._row(run, started_at)})
            state = "interrupted" if stopped_by else "done"
        finally:
            writer.close(state)
        self.trace.refresh()
        if isinstance(stopped_by, Exception):
            raise stopped_by
        return run

    def _go(
        self, lanes: Sequence[Lane], invoker: Invoker, journal: RunJournal, seed: int
    ) -> BaseException | None:
        """Run to the end; what stopped it before is given back, so that the rows are saved first."""
        try:
            run_lanes(
                lanes,
                self.settings.parents,
                invoker,
                journal,
                _request_ids(seed, self.source_arn),
                reports_failures=self.settings.mapping.reports_failures,
            )
        except (KeyboardInterrupt, WorkbenchError, OSError) as stopped_by:
            return stopped_by
        return None

    def _run(
        self, run_id: str, journal: RunJournal, lanes: Sequence[Lane], interrupted: bool
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
            deliveries_not_run=sum(
                lane.deliveries_not_run for lane in lanes if isinstance(lane, QueueLane)
            ),
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
    items = []
    for row in trace.rows(statement.text, source_arn=source_arn):
        is_queue = replayable(row["service"]) == Service.SQS
        items.append(Item(row, row["record_id"] if is_queue else row["sequence_number"]))
    return items


def _lanes(
    items: Sequence[Item], settings: Settings, source_arn: str, fate: Fate
) -> Sequence[Lane]:
    if source_arn.split(":")[2:3] == ["sqs"]:
        return [QueueLane(items, settings, fate)]
    return shard_lanes(items, settings, fate)


def _invoker(
    stack: ExitStack,
    trace: Trace,
    spec: HandlerSpec,
    settings: Settings,
    source_arn: str,
    allow_cooperative: bool,
) -> tuple[Invoker, dict[str, Any]]:
    """The handler, loaded in the first sandbox that holds; and what the run's document says about it."""
    *better, last = sandboxes(spec, trace.path, allow_cooperative=allow_cooperative)
    for sandbox in better:
        with suppress(ReplayRefusedError):
            return _loaded(stack, trace, spec, settings, source_arn, sandbox)
    return _loaded(stack, trace, spec, settings, source_arn, last)


def _loaded(
    stack: ExitStack,
    trace: Trace,
    spec: HandlerSpec,
    settings: Settings,
    source_arn: str,
    sandbox: Sandbox,
) -> tuple[Invoker, dict[str, Any]]:
    proved = sandbox.tier != "C"
    function, region, account = settings.function, *source_arn.split(":")[3:5]
    environment = handler_environment(
        function,
        spec,
        region,
        stack.enter_context(dead_end()),
        stack.enter_context(scratch_folder(sandbox)),
    )
    setup = HandlerSetup(
        spec,
        function,
        sandbox,
        environment,
        f"arn:aws:lambda:{region}:{account}:function:{function.name}",
        stack.enter_context(planted_canary(trace.path)) if proved else None,
    )
    invoker = stack.enter_context(HandlerInvoker(setup))
    canary = dict(invoker.probed) if proved else None
    return invoker, {"tier": sandbox.tier, "means": sandbox.means, "canary": canary}


def _request_ids(seed: int, source_arn: str) -> Iterator[str]:
    """UUIDs that begin with a running number, so that invocations of one virtual instant keep their order."""
    chance = random.Random(f"{seed} {source_arn}")
    for number in count(1):
        yield str(UUID(int=number << 96 | chance.getrandbits(96), version=4))
