"""What replays did: one row a run, with the fates of its records; what they failed with; the last two side by side."""

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from workbench.markup import Markup, el
from workbench.report.pieces import cell, cut, first, listing, section
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.trace.sql import load_statement

REPLAYED = "What replays did"
FATES = ["total", "succeeded", "failed", "dead_lettered", "discarded", "filtered", "not_reached"]
MOST_FAILURES = 20
MOST_CHANGES = 12
ALL_RUNS = (
    "select run_id, source_arn, handler, isolation, started_at, summary from runs"
    " where $run_ids is null or list_contains($run_ids, run_id) order by started_at, run_id"
)
ERRORS = load_statement("workbench.replay", "errors_of_run")
CHANGES = load_statement("workbench.replay.comparison", "verdict_changes")


def replayed(trace: Trace, run_ids: Sequence[str] | None) -> Markup:
    """The runs asked for; nothing where there are none."""
    wanted = None if run_ids is None else list(run_ids)
    runs = trace.sql(ALL_RUNS, run_ids=wanted).to_dicts()
    if not runs:
        return Markup()
    columns = ["run", "source", "handler", "isolation", "invocations", *FATES]
    columns = [name.replace("_", " ") for name in columns]
    return section(
        REPLAYED,
        listing(columns, [_row(run) for run in runs]),
        *_failures(trace, runs),
        *_side_by_side(trace, runs),
    )


def _row(run: dict[str, Any]) -> list[Any]:
    """What the run's own document says; what it does not say is `-`, never zero."""
    summary, isolation = _document(run["summary"]), _document(run["isolation"])
    records = summary.get("records") or {}
    own = [run["run_id"], source_name(run["source_arn"]), run["handler"], isolation.get("tier")]
    told = [summary.get("invocations"), *(records.get(fate) for fate in FATES)]
    return [cell(value) for value in (*own, *told)]


def _failures(trace: Trace, runs: Sequence[dict[str, Any]]) -> list[Markup]:
    """What deliveries failed with, run by run, the most frequent first."""
    rows = [
        [run["run_id"], *error.values()]
        for run in runs
        for error in trace.sql(ERRORS.text, run_id=run["run_id"]).to_dicts()
    ]
    if not rows:
        return []
    columns = ["run", "failed with", "deliveries", "records", "such as"]
    return [el("h3", "What failed"), listing(columns, first(rows, MOST_FAILURES), len(rows))]


def _side_by_side(trace: Trace, runs: Sequence[dict[str, Any]]) -> list[Markup]:
    """The last two runs of each source, by what became of the records in both."""
    of_source: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        of_source.setdefault(run["source_arn"], []).append(run)
    return [_beside(trace, *those[-2:]) for those in of_source.values() if len(those) > 1]


def _beside(trace: Trace, a: dict[str, Any], b: dict[str, Any]) -> Markup:
    records = trace.sql(CHANGES.text, run_a=a["run_id"], run_b=b["run_id"])
    same = records.filter(pl.col("verdict_a").eq_missing(pl.col("verdict_b"))).height
    changes = (
        records.filter(pl.col("verdict_a").ne_missing(pl.col("verdict_b")))
        .group_by("verdict_a", "verdict_b")
        .agg(pl.len(), pl.col("record_id").sort().first())
        .sort("len", "verdict_a", "verdict_b", descending=[True, False, False])
    )
    said = (
        f"{cut(str(a['handler']))} ({a['run_id']}) and then {cut(str(b['handler']))} ({b['run_id']}):"
        f" {same:,} of {records.height:,} records fared alike."
    )
    name = source_name(a["source_arn"])
    rows = [
        [
            cell(was and was.replace("_", " ")),
            cell(now and now.replace("_", " ")),
            count,
            cell(example),
        ]
        for was, now, count, example in changes.head(MOST_CHANGES).iter_rows()
    ]
    columns = ["before", "after", "records", "such as"]
    return el(
        "article",
        el("h3", "The last two runs of ", name),
        el("p", said),
        listing(columns, rows, len(changes)) if rows else Markup(),
    )


def _document(text: str | None) -> dict[str, Any]:
    document = json.loads(text or "{}")
    return document if isinstance(document, dict) else {}
