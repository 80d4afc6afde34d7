"""Keeps reads below the rate that production can spare; knows no clock and never sleeps."""

from collections import deque
from dataclasses import dataclass, field

from connectors.record import Service

_PER_SECOND = {
    Service.KINESIS: 1.0,  # a shard gives 5 calls/s to all its polling readers together
    Service.DYNAMODB: 1.0,
    Service.LOGS: 2.0,  # the quota is the account's, shared with consoles and deployments
    Service.SQS: 10.0,
    Service.SNS: 10.0,
}
_LOCAL_PER_SECOND = 50.0


@dataclass(slots=True)
class Budget:
    """At most so many calls in any one second, whenever they come.

    Example:
        >>> budget = Budget(2)
        >>> budget.spend(0); budget.spend(0); budget.delay_ms(0)
        1000
    """

    calls_per_second: float
    _spent_at_ms: deque[int] = field(default_factory=deque, repr=False)

    def __post_init__(self) -> None:
        if not self.calls_per_second > 0:
            raise ValueError(f"calls_per_second must be above 0, found {self.calls_per_second}")

    def delay_ms(self, now_ms: int) -> int:
        """How long to wait, in milliseconds, before the next call may be made; 0: not at all.

        Args:
            now_ms: A monotonic clock, milliseconds.
        """
        if len(self._spent_at_ms) < self._burst:
            return 0
        return max(0, self._spent_at_ms[0] + self._window_ms - now_ms)

    def spend(self, now_ms: int) -> None:
        """Note that a call is made now.

        Args:
            now_ms: The clock of `delay_ms`.
        """
        self._spent_at_ms.append(now_ms)
        while len(self._spent_at_ms) > self._burst:
            self._spent_at_ms.popleft()

    @property
    def _burst(self) -> int:
        return max(1, int(self.calls_per_second))

    @property
    def _window_ms(self) -> int:
        # Rates that are no whole number are rounded down for the burst, so the window is longer
        # than a second only below one call a second.
        return max(1000, -int(-1000 // self.calls_per_second) if self.calls_per_second < 1 else 0)


def budget_for(service: str, *, local: bool) -> float:
    """Calls per second that reading may cost: a shard for streams, an account for logs.

    Args:
        service: As in `Record.service`.
        local: The endpoint is on this machine; nobody shares it.

    Example:
        >>> budget_for("aws:kinesis", local=False)
        1.0

    Source: Amazon Kinesis Data Streams quotas; CloudWatch Logs quotas.
    """
    return _LOCAL_PER_SECOND if local else _PER_SECOND[Service(service)]
