"""Token buckets in AWS's order: which requests pass, and who refuses the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from workbench.errors import UsageError
from workbench.summary import Summary
from workbench.tune.simulate.compiled import compiled

Scope = Literal["client_method", "method", "account", "region"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""In the order in which a request meets them.

Source: API Gateway developer guide, "Throttle requests to your REST APIs": per-client or per-method limits of a
usage plan, per-method limits of a stage, account-level throttling per Region, AWS Regional throttling.
"""
ROUNDING = 1e-6
"""Tokens that rounding may have taken: a bucket filled to one by many small steps is full enough."""


@dataclass(frozen=True, slots=True)
class Limit(Summary):
    """One bucket, or one for each client and method, or one for each method."""

    scope: Scope
    rate_per_second: float
    burst: float

    def check(self) -> None:
        """Hold the limit against what can be.

        Raises:
            UsageError: no such scope, or a rate or a burst that no request passes.
        """
        if self.scope not in SCOPES:
            raise UsageError(f"wanted a scope, found {self.scope!r}; there are {', '.join(SCOPES)}")
        if not (self.rate_per_second > 0 and self.burst >= 1):
            raise UsageError(
                "wanted a rate above 0 and a burst of at least 1, found"
                f" {self.rate_per_second:g} a second and {self.burst:g}"
            )


def admitted(
    at_s: NDArray[np.float64], limits: Sequence[Limit], members: Sequence[NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Send requests through the buckets: `tokens = min(burst, tokens + rate * time)`, one token a request.

    Assumed: a refused request takes no token from any bucket, and every bucket is full at the first request.

    Args:
        at_s: requests, ascending.
        limits: the buckets, in the order in which they are met.
        members: for each limit, the number of the bucket that each request draws from.

    Returns:
        For each request -1 where it passed, or the place of the limit that refused it.

    Example:
        >>> one = np.zeros(4, dtype=np.int64)
        >>> admitted(np.array([0.0, 0.1, 0.2, 1.2]), [Limit("account", 1, 2)], [one]).tolist()
        [-1, -1, 0, -1]
    """
    for limit in limits:
        limit.check()
    if not limits or not len(at_s):
        return np.full(len(at_s), -1, dtype=np.int64)
    return _admitted(
        at_s.astype(np.float64),
        np.array([limit.rate_per_second for limit in limits], dtype=np.float64),
        np.array([limit.burst for limit in limits], dtype=np.float64),
        np.stack([np.asarray(each, dtype=np.int64) for each in members]),
        max(int(np.max(each)) for each in members) + 1,
    )


def first_refused(rate_per_second: float, burst: float, arrivals_per_second: float) -> int | None:
    """Number of the first refused request of an even stream from a full bucket; None where none ever is.

    Example:
        >>> first_refused(1, 2, 10), first_refused(10, 5, 8)
        (3, None)
    """
    if arrivals_per_second <= rate_per_second:
        return None
    ahead = (burst - 1) * arrivals_per_second / (arrivals_per_second - rate_per_second)
    return floor(ahead + ROUNDING) + 2


def burst_needed(at_s: NDArray[np.float64], rate_per_second: float) -> int:
    """The smallest whole burst with which a bucket of this rate refuses none of these requests.

    Example:
        >>> burst_needed(np.array([0.0, 0.0, 0.0, 1.0]), 1.0)
        3
    """
    if not len(at_s):
        return 1
    # Tokens missing before each request: those taken since the bucket was last full, less those refilled.
    places = np.arange(len(at_s), dtype=np.float64)
    level = places - rate_per_second * at_s
    missing = level - np.minimum.accumulate(level)
    return int(np.ceil(float(missing.max()) + 1 - ROUNDING))


@compiled
def _admitted(
    at_s: NDArray[np.float64],
    rates: NDArray[np.float64],
    bursts: NDArray[np.float64],
    members: NDArray[np.int64],
    buckets: int,
) -> NDArray[np.int64]:
    layers = len(rates)
    tokens = np.empty((layers, buckets))
    filled_at = np.full((layers, buckets), at_s[0])
    for layer in range(layers):
        tokens[layer, :] = bursts[layer]
    refused_by = np.full(len(at_s), -1, dtype=np.int64)
    for request in range(len(at_s)):
        for layer in range(layers):
            bucket = members[layer, request]
            grown = rates[layer] * (at_s[request] - filled_at[layer, bucket])
            tokens[layer, bucket] = min(bursts[layer], tokens[layer, bucket] + grown)
            filled_at[layer, bucket] = at_s[request]
            if tokens[layer, bucket] < 1.0 - ROUNDING:
                refused_by[request] = layer
                break
        if refused_by[request] < 0:
            for layer in range(layers):
                tokens[layer, members[layer, request]] -= 1.0
    return refused_by
