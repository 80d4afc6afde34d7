"""Whether one set of durations is longer than another, or only looks so: ratios of quantiles with their intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

CONFIDENCE = 0.95
LEAST_CHANGE = 0.05
"""A ratio this near 1 is no change. Assumed: two runs on one machine drift by as much."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A quantile of b over that of a."""

    a_ms: float
    b_ms: float
    ratio: float | None
    """None where a's is zero."""
    low: float | None
    """The interval that the true ratio lies in; None where there are too few durations to tell."""
    high: float | None
    changed: bool | None
    """Whether the interval leaves 1 out, and the ratio is not near it; None where it cannot be told."""

    def document(self) -> dict[str, Any]:
        """As `compare --json` prints it."""
        names = ("a_ms", "b_ms", "ratio", "low", "high")
        figures = {name: getattr(self, name) for name in names}
        rounded = {
            name: None if value is None else round(value, 4) for name, value in figures.items()
        }
        return {**rounded, "changed": self.changed}


def ratio_of_quantiles(
    a_ms: Sequence[float],
    b_ms: Sequence[float],
    quantile: float,
    *,
    confidence: float = CONFIDENCE,
    least_change: float = LEAST_CHANGE,
) -> Ratio | None:
    """How much longer b's quantile is than a's.

    Each quantile's interval is that of the sign test turned round (two order statistics; nothing is assumed of the
    distribution), and the ratio's is put together from both. Equal durations give equal figures, swapped the inverse.

    Args:
        a_ms: durations, in any order.
        b_ms: the others.
        quantile: 0.5 for the median.
        confidence: of the interval.
        least_change: nearer to 1 is no change.

    Returns:
        The ratio; None where there are no durations.

    Example:
        >>> ratio_of_quantiles([10.0] * 20, [20.0] * 20, 0.5).changed
        True

    Source: Zou and Donner, "Construction of confidence limits about effect measures" (2008), for the ratio's interval.
    """
    if not a_ms or not b_ms:
        return None
    a, a_low, a_high = _with_interval(sorted(a_ms), quantile, confidence)
    b, b_low, b_high = _with_interval(sorted(b_ms), quantile, confidence)
    if a <= 0 or b <= 0:
        return Ratio(a, b, None, None, None, None)
    if not (a_low and b_low and a_high and b_high):
        return Ratio(a, b, b / a, None, None, None)
    log_ratio = math.log(b / a)
    below = math.hypot(math.log(b / b_low), math.log(a_high / a))
    above = math.hypot(math.log(b_high / b), math.log(a / a_low))
    low, high = log_ratio - below, log_ratio + above
    changed = (low > 0 or high < 0) and abs(log_ratio) > math.log1p(least_change)
    return Ratio(a, b, b / a, math.exp(low), math.exp(high), changed)


def _with_interval(
    ordered: list[float], quantile: float, confidence: float
) -> tuple[float, float | None, float | None]:
    count = len(ordered)
    value = ordered[min(count - 1, int(quantile * count))]
    spread = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(
        count * quantile * (1 - quantile)
    )
    first, last = math.floor(count * quantile - spread), math.ceil(count * quantile + spread) + 1
    if first < 1 or last > count:
        return value, None, None
    return value, ordered[first - 1], ordered[last - 1]
