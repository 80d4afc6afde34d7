"""How mappings and queues should be set: what is recommended and how far the model is from what was captured.

A recommendation never stands without its misfit; where the model does not reproduce the capture there is none, and the
reason is here instead.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from workbench.charts import pareto, redelivery
from workbench.charts.axes import spoken
from workbench.markup import Markup, el
from workbench.report.pieces import cell, listing, picture, section
from workbench.trace.sources import source_name
from workbench.views.advice import Advice, mapping_candidates, visibility_candidates

TUNED = "How it should be set"
MOST_CANDIDATES = 12
ODD = "the model does not reproduce what was captured"


def tuned(mappings: Sequence[Advice], queues: Sequence[Advice]) -> Markup:
    """Advice on mappings and on queues; nothing where there is none."""
    articles = [
        *(_mapping(advice.document()) for advice in mappings),
        *(_queue(advice.document()) for advice in queues),
    ]
    return section(TUNED, *articles) if articles else Markup()


def _mapping(document: dict[str, Any]) -> Markup:
    backtest = document.get("backtest") or {}
    named = el("h3", "Mapping of ", source_name(document["source_arn"]))
    if not backtest.get("accepted"):
        return el("article", named, _refused(document), _misfits(backtest))
    frame = mapping_candidates(document)
    return el(
        "article",
        named,
        _recommended(document, frame),
        picture(pareto(frame)),
        _candidates(frame),
        _next_to_break(document.get("next_to_break")),
        _misfits(backtest),
    )


def _refused(document: dict[str, Any]) -> Markup:
    """Why there is no recommendation."""
    backtest = document.get("backtest") or {}
    reason = backtest.get("reason") or document.get("reason") or ODD
    misfit = backtest.get("misfit")
    beside = "" if misfit is None else f" Misfit {cell(float(misfit))}."
    return el("p", f"No recommendation: {reason}.{beside}".replace("..", "."), class_="warn")


def _recommended(document: dict[str, Any], frame: pl.DataFrame) -> Markup:
    """The recommended setting, or why none is; the misfit beside it."""
    misfit = cell(float(document["backtest"]["misfit"]))
    found = frame.filter("is_recommended")
    if found.is_empty():
        reason = document.get("reason") or "no candidate is better than what is set"
        return el("p", f"No change recommended: {reason}. Misfit of the model: {misfit}.")
    best = found.row(0, named=True)
    kept = "Keep what is set" if best["is_current"] else "Recommended"
    said = f"{kept}: {best['label']}. Misfit of the model: {misfit}."
    return el("p", el("strong", said))


def _candidates(frame: pl.DataFrame) -> Markup:
    """The settings that a reader compares: the current, the recommended, those that nothing beats."""
    looked_for = pl.col("is_recommended") | pl.col("is_current")
    first = frame.sort(looked_for, "is_pareto", "cost_per_month", descending=[True, True, False])
    rows = [_candidate(row) for row in first.head(MOST_CANDIDATES).iter_rows(named=True)]
    columns = ["setting", "", "p50 age", "p99 age", "USD a month", "dead letters", "meets the SLO"]
    return listing(columns, rows, len(frame))


def _candidate(row: dict[str, Any]) -> list[Any]:
    roles = {"is_current": "current", "is_recommended": "recommended", "is_pareto": "not beaten"}
    said = ", ".join(word for flag, word in roles.items() if row[flag])
    ages = ["-" if row[n] is None else spoken(row[n] / 1_000) for n in ("p50_age_ms", "p99_age_ms")]
    cost, lost = row["cost_per_month"], row["dead_letter_share"]
    meets = {True: "yes", False: "no", None: "-"}[row["meets_slo"]]
    return [
        *(cell(row["label"]), said, *ages),
        *("-" if cost is None else f"{cost:,.2f}", "-" if lost is None else f"{lost:.3%}", meets),
    ]


def _next_to_break(told: Any) -> Markup:
    if not told:
        return Markup()
    return el("p", "Next to break: ", _flat(told), ".")


def _misfits(backtest: dict[str, Any]) -> Markup:
    """Observed and simulated side by side, by measure."""
    by_measure = backtest.get("by_measure") or {}
    if not by_measure:
        return Markup()
    measures = {
        name: value if isinstance(value, dict) else {"misfit": value}
        for name, value in by_measure.items()
    }
    columns = list(dict.fromkeys(column for value in measures.values() for column in value))
    rows = [
        [cell(name), *(_plain(value.get(column)) for column in columns)]
        for name, value in measures.items()
    ]
    titles = ["measure", *(column.replace("_", " ") for column in columns)]
    title = el("h4", "How far the model is from what was captured")
    return el("div", title, listing(titles, rows))


def _queue(document: dict[str, Any]) -> Markup:
    notes = [el("p", note, class_="quiet") for note in document.get("notes") or []]
    best = document.get("recommended")
    if best:
        said = f"Recommended: VisibilityTimeout {spoken(float(best['visibility_timeout_s']))}"
        count = best.get("max_receive_count")
        said += "." if count is None else f", maxReceiveCount {count}."
        opening = el("p", el("strong", said), f" {_ratio(document)}")
    else:
        opening = el(
            "p", "No recommendation: durations of the function are not known.", class_="warn"
        )
    return el(
        "article",
        el("h3", "Visibility timeout of ", source_name(document["source_arn"])),
        opening,
        picture(redelivery(visibility_candidates(document))),
        *notes,
    )


def _ratio(document: dict[str, Any]) -> str:
    """Predicted over observed deliveries, which is the misfit of this model."""
    ratio = (document.get("backtest") or {}).get("deliveries_ratio")
    if ratio is None:
        return "The prediction could not be held against what was observed."
    return (
        f"Of the current setting it predicts {ratio:.2f} times the deliveries that were observed."
    )


def _flat(value: Any) -> str:
    """A value of a document in a sentence."""
    match value:
        case dict():
            return "; ".join(
                f"{name.replace('_', ' ')} {_flat(each)}" for name, each in value.items()
            )
        case list() | tuple():
            return ", ".join(_flat(each) for each in value)
        case _:
            return str(_plain(value))


def _plain(value: Any) -> Any:
    return cell(_flat(value) if isinstance(value, dict | list) else value)
