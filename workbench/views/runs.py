"""What replays did: their runs, how records ended, which calls were made, what differs between two."""

import json
from typing import Any

import polars as pl

from workbench.replay.comparison.compare import Comparison
from workbench.trace import Trace
from workbench.trace.sql import load_statement, with_literals

OUTCOMES, CALLS = (load_statement(__package__, name) for name in ("run_outcomes", "run_calls"))


def runs(trace: Trace) -> pl.DataFrame:
    """The replays, the newest first: `run_id, source_arn, handler, mapping, isolation, ended_at, summary`."""
    return trace.sql(
        "select run_id, source_arn, handler, mapping, isolation, ended_at, summary from runs"
        " order by started_at desc, run_id"
    )


def run_outcomes(trace: Trace, run_id: str) -> pl.DataFrame:
    """How deliveries of a run ended: `verdict, error_type, deliveries, records, error_message`."""
    return trace.sql(OUTCOMES.text, run_id=run_id)


def run_calls(trace: Trace, run_id: str) -> pl.DataFrame:
    """AWS calls of a run: `service, operation, calls, means`."""
    return trace.sql(CALLS.text, run_id=run_id)


def outcomes_statement(run_id: str) -> str:
    """The statement of `run_outcomes`, as it can be run alone."""
    return with_literals(OUTCOMES.body, {"run_id": run_id})


def isolation_words(isolation: str) -> str:
    """What kept a handler away from this machine, for people.

    Example:
        >>> isolation_words('{"tier": "A", "means": "bubblewrap"}')
        'isolation A: bubblewrap'
    """
    told: dict[str, Any] = json.loads(isolation or "{}")
    tier, means = told.get("tier"), told.get("means")
    if not tier and not means:
        return "isolation not told"
    return "isolation " + ": ".join(str(each) for each in (tier, means) if each)


def compared_rows(comparison: Comparison) -> tuple[str, list[list[str]]]:
    """A comparison for people: the sum in a sentence, then what differs, identical differences as one row.

    Returns:
        The sentence; rows of what, change, how many.
    """
    document = comparison.document()
    rows = [
        [
            "ending",
            f"{_ended(each, 'a')} → {_ended(each, 'b')}",
            f"{each['count']:,}",
        ]
        for each in document["changes"]
    ]
    rows += [
        [
            f"{each['field']} {each.get('place') or ''}".strip(),
            str(each.get("change", "")),
            f"{each['count']:,}",
        ]
        for each in document["differences"]
    ]
    records, differing = document["records"], document["differing"]
    return (
        f"{records:,} records: {records - differing:,} ended alike, {differing:,} otherwise",
        rows,
    )


def _ended(change: dict[str, Any], side: str) -> str:
    error = change.get(f"error_{side}")
    return f"{change.get(f'verdict_{side}')}" + (f" ({error})" if error else "")
