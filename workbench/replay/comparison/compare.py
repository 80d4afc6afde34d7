"""Comparison of two runs, or of a run with production: which records fare differently, and what else differs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import orjson
import polars as pl

from workbench.errors import UsageError
from workbench.replay.comparison.fields import shown
from workbench.replay.comparison.groups import (
    EXAMPLES,
    LEAST_ABSOLUTE,
    LEAST_RELATIVE,
    FieldCount,
    Group,
    count_fields,
    group,
)
from workbench.replay.comparison.invocations import (
    Difference,
    InvocationsCompared,
    compare_invocations,
)
from workbench.replay.comparison.places import (
    BUILT_IN,
    Place,
    field_of,
    is_within,
    parsed,
    spelled,
)
from workbench.replay.comparison.production import PRODUCTION, compare_production, durations
from workbench.replay.run import Run, run_row
from workbench.summary import Summary
from workbench.trace import Trace
from workbench.trace.sql import load_statement

_VERDICTS = ("verdict_a", "verdict_b")
_CHANGE = ("verdict_a", "error_a", "verdict_b", "error_b")
_RECORD = ("partition_id", "record_id")


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Summary):
    """Two runs, or a run and production, record by record and call by call."""

    run_a: str
    run_b: str
    """A run's id, or `production`."""
    verdicts: tuple[Mapping[str, Any], ...]
    """Records by `verdict_a, verdict_b`, with `count`; the most first."""
    changes: tuple[Mapping[str, Any], ...]
    """Groups of records that fared differently: `verdict_a, error_a, verdict_b, error_b, count, examples`, and `noise`:
    how many of them did so too between two runs of a's code (None where it ran once)."""
    groups: tuple[Group, ...]
    """What differs in errors, responses and AWS calls, identical differences together, the most first."""
    fields: tuple[FieldCount, ...]
    """Requests in which each field differs, `raw` and `noise`, also of those that are left out of `groups` as noise."""
    invocations: Mapping[str, Any] | None
    """`pairs`, `differing`, `batched_otherwise_a`, `batched_otherwise_b`; None beside production."""
    effects: Mapping[str, int] | None
    """`missing`, `extra`, `changed`, `reordered`; None where the calls of one were not recorded."""
    duration: Mapping[str, Any]
    """`p50` and `p99` of the warm invocations that form pairs: `a_ms, b_ms, ratio, low, high, changed`."""
    noise: Mapping[str, Any] | None
    """The `run` that repeats a's code, `requests`, and the fields `hidden` for it; None where there is none."""
    production: Mapping[str, Any] | None
    """`known`, `unknown`, `coverage`, `init_ms`, `max_memory_mb`; None where two runs are compared."""
    ignored: tuple[str, ...]
    """Places that did not count."""
    frame: pl.DataFrame = field(repr=False, compare=False)

    def document(self) -> dict[str, Any]:
        """The comparison as `compare --json` prints it."""
        return {
            "run_a": self.run_a,
            "run_b": self.run_b,
            "records": self.frame.height,
            "differing": sum(change["count"] for change in self.changes),
            "verdicts": [dict(row) for row in self.verdicts],
            "changes": [dict(row) for row in self.changes],
            "invocations": self.invocations,
            "differences": [each.document() for each in self.groups],
            "effects": self.effects,
            "duration": self.duration,
            "noise": self.noise,
            "production": self.production,
            "ignored": list(self.ignored),
        }

    def to_frame(self) -> pl.DataFrame:
        """One row a record: `partition_id, record_id, delivery_id`, and of each run `verdict, error, attempts`."""
        return self.frame

    def differences(self) -> pl.DataFrame:
        """One row a difference in errors, responses and AWS calls.

        Returns:
            `group` (position in `groups`), `field`, `place`, `change`, `value_a`, `value_b` (JSON text),
            `invocation_a`, `invocation_b` (null where batched otherwise), `record_ids`.

        Example:
            >>> compared.differences().filter(pl.col("record_ids").list.contains("m-1"))     # doctest: +SKIP
        """
        rows = [
            (
                number,
                of.field,
                _text(spelled(each.place)),
                each.change,
                shown(each.value_a),
                shown(each.value_b),
                each.invocation_a,
                each.invocation_b,
                list(each.record_ids),
            )
            for number, of in enumerate(self.groups)
            for each in of.differences
        ]
        return pl.DataFrame(rows, schema=_DIFFERENCES, orient="row")

    def _facts(self) -> dict[str, Any]:
        """What fared differently, then what else differs."""
        verdicts = {
            f"{each['verdict_a']} to {each['verdict_b']}": each["count"] for each in self.verdicts
        }
        return {
            "a": self.run_a,
            "b": self.run_b,
            "records": self.frame.height,
            "records that fared differently": sum(each["count"] for each in self.changes),
            "verdicts": verdicts,
            "groups of differences": [each.field for each in self.groups],
            "AWS calls": self.effects,
            "duration": {
                name: each.get("ratio")
                for name, each in self.duration.items()
                if isinstance(each, Mapping)
            },
            "ignored": self.ignored,
        }


