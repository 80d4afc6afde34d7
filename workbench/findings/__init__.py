"""What happened: duplicates, losses, order, consumers; every finding with the rows that prove it."""

from workbench.findings.find import DETECTORS, find
from workbench.findings.finding import Finding, Findings

__all__ = ["DETECTORS", "Finding", "Findings", "find"]
