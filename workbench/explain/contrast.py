"""What differs: which fields, places and functions set some records apart from others, ranked, chance accounted for."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from workbench.errors import UsageError
from workbench.explain.dimensions import Value, dimensions_of
from workbench.findings import Finding
from workbench.questions import Threshold, checked_choices
from workbench.trace import Trace
from workbench.trace.sql import literal, load_statement

ROWS = load_statement(__package__, "contrast_rows")
ABSENT = "(absent)"
THRESHOLDS = (
    Threshold(
        "most_rows",
        20_000,
        "records a side, always the same ones: shares are true to half a percent",
    ),
    Threshold(
        "false_discovery_rate",
        0.01,
        "of the dimensions that are said to differ, at most so many by chance",
    ),
    Threshold(
        "least_effect", 0.1, "assumed: a smaller difference of shares or ranks explains no incident"
    ),
    Threshold(
        "least_count",
        5,
        "assumed: a value seen less often, on both sides together, tells no pattern",
    ),
)
SCHEMA = pl.Schema(
    {
        "dimension": pl.String(),
        "differs": pl.Boolean(),
        "effect": pl.Float64(),
        "q": pl.Float64(),
        "value": pl.String(),
        "selection_share": pl.Float64(),
        "baseline_share": pl.Float64(),
        "selection_median": pl.Float64(),
        "baseline_median": pl.Float64(),
        "selection_records": pl.Int64(),
        "baseline_records": pl.Int64(),
    }
)
"""Columns of what `contrast` returns."""


def contrast(
    trace: Trace,
    selection: str | Finding | Sequence[int],
    baseline: str | Sequence[int] | None = None,
    *,
    thresholds: Mapping[str, Any] | None = None,
) -> pl.DataFrame:
    """How the selected records differ from others: payload fields, partition, group, attributes, version, memory.

    Args:
        trace: the trace.
        selection: an SQL expression over `records`, a finding, or delivery ids.
        baseline: what to compare with: an expression or ids; None for all other records of the same sources.
        thresholds: values instead of the defaults of `THRESHOLDS`.

    Returns:
        One row a dimension, those that differ first, then by effect; columns in SCHEMA.
        A number is compared by rank: `effect` is Cliff's delta without its sign (0: alike, 1: no overlap), tested by
        Mann and Whitney. Anything else is compared value by value: `effect` is the difference of shares of `value`, the
        one that differs least likely by chance, tested by the hypergeometric distribution.
        `q` is the false discovery rate at which the dimension would still count, after Benjamini and Yekutieli, so that
        it holds however the fields depend on each other. A record counts once however often it was delivered; a field
        that is not there counts as `(absent)`.

    Raises:
        UsageError: an expression that DuckDB does not take, or a side without records.

    Example:
        >>> contrast(trace, "receive_count > 1").head(5)  # doctest: +SKIP
    """
    used = {each.name: each.default for each in THRESHOLDS} | checked_choices(
        thresholds or {}, THRESHOLDS
    )
    selected = _picked(trace, _expression(trace, selection), used["most_rows"])
    if not selected:
        raise UsageError(f"wanted records that are selected, found none for {_words(selection)}")
    others = _picked(trace, _others(trace, selection, baseline), used["most_rows"])
    if not others:
        raise UsageError("wanted other records to compare with, found none; name a baseline")
    trace.keep("handlings", "invocations_observed")
    sides = [_sides(trace, ids) for ids in (selected, others)]
    names = sorted({name for side in sides for row in side for name in row})
    compared = [_compared(name, sides[0], sides[1], used) for name in names]
    return _ranked([each for each in compared if each is not None], used)


def _expression(trace: Trace, which: str | Finding | Sequence[int]) -> str:
    """The side as an expression over `records`."""
    if isinstance(which, str):
        return f"(\n{which}\n)"
    if isinstance(which, Finding):
        ids = trace.sql(which.sql)["delivery_id"].to_list()
        return f"(source_arn = {literal(which.source_arn)} and delivery_id in ({_listed(ids)}))"
    return f"(delivery_id in ({_listed(which)}))"


def _others(
    trace: Trace, selection: str | Finding | Sequence[int], baseline: str | Sequence[int] | None
) -> str:
    own = _expression(trace, selection)
    if baseline is not None:
        return f"{_expression(trace, baseline)} and not coalesce({own}, false)"
    same = f"source_arn in (select distinct source_arn from records where {own})"  # noqa: S608 - the person's own expression
    return f"{same} and not coalesce({own}, false)"


def _picked(trace: Trace, expression: str, most: int) -> list[int]:
    """First deliveries of the side's records, of very many always the same ones."""
    statement = (
        "select min(delivery_id) as delivery_id from records"  # noqa: S608 - the person's own expression, on a copy in memory
        f" where {expression} group by source_arn, partition_id, record_id"
        f" order by hash(record_id), record_id limit {most}"
    )
    return sorted(trace.sql(statement)["delivery_id"].to_list())