_DIFFERENCES: dict[str, pl.DataType | type[pl.DataType]] = {
    "group": pl.Int64,
    "field": pl.String,
    "place": pl.String,
    "change": pl.String,
    "value_a": pl.String,
    "value_b": pl.String,
    "invocation_a": pl.String,
    "invocation_b": pl.String,
    "record_ids": pl.List(pl.String),
}


def compare(
    run_a: Run | str,
    run_b: Run | str,
    trace: Trace | None = None,
    *,
    again: Run | str | None = None,
    ignore: Sequence[str] = (),
    min_certainty: float = 1.0,
    least_relative: float = LEAST_RELATIVE,
    least_absolute: float = LEAST_ABSOLUTE,
) -> Comparison:
    """What differs between two runs, or between a run and production: fates, errors, responses, AWS calls, durations.

    Invocations are matched by the records that they were given. Ids of requests, receipt handles, ids that AWS's
    answers gave, and the order of calls (but of writes to one resource) count as no difference.

    Args:
        run_a: the earlier run, or its id.
        run_b: the later run, or its id; or `"production"`: what logs and dead-letter queues tell of the same records.
        trace: where the runs are; needed where both are named by id.
        again: another run of a's code: what differs between the two of them is noise, and a field that differs no more
            than that is left out.
        ignore: places that do not count: `$.member` of responses, `effects.SERVICE.OPERATION.PARAMETER` of calls (with
            `.$.` into JSON text), `error`; `*` is any one step, `..` any number.
        min_certainty: of production's requests, how sure it is that they had the record (relation `handlings`).
        least_relative: a field shows where |raw - noise| / (raw + noise) is above, if there is `again`.
        least_absolute: and |raw - noise| / requests above this.

    Returns:
        The comparison. Where production is not known, nothing is said to differ.

    Raises:
        UsageError: no such run in the trace, no trace, or a malformed place.

    Example:
        >>> compare(old, new, again=old_again).document()["differences"]       # doctest: +SKIP
        []
    """
    for pattern in ignore:
        parsed(pattern)
    runs = [run for run in (run_a, run_b, again) if run is not None and run != PRODUCTION]
    where = trace or next((run.trace for run in runs if isinstance(run, Run)), None)
    if PRODUCTION in (run_a, run_b):
        if again is not None or run_a == run_b:
            raise UsageError(
                "wanted one run beside production, found another number; name one, without the noise run"
            )
        return _beside_production(run_row(runs[0], where), run_a == PRODUCTION, min_certainty)
    rows = [run_row(run, where)[1] for run in runs]
    assert where is not None
    ignored = _ignored((*BUILT_IN, *ignore))
    with_calls = all(_heard(row) for row in rows)
    a, b, *repeated = (row["run_id"] for row in rows)
    two = partial(compare_invocations, where, ignored=ignored, with_calls=with_calls)
    found = two(a, b)
    still = [two(a, each) for each in repeated]
    frame = _records(where, a, b)
    fields = count_fields(found.differences, still[0].differences if still else ())
    requests = found.pairs.height + found.sets_batched_otherwise
    told = {
        each.field
        for each in fields
        if not still or each.is_telling(requests, least_relative, least_absolute)
    }
    kept = tuple(each for each in found.differences if field_of(each.place) in told)
    unsteady = _differing(_records(where, a, repeated[0])) if repeated else None
    return Comparison(
        run_a=a,
        run_b=b,
        verdicts=_groups(frame, _VERDICTS),
        changes=_changes(_differing(frame), unsteady),
        groups=group(kept),
        fields=fields,
        invocations=_counted(found),
        effects=_effects(kept) if with_calls else None,
        duration=_durations(found),
        noise={
            "run": repeated[0],
            "requests": requests,
            "hidden": [each.document() for each in fields if each.field not in told],
        }
        if repeated
        else None,
        production=None,
        ignored=tuple(ignore),
        frame=frame,
    )


