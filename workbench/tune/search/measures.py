"""What a configuration is judged by, and nothing else: ages, cost, what was given up, what was done twice."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any

import numpy as np

from workbench.tune.simulate.simulated import DEAD_LETTERED, DISCARDED, EXPIRED, Simulated

PERCENTS: Mapping[str, float] = {
    "p50_age_ms": 0.5,
    "p90_age_ms": 0.9,
    "p95_age_ms": 0.95,
    "p99_age_ms": 0.99,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """One configuration on one traffic. Less is better, of each."""

    p50_age_ms: float
    """Age: from a record's arrival to the end of the invocation that took it; infinite where none was taken."""
    p90_age_ms: float
    p95_age_ms: float
    p99_age_ms: float
    cost_per_month: float
    """US dollars."""
    dead_letter_share: float
    """Of the records: to the dead-letter queue, given up by the mapping, or expired."""
    duplicate_share: float
    """Deliveries beyond the first of each record, a record."""

    def document(self) -> dict[str, Any]:
        """The measures by name; null where one is not finite, which JSON cannot say."""
        return {name: value if isfinite(value) else None for name, value in asdict(self).items()}


MEASURES = tuple(each.name for each in fields(Measures))
WORDS: Mapping[str, str] = {
    **{name: f"{name.split('_')[0]} age" for name in PERCENTS},
    "cost_per_month": "cost",
    "dead_letter_share": "dead letters",
    "duplicate_share": "duplicates",
}
"""How a measure is called in a sentence."""


def measure(simulated: Simulated, cost_per_month: float) -> Measures:
    """The measures of a simulation whose cost is known."""
    ages = simulated.age_s
    taken = ages[~np.isnan(ages)]
    return Measures(
        **_quantiles_ms(taken),
        cost_per_month=cost_per_month,
        dead_letter_share=sum(
            simulated.share(fate) for fate in (DEAD_LETTERED, DISCARDED, EXPIRED)
        ),
        duplicate_share=simulated.duplicates / max(len(ages), 1),
    )


def said(name: str, value: float) -> str:
    """A measure's value as people write it.

    Example:
        >>> said("p99_age_ms", 31_200.0), said("cost_per_month", 12.3), said("dead_letter_share", 0.001)
        ('31.2 s', '12.30 USD a month', '0.1 %')
    """
    if not isfinite(value):
        return "never"
    if name in PERCENTS:
        return f"{value:.3g} ms" if value < 1_000 else f"{value / 1_000:,.4g} s"
    if name == "cost_per_month":
        return f"{value:,.2f} USD a month"
    return f"{value * 100:.3g} %"


def _quantiles_ms(taken_s: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, float]:
    count = len(taken_s)
    if not count:
        return dict.fromkeys(PERCENTS, float("inf"))
    places = {
        name: min(max(int(np.ceil(share * count)) - 1, 0), count - 1)
        for name, share in PERCENTS.items()
    }
    parted = np.partition(taken_s, sorted(set(places.values())))
    return {name: float(parted[place]) * 1_000 for name, place in places.items()}