def _sides(trace: Trace, ids: Sequence[int]) -> list[dict[str, Value]]:
    return [dimensions_of(row) for row in trace.rows(ROWS.text, delivery_ids=list(ids))]


def _compared(
    name: str,
    selection: Sequence[dict[str, Value]],
    baseline: Sequence[dict[str, Value]],
    used: Mapping[str, Any],
) -> dict[str, Any] | None:
    sides = [[row.get(name) for row in side] for side in (selection, baseline)]
    told = [[value for value in side if value is not None] for side in sides]
    sizes = {"selection_records": len(told[0]), "baseline_records": len(told[1])}
    by_rank = _are_numbers(told) and all(told)
    found = _by_rank(told) if by_rank else _by_value(sides, used["least_count"])
    return found and {"dimension": name, **sizes, **found}


def _are_numbers(told: Sequence[Sequence[Value]]) -> bool:
    values = [value for side in told for value in side]
    numbers = all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    )
    return (
        numbers and len(set(values)) > 10
    )  # few different numbers are names: statuses, counts, versions


def _by_rank(told: Sequence[Sequence[Value]]) -> dict[str, Any]:
    from scipy import stats  # costs more to import than everything else of this room

    selection, baseline = (np.array(side, dtype=float) for side in told)
    tested = stats.mannwhitneyu(selection, baseline, alternative="two-sided", method="asymptotic")
    wins = float(tested.statistic) / (len(selection) * len(baseline))
    return {
        "p": float(tested.pvalue),
        "effect": abs(2 * wins - 1),
        "selection_median": float(np.median(selection)),
        "baseline_median": float(np.median(baseline)),
    }


def _by_value(sides: Sequence[Sequence[Value | None]], least_count: int) -> dict[str, Any] | None:
    """The value whose share differs least likely by chance; None where no value comes often enough to tell."""
    from scipy import stats

    selection, baseline = (Counter(map(_word, side)) for side in sides)
    whole = selection + baseline
    values = sorted(value for value, count in whole.items() if count >= least_count)
    if not values or len(whole) == 1:
        return None
    ours, theirs = len(sides[0]), len(sides[1])
    seen = np.array([selection[value] for value in values])
    of_all = np.array([whole[value] for value in values])
    at_most = stats.hypergeom.cdf(seen, ours + theirs, of_all, ours)
    at_least = stats.hypergeom.sf(seen - 1, ours + theirs, of_all, ours)
    chances = np.minimum(1.0, 2 * np.minimum(at_most, at_least))
    differences = np.abs(seen / ours - (of_all - seen) / theirs)
    best = max(range(len(values)), key=lambda n: (-chances[n], differences[n]))
    return {
        "p": float(min(1.0, chances[best] * len(values))),
        "effect": float(differences[best]),
        "value": values[best],
        "selection_share": float(seen[best] / ours),
        "baseline_share": float((of_all[best] - seen[best]) / theirs),
    }


def _word(value: Value | None) -> str:
    match value:
        case None:
            return ABSENT
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
    return str(value)


def _ranked(compared: Sequence[dict[str, Any]], used: Mapping[str, Any]) -> pl.DataFrame:
    from scipy import stats

    if not compared:
        return pl.DataFrame(schema=SCHEMA)
    adjusted = stats.false_discovery_control([each["p"] for each in compared], method="by")
    rows = [
        {
            **each,
            "q": float(q),
            "differs": bool(
                q <= used["false_discovery_rate"] and each["effect"] >= used["least_effect"]
            ),
        }
        for each, q in zip(compared, adjusted, strict=True)
    ]
    frame = pl.DataFrame([{name: row.get(name) for name in SCHEMA} for row in rows], schema=SCHEMA)
    return frame.sort("differs", "effect", "dimension", descending=[True, True, False])


def _listed(ids: Iterable[int]) -> str:
    return ", ".join(str(int(each)) for each in ids) or "null"


def _words(which: str | Finding | Sequence[int]) -> str:
    return which if isinstance(which, str) else "the deliveries that were named"
