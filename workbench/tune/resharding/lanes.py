"""How many shards the consumer needs, to have enough lanes that work side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

RHO_TARGET = 0.7
"""Assumed: share of its time that a lane may be busy, so that it catches up after a burst or an error."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """One function's need; None where the capture does not tell."""

    function: str
    batch_size: int
    parallelization_factor: int
    batch_s: float | None
    """Mean duration of an invocation."""
    records_per_invocation: float | None
    """Mean, as observed."""
    shards_full_batches: int | None
    """If a full batch took no longer than those observed: no fewer will do."""
    shards_as_observed: int | None
    """If batches stay as they were observed: more are not needed."""
    missing: str | None
    """What was not captured."""

    def document(self) -> dict[str, Any]:
        """As an entry of the member `lanes` of the plan."""
        return {
            "function": self.function,
            "batch_size": self.batch_size,
            "parallelization_factor": self.parallelization_factor,
            "batch_ms": None if self.batch_s is None else self.batch_s * 1_000,
            "records_per_invocation": self.records_per_invocation,
            "shards_full_batches": self.shards_full_batches,
            "shards_as_observed": self.shards_as_observed,
            "missing": self.missing,
        }


def shards_for_lanes(
    rate: float, batch_s: float, batch: float, factor: int, rho: float = RHO_TARGET
) -> int:
    """Shards whose lanes together do a rate of records.

    Args:
        rate: records a second.
        batch_s: mean duration of an invocation.
        batch: records of one.
        factor: ParallelizationFactor: lanes of a shard.
        rho: share of its time that a lane may be busy.

    Example:
        >>> shards_for_lanes(1_000, batch_s=0.7, batch=100, factor=1)
        10
    """
    busy = Fraction(str(rate)) * Fraction(str(batch_s)) / Fraction(str(batch))
    return max(1, ceil(busy / (factor * Fraction(str(rho)))))


def lanes(
    mapping: Mapping[str, Any],
    rate: float,
    calls: Mapping[str, Any] | None,
    rho: float = RHO_TARGET,
) -> Lanes:
    """The need of one mapping.

    Args:
        mapping: a row of `consumers`.
        rate: records a second of the busiest minute.
        calls: a row of `work` for its log group: `invocations`, `batch_s`, `records`; None where no line was captured.
        rho: share of its time that a lane may be busy.
    """
    batch, factor = mapping["batch_size"] or 100, mapping["parallelization_factor"] or 1
    batch_s = calls["batch_s"] if calls else None
    handled = calls["records"] if calls else None
    missing = None
    if batch_s is None:
        missing = f"no duration was captured; capture lambda:{mapping['function']}"
    elif not handled:
        missing = (
            "no line tells how many records an invocation had: only the fewest shards are known"
        )
    each = handled / calls["invocations"] if calls and handled else None
    return Lanes(
        function=mapping["function"],
        batch_size=batch,
        parallelization_factor=factor,
        batch_s=batch_s,
        records_per_invocation=each,
        shards_full_batches=None
        if batch_s is None
        else shards_for_lanes(rate, batch_s, batch, factor, rho),
        shards_as_observed=None
        if batch_s is None or each is None
        else shards_for_lanes(rate, batch_s, min(each, batch), factor, rho),
        missing=missing,
    )
