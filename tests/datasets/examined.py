"""Findings as labels name them, so that the two can be compared."""

from datasets.labels import Found
from workbench.findings import DETECTORS, Findings, find
from workbench.trace import Trace

ALL = 1_000_000
"""More instances than any dataset has."""


def named(findings: Findings) -> Found:
    """The instances of findings, by kind, source and key."""
    found: dict[tuple[str, str, str], list[dict[str, object]]] = {}
    for finding in findings:
        for instance in finding.instances:
            name = (finding.kind, finding.source_arn, str(instance["key"]))
            found.setdefault(name, []).append(instance)
    return found


def found_in(trace: Trace) -> Found:
    """All that is found in a trace, of every kind there is."""
    return named(find(trace, limit=ALL))


__all__ = ["ALL", "DETECTORS", "found_in", "named"]
