"""Shrinking a run: from all that was replayed to the records that it takes to fail."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import HandlerError, UsageError
from workbench.replay.engine.invocation import Item
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.opening import opened_handler
from workbench.replay.run import Run, last_runs, run_row
from workbench.replay.selection import Selection, selected_items
from workbench.replay.settings import Document, settle
from workbench.replay.shrink.reproduction import Reproduction
from workbench.replay.shrink.smallest import smallest
from workbench.replay.shrink.trials import Trials
from workbench.replay.signature import signature
from workbench.summary import Summary
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.trace.sql import load_statement

REPEATS = 3
"""How often what is left is tried again, to tell a failure that always comes from one that sometimes does."""
ALWAYS, FLAKY, TOGETHER = "always", "flaky", "only together"


@dataclass(frozen=True, slots=True, repr=False)
class Shrunk(Summary):
    """The fewest records of a run that fail as it did."""

    run_id: str
    source_arn: str
    handler: str
    signature: str
    """Of the failure."""
    verdict: str
    """`always`; `only together`: none of them fails alone; `flaky`: the same records fail and pass."""
    share: float
    """Of the repeated trials, those that failed."""
    trials: int
    """How often records were put to the handler."""
    records_before: int
    items: tuple[Item, ...] = field(repr=False)
    reproduction: Reproduction = field(repr=False)

    def document(self) -> dict[str, Any]:
        """As `shrink --json` prints it."""
        names = ("delivery_id", "record_id", "partition_id")
        return {
            "run_id": self.run_id,
            "source_arn": self.source_arn,
            "handler": self.handler,
            "signature": self.signature,
            "verdict": self.verdict,
            "share": self.share,
            "trials": self.trials,
            "records_before": self.records_before,
            "records": [{name: getattr(item, name) for name in names} for item in self.items],
            "commands": [each.command for each in self.reproduction.sendings],
        }

    def save(self, folder: Path) -> list[Path]:
        """Write a test that fails as the handler does, its events, and the commands with their files.

        Returns:
            What was written; nothing that is there is written over.
        """
        return self.reproduction.save(folder)

    def _facts(self) -> dict[str, Any]:
        """What fails, how surely, and with how little."""
        return {
            "fails with": self.signature,
            "verdict": self.verdict,
            "records": f"{len(self.items):,} of {self.records_before:,}",
            "record ids": [each.record_id for each in self.items],
            "handler": self.handler,
            "source": source_name(self.source_arn),
            "trials": self.trials,
            "share of repeats that failed": self.share,
            "run": self.run_id,
        }


def shrink(
    run: Run | str,
    trace: Trace | None = None,
    *,
    error: str | None = None,
    record: str | None = None,
    folder: Path | None = None,
    queue_attributes: Document | None = None,
    function: Document | None = None,
    allow_cooperative: bool = False,
    repeats: int = REPEATS,
    progress: Callable[[int, int], None] = lambda trials, records: None,
) -> Shrunk:
    """Find the fewest records of a run that still fail as it did, in their order.

    Each trial plays some of the records from the beginning, in an execution environment of its own.

    Args:
        run: the run, or its id.
        trace: where it is; needed with an id.
        error: error type or part of the signature of the failure that is meant; the most frequent one.
        record: the id of a record whose failure is meant.
        folder: what a relative handler is found from; None for the working directory, else where the trace is.
        queue_attributes: as they were given to the run.
        function: as it was given to the run.
        allow_cooperative: as for `replay`.
        repeats: trials of what is left.
        progress: called with the trials so far and the records of the next one.

    Raises:
        UsageError: no such run, nothing failed in it, or its records do not fail again.
        HandlerError: the handler does not load.
        ReplayRefusedError: isolation could not be proved.

    Example:
        >>> shrink(run).save(Path("tests"))        # doctest: +SKIP
    """
    trace, row = run_row(run, trace)
    wanted, failed = _meant(trace, row["run_id"], error, record)
    source_arn, spec = row["source_arn"], _spec(row["handler"], folder, trace)
    mapping = json.loads(row["mapping"])
    settings = settle(trace, source_arn, spec.module, mapping, queue_attributes, function)
    items = selected_items(trace, source_arn, Selection(delivery_ids=_played(trace, row["run_id"])))
    opened = opened_handler(trace, spec, settings, source_arn, allow_cooperative=allow_cooperative)
    with opened as (invoker, _):
        trials = Trials(settings, source_arn, invoker, wanted, progress)
        left = smallest(_suspects(items, failed, trials), trials.fail)
        again = [trials.failures(left) for _ in range(max(repeats, 1))]
        share = sum(each.met for each in again) / len(again)
        alone = len(left) == 1 or any(trials.fail([item]) for item in left)
    events = next((each.events for each in again if each.met), again[0].events)
    return Shrunk(
        row["run_id"],
        source_arn,
        spec.text,
        wanted,
        FLAKY if share < 1 else ALWAYS if alone else TOGETHER,
        share,
        trials.count,
        len(items),
        tuple(left),
        Reproduction.of(spec, wanted, left, events, settings.mapping.reports_failures),
    )


def last_failed_run(trace: Trace) -> str:
    """The id of the last run in which something failed; of the last one where nothing did.

    Raises:
        UsageError: there is no run.
    """
    found: list[str] = trace.sql(load_statement(__package__, "failed_runs").text)[
        "run_id"
    ].to_list()
    return found[0] if found else last_runs(trace, 1)[0]


def _spec(text: str, folder: Path | None, trace: Trace) -> HandlerSpec:
    try:
        return HandlerSpec.parse(text, folder or Path.cwd())
    except HandlerError:
        if folder is not None:
            raise
        return HandlerSpec.parse(text, trace.path.parent)


def _suspects(items: list[Item], failed: set[int], trials: Trials) -> Sequence[Item]:
    """Where to begin: one that failed, else those that did, else all that were there up to the last of them."""
    those = [item for item in items if item.delivery_id in failed]
    last = max((n for n, item in enumerate(items) if item.delivery_id in failed), default=-1)
    for some in (those[:1], those, items[: last + 1], items):
        if some and trials.fail(some):
            return some
    raise UsageError(
        f"wanted records that fail with {trials.wanted!r}, found none that do so again in {trials.count} trials; "
        "see whether the run had other settings, or the handler depends on more than its events"
    )


def _meant(
    trace: Trace, run_id: str, error: str | None, record: str | None
) -> tuple[str, set[int]]:
    """The signature that is meant, and the deliveries that failed with it."""
    statement = load_statement(__package__, "failures_of_run")
    rows = list(trace.rows(statement.text, run_id=run_id))
    told = [signature(row["error_type"], row["error_message"]) for row in rows]
    meant = Counter(
        name
        for row, name in zip(rows, told, strict=True)
        if record in (None, row["record_id"]) and (error is None or error in name)
    )
    if not meant:
        names = "; ".join(name for name, _ in Counter(told).most_common(3)) or "no failure at all"
        raise UsageError(
            f"wanted the failure of the run {run_id} that was asked for, found {names}"
        )
    ((wanted, _),) = meant.most_common(1)
    return wanted, {
        row["delivery_id"]
        for row, name in zip(rows, told, strict=True)
        if name == wanted and record in (None, row["record_id"])
    }


def _played(trace: Trace, run_id: str) -> list[int]:
    statement = (
        "select distinct delivery_id from outcomes "
        "where run_id = $run_id and invocation_id is not null"
    )
    found: list[int] = trace.sql(statement, run_id=run_id)["delivery_id"].to_list()
    return found
