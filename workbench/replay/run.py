"""A run: what came of the captured records of one source in a handler."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from workbench.errors import UsageError
from workbench.summary import Summary
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.trace.sql import load_statement


@dataclass(frozen=True, slots=True, repr=False)
class Run(Summary):
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
    effects_count: int | None
    """AWS calls that the handler made; None where nobody listened."""
    destination_records_count: int
    """Documents that the mapping's on-failure destination would have got."""
    deliveries_not_run: int
    """Deliveries of messages that had failed so often that the rest, up to their expiry, was taken as failed too."""
    interrupted: bool
    resumed_from: str | None
    """The interrupted run whose answers it began with."""
    pace: float | None
    behind_s_most: float
    """How far the handler lagged behind that pace at worst, seconds."""
    what_if: Sequence[Mapping[str, Any]]
    """What was put into the run on purpose: `kind`, `share`, and how often it was `injected`."""
    trace: Trace = field(repr=False, compare=False)

    def document(self) -> dict[str, Any]:
        """The run as `replay --json` prints it."""
        return {
            "run_id": self.run_id,
            "source_arn": self.source_arn,
            "handler": self.handler,
            "mapping": dict(self.mapping),
            "isolation": dict(self.isolation),
            "invocations": self.invocations_count,
            "records": dict(self.records),
            "effects": self.effects_count,
            "destination_records": self.destination_records_count,
            "deliveries_not_run": self.deliveries_not_run,
            "interrupted": self.interrupted,
            "resumed_from": self.resumed_from,
            "pace": self.pace,
            "behind_ms_most": round(self.behind_s_most * 1000),
            "what_if": [dict(each) for each in self.what_if],
        }

    def outcomes(self) -> pl.DataFrame:
        """One row a delivery, in the order of the run: the columns of the relation `outcomes`."""
        return self._rows("outcomes")

    def invocations(self) -> pl.DataFrame:
        """One row an invocation, in the order of the run: the columns of the relation `invocations`."""
        return self._rows("invocations")

    def destination_records(self) -> pl.DataFrame:
        """One row a document for the on-failure destination, in the order of the run: those of `destination_records`.

        Example:
            >>> run.destination_records()["document"]   # doctest: +SKIP

        Source: Lambda developer guide, "Retain batch records that are discarded".
        """
        return self._rows("destination_records")

    def errors(self) -> list[dict[str, Any]]:
        """What deliveries failed with, the most frequent first: `signature, deliveries, records, example`."""
        statement = load_statement(__package__, "errors_of_run")
        return self.trace.sql(statement.text, run_id=self.run_id).to_dicts()

    def _rows(self, relation: str) -> pl.DataFrame:
        statement = load_statement(__package__, f"{relation}_of_run")
        return self.trace.sql(statement.text, run_id=self.run_id)

    def _sentences(self) -> tuple[str, ...]:
        return ("Interrupted: the records not reached were not run.",) if self.interrupted else ()

    def _facts(self) -> dict[str, Any]:
        """What became of the records, then how they were run."""
        told = {name.replace("_", " "): count for name, count in self.records.items() if count}
        unasked = {"what if": [each["kind"] for each in self.what_if]} if self.what_if else {}
        return {
            "handler": self.handler,
            "source": source_name(self.source_arn),
            "records": told,
            "invocations": self.invocations_count,
            "AWS calls": self.effects_count,
            "on-failure documents": self.destination_records_count,
            "mapping": self.mapping,
            "isolation": self.isolation.get("tier"),
            "run": self.run_id,
            **unasked,
        }


def run_row(run: Run | str, trace: Trace | None) -> tuple[Trace, dict[str, Any]]:
    """The row of a run in the relation `runs`, and the trace that it is in.

    Raises:
        UsageError: no such run in the trace, or no trace.
    """
    where = trace or (run.trace if isinstance(run, Run) else None)
    if where is None:
        raise UsageError("wanted the trace of a run, found only its id; pass trace=")
    wanted = run.run_id if isinstance(run, Run) else run
    rows = where.sql("from runs order by started_at desc").to_dicts()
    for row in rows:
        if row["run_id"] == wanted:
            return where, row
    there = ", ".join(row["run_id"] for row in rows[:10]) or "none"
    raise UsageError(
        f"wanted a run of the trace, found none of the id {wanted!r}; there are {there}"
    )


def last_runs(trace: Trace, count: int) -> list[str]:
    """The ids of the last runs, the newest first.

    Raises:
        UsageError: there are fewer.
    """
    asked = "select run_id from runs order by started_at desc, run_id desc limit $count"
    found: list[str] = trace.sql(asked, count=count)["run_id"].to_list()
    if len(found) < count:
        raise UsageError(f"wanted {count} runs in the trace, found {len(found)}; replay first")
    return found
