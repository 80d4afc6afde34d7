"""Delivery policies of Amazon SNS: what AWS accepts, and when its retries come."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from workbench.errors import UsageError

Curve = Literal["linear", "geometric", "arithmetic", "exponential"]
CURVES: tuple[Curve, ...] = get_args(Curve)
PHASES = ("no_delay", "min_delay", "backoff", "max_delay")
RETRIES_MOST = 100
DELAY_MOST_S = 3_600
TOTAL_MOST_S = 3_600
_MEMBERS = {
    "min_delay_s": "minDelayTarget",
    "max_delay_s": "maxDelayTarget",
    "retries": "numRetries",
    "no_delay_retries": "numNoDelayRetries",
    "min_delay_retries": "numMinDelayRetries",
    "max_delay_retries": "numMaxDelayRetries",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A retry policy: four phases, one after the other; AWS's defaults for HTTP/S endpoints.

    Example:
        >>> Policy(retries=3).delays_s().tolist()
        [20.0, 20.0, 20.0]

    Source: Amazon SNS developer guide, "Amazon SNS message delivery retries".
    """

    retries: int = 3
    min_delay_s: float = 20
    max_delay_s: float = 20
    no_delay_retries: int = 0
    min_delay_retries: int = 0
    max_delay_retries: int = 0
    curve: Curve = "linear"
    max_receives_per_second: float | None = None

    @property
    def backoff_retries(self) -> int:
        """Those between the phases of the least and of the greatest delay."""
        others = self.no_delay_retries + self.min_delay_retries + self.max_delay_retries
        return self.retries - others

    def delays_s(self) -> NDArray[np.float64]:
        """What lies between an attempt and the next, without the jitter that SNS adds."""
        return np.concatenate(
            [
                np.zeros(self.no_delay_retries),
                np.full(self.min_delay_retries, float(self.min_delay_s)),
                backoff_s(self.curve, self.min_delay_s, self.max_delay_s, self.backoff_retries),
                np.full(self.max_delay_retries, float(self.max_delay_s)),
            ]
        )

    def phases(self) -> list[str]:
        """The phase of each retry."""
        lengths = (
            self.no_delay_retries,
            self.min_delay_retries,
            self.backoff_retries,
            self.max_delay_retries,
        )
        return [phase for phase, length in zip(PHASES, lengths, strict=True) for _ in range(length)]

    @property
    def total_s(self) -> float:
        """From the first attempt to the last."""
        return float(self.delays_s().sum())

    @classmethod
    def from_aws(cls, document: Mapping[str, Any] | str) -> Self:
        """The policy in AWS's spelling, of a subscription or of a topic, alone or inside an answer of get-…-attributes.

        Raises:
            UsageError: no policy, or one that AWS refuses; the message says which bound.
        """
        healthy, throttle = _parts(document)
        said: dict[str, Any] = {
            name: _whole(healthy[member], member)
            for name, member in _MEMBERS.items()
            if healthy.get(member) is not None
        }
        if unknown := set(healthy) - {*_MEMBERS.values(), "backoffFunction"}:
            raise UsageError(
                f"AWS would refuse this delivery policy: {sorted(unknown)[0]!r} is no member of healthyRetryPolicy"
            )
        curve = healthy.get("backoffFunction") or "linear"
        if curve not in CURVES:
            raise UsageError(
                f"AWS would refuse this delivery policy: backoffFunction {curve!r} is none of {', '.join(CURVES)}"
            )
        rate = throttle.get("maxReceivesPerSecond")
        if rate is not None and (not isinstance(rate, int | float) or rate < 1):
            raise UsageError(
                f"AWS would refuse this delivery policy: maxReceivesPerSecond {rate!r} is not 1 or more"
            )
        found = cls(**said, curve=curve, max_receives_per_second=rate)
        found.check()
        return found

    def check(self) -> None:
        """Hold the policy against AWS's bounds.

        Raises:
            UsageError: AWS refuses it.

        Source: Amazon SNS developer guide, "Creating an HTTP/S delivery policy".
        """
        for reason in self._objections():
            raise UsageError(f"AWS would refuse this delivery policy: {reason}")

    def to_aws(self) -> dict[str, Any]:
        """The policy of a subscription in AWS's spelling."""
        healthy = {member: getattr(self, name) for name, member in _MEMBERS.items()}
        document: dict[str, Any] = {"healthyRetryPolicy": healthy | {"backoffFunction": self.curve}}
        if self.max_receives_per_second is not None:
            document["throttlePolicy"] = {"maxReceivesPerSecond": self.max_receives_per_second}
        return document

    def _objections(self) -> Iterator[str]:
        if not 0 <= self.retries <= RETRIES_MOST:
            yield f"numRetries {self.retries}: must be between 0 and {RETRIES_MOST}"
        if not 1 <= self.min_delay_s <= self.max_delay_s:
            yield f"minDelayTarget {self.min_delay_s}: must be between 1 and maxDelayTarget ({self.max_delay_s})"
        if self.max_delay_s > DELAY_MOST_S:
            yield f"maxDelayTarget {self.max_delay_s}: must be at most {DELAY_MOST_S}"
        for name in ("no_delay_retries", "min_delay_retries", "max_delay_retries"):
            if getattr(self, name) < 0:
                yield f"{_MEMBERS[name]} {getattr(self, name)}: must be 0 or more"
        if self.backoff_retries < 0:
            yield (
                f"numRetries {self.retries}: numNoDelayRetries, numMinDelayRetries and numMaxDelayRetries together are"
                f" {self.retries - self.backoff_retries}, more than that"
            )
        elif self.total_s > TOTAL_MOST_S:
            yield (
                f"its retries take {self.total_s:,.0f} s, the total policy retry time of an HTTP/S endpoint cannot be"
                f" greater than {TOTAL_MOST_S:,} s"
            )


