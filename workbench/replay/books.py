"""The books of a run: begun before its first batch, ended after its last, kept whatever happens in between."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import pyarrow as pa

from connectors.answers import compact_json
from workbench.errors import WorkbenchError
from workbench.replay.engine.invocation import Invoker, Item
from workbench.replay.journal import RunJournal
from workbench.replay.pace import Pacer, StoppedError
from workbench.replay.play import play
from workbench.replay.resume import Plan
from workbench.replay.run import Run
from workbench.replay.settings import Settings
from workbench.trace import Trace, TraceWriter
from workbench.trace.schema import RUN_PLANS, RUNS

_DISCARDED = ("discarded_age", "discarded_retries")
_COUNTED = ("succeeded", "failed", "dead_lettered", "filtered", "not_reached")
Progress = Callable[[int, int], None]
Clock = Callable[[], datetime]


@dataclass(slots=True)
class Books:
    """Plays a run and writes down what happened."""

    trace: Trace
    source_arn: str
    handler: str
    settings: Settings
    plan: Plan
    isolation: Mapping[str, Any]
    pacer: Pacer
    now: Clock
    resumed_from: str | None = None
    what_if: Callable[[], list[dict[str, Any]]] = list
    """What was injected, asked for when the run has ended."""

    def keep(self, items: Sequence[Item], invoker: Invoker, seed: int, progress: Progress) -> Run:
        """Run, and save what happened, also when interrupted."""
        started_at = self.now()
        run_id = f"{started_at:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
        writer = TraceWriter(self.trace.path, "replay", [self.source_arn], self.now)
        state = "failed"
        try:
            writer.append_results({"run_plans": self._begun(run_id, started_at)})
            journal = RunJournal(
                run_id,
                lambda tables: writer.append_results(dict(tables)),
                lambda settled: progress(settled, len(items)),
                time.monotonic,
            )
            not_run, stopped_by = self._go(items, invoker, journal, seed)
            journal.close(items)
            run = self._run(run_id, journal, not_run, stopped_by is not None)
            writer.append_results({"runs": self._ended(run, started_at)})
            state = "interrupted" if stopped_by else "done"
        finally:
            writer.close(state)
        self.trace.refresh()
        if isinstance(stopped_by, Exception) and not isinstance(stopped_by, StoppedError):
            raise stopped_by
        return run

    def _go(
        self, items: Sequence[Item], invoker: Invoker, journal: RunJournal, seed: int
    ) -> tuple[int, BaseException | None]:
        """Run to the end; what stopped it before is given back, so that the rows are saved first."""
        try:
            not_run = play(
                items, self.settings, self.source_arn, invoker, journal, seed=seed, pace=self.pacer
            )
        except (KeyboardInterrupt, StoppedError, WorkbenchError, OSError) as stopped_by:
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
            handler=self.handler,
            mapping=self.settings.mapping.to_aws(),
            isolation=self.isolation,
            invocations_count=journal.invocations,
            records=records,
            effects_count=journal.effects,
            destination_records_count=journal.destination_records,
            deliveries_not_run=deliveries_not_run,
            interrupted=interrupted,
            resumed_from=self.resumed_from,
            pace=self.pacer.factor,
            behind_s_most=self.pacer.behind_s_most,
            what_if=self.what_if(),
            trace=self.trace,
        )

    def _begun(self, run_id: str, started_at: datetime) -> pa.Table:
        row = {"run_id": run_id, "started_at": started_at, "plan": compact_json(self.plan)}
        return pa.Table.from_pylist([row], RUN_PLANS)

    def _ended(self, run: Run, started_at: datetime) -> pa.Table:
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
