"""A finding: what was found in one source, the rows that prove it, and the SQL that returns them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import polars as pl

from workbench.summary import MOST_FACTS, Summary
from workbench.trace.instants import instant_text
from workbench.trace.sources import source_name

_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "kind": pl.String,
    "source_arn": pl.String,
    "count": pl.Int64,
    "deliveries": pl.Int64,
    "first_at": pl.Datetime("us", "UTC"),
    "last_at": pl.Datetime("us", "UTC"),
    "confidence": pl.Float64,
    "severity": pl.String,
    "coverage": pl.String,
    "summary": pl.String,
    "sql": pl.String,
}
SCHEMA = pl.Schema(_COLUMNS)
"""Columns of `Findings.to_frame()`."""

FAULT = "fault"
INFORMATIONAL = "informational"
"""The service promises nothing else, or nothing is wrong: good to know."""


def _plain(value: Any) -> Any:
    """The value with lists for tuples and instants as text."""
    match value:
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case datetime():
            return instant_text(value)
    return value


@dataclass(frozen=True, slots=True, repr=False)
class Finding(Summary):
    """All instances of one kind in one source."""

    kind: str
    source_arn: str
    count: int
    """Instances, all of them, also where `instances` is cut."""
    deliveries: int
    """Distinct deliveries that stand witness."""
    first_at: datetime | None
    last_at: datetime | None
    confidence: float
    """1.0 where the rows prove it, less where chance could explain it."""
    severity: str
    """`fault`, or `informational` where the service promises nothing else."""
    coverage: str
    """What is known of the source's completeness: `read`, `assumed`, `hole` or `unknown`."""
    summary: str
    """One sentence with the thresholds that were used."""
    definition: str
    """What one instance is."""
    not_to_confuse: tuple[str, ...]
    """What only looks like it."""
    thresholds: dict[str, Any]
    """What decided, by name."""
    sql: str
    """Returns the witness rows, run alone on the trace."""
    instances: tuple[dict[str, Any], ...]
    """Each with `key`, `delivery_ids` and the kind's own fields."""
    notes: tuple[str, ...] = ()
    """What was seen on the way and is no instance."""

    def document(self) -> dict[str, Any]:
        """The finding as `find --json` prints it."""
        told: dict[str, Any] = _plain(asdict(self))
        return told

    def _sentences(self) -> tuple[str, ...]:
        return (self.summary,)

    def _facts(self) -> dict[str, Any]:
        """What was found, how surely, and when."""
        return {
            "kind": self.kind,
            "source": source_name(self.source_arn),
            "instances": self.count,
            "deliveries that stand witness": self.deliveries,
            "confidence": f"{self.confidence:.0%}",
            "severity": self.severity,
            "coverage": self.coverage,
            "first": self.first_at,
            "last": self.last_at,
            "definition": self.definition,
        }


@dataclass(frozen=True, slots=True, repr=False)
class Findings(Summary):
    """What `find` returns: findings in the order of their kinds."""

    findings: tuple[Finding, ...]
    remarks: tuple[str, ...] = ()
    """What was not looked for, and why."""

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def documents(self) -> list[dict[str, Any]]:
        """The findings as `find --json` prints them."""
        return [finding.document() for finding in self.findings]

    def to_frame(self) -> pl.DataFrame:
        """One row a finding; columns in SCHEMA."""
        rows = [{name: getattr(finding, name) for name in SCHEMA} for finding in self.findings]
        return pl.DataFrame(rows, schema=SCHEMA)

    def frame(self, kind: str) -> pl.DataFrame:
        """One row an instance of `kind`: `source_arn`, `key`, `delivery_ids` and the kind's own fields."""
        rows = [
            {"source_arn": finding.source_arn, **instance}
            for finding in self.findings
            if finding.kind == kind
            for instance in finding.instances
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    def _sentences(self) -> tuple[str, ...]:
        if not self.findings:
            return ("Nothing found.", *self.remarks)
        more = len(self.findings) - MOST_FACTS
        said = f"{len(self.findings):,} findings" + (
            f", the first {MOST_FACTS} shown" if more > 0 else ""
        )
        return (f"{said}; to_frame() has them as rows.",)

    def _facts(self) -> dict[str, Any]:
        """A line a finding."""
        return {
            f"{each.kind} in {source_name(each.source_arn)}": (
                f"{each.count:,}, {each.confidence:.0%} sure, coverage {each.coverage}: {each.summary}"
            )
            for each in self.findings
        }
