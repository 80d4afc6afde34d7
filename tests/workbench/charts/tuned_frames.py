"""Frames of tuning as small as charts need them."""

import math

import polars as pl

from tests.workbench.charts.frames import at

HASH_KEYS = 2**128


def load_by_hash(bins: int = 16, seconds: int = 60, hot: float = 0.4) -> pl.DataFrame:
    """A wave that wanders through the space, and one bin that is `hot` in one second."""
    return pl.DataFrame(
        [
            {"bin": b, "from_hash_key": str(HASH_KEYS * b // bins), "second": at(s)}
            | {"share_of_limit": hot if (b, s) == (5, 7) else 0.1 + 0.1 * math.sin(s / 9 + b / 3)}
            for b in range(bins)
            for s in range(seconds)
        ]
    )


def cuts(**layouts: list[float]) -> pl.DataFrame:
    rows = [{"layout": name, "position": p} for name, ps in layouts.items() for p in ps]
    return pl.DataFrame(rows, schema={"layout": pl.String, "position": pl.Float64})


THREE = {
    "current": [0.0, 0.25, 0.5, 0.75],
    "uniform": [n / 6 for n in range(6)],
    "planned": [0.0, 0.3125, 0.6],
}


def candidate(age_ms: float | None, cost: float | None, **more: object) -> dict[str, object]:
    return {
        "label": "BatchSize 10",
        "p99_age_ms": age_ms,
        "cost_per_month": cost,
        "dead_letter_share": 0.0,
        "meets_slo": age_ms is not None and age_ms < 30_000,
        "is_current": False,
        "is_recommended": False,
        "is_pareto": False,
    } | more


def candidates(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema_overrides={"meets_slo": pl.Boolean, "label": pl.String})


SEVERAL = [
    candidate(120_000, 8.0, is_pareto=True, label="BatchSize 100, window 5 s"),
    candidate(45_000, 14.2, is_current=True, label="BatchSize 10, MaximumConcurrency 5"),
    candidate(
        9_000,
        11.5,
        is_pareto=True,
        is_recommended=True,
        label="BatchSize 100, MaximumConcurrency 20",
    ),
    candidate(800, 26.0, is_pareto=True, label="BatchSize 1"),
    candidate(4_000, 31.0),
    candidate(700, 24.0, dead_letter_share=0.02, label="VisibilityTimeout 5 s"),
    candidate(60_000, 20.0),
]


def ages(seconds: int = 120, *series: str) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"at": at(10 * n), "series": name}
            | {"p50_age_s": 0.3 + 5 * burst * (1 + place / 5), "p99_age_s": 2 + 60 * burst}
            for place, name in enumerate(series or ("simulated", "observed"))
            for n in range(seconds)
            for burst in [math.exp(-(((n - 40 - 3 * place) / 12) ** 2))]
        ]
    )


def schedule(*phases: tuple[str, int, float]) -> pl.DataFrame:
    rows, at_s = [], 0.0
    for phase, attempts, delay_s in phases:
        for _ in range(attempts):
            at_s += delay_s
            rows.append(
                {"attempt": len(rows) + 1, "phase": phase, "delay_s": delay_s, "at_s": at_s}
            )
    return pl.DataFrame(rows)


DOCUMENTED = [
    ("immediate", 3, 0.0),
    ("pre-backoff", 2, 1.0),
    ("backoff", 10, 14.0),
    ("post-backoff", 35, 60.0),
]
AWS_MANAGED = [
    ("immediate", 3, 0.0),
    ("pre-backoff", 2, 1.0),
    ("backoff", 10, 7.0),
    ("post-backoff", 100_000, 20.0),
]


def predictions() -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "visibility_timeout_s": v,
                "max_receive_count": k,
                "extra_deliveries_per_message": math.exp(-v / 40),
                "dead_letter_share": (math.exp(-v / 40) + 0.02) ** k,
                "is_current": (v, k) == (30, 3),
                "is_recommended": (v, k) == (300, 5),
                "is_observed": False,
            }
            for k in (3, 5)
            for v in (10, 30, 60, 120, 300, 900, 3_600)
        ]
        + [
            {
                "visibility_timeout_s": 30,
                "max_receive_count": 3,
                "extra_deliveries_per_message": 0.41,
                "dead_letter_share": 0.09,
                "is_current": False,
                "is_recommended": False,
                "is_observed": True,
            }
        ]
    )


def answers(seconds: int = 120) -> pl.DataFrame:
    burst = [max(0, round(100 + 90 * math.sin(n / 9))) for n in range(seconds)]
    return pl.DataFrame(
        {
            "at": [at(n) for n in range(seconds)],
            "accepted": [min(120, b) for b in burst],
            "rejected": [max(0, b - 120) for b in burst],
        }
    )


def sizes(most: int = 10, *series: str) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"records": n, "share": 1 / most, "series": name}
            for name in series or ("simulated", "observed")
            for n in range(1, most + 1)
        ]
    )
