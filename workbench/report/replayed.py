"""What replays did: one row a run, with the fates of its records."""

import json
from collections.abc import Sequence
from typing import Any

from workbench.markup import Markup
from workbench.report.pieces import cell, listing, section
from workbench.trace import Trace
from workbench.trace.sources import source_name

FATES = ["total", "succeeded", "failed", "dead_lettered", "discarded", "filtered", "not_reached"]
ALL_RUNS = (
    "select run_id, source_arn, handler, isolation, started_at, summary from runs"
    " where $run_ids is null or list_contains($run_ids, run_id) order by started_at, run_id"
)


def replayed(trace: Trace, run_ids: Sequence[str] | None) -> Markup:
    """The runs asked for; nothing where there are none."""
    wanted = None if run_ids is None else list(run_ids)
    runs = trace.sql(ALL_RUNS, run_ids=wanted)
    if runs.is_empty():
        return Markup()
    rows = [_row(run) for run in runs.iter_rows(named=True)]
    columns = ["run", "source", "handler", "isolation", "invocations", *FATES]
    columns = [name.replace("_", " ") for name in columns]
    return section("What replays did", listing(columns, rows))


def _row(run: dict[str, Any]) -> list[Any]:
    """What the run's own document says; what it does not say is `-`, never zero."""
    summary, isolation = _document(run["summary"]), _document(run["isolation"])
    records = summary.get("records") or {}
    own = [run["run_id"], source_name(run["source_arn"]), run["handler"], isolation.get("tier")]
    told = [summary.get("invocations"), *(records.get(fate) for fate in FATES)]
    return [cell(value) for value in (*own, *told)]


def _document(text: str | None) -> dict[str, Any]:
    document = json.loads(text or "{}")
    return document if isinstance(document, dict) else {}
