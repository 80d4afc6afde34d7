"""Which policy explains attempts that were captured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.tune.sns_retries.policy import CURVES, RETRIES_MOST, Policy

AT_ONCE_S = 0.5
"""A retry that comes sooner is of the phase without delay. Assumed: half the least delay that a policy may have."""
EXPLAINED = 0.25
"""A policy whose delays are off by no more than this, in relation, explains the attempts. Assumed."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A policy held against captured attempts."""

    name: str
    """`captured`, a protocol's, or `fitted`."""
    policy: Policy
    residual: float
    """Root mean square of (gap - delay) / max(delay, 1 s), over the typical gaps."""
    jitter: float
    """Spread of single gaps about their delay, in relation: the median of the absolute deviations."""

    @property
    def explains(self) -> bool:
        """Whether it tells the captured gaps."""
        return self.residual <= EXPLAINED


def typical_gaps(attempts_s: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The median gap before each retry, over all messages that got so far."""
    gaps = [np.diff(np.sort(each)) for each in attempts_s if len(each) > 1]
    longest = max((len(each) for each in gaps), default=0)
    return np.array(
        [np.median([each[place] for each in gaps if len(each) > place]) for place in range(longest)]
    )


def held_against(
    name: str, policy: Policy, attempts_s: Sequence[NDArray[np.float64]]
) -> Fitted | None:
    """The policy with its misfit; None where more retries were captured than it has."""
    gaps = typical_gaps(attempts_s)
    if not 0 < len(gaps) <= policy.retries:
        return None
    delays = policy.delays_s()
    single = np.concatenate(
        [_relative(np.diff(np.sort(each)), delays) for each in attempts_s if len(each) > 1]
    )
    residual = float(np.sqrt(np.mean(_relative(gaps, delays) ** 2)))
    return Fitted(name, policy, residual, float(np.median(np.abs(single - np.median(single)))))


def best_policy(attempts_s: Sequence[NDArray[np.float64]]) -> Fitted | None:
    """The policy of four phases that tells the gaps best; None without retries.

    Every split into phases and every curve is tried, with the least and the greatest delay read off the gaps. Of equals
    the one with the shorter backoff. What was never reached, after a success or after the capture's end, is not told:
    the policy has no more retries than were seen.
    """
    gaps = typical_gaps(attempts_s)[:RETRIES_MOST]
    if not len(gaps):
        return None
    at_once = int(np.argmax(gaps >= AT_ONCE_S)) if (gaps >= AT_ONCE_S).any() else len(gaps)
    later = gaps[at_once:]
    best: tuple[float, int, Policy] | None = None
    for steady in range(len(later) + 1):
        for capped in range(len(later) - steady + 1):
            for candidate in _policies(later, at_once, steady, capped):
                misfit = float(np.sqrt(np.mean(_relative(gaps, candidate.delays_s()) ** 2)))
                key = (round(misfit, 4), candidate.backoff_retries)
                if best is None or key < best[:2]:
                    best = (*key, candidate)
    assert best is not None, "a policy that only waits its least delay is always tried"
    return held_against("fitted", best[2], attempts_s)


def ranked(attempts_s: Sequence[NDArray[np.float64]], known: Mapping[str, Policy]) -> list[Fitted]:
    """Known policies and the best of all, by misfit; a known one goes first among equals that both explain."""
    found = [held_against(name, policy, attempts_s) for name, policy in known.items()]
    found.append(best_policy(attempts_s))
    return sorted(
        (each for each in found if each is not None),
        key=lambda each: (not each.explains, each.name == "fitted", each.residual),
    )


def _policies(later: NDArray[np.float64], at_once: int, steady: int, capped: int) -> list[Policy]:
    between = len(later) - steady - capped
    if not len(later):
        return [Policy(retries=at_once, no_delay_retries=at_once)]
    least = max(1.0, round(float(np.median(later[: max(steady, 1)]))))
    last = later[len(later) - max(capped, 1) :]
    most = max(least, round(float(np.median(last))))
    # Fewer than three say nothing of a curve.
    curves = CURVES if between > 2 else CURVES[:1]
    return [
        Policy(
            retries=at_once + len(later),
            min_delay_s=least,
            max_delay_s=most,
            no_delay_retries=at_once,
            min_delay_retries=steady,
            max_delay_retries=capped,
            curve=curve,
        )
        for curve in curves
    ]


def _relative(gaps: NDArray[np.float64], delays: NDArray[np.float64]) -> NDArray[np.float64]:
    delays = delays[: len(gaps)]
    found: NDArray[np.float64] = (gaps - delays) / np.maximum(delays, 1.0)
    return found