def _beside_production(
    found: tuple[Trace, dict[str, Any]], swapped: bool, min_certainty: float
) -> Comparison:
    trace, row = found
    told = compare_production(trace, row["run_id"], min_certainty)
    frame, names = told.frame, (row["run_id"], PRODUCTION)
    if swapped:
        other = {
            f"{name}_{a}": f"{name}_{b}"
            for name in ("verdict", "error", "attempts")
            for a, b in ("ab", "ba")
        }
        frame, names = frame.rename(other).select(frame.columns), (PRODUCTION, row["run_id"])
    return Comparison(
        *names,
        verdicts=_groups(frame, _VERDICTS),
        changes=_changes(frame.filter("differs"), None),
        groups=(),
        fields=(),
        invocations=None,
        effects=None,
        duration=durations(*(told.warm_ms[::-1] if swapped else told.warm_ms)),
        noise=None,
        production=told.told,
        ignored=(),
        frame=frame,
    )


def _records(trace: Trace, a: str, b: str) -> pl.DataFrame:
    return trace.sql(load_statement(__package__, "verdict_changes").text, run_a=a, run_b=b)


def _differing(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(
        pl.col("verdict_a").ne_missing(pl.col("verdict_b"))
        | _plain("error_a").ne_missing(_plain("error_b"))
    ).with_columns(_plain("error_a"), _plain("error_b"))


def _changes(differing: pl.DataFrame, unsteady: pl.DataFrame | None) -> tuple[dict[str, Any], ...]:
    """Groups of the records that fared differently, with how many do so of themselves."""
    noise = pl.lit(None).first()
    if unsteady is not None:
        marked = unsteady.select(*_RECORD, is_unsteady=True)
        differing = differing.join(marked, on=_RECORD, how="left", maintain_order="left")
        noise = pl.col("is_unsteady").sum()
    examples = pl.col("record_id").head(EXAMPLES).alias("examples")
    return _groups(differing, _CHANGE, examples, noise.alias("noise"))


def _groups(frame: pl.DataFrame, by: tuple[str, ...], *more: pl.Expr) -> tuple[dict[str, Any], ...]:
    groups = frame.group_by(by, maintain_order=True).agg(pl.len().alias("count"), *more)
    return tuple(groups.sort("count", descending=True, maintain_order=True).to_dicts())


def _plain(column: str) -> pl.Expr:
    """An error without the request id that Lambda puts in front of some."""
    return pl.col(column).str.replace(r"RequestId: [0-9a-f-]{36} ", "")


def _ignored(patterns: tuple[str, ...]) -> Callable[[Place], bool]:
    """Whether a place does not count, remembered: the same few places come again and again."""
    return lru_cache(100_000)(lambda place: is_within(place, patterns))


def _heard(row: Mapping[str, Any]) -> bool:
    """Whether someone listened to the AWS calls of a run."""
    return orjson.loads(row["summary"] or "{}").get("effects") is not None


def _counted(found: InvocationsCompared) -> dict[str, int]:
    differing = {each.invocation_a for each in found.differences} - {None}
    return {
        "pairs": found.pairs.height,
        "differing": len(differing),
        "batched_otherwise_a": found.alone_a,
        "batched_otherwise_b": found.alone_b,
    }


def _effects(differences: Sequence[Difference]) -> dict[str, int]:
    whole = [
        each.change if len(each.place) <= 3 else "changed"
        for each in differences
        if each.place[0] == "effects"
    ]
    names = {"missing": "removed", "extra": "added", "changed": "changed", "reordered": "reordered"}
    return {name: whole.count(change) for name, change in names.items()}


def _durations(found: InvocationsCompared) -> dict[str, Any]:
    """Of pairs that were warm in both runs: their records are the same, so is their work."""
    warm = found.pairs.filter(pl.col("cold_a").not_() & pl.col("cold_b").not_())
    return durations(warm["duration_a_ms"].to_list(), warm["duration_b_ms"].to_list())


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
