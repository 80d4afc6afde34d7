"""Planted against found: does every planted fault have its finding, and every finding its planted fault?"""

from dataclasses import dataclass

from workbench.demo.traffic import KEY, Planted
from workbench.findings import Findings
from workbench.trace import Trace
from workbench.trace.sources import source_name

Label = tuple[str, str, str]
"""Kind, source, and what the instance is about: an order, or the partition key of a hot key."""


@dataclass(frozen=True, slots=True)
class Score:
    """How findings and labels agree."""

    found: frozenset[Label]
    planted: frozenset[Label]

    @property
    def missed(self) -> list[Label]:
        """Planted and not found."""
        return sorted(self.planted - self.found)

    @property
    def unplanted(self) -> list[Label]:
        """Found and not planted."""
        return sorted(self.found - self.planted)


def score(trace: Trace, findings: Findings, planted: tuple[Planted, ...]) -> Score:
    """Compare every instance of every finding with the labels."""
    orders = dict(
        trace.sql(
            "select delivery_id, field(body, $key) from records where field(body, $key) is not null",
            key=KEY,
        ).iter_rows()
    )
    found = {
        (finding.kind, source_name(finding.source_arn), subject)
        for finding in findings
        for instance in finding.instances
        for subject in _subjects(finding.kind, instance["key"], instance["delivery_ids"], orders)
    }
    return Score(
        frozenset(found), frozenset((fault.kind, fault.source, fault.subject) for fault in planted)
    )


def _subjects(kind: str, key: str, delivery_ids: list[int], orders: dict[int, str]) -> set[str]:
    if kind == "hot_key":
        return {key}
    return {orders.get(delivery, key) for delivery in delivery_ids}
