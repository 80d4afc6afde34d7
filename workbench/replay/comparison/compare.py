"""Comparison of two runs: which records fare differently, grouped by what happened to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from workbench.replay.run import Run, run_row
from workbench.trace import Trace
from workbench.trace.sql import load_statement

EXAMPLES = 5
_VERDICTS = ("verdict_a", "verdict_b")
_CHANGE = ("verdict_a", "error_a", "verdict_b", "error_b")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs, record by record."""

    run_a: str
    run_b: str
    verdicts: tuple[Mapping[str, Any], ...]
    """Records by `verdict_a, verdict_b`, with `count`; the most first."""
    changes: tuple[Mapping[str, Any], ...]
    """Groups of records that fared differently: `verdict_a, error_a, verdict_b, error_b, count, examples`."""
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
        }

    def to_frame(self) -> pl.DataFrame:
        """One row a record: `partition_id, record_id, delivery_id`, and of each run `verdict, error, attempts`."""
        return self.frame


def compare(run_a: Run | str, run_b: Run | str, trace: Trace | None = None) -> Comparison:
    """What became of each record in two runs.

    Args:
        run_a: the earlier run, or its id.
        run_b: the later run, or its id.
        trace: where the runs are; needed where both are named by id.

    Returns:
        The comparison; ids of requests and instants in messages count as no difference.

    Raises:
        UsageError: no such run in the trace, or no trace.

    Example:
        >>> compare(old, new).document()["differing"]       # doctest: +SKIP
        0
    """
    where = trace or next((run.trace for run in (run_a, run_b) if isinstance(run, Run)), None)
    ids = {"run_a": run_row(run_a, where)[1]["run_id"], "run_b": run_row(run_b, where)[1]["run_id"]}
    assert where is not None
    frame = where.sql(load_statement(__package__, "verdict_changes").text, **ids)
    differing = frame.filter(
        pl.col("verdict_a").ne_missing(pl.col("verdict_b"))
        | _plain("error_a").ne_missing(_plain("error_b"))
    ).with_columns(_plain("error_a"), _plain("error_b"))
    examples = pl.col("record_id").head(EXAMPLES).alias("examples")
    return Comparison(
        **ids,
        verdicts=_groups(frame, _VERDICTS),
        changes=_groups(differing, _CHANGE, examples),
        frame=frame,
    )


def _groups(frame: pl.DataFrame, by: tuple[str, ...], *more: pl.Expr) -> tuple[dict[str, Any], ...]:
    groups = frame.group_by(by, maintain_order=True).agg(pl.len().alias("count"), *more)
    return tuple(groups.sort("count", descending=True, maintain_order=True).to_dicts())


def _plain(column: str) -> pl.Expr:
    """An error without the request id that Lambda puts in front of some."""
    return pl.col(column).str.replace(r"RequestId: [0-9a-f-]{36} ", "")
