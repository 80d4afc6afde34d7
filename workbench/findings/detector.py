"""A detector: one statement that returns witness rows, and how its rows become instances and a sentence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from workbench.findings.finding import Finding
from workbench.trace import Trace
from workbench.trace.sql import load_statement, with_literals

Instances = list[dict[str, Any]]
Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """What `find` was asked to look at."""

    source_arn: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    key: str | None = None
    sequence: str | None = None
    limit: int = 100

    def parameters(self) -> dict[str, Any]:
        """What every statement is bound with."""
        return {"source_arn": self.source_arn, "since": self.since, "until": self.until}


@dataclass(frozen=True, slots=True)
class Detector:
    """One finding kind."""

    kind: str
    instance: tuple[str, ...]
    """Columns that tell one instance from the next; the first is `key`."""
    fields: Mapping[str, pl.Expr]
    """The kind's own fields, over the witness rows of one instance."""
    thresholds: Mapping[str, Any]
    """Named parameters of the statement with their defaults."""
    summary: Callable[[Instances, Parameters], str]
    """One sentence over all instances of a source."""
    confidence: Callable[[Instances], float] = lambda instances: 1.0
    finish: Callable[[dict[str, Any]], dict[str, Any]] = lambda instance: instance
    """What is left to do to an instance that columns cannot say."""
    needs: tuple[str, ...] = ()
    """Business fields without which the kind cannot be told: `key`, `sequence`."""

    def look(self, trace: Trace, scope: Scope, coverage: Mapping[str, str]) -> list[Finding]:
        """The findings of this kind, one a source."""
        statement = load_statement(__package__, self.kind)
        named = {
            name: getattr(scope, name)
            for name in ("key", "sequence")
            if name in statement.parameters
        }
        parameters = scope.parameters() | dict(self.thresholds) | named
        witness = trace.sql(statement.text, **parameters)
        return [
            self._finding(
                str(source), rows, parameters | {"source_arn": str(source)}, scope.limit, coverage
            )
            for (source,), rows in witness.group_by("source_arn", maintain_order=True)
        ]

    def _finding(
        self,
        source_arn: str,
        rows: pl.DataFrame,
        parameters: Parameters,
        limit: int,
        coverage: Mapping[str, str],
    ) -> Finding:
        grouped = rows.group_by(self.instance, maintain_order=True).agg(
            pl.col("delivery_id").alias("delivery_ids"), **self.fields
        )
        instances = [
            self.finish(row)
            for row in grouped.select("key", "delivery_ids", *self.fields).iter_rows(named=True)
        ]
        statement = load_statement(__package__, self.kind)
        return Finding(
            kind=self.kind,
            source_arn=source_arn,
            count=len(instances),
            deliveries=rows["delivery_id"].n_unique(),
            first_at=rows["source_at"].min(),  # type: ignore[arg-type]  # polars types min() by no column
            last_at=rows["source_at"].max(),  # type: ignore[arg-type]
            confidence=self.confidence(instances),
            coverage=coverage.get(source_arn, "unknown"),
            summary=self.summary(instances, parameters),
            sql=with_literals(statement.body, dict(parameters)),
            instances=tuple(instances[:limit]),
        )


def times(count: int, one: str, many: str | None = None) -> str:
    """`1 message`, `3 messages`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def seconds(milliseconds: float) -> str:
    """A length of time for people: `250 ms`, `3.5 s`, `5 min`."""
    if milliseconds < 1_000:
        return f"{milliseconds:.0f} ms"
    return (
        f"{milliseconds / 1_000:g} s"
        if milliseconds < 120_000
        else f"{milliseconds / 60_000:g} min"
    )


SPREAD_MS = (pl.col("source_at").max() - pl.col("source_at").min()).dt.total_milliseconds()
"""Time between the first and the last witness of an instance, ms."""
