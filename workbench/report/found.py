"""What was found: each finding with how sure it is, the rows that prove it, and the SQL that returns them."""

from typing import Any

import polars as pl

from workbench.charts import findings_chart
from workbench.findings import DETECTORS, Finding, Findings
from workbench.markup import Markup, el, visible
from workbench.report.captured import chip
from workbench.report.pieces import cell, cut, folded, picture, scrolling, section
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.views import with_records, witness

FOUND = "What was found"
MOST_WITNESSES = 10
LONGEST_PAYLOAD = 400
HIDDEN = frozenset({"body_start", "body_bytes"})
"""Shown under the row."""


def found(trace: Trace, findings: Findings) -> Markup:
    """The findings, and what was not looked for."""
    remarks = [el("p", remark, class_="quiet") for remark in findings.remarks]
    if not len(findings):
        return section(FOUND, el("p", "Nothing was found."), *remarks)
    articles = [_article(trace, finding) for finding in findings]
    return section(FOUND, picture(findings_chart(findings.to_frame())), *articles, *remarks)


def _article(trace: Trace, finding: Finding) -> Markup:
    rows = witness(trace, finding)
    span = dict.fromkeys(str(cell(each)) for each in (finding.first_at, finding.last_at))
    facts = {
        "instances": f"{finding.count:,}",
        "deliveries": f"{finding.deliveries:,}",
        "confidence": f"{finding.confidence:.0%}",
        "severity": finding.severity,
        "coverage": chip(finding.coverage),
        "when (UTC)": " to ".join(span),
    }
    return el(
        "article",
        el("h3", el("code", finding.kind), " in ", source_name(finding.source_arn)),
        el("p", finding.summary),
        el("p", finding.definition, class_="quiet"),
        *(el("p", note, class_="quiet") for note in finding.notes),
        el("dl", *(_fact(name, value) for name, value in facts.items()), class_="facts"),
        _witnesses(_shown(trace, finding, rows), len(rows)),
        folded(
            "What it must not be confused with",
            el("ul", *(el("li", look_alike) for look_alike in finding.not_to_confuse)),
        ),
        folded("SQL that returns these rows", el("pre", finding.sql)),
    )


def _shown(trace: Trace, finding: Finding, rows: pl.DataFrame) -> pl.DataFrame:
    """The first witnesses, without what only holds an instance together."""
    detector = DETECTORS[finding.kind]
    holding = [n for n in detector.instance if n != "key" and n not in detector.fields]
    return with_records(trace, rows.head(MOST_WITNESSES)).drop(holding, strict=False)


def _fact(name: str, value: Any) -> Markup:
    return el("div", el("dt", name), el("dd", value))


def _witnesses(rows: pl.DataFrame, total: int) -> Markup:
    """The proof, each row with its payload under it; columns that say nothing here are left out."""
    plain = [name for name in rows.columns if name not in HIDDEN and _says_something(rows, name)]
    head = el("thead", el("tr", *(el("th", name, scope="col") for name in plain)))
    bodies = [_witness(row, plain) for row in rows.iter_rows(named=True)]
    return scrolling(el("table", head, *bodies, class_="witnesses"), len(rows), total)


def _says_something(rows: pl.DataFrame, name: str) -> bool:
    is_text = not rows.schema[name].is_nested()
    if name != "key" and is_text and rows[name].cast(pl.String).equals(rows["key"]):
        return False
    return any(value not in (None, "") for value in rows[name].to_list())


def _witness(row: dict[str, Any], plain: list[str]) -> Markup:
    """Numbers here are names as often as quantities, so they are written as they are."""
    cells = (
        el("td", cell(row[name]) if row[name] is None else str(cell(row[name]))) for name in plain
    )
    payload = el("td", el("code", _payload(row)), colspan=str(len(plain)))
    return el("tbody", el("tr", *cells), el("tr", payload, class_="payload"))


def _payload(row: dict[str, Any]) -> str:
    """The beginning of the payload, and how long the whole of it is when that is not all."""
    shown = cut(visible(row["body_start"]), LONGEST_PAYLOAD)
    whole = row["body_bytes"]
    return f"{shown}  ({whole:,} bytes)" if whole is not None and shown.endswith("…") else shown
