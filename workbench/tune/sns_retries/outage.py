"""What an outage of an endpoint leaves: messages given up, a backlog, and how long it takes to drain."""

from dataclasses import dataclass

import numpy as np

from workbench.errors import UsageError
from workbench.tune.sns_retries.policy import Policy

_AGES = 20_001
"""Messages that the outage is cut into; more change nothing that is shown."""


@dataclass(frozen=True, slots=True)
class Outage:
    """An outage of `outage_s` while `rate_per_second` messages were published; None is not known, or never."""

    outage_s: float
    rate_per_second: float
    published: float
    given_up: float
    """Their last attempt fell into the outage: lost, or in the subscription's dead-letter queue."""
    given_up_share: float
    waiting: float
    """Backlog when the endpoint answers again."""
    attempts_failed_per_message: float
    last_retry_after_s: float
    """From the end of the outage until the last waiting message is tried, if nothing holds the attempts back."""
    retries_per_second_most: float
    """Most retries in one second after the end, beside what is published, if nothing holds them back."""
    max_receives_per_second: float | None
    drain_s: float | None
    """From the end until nothing waits: `last_retry_after_s`, or longer where maxReceivesPerSecond holds attempts back;
    None where it never does."""
    wait_in_peace_s: float | None
    """Mean wait behind maxReceivesPerSecond without an outage; None without a limit, or where waits only grow."""


def after_outage(policy: Policy, outage_s: float, rate_per_second: float) -> Outage:
    """What the policy makes of an outage, messages being published evenly all the time.

    A message published `age` before the end is tried at the policy's instants; it is given up where the last of them
    falls into the outage. Assumed: an attempt beyond maxReceivesPerSecond waits its turn and fails nobody; jitter is
    left out, as it moves single attempts and not their number.

    Raises:
        UsageError: an outage or a rate that cannot be.

    Example:
        >>> found = after_outage(Policy(), outage_s=600, rate_per_second=2)
        >>> found.given_up, found.waiting, found.last_retry_after_s
        (1080.0, 120.0, 20.0)

    Source: Amazon SNS developer guide, "Amazon SNS message delivery retries"; the drain is that of D/D/1, backlog /
    (service rate - arrival rate); the wait in peace is Pollaczek's and Khinchine's for a constant service (M/D/1).
    """
    if outage_s <= 0 or rate_per_second <= 0:
        raise UsageError(
            f"wanted an outage and a rate above 0, found {outage_s:g} s and {rate_per_second:g} a second"
        )
    at_s = np.concatenate([[0.0], np.cumsum(policy.delays_s())])
    held_s = min(outage_s, float(at_s[-1]))
    ages = np.linspace(0.0, held_s, _AGES)[1:] if held_s else np.empty(0)
    # An attempt at the very end of the outage finds the endpoint again.
    after_s = at_s[np.searchsorted(at_s, ages - 1e-9)] - ages
    waiting = rate_per_second * held_s
    published = rate_per_second * outage_s
    failed = np.minimum(
        np.searchsorted(at_s, np.linspace(0, outage_s, _AGES)[1:] - 1e-9), len(at_s)
    )
    last_s = float(at_s[np.searchsorted(at_s, held_s - 1e-9)] - 0.0) - held_s if held_s else 0.0
    last_s = max(last_s, float(after_s.max())) if len(after_s) else last_s
    limit = policy.max_receives_per_second
    return Outage(
        outage_s=outage_s,
        rate_per_second=rate_per_second,
        published=published,
        given_up=published - waiting,
        given_up_share=1 - held_s / outage_s,
        waiting=waiting,
        attempts_failed_per_message=float(failed.mean()),
        last_retry_after_s=_clean(last_s),
        retries_per_second_most=_most_in_a_second(after_s, waiting),
        max_receives_per_second=limit,
        drain_s=_drain_s(limit, rate_per_second, waiting, _clean(last_s)),
        wait_in_peace_s=_wait_s(limit, rate_per_second),
    )


def _most_in_a_second(after_s: np.ndarray, waiting: float) -> float:
    if not len(after_s):
        return 0.0
    return float(np.bincount(after_s.astype(np.int64)).max() / len(after_s) * waiting)


def _drain_s(limit: float | None, rate: float, waiting: float, last_s: float) -> float | None:
    if limit is None:
        return last_s
    if limit <= rate:
        return None
    return max(last_s, waiting / (limit - rate))


def _wait_s(limit: float | None, rate: float) -> float | None:
    if limit is None or limit <= rate:
        return None
    load = rate / limit
    return load / (2 * limit * (1 - load))


def _clean(seconds: float) -> float:
    """Without the rounding that the cut into messages brings."""
    return round(seconds, 2)
