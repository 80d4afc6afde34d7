"""What a visibility timeout and a maxReceiveCount would do, predicted from captured attempts."""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.tune.redelivery.evidence import Evidence
from workbench.tune.redelivery.model import (
    Share,
    dead_letter_share,
    either,
    extra_deliveries,
    failing,
)
from workbench.tune.redelivery.rule import (
    RECEIVES_MOST,
    VISIBILITY_MOST_S,
    effective_visibility_s,
)
from workbench.tune.redelivery.tail import Tail

_MOST_WAITS = 500
"""Waits that overlaps are averaged over; more change nothing that is shown."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One setting and what it is predicted to do; None is unknown, or without bound."""

    SCHEMA: ClassVar[dict[str, pl.DataType]]

    visibility_timeout_s: float
    effective_visibility_s: float
    """Longer than the setting where a batching window makes it so."""
    max_receive_count: int | None
    over_visibility_share: float | None
    """Attempts that last longer."""
    over_visibility_low: float | None
    over_visibility_high: float | None
    extra_deliveries_per_message: float | None
    """Because attempts last longer: work that is done again."""
    retries_per_message: float | None
    """Because attempts fail, poison messages included."""
    deliveries_per_message: float | None
    """Of all kinds, the first included."""
    overlapping_per_message: float | None
    """Extra deliveries that begin while the earlier attempt still works; null: no log ties attempts to messages."""
    dead_letter_share: float | None
    """Null without a redrive policy."""
    seconds_to_retry_after_crash: float
    seconds_to_dead_letter: float | None
    """From the first receipt of a message that fails every attempt until it is moved."""
    group_blocked_s_per_message: float | None
    """FIFO: how long a message keeps its group waiting because it is delivered again."""
    accepted_by_lambda: bool | None
    """Whether a mapping to such a queue can be made: not where the function may run longer."""


Candidate.SCHEMA = {
    name: pl.Int64()
    if name == "max_receive_count"
    else pl.Boolean()
    if name == "accepted_by_lambda"
    else pl.Float64()
    for name in Candidate.__dataclass_fields__
    if name != "SCHEMA"
}


