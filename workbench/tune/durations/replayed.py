"""The shape of a handler's durations from local replays, its scale from production.

A laptop is not Lambda: what replays of several batch sizes tell is how a duration grows with the batch. One factor,
taken at batch sizes that both have, brings it to what production took; spread and failures stay those of production.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.trace.sql import load_statement
from workbench.tune.durations.fit import Fitted, fit


def replayed_invocations(trace: Trace, runs: Sequence[str]) -> pl.DataFrame:
    """The invocations of replays: `records, duration_ms, init_ms, status`.

    Args:
        trace: where the replays were kept.
        runs: their ids.

    Raises:
        UsageError: the trace has no such replay.

    Example:
        >>> replayed_invocations(trace, [run.run_id])  # doctest: +SKIP
    """
    kept = trace.sql("select distinct run_id from invocations order by run_id")["run_id"].to_list()
    for run_id in runs:
        if run_id not in kept:
            there = (
                f"there are {', '.join(kept)}" if kept else "there is none: replay the trace first"
            )
            raise UsageError(f"wanted a replay of this trace, found {run_id!r}; {there}")
    statement = load_statement(__package__, "replayed_invocations").text
    return pl.concat(trace.sql(statement, run_id=run_id) for run_id in runs)


def with_replays(fitted: Fitted, logged: pl.DataFrame, replayed: pl.DataFrame) -> Fitted:
    """The fit of what was logged, with base and part a record told apart as replays tell them.

    Args:
        fitted: the fit of `logged`.
        logged: production's invocations: `duration_ms, init_ms, status, records`.
        replayed: invocations of replays, the same columns.

    Raises:
        UsageError: the replays have too few invocations or one batch size only, or none that production had.

    Example:
        >>> with_replays(fit(logged), logged, replayed).is_identifiable  # doctest: +SKIP
        True
    """
    shape = fit(replayed)
    if not shape.is_identifiable:
        raise UsageError(f"wanted replays of several batch sizes, found that {shape.notes[0]}")
    factor = _factor(logged, replayed)
    local = shape.model
    took, sizes = (logged[name].drop_nulls() for name in ("duration_ms", "records"))
    middle = float(sizes.median() or 1.0)  # type: ignore[arg-type]
    # Spread is relative to what a batch of the logged size takes, so that its median stays what was logged.
    scale = fitted.model.median_ms(int(middle)) / (local.median_ms(int(middle)) * factor)
    model = replace(
        fitted.model,
        base_ms=local.base_ms * factor * scale,
        per_record_ms=local.per_record_ms * factor * scale,
    )
    low, high = (each * factor * scale for each in shape.base_ms_interval)
    each_low, each_high = (each * factor * scale for each in shape.per_record_ms_interval)
    note = (
        f"base and part a record from {shape.invocations} replayed invocations; production took"
        f" {factor * scale:.2g} times as long as here"
    )
    kept = tuple(each for each in fitted.notes if "told apart" not in each)
    draws = tuple(
        replace(
            own,
            base_ms=here.base_ms * factor * scale,
            per_record_ms=here.per_record_ms * factor * scale,
        )
        for own, here in zip(fitted.draws, shape.draws, strict=True)
    )
    return Fitted(model, (low, high), (each_low, each_high), True, len(took), (*kept, note), draws)


def _factor(logged: pl.DataFrame, replayed: pl.DataFrame) -> float:
    """How many times as long production took: the median over batch sizes that both have."""
    medians = [
        rows.drop_nulls(["duration_ms", "records"])
        .filter(pl.col("status") == "success")
        .group_by("records")
        .agg(pl.col("duration_ms").median())
        for rows in (logged, replayed)
    ]
    both = medians[0].join(medians[1], on="records", suffix="_here")
    if both.is_empty():
        raise UsageError(
            "wanted a batch size that production and a replay both had, found none; "
            "replay with the captured one as well"
        )
    return float(np.median(both["duration_ms"].to_numpy() / both["duration_ms_here"].to_numpy()))
