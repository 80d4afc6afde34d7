"""What was captured: holes first, then how much came when, and from where."""

from datetime import datetime

import polars as pl

from workbench.charts import coverage_bar, timeline
from workbench.markup import Markup, el
from workbench.report.facts import Facts
from workbench.report.pieces import cell, first, folded, listing, picture, section
from workbench.trace.instants import parse_instant
from workbench.trace.sources import source_name
from workbench.views.drawable import bounds

CAPTURED = "What was captured"
MOST_SPANS = 200


def captured(facts: Facts) -> Markup:
    """Coverage with its holes, deliveries over time, sources and captures."""
    return section(
        CAPTURED,
        _holes(facts.coverage),
        picture(coverage_bar(facts.coverage, _extent(facts.activity))),
        el("h3", "Deliveries over time"),
        picture(timeline(facts.activity)),
        el("h3", "Sources"),
        _sources(facts),
        folded("All spans", _spans(facts.coverage)),
        folded("Captures", _captures(facts)),
    )


def _extent(activity: pl.DataFrame) -> tuple[datetime, datetime] | None:
    return None if activity.is_empty() else bounds(activity, "from_at", "to_at")


def _holes(coverage: pl.DataFrame) -> Markup:
    holes = coverage.filter(pl.col("state") == "hole")
    if coverage.is_empty():
        return el("p", "Nothing is known of what was read and what was not.", class_="warn")
    if holes.is_empty():
        assumed = int((coverage["state"] == "assumed").sum())
        said = "No hole is known: every span below was read."
        if assumed:
            said = (
                f"No hole is known; {assumed:,} of {len(coverage):,} spans are assumed, not proved."
            )
        return el("p", said)
    return el(
        "div",
        el("p", f"Not read: {len(holes):,} of {len(coverage):,} spans.", class_="warn"),
        _spans(holes),
    )


def _spans(spans: pl.DataFrame) -> Markup:
    rows = (
        [source_name(arn), partition, from_at, to_at, state, cause]
        for arn, partition, from_at, to_at, state, cause in spans.iter_rows()
    )
    columns = ["source", "partition", "from (UTC)", "to (UTC)", "state", "cause"]
    return listing(columns, first(rows, MOST_SPANS), len(spans))


def _sources(facts: Facts) -> Markup:
    rows = [
        [
            cell(source_name(source["source_arn"])),
            source["records"],
            source["partitions"],
            source["body_bytes"],
            _instant(source["first_at"]),
            _instant(source["last_at"]),
            chip(source["coverage"]),
        ]
        for source in facts.info["sources"]
    ]
    columns = ["source", "deliveries", "partitions", "payload bytes", "first (UTC)", "last (UTC)"]
    return listing([*columns, "coverage"], rows)


def chip(state: str) -> Markup:
    """A coverage state as a word with its colour."""
    known = state if state in ("sealed", "read", "assumed", "hole") else "unknown"
    return el("span", state, class_=f"chip {known}")


def _instant(text: str | None) -> object:
    return cell(text and parse_instant(text))


def _captures(facts: Facts) -> Markup:
    rows = (
        [
            capture["kind"],
            capture["state"],
            _instant(capture["started_at"]),
            _instant(capture["ended_at"]),
            ", ".join(source_name(source) for source in capture["sources"]),
        ]
        for capture in facts.info["captures"]
    )
    columns = ["kind", "state", "started (UTC)", "ended (UTC)", "sources"]
    return listing(columns, first(rows, MOST_SPANS), len(facts.info["captures"]))
