"""A run held against production: what the logs and the dead-letter queue tell of the same records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from workbench.replay.comparison.quantiles import ratio_of_quantiles
from workbench.trace import Trace
from workbench.trace.sql import load_statement

PRODUCTION = "production"
"""What stands for a run's id where production is meant."""


@dataclass(frozen=True, slots=True)
class ProductionCompared:
    """A run beside production, the run as a."""

    frame: pl.DataFrame
    """The columns of `production_outcomes.sql`."""
    warm_ms: tuple[list[float], list[float]]
    """Durations of invocations that initialised nothing, in the run and in production."""
    told: Mapping[str, Any]
    """`known`, `unknown`: records; `coverage`: of the log groups; `init_ms`, `max_memory_mb`: of its requests."""


def compare_production(trace: Trace, run_id: str, min_certainty: float) -> ProductionCompared:
    """What became of a run's records in production, as far as the trace tells.

    Args:
        trace: where run and logs are.
        run_id: the run.
        min_certainty: of the relation `handlings`: 1 where an id tells that the request had the record.
    """
    trace.keep("handlings", "dead_letter_queues", "event_source_mappings", "settled_coverage")
    frame, requests, coverage = (
        trace.sql(load_statement(__package__, name).text, run_id=run_id, **more)
        for name, more in (
            ("production_outcomes", {"min_certainty": min_certainty}),
            ("production_requests", {"min_certainty": min_certainty}),
            ("production_coverage", {}),
        )
    )
    known = frame["verdict_b"].is_not_null().sum()
    told = {
        "known": known,
        "unknown": frame.height - known,
        "coverage": [_with_instants(row) for row in coverage.to_dicts()],
        "init_ms": requests["init_ms"].median(),
        "max_memory_mb": requests["max_memory_mb"].max(),
    }
    ran = trace.sql(
        "select duration_ms from invocations where run_id = $run_id and not cold", run_id=run_id
    )["duration_ms"].to_list()
    warm = requests.filter(pl.col("cold").ne_missing(True))["duration_ms"].drop_nulls()
    return ProductionCompared(frame, (ran, warm.to_list()), told)


def durations(a_ms: list[float], b_ms: list[float]) -> dict[str, Any]:
    """Median and 99th percentile of both, and whether they differ by more than chance."""
    ratios = {
        name: ratio_of_quantiles(a_ms, b_ms, at) for name, at in (("p50", 0.5), ("p99", 0.99))
    }
    told = {name: ratio.document() if ratio else None for name, ratio in ratios.items()}
    return {"invocations_a": len(a_ms), "invocations_b": len(b_ms), **told}


def _with_instants(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: each.isoformat() if name.endswith("_at") and each else each
        for name, each in row.items()
    }
