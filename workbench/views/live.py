"""A capture as it goes on: how much has come, how fast, how far behind, and what is missing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.trace.sql import load_statement

MISSING = "missing"
STATEMENT = load_statement(__package__, "live_sources")


def progress_by_source(trace: Trace) -> pl.DataFrame:
    """How far each source is.

    Returns:
        A row a source with records or coverage, sorted: `source_arn, records, read_to_at` (the instant up to which the
        slowest of its partitions was read; null where that is not known), `holes`.
    """
    return trace.sql(STATEMENT.text)


def goes_on(trace: Trace) -> bool:
    """Whether a capture is at work, or was killed at it: its books look the same."""
    asked = "select count(*) from captures where kind = 'capture' and state = 'running'"
    return bool(trace.sql(asked).item())


def preflight_rows(names: Sequence[str], document: Mapping[str, Any]) -> list[list[str]]:
    """A preflight for people: source, mode, whether it is ready, rights known to be missing, what to mind.

    Args:
        names: the sources that were asked for, in their order.
        document: of `ask_preflight`.
    """
    return [
        [
            name,
            found["mode"],
            "ready" if found["ready"] else "not ready",
            ", ".join(each["action"] for each in found["rights"] if each["grant"] == MISSING)
            or "none",
            "; ".join(found["warnings"]) or "nothing",
        ]
        for name, found in zip(names, document["sources"], strict=True)
    ]


def told(
    rows: pl.DataFrame, before: Mapping[str, int], took_s: float, now: datetime
) -> list[list[str]]:
    """The rows for people: source, records, records a second, seconds behind, holes.

    Args:
        rows: of `progress_by_source`.
        before: records by source at the last look.
        took_s: seconds since then; 0 for the first look.
        now: the instant, aware.
    """
    return [
        [
            source_name(arn),
            f"{records:,}",
            f"{(records - before.get(arn, 0)) / took_s:,.0f}" if took_s > 0 else "-",
            f"{max((now - read_to_at).total_seconds(), 0):,.0f}" if read_to_at else "not known",
            f"{holes:,}",
        ]
        for arn, records, read_to_at, holes in rows.iter_rows()
    ]
