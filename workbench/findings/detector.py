"""A detector: one statement that returns witness rows, and how its rows become instances and a sentence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from workbench.findings.finding import FAULT, Finding
from workbench.questions import Parameters, Scope, Threshold, used_parameters, written_out
from workbench.trace import Trace
from workbench.trace.sql import Statement


def _nothing_noted(trace: Trace, used: Parameters, instances: pl.DataFrame) -> tuple[str, ...]:
    return ()


def _able(trace: Trace, scope: Scope) -> str | None:
    return None


def _as_it_is(trace: Trace, used: Parameters, instances: pl.DataFrame) -> pl.DataFrame:
    return instances


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """One finding kind: what it is, how it is told, and what it must not be taken for."""

    kind: str
    statement: Statement
    """Returns the witness: a row has `source_arn`, `key`, `delivery_id`, `source_at` and what tells instances apart.
    Its last line is `order by source_arn, key, …`, by names of its own columns, down to `delivery_id`;
    `delivery_id` is null where no delivery stands at that place."""
    definition: str
    """What one instance is, in a sentence."""
    not_to_confuse: tuple[str, ...]
    """What only looks like it, each with how it is kept apart."""
    instance: tuple[str, ...]
    """Columns that tell one instance from the next; the first is `key`."""
    fields: Mapping[str, pl.Expr] = field(default_factory=dict)
    """The kind's own fields, over the witness rows of one instance; one that tells instances apart is as it is."""
    thresholds: tuple[Threshold, ...] = ()
    """Parameters of the statement besides the scope's."""
    summary: Callable[[pl.DataFrame, Parameters], str]
    """One sentence over the instances of a source (a row each: `key`, `delivery_ids`, `fields`), with thresholds."""
    confidence: Callable[[pl.DataFrame], float] = lambda instances: 1.0
    severity: Callable[[pl.DataFrame], str] = lambda instances: FAULT
    deepen: Callable[[Trace, Parameters, pl.DataFrame], pl.DataFrame] = _as_it_is
    """More columns for the instances, where one statement cannot say them."""
    finish: Callable[[dict[str, Any]], dict[str, Any]] = lambda instance: instance
    """What is left to do to a listed instance that columns cannot say."""
    notes: Callable[[Trace, Parameters, pl.DataFrame], tuple[str, ...]] = _nothing_noted
    """What was seen on the way and is no instance."""
    needs: tuple[str, ...] = ()
    """Members of the scope without which the kind cannot be told: `key`, `sequence`, `event_time`."""
    unable: Callable[[Trace, Scope], str | None] = _able
    """Why this trace cannot show the kind although it has such traffic; None: it can, or has none."""
    left_out: Callable[[Trace, Scope], str | None] = _able
    """What of such traffic was not looked at, although the rest was; None: nothing."""
    yields_to: tuple[str, ...] = ()
    """More telling kinds: what `yields_by` names in a witness of theirs is none for this kind."""
    yields_by: str = "delivery_id"
    """`delivery_id`, or `key` where the kinds speak of the same keys: then a whole instance goes."""
    least_witness: int = 1
    """An instance that has fewer rows left when those of the more telling kinds are gone is none any more."""

    def asked(self, scope: Scope, chosen: Parameters, told_better: Mapping[str, str]) -> str:
        """The statement as it is run and shown.

        Args:
            scope: what it is asked of.
            chosen: thresholds that are not the default.
            told_better: statements of the kinds it yields to, of those that found anything.
        """
        own = written_out(self.statement, self.used(scope, chosen))
        better = [told_better[kind] for kind in self.yields_to if kind in told_better]
        if not better:
            return own
        found, _, order = own.rpartition("\norder by ")
        told = "\nunion all\n".join(
            f"select source_arn, {self.yields_by} from (\n{each}\n)"  # noqa: S608 - our own statements
            for each in better
        )
        return (
            f"with found as (\n{found}\n), told_better as (\n{told}\n)\n"
            f"select found.* from found anti join told_better using (source_arn, {self.yields_by})\n"
            f"{self._left_over()}order by {order}"
        )

    def _left_over(self) -> str:
        if self.least_witness < 2:
            return ""
        instance = ", ".join(("source_arn", *self.instance))
        return f"qualify count(*) over (partition by {instance}) >= {self.least_witness}\n"

    def used(self, scope: Scope, chosen: Parameters) -> dict[str, Any]:
        """What the statement is bound with."""
        return used_parameters(self.statement, scope, self.thresholds, chosen)

    def look(
        self,
        trace: Trace,
        scope: Scope,
        chosen: Parameters,
        limit: int,
        coverage: Mapping[str, str],
        told_better: Mapping[str, str],
    ) -> list[Finding]:
        """The findings of this kind, one a source."""
        witness = trace.sql(self.asked(scope, chosen, told_better))
        return [
            self._finding(trace, scope, chosen, str(source), rows, limit, coverage, told_better)
            for (source,), rows in witness.group_by("source_arn", maintain_order=True)
        ]

    def _finding(
        self,
        trace: Trace,
        scope: Scope,
        chosen: Parameters,
        source_arn: str,
        rows: pl.DataFrame,
        limit: int,
        coverage: Mapping[str, str],
        told_better: Mapping[str, str],
    ) -> Finding:
        of_source = scope.of(source_arn)
        used = self.used(of_source, chosen)
        shown = {name: each for name, each in self.fields.items() if name not in self.instance}
        grouped = rows.group_by(self.instance, maintain_order=True).agg(
            pl.col("delivery_id").drop_nulls().alias("delivery_ids"), **shown
        )
        instances = self.deepen(trace, used, grouped)
        hidden = [name for name in self.instance if name != "key" and name not in self.fields]
        listed = instances.drop(hidden).head(limit)
        return Finding(
            kind=self.kind,
            source_arn=source_arn,
            count=instances.height,
            deliveries=rows["delivery_id"].drop_nulls().n_unique(),
            first_at=rows["source_at"].min(),  # type: ignore[arg-type]  # polars types min() by no column
            last_at=rows["source_at"].max(),  # type: ignore[arg-type]
            confidence=self.confidence(instances),
            severity=self.severity(instances),
            coverage=coverage.get(source_arn, "unknown"),
            summary=self.summary(instances, used),
            definition=self.definition,
            not_to_confuse=self.not_to_confuse,
            thresholds={each.name: used[each.name] for each in self.thresholds},
            sql=self.asked(of_source, chosen, told_better),
            instances=tuple(self.finish(row) for row in listed.iter_rows(named=True)),
            notes=self.notes(trace, used, instances),
        )


SPREAD_MS = (pl.col("source_at").max() - pl.col("source_at").min()).dt.total_milliseconds()
"""Time between the first and the last witness of an instance, ms."""
