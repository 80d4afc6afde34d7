"""Stories of consumers: messages, what was done with them, and what is found."""

from collections.abc import Iterable
from pathlib import Path

from connectors.record import Record, Resource
from tests.factories import page, write_trace
from workbench.findings import Finding, find
from workbench.trace.logged_deliveries import with_logged_deliveries


def found(
    kind: str,
    folder: Path,
    *groups: Iterable[Record],
    resources: Iterable[Resource] = (),
    **thresholds: float,
) -> list[Finding]:
    """Findings of the kind in a trace of these records, with what their lines print."""
    records = [record for group in groups for record in group]
    with write_trace(folder, with_logged_deliveries(page(*records)).records, resources) as trace:
        return list(find(trace, only=[kind], thresholds=thresholds))