def backoff_s(curve: Curve, least_s: float, most_s: float, count: int) -> NDArray[np.float64]:
    """Delays of the backoff phase, from the least to the greatest. Assumed: AWS shows the curves in a picture only.

    Example:
        >>> backoff_s("linear", 10, 40, 4).tolist()
        [10.0, 20.0, 30.0, 40.0]
        >>> backoff_s("geometric", 1, 8, 4).round(6).tolist()
        [1.0, 2.0, 4.0, 8.0]
    """
    if count <= 1:
        return np.full(max(count, 0), float(least_s))
    place = np.arange(count, dtype=np.float64)
    match curve:
        case "linear":
            share = place / (count - 1)
        case "arithmetic":
            share = place * (place + 1) / (count * (count - 1))
        case "exponential":
            # In logarithms, so that a phase of any length has a curve.
            share = np.expm1(place * np.log(2) - (count - 1) * np.log(2)) - np.expm1(
                -(count - 1) * np.log(2)
            )
            share = share / share[-1]
        case "geometric":
            return least_s * (most_s / least_s) ** (place / (count - 1))
    return least_s + (most_s - least_s) * share


MANAGED: Mapping[str, Policy] = {
    "http": Policy(),
    "sqs": Policy(
        retries=100_015,
        min_delay_s=1,
        max_delay_s=20,
        no_delay_retries=3,
        min_delay_retries=2,
        max_delay_retries=100_000,
        curve="exponential",
    ),
    "email": Policy(
        retries=50,
        min_delay_s=10,
        max_delay_s=600,
        min_delay_retries=2,
        max_delay_retries=38,
        curve="exponential",
    ),
}
MANAGED = {
    **MANAGED,
    **dict.fromkeys(("lambda", "firehose"), MANAGED["sqs"]),
    **dict.fromkeys(("email-json", "sms", "application"), MANAGED["email"]),
    "https": MANAGED["http"],
}
"""By a subscription's protocol; only that of HTTP/S can be changed.

Source: Amazon SNS developer guide, "Delivery protocols and policies": 100,015 over 23 days; 50 over 6 hours.
"""


def _parts(document: Mapping[str, Any] | str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The retry and the throttle part, wherever AWS's answers hold them."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError as error:
            raise UsageError(
                f"wanted a delivery policy as JSON, found text that is none: {error}"
            ) from error
    if not isinstance(document, Mapping):
        raise UsageError(
            f"wanted a delivery policy, a JSON object, found {type(document).__name__}"
        )
    for member in ("Attributes", "DeliveryPolicy", "EffectiveDeliveryPolicy", "http"):
        if member in document:
            return _parts(document[member])
    healthy = document.get("healthyRetryPolicy") or document.get("defaultHealthyRetryPolicy")
    throttle = document.get("throttlePolicy") or document.get("defaultThrottlePolicy") or {}
    if healthy is None and not throttle:
        if not set(document) & {*_MEMBERS.values(), "backoffFunction"}:
            raise UsageError(
                "wanted a delivery policy, found a document without healthyRetryPolicy; give what"
                " get-subscription-attributes answers as DeliveryPolicy"
            )
        healthy = document
    return healthy or {}, throttle


def _whole(value: Any, member: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise UsageError(
            f"AWS would refuse this delivery policy: {member} {value!r} is not a whole number"
        )
    return int(value)
