"""The bucket that captured answers tell: rate and burst by maximum likelihood."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from workbench.tune.simulate.compiled import compiled

CELLS = 31
"""Rates and bursts that the search begins with, each."""
MOST_REQUESTS = 20_000
"""More of them are cut to so many about the first refused one: the rest would say much the same, more slowly."""
BLOCKS = 40
"""Stretches whose scores are taken as independent for the intervals. Assumed."""
NORMAL_95 = 1.959963984540054
_FIRM = 0.05


@dataclass(frozen=True, slots=True)
class FittedBucket:
    """A token bucket that tells captured answers, with 95 % intervals."""

    rate_per_second: float
    rate_low: float
    rate_high: float
    burst: float
    burst_low: float
    burst_high: float
    mismatched_share: float
    """Answers that the bucket tells otherwise: AWS's throttle is best effort."""
    requests: int


def fit_bucket(at_s: NDArray[np.float64], refused: NDArray[np.bool_]) -> FittedBucket | None:
    """The rate and burst under which the captured answers are likeliest; None where nothing or everything was refused.

    The bucket's tokens follow the captured answers (one that passed took a token), so that one odd answer does not
    spoil what comes after. An answer is refused with a chance that falls from nearly 1 to nearly 0 about the last
    token; how steeply, and how nearly, is estimated too. A grid finds where to begin, a simplex search climbs from
    the best cells. The intervals are those of a sandwich estimate over stretches of time, which holds where answers
    that follow each other are not independent; they are never narrower than half a token.

    Args:
        at_s: requests, ascending.
        refused: which of them were answered 429.

    Source: Nelder and Mead, "A simplex method for function minimization" (1965); Huber, "The behavior of maximum
    likelihood estimates under nonstandard conditions" (1967).
    """
    if not refused.any() or refused.all():
        return None
    at_s, refused = _about_the_first_refused(at_s.astype(np.float64), refused)

    def unlikely(place: NDArray[np.float64]) -> float:
        return -float(_likelihood(at_s, refused, np.exp(np.clip(place, -30, 30)), BLOCKS).sum())

    found = min(
        (
            minimize(unlikely, start, method="Nelder-Mead", options={"maxiter": 400, "xatol": 1e-6})
            for start in _starts(at_s, refused)
        ),
        key=lambda each: float(each.fun),
    ).x
    rate, burst = np.exp(found[:2])
    passed = float((~refused).sum())
    token = 0.5 / np.array([passed / BLOCKS, max(burst, 1.0)])
    half = np.maximum(NORMAL_95 * _spread(at_s, refused, found), token)
    wrong = _mismatches(at_s, refused, np.array([rate]), np.array([max(burst, 1.0)]))
    return FittedBucket(
        rate_per_second=float(rate),
        rate_low=float(rate * np.exp(-half[0])),
        rate_high=float(rate * np.exp(half[0])),
        burst=float(burst),
        burst_low=float(burst * np.exp(-half[1])),
        burst_high=float(burst * np.exp(half[1])),
        mismatched_share=float(wrong[0, 0]) / len(at_s),
        requests=len(at_s),
    )


def _about_the_first_refused(
    at_s: NDArray[np.float64], refused: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    if len(at_s) <= MOST_REQUESTS:
        return at_s, refused
    begin = max(0, int(np.argmax(refused)) - MOST_REQUESTS // 2)
    begin = min(begin, len(at_s) - MOST_REQUESTS)
    return at_s[begin : begin + MOST_REQUESTS], refused[begin : begin + MOST_REQUESTS]


def _starts(at_s: NDArray[np.float64], refused: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Logarithms of rate, burst, softness and odd share to begin from: the best cells of a grid, firm and soft."""
    passed = int((~refused).sum())
    mean = passed / max(float(at_s[-1] - at_s[0]), 1e-9)
    rates = np.geomspace(mean / 20, max(20 * mean, 1.0), CELLS)
    bursts = np.geomspace(1.0, max(2.0, float(passed)), CELLS)
    wrong = _mismatches(at_s, refused, rates, bursts)
    best = np.argsort(wrong, axis=None, kind="stable")[:3]
    return [
        np.log([rates[cell // CELLS], bursts[cell % CELLS], softness, 0.01])
        for cell in best.tolist()
        for softness in (1.0, 1.0 + _FIRM * bursts[cell % CELLS])
    ]


def _spread(
    at_s: NDArray[np.float64], refused: NDArray[np.bool_], found: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Standard deviations of the logarithms of rate and burst."""
    step = max(1e-4, float(np.exp(found[2] - found[1])) / 10)

    def at(*moved: float) -> NDArray[np.float64]:
        place = found.copy()
        place[:2] += step * np.array(moved)
        return _likelihood(at_s, refused, np.exp(place), BLOCKS)

    scores = np.stack([at(1, 0) - at(-1, 0), at(0, 1) - at(0, -1)]) / (2 * step)
    middle = at(0, 0).sum()
    bent = np.array(
        [
            at(1, 0).sum() - 2 * middle + at(-1, 0).sum(),
            at(0, 1).sum() - 2 * middle + at(0, -1).sum(),
            (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)).sum() / 4,
        ]
    )
    information = -np.array([[bent[0], bent[2]], [bent[2], bent[1]]]) / step**2
    inverse = np.linalg.pinv(information, hermitian=True)
    variance = np.diag(inverse @ (scores @ scores.T) @ inverse)
    spread: NDArray[np.float64] = np.sqrt(np.maximum(variance, 0.0))
    return spread


@compiled
def _likelihood(
    at_s: NDArray[np.float64], refused: NDArray[np.bool_], place: NDArray[np.float64], blocks: int
) -> NDArray[np.float64]:
    """Logarithm of the likelihood of each stretch; `place` is rate, burst, softness and odd share."""
    rate, burst = place[0], max(place[1], 1.0)
    softness, odd = max(place[2], 0.01), min(max(place[3], 1e-6), 0.49)
    found = np.zeros(blocks)
    tokens, before = burst, at_s[0]
    for request in range(len(at_s)):
        tokens = min(burst, tokens + rate * (at_s[request] - before))
        before = at_s[request]
        steep = min(max((tokens - 1.0) / softness, -500.0), 500.0)
        chance = odd + (1.0 - 2.0 * odd) / (1.0 + np.exp(steep))
        found[request * blocks // len(at_s)] += np.log(chance if refused[request] else 1.0 - chance)
        if not refused[request]:
            tokens = max(0.0, tokens - 1.0)
    return found


@compiled
def _mismatches(
    at_s: NDArray[np.float64],
    refused: NDArray[np.bool_],
    rates: NDArray[np.float64],
    bursts: NDArray[np.float64],
) -> NDArray[np.int64]:
    wrong = np.zeros((len(rates), len(bursts)), dtype=np.int64)
    for row in range(len(rates)):
        for column in range(len(bursts)):
            tokens, before, count = bursts[column], at_s[0], 0
            for request in range(len(at_s)):
                tokens = min(bursts[column], tokens + rates[row] * (at_s[request] - before))
                before = at_s[request]
                if (tokens < 1.0) != refused[request]:
                    count += 1
                if not refused[request]:
                    tokens = max(0.0, tokens - 1.0)
            wrong[row, column] = count
    return wrong