@dataclass(frozen=True, slots=True)
class Prediction:
    """Attempts of a capture, ready to be held against settings."""

    attempts: Tail | None
    """Of all attempts; None: no durations."""
    succeeded: Tail | None
    """Of those that did not fail."""
    failing: float
    """Chance that an attempt at a healthy message fails."""
    failing_high: float
    """Its upper bound, for the cost of waiting."""
    poison: float
    again_after_s: NDArray[np.float64]
    """How long a message that can be received again waits for it; empty: not known."""
    timeout_s: float | None
    window_s: float
    duplicate_cost_s: float
    is_fifo: bool

    def candidate(self, seconds: float, max_receive_count: int | None) -> Candidate:
        """What this setting would do."""
        hidden = effective_visibility_s(seconds, self.timeout_s, self.window_s)
        over = self.attempts.over(hidden) if self.attempts else None
        not_ended = self._not_ended(hidden)
        extra = total = letters = blocked = None
        if over is not None and not_ended is not None:
            extra = extra_deliveries(over.share, max_receive_count)
            total = self._deliveries(not_ended, max_receive_count)
            letters = dead_letter_share(not_ended, max_receive_count, self.poison)
            blocked = (total - 1) * hidden if self.is_fifo else None
        return Candidate(
            visibility_timeout_s=seconds,
            effective_visibility_s=hidden,
            max_receive_count=max_receive_count,
            over_visibility_share=over.share if over else None,
            over_visibility_low=over.low if over else None,
            over_visibility_high=over.high if over else None,
            extra_deliveries_per_message=_finite(extra),
            retries_per_message=None
            if total is None or extra is None
            else _finite(max(0.0, total - 1 - extra)),
            deliveries_per_message=_finite(total),
            overlapping_per_message=self._overlapping(hidden, over, extra),
            dead_letter_share=letters,
            seconds_to_retry_after_crash=hidden,
            seconds_to_dead_letter=max_receive_count and max_receive_count * hidden,
            group_blocked_s_per_message=_finite(blocked),
            accepted_by_lambda=None if self.timeout_s is None else seconds >= self.timeout_s,
        )

    def _not_ended(self, hidden: float) -> float | None:
        """Chance that an attempt at a healthy message does not end it."""
        if self.attempts is None:
            return None
        late = self.succeeded.over(hidden).share if self.succeeded else 0.0
        return either(late, self.failing)

    def _deliveries(self, not_ended: float, max_receive_count: int | None) -> float:
        healthy = 1 + extra_deliveries(not_ended, max_receive_count)
        if not self.poison:
            return healthy
        if max_receive_count is None:
            return float("inf")
        return (1 - self.poison) * healthy + self.poison * max_receive_count

    def _overlapping(self, hidden: float, over: Share | None, extra: float | None) -> float | None:
        """Extra deliveries times the chance that the late attempt still works when the next begins."""
        if self.attempts is None or over is None or extra is None or not len(self.again_after_s):
            return None
        if not over.share:
            return 0.0
        still = np.mean([self.attempts.over(hidden + wait).share for wait in self.again_after_s])
        return _finite(extra * min(1.0, float(still) / over.share))

    def cost_s(self, seconds: float) -> float:
        """Seconds of waiting that a message costs on average: duplicates at their price, and retries.

        Duplicates are counted at the upper end of their interval: what was not seen is not taken as impossible.
        """
        assert self.attempts is not None, "asked only where durations are known"
        hidden = effective_visibility_s(seconds, self.timeout_s, self.window_s)
        extra = extra_deliveries(min(self.attempts.over(hidden).high, 0.999999))
        return self.duplicate_cost_s * extra + self.failing_high * hidden

    def cheapest_s(self) -> float | None:
        """The visibility timeout of the least cost that Lambda accepts; None: no durations."""
        if self.attempts is None:
            return None
        least = max(1.0, np.ceil(self.timeout_s or 1.0))
        grid = {*np.ceil(np.geomspace(least, VISIBILITY_MOST_S, 120)).tolist(), least}
        if (longest := self.attempts.longest_s) is not None:
            grid.add(float(np.ceil(longest)))
        inside = sorted(each for each in grid if least <= each <= VISIBILITY_MOST_S)
        return float(min(inside, key=self.cost_s)) if inside else None

    def fewest_receives(self, seconds: float, most_unlucky: float, least: int) -> int:
        """The smallest maxReceiveCount that moves no more healthy messages than that by bad luck."""
        hidden = effective_visibility_s(seconds, self.timeout_s, self.window_s)
        not_ended = self._not_ended(hidden) or 0.0
        if not 0 < not_ended < 1:
            return least
        needed = int(np.ceil(np.log(most_unlucky) / np.log(not_ended)))
        return int(min(max(needed, least), RECEIVES_MOST))


def predict(
    evidence: Evidence,
    timeout_s: float | None,
    window_s: float,
    poller_wait_s: float | None,
    duplicate_cost_s: float,
    seed: int,
) -> Prediction:
    """Read the captured attempts as chances.

    Args:
        evidence: what the capture tells.
        timeout_s: function timeout; no attempt's handler takes longer.
        window_s: batching window.
        poller_wait_s: from receipt to invocation; None for the window.
        duplicate_cost_s: see `visibility`.
        seed: of the intervals.
    """
    before_s = evidence.attempts["before_ms"].to_numpy() / 1_000
    waited_s = window_s if poller_wait_s is None else poller_wait_s
    lasted_s = evidence.attempts["duration_ms"].to_numpy() / 1_000 + before_s + waited_s
    good = (evidence.attempts["status"] == "success").to_numpy()
    longest = None
    if timeout_s is not None:
        ended = timeout_s + waited_s + (float(before_s.max()) if len(before_s) else 0.0)
        longest = max(ended, float(lasted_s.max())) if len(lasted_s) else ended
    tries = evidence.told()
    told = failing(tries)
    tried = sum(attempts for attempts, _ in tries)
    count = len(lasted_s)
    waits = evidence.first_waits_s()
    return Prediction(
        attempts=Tail.of(lasted_s, longest, seed) if count else None,
        succeeded=Tail.of(lasted_s[good], longest, seed) if good.any() else None,
        failing=told.attempt,
        # Jeffreys' prior: an attempt may crash though none was seen to.
        failing_high=(told.attempt * tried + 0.5) / (tried + 1),
        poison=told.poison,
        again_after_s=np.quantile(waits, np.linspace(0, 1, min(len(waits), _MOST_WAITS)))
        if len(waits)
        else waits,
        timeout_s=timeout_s,
        window_s=window_s,
        duplicate_cost_s=duplicate_cost_s,
        is_fifo=evidence.current.is_fifo,
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
