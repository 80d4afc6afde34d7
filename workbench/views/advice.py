"""What tuning advises, as frames that charts draw; made from its documents, which programs rely on as well."""

import json
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import polars as pl

AGES = ("p50_age_ms", "p99_age_ms")
LESS_IS_BETTER = ("p99_age_ms", "cost_per_month", "dead_letter_share")
SCHEMA = {
    "label": pl.String,
    **dict.fromkeys([*AGES, "cost_per_month", "dead_letter_share"], pl.Float64),
    **dict.fromkeys(["meets_slo", "is_current", "is_recommended", "is_pareto"], pl.Boolean),
}


class Advice(Protocol):
    """What a tuner returns."""

    def document(self) -> dict[str, Any]:
        """The same as its command prints with `--json`."""
        ...


def mapping_candidates(document: dict[str, Any]) -> pl.DataFrame:
    """The candidates of `tune mapping`, each named by what tells it from the others.

    Args:
        document: as `tune mapping --json` prints it.

    Returns:
        A row a candidate in their order: `label`, `p50_age_ms`, `p99_age_ms`, `cost_per_month`, `dead_letter_share`,
        `meets_slo`, `is_current` (the captured mapping, which comes first), `is_recommended`, `is_pareto` (no other is
        as good in age, cost and dead letters and better in one).
    """
    candidates = document.get("candidates") or []
    mappings = [candidate.get("mapping") or {} for candidate in candidates]
    varied = _varied(mappings)
    recommended = document.get("recommended")
    wanted = (recommended or {}).get("mapping", recommended)
    rows = [
        {name: candidate.get(name) for name in SCHEMA}
        | {
            "label": candidate.get("label") or _label(mapping, varied),
            "is_current": candidate.get("is_current", place == 0),
            "is_recommended": wanted is not None and mapping == wanted,
            "is_pareto": is_pareto,
        }
        for place, (candidate, mapping, is_pareto) in enumerate(
            zip(candidates, mappings, _not_beaten(candidates), strict=True)
        )
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def visibility_candidates(document: dict[str, Any]) -> pl.DataFrame:
    """The candidates of `tune visibility`, and what was observed as a row of its own.

    Args:
        document: as `tune visibility --json` prints it.

    Returns:
        `visibility_timeout_s`, `max_receive_count`, `extra_deliveries_per_message`, `dead_letter_share`, `is_current`,
        `is_recommended`, `is_observed`.
    """
    now, best = document.get("current") or {}, document.get("recommended") or {}
    names = ("visibility_timeout_s", "max_receive_count")
    measures = ("extra_deliveries_per_message", "dead_letter_share")

    def is_at(candidate: dict[str, Any], place: dict[str, Any]) -> bool:
        return bool(place) and all(candidate.get(name) == place.get(name) for name in names)

    rows = [
        {name: candidate.get(name) for name in (*names, *measures)}
        | {"is_current": is_at(candidate, now), "is_recommended": is_at(candidate, best)}
        | {"is_observed": False}
        for candidate in document.get("candidates") or []
    ]
    observed = document.get("observed") or {}
    if now and any(observed.get(name) is not None for name in measures):
        rows.append(
            {name: now.get(name) for name in names}
            | {name: _share(observed.get(name)) for name in measures}
            | {"is_current": False, "is_recommended": False, "is_observed": True}
        )
    schema = {
        **dict.fromkeys(["visibility_timeout_s"], pl.Float64),
        **dict.fromkeys(["max_receive_count"], pl.Int64),
        **dict.fromkeys(measures, pl.Float64),
        **dict.fromkeys(["is_current", "is_recommended", "is_observed"], pl.Boolean),
    }
    return pl.DataFrame(rows, schema=schema)


def _varied(mappings: Sequence[dict[str, Any]]) -> list[str]:
    """Names of the settings that are not the same in all."""
    names = dict.fromkeys(name for mapping in mappings for name in mapping)
    return [name for name in names if len({_text(each.get(name)) for each in mappings}) > 1]


def _label(mapping: dict[str, Any], varied: Sequence[str]) -> str:
    told = [f"{name} {_text(mapping[name])}" for name in varied if mapping.get(name) is not None]
    return ", ".join(told) or "as captured"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _not_beaten(candidates: Sequence[dict[str, Any]]) -> list[bool]:
    """Whether no other is as good in everything and better in something; what is not all known is not in the race."""
    told = [[candidate.get(name) for name in LESS_IS_BETTER] for candidate in candidates]
    values = np.array([[np.nan if v is None else v for v in row] for row in told], dtype=np.float64)
    values = values.reshape(-1, len(LESS_IS_BETTER))
    known = np.asarray(np.isfinite(values).all(axis=1))
    racing = values[known]
    return [
        bool(is_known) and not ((racing <= one).all(axis=1) & (racing < one).any(axis=1)).any()
        for one, is_known in zip(values, known, strict=True)
    ]


def _share(value: Any) -> float | None:
    """A share as it is, or of a document that has its bounds as well."""
    found: float | None = value.get("share") if isinstance(value, dict) else value
    return found
