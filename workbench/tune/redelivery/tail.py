"""How likely an attempt takes longer than so many seconds, also beyond the longest that was seen."""

from dataclasses import dataclass
from math import exp
from typing import Self

import numpy as np
from numpy.typing import NDArray

from workbench.tune.redelivery.model import Share, wilson

TAIL_BEGINS = 0.95
"""Quantile above which a generalized Pareto distribution takes the place of what was seen."""
FEW = 2_000
"""With more attempts than this the tail is told by what was seen alone. Assumed."""
LEAST_IN_TAIL = 10
"""With fewer attempts in the tail no distribution is fitted to it. Assumed."""
REPLICATES = 200
_EXPONENTIAL = 1e-9


@dataclass(frozen=True, slots=True)
class Pareto:
    """A generalized Pareto distribution of what lies beyond a threshold, cut off at the longest possible."""

    threshold_s: float
    shape: float
    scale_s: float
    beyond: float
    """Share of attempts beyond the threshold."""
    longest_s: float | None

    def over(self, seconds: float) -> float:
        """Share of attempts that take longer; for `seconds` at or beyond the threshold."""
        alive = self._survival(seconds)
        if self.longest_s is None:
            return self.beyond * alive
        end = self._survival(self.longest_s)
        return self.beyond * max(0.0, alive - end) / (1 - end) if end < 1 else 0.0

    def _survival(self, seconds: float) -> float:
        excess = max(0.0, seconds - self.threshold_s) / self.scale_s
        if abs(self.shape) < _EXPONENTIAL:
            return exp(-excess)
        inside = 1 + self.shape * excess
        return inside ** (-1 / self.shape) if inside > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Tail:
    """From receipt to the end of an attempt: what was seen, and a tail where little was seen."""

    seen_s: NDArray[np.float64]
    """Ascending."""
    longest_s: float | None
    """No attempt takes longer: the function is ended then. None: not known."""
    fitted: Pareto | None
    replicates: tuple[Pareto, ...]
    """Fits to resampled tails: how sure the fit is."""

    @classmethod
    def of(cls, seconds: NDArray[np.float64], longest_s: float | None, seed: int = 0) -> Self:
        """The tail of these attempts.

        Source: Pickands, "Statistical inference using extreme order statistics" (1975): beyond a high threshold
        excesses of almost any distribution follow a generalized Pareto.
        """
        seen = np.sort(np.asarray(seconds, dtype=np.float64))
        if len(seen) == 0 or len(seen) > FEW:
            return cls(seen, longest_s, None, ())
        threshold = float(np.quantile(seen, TAIL_BEGINS))
        excess = seen[seen > threshold] - threshold
        if len(excess) < LEAST_IN_TAIL:
            return cls(seen, longest_s, None, ())
        chance = np.random.default_rng(seed)
        beyond = len(excess) / len(seen)
        resampled = (
            (
                chance.choice(excess, len(excess)),
                float(chance.binomial(len(seen), beyond)) / len(seen),
            )
            for _ in range(REPLICATES)
        )
        return cls(
            seen,
            longest_s,
            _pareto(threshold, excess, beyond, longest_s),
            tuple(_pareto(threshold, each, share, longest_s) for each, share in resampled),
        )

    def over(self, seconds: float) -> Share:
        """Share of attempts that take longer than this, with its 95 % interval."""
        if self.longest_s is not None and seconds >= self.longest_s:
            return Share(0.0, 0.0, 0.0)
        counted = wilson(float(np.count_nonzero(self.seen_s > seconds)), len(self.seen_s))
        if self.fitted is None or seconds < self.fitted.threshold_s:
            return counted
        others = np.array([each.over(seconds) for each in self.replicates])
        low, high = np.quantile(others, (0.025, 0.975))
        share = self.fitted.over(seconds)
        return Share(share, min(share, float(low)), max(share, float(high)))


def _pareto(
    threshold: float, excess: NDArray[np.float64], beyond: float, longest_s: float | None
) -> Pareto:
    """Fitted by probability-weighted moments, which need no search and hold for small samples.

    Source: Hosking and Wallis, "Parameter and quantile estimation for the generalized Pareto distribution" (1987).
    """
    ordered = np.sort(excess)
    count = len(ordered)
    first = float(ordered.mean())
    weights = (count - np.arange(1, count + 1)) / max(count - 1, 1)
    second = float((ordered * weights).mean())
    gap = first - 2 * second
    if gap <= 1e-12 * max(first, 1e-12):
        return Pareto(threshold, 0.0, max(first, 1e-9), beyond, longest_s)
    shape = 2 - first / gap
    return Pareto(threshold, shape, 2 * first * second / gap, beyond, longest_s)
