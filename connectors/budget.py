"""Keeps reads below what production can spare; knows no clock and never sleeps.

`SHARES` says what reading takes of each quota, a `Budget` keeps one such share, and `Budgets` hands
out the right one: a shard's quota is the shard's, the logs' one is shared by all sources of an account.
"""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from connectors.record import Service

LEAST_CALLS_PER_SECOND = 0.2
"""However often AWS refuses: below one call in 5 s a stream's position would be lost to its trim."""
RECOVERY_MS = 30_000
"""So long without a throttle, and the rate may grow by a quarter."""
RECOVERY = 1.25
_LOCAL_CALLS_PER_SECOND = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What reading takes of one of AWS's quotas."""

    per: str
    """What AWS counts by: `shard`, `source` or `account` (in one Region)."""
    calls_per_second: float
    quota_calls_per_second: float | None = None
    """None: AWS publishes none."""
    bytes_per_second: int | None = None
    """None: AWS counts no bytes."""
    quota_bytes_per_second: int | None = None
    readers: int | None = None
    """How many may read at once before they are throttled; None: no such limit."""
    source: str = ""


SHARES: Mapping[Service, Share] = MappingProxyType(
    {
        Service.KINESIS: Share(
            per="shard",
            calls_per_second=1.0,
            quota_calls_per_second=5.0,
            # As much as can be written: whoever reads so much falls never behind.
            bytes_per_second=1_048_576,
            quota_bytes_per_second=2_097_152,
            source="Kinesis Data Streams quotas: 5 GetRecords/s and 2 MB/s a shard, for all its polling readers",
        ),
        Service.DYNAMODB: Share(
            per="shard",
            calls_per_second=1.0,
            readers=2,
            source="DynamoDB Streams: more than 2 processes reading a shard may be throttled",
        ),
        Service.LOGS: Share(
            per="account",
            calls_per_second=2.0,
            quota_calls_per_second=5.0,
            source="CloudWatch Logs quotas, FilterLogEvents: the lowest of the Regions (assumed)",
        ),
        Service.SQS: Share(
            per="source",
            calls_per_second=10.0,
            source="SQS quotas: standard queues have no limit of calls, FIFO ones 300/s an action",
        ),
        Service.SNS: Share(
            per="source",
            calls_per_second=10.0,
            source="SQS quotas: the tap's queue is read by nobody else",
        ),
    }
)


@dataclass(slots=True)
class Budget:
    """At most so many calls, and bytes, in any one second, whenever they come. Safe to share by threads.

    After a throttle it allows half as much, down to `LEAST_CALLS_PER_SECOND`, and grows back slowly:
    where a quota is short, production must win it.

    Example:
        >>> budget = Budget(2)
        >>> budget.take(0), budget.take(0), budget.take(0)
        (0, 0, 1000)
    """

    calls_per_second: float
    bytes_per_second: float | None = None
    """What answers may bring; None: as much as they like. An answer's size is known only when it
    is there, so it is paid for after: the next call waits until the share has made up for it."""
    _spent_at_ms: deque[int] = field(default_factory=deque, repr=False)
    _paid_at_ms: int | None = field(default=None, repr=False)
    _reduced_to: float | None = field(default=None, repr=False)
    _throttled_at_ms: int = field(default=0, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.calls_per_second > 0:
            raise ValueError(f"calls_per_second must be above 0, found {self.calls_per_second}")
        if self.bytes_per_second is not None and not self.bytes_per_second > 0:
            raise ValueError(f"bytes_per_second must be above 0, found {self.bytes_per_second}")

    def take(self, now_ms: int) -> int:
        """0, and the call counts as made now; or how long to wait, in milliseconds, before asking again.

        Args:
            now_ms: A monotonic clock, milliseconds.
        """
        with self._lock:
            delay_ms = self._delay_ms(now_ms)
            if delay_ms == 0:
                self._note(now_ms)
            return delay_ms

    def delay_ms(self, now_ms: int) -> int:
        """How long to wait, in milliseconds, before the next call may be made; 0: not at all.

        Args:
            now_ms: The clock of `take`.
        """
        with self._lock:
            return self._delay_ms(now_ms)

    def spend(self, now_ms: int) -> None:
        """Note that a call is made now, also one that `take` did not allow.

        Args:
            now_ms: The clock of `take`.
        """
        with self._lock:
            self._note(now_ms)

    def received(self, answer_bytes: int, now_ms: int) -> None:
        """Note how large an answer was.

        Args:
            answer_bytes: Payloads are enough.
            now_ms: The clock of `take`.
        """
        if self.bytes_per_second is None or answer_bytes <= 0:
            return
        with self._lock:
            reduced = self._rate(now_ms) / self.calls_per_second
            cost_ms = -int(-answer_bytes * 1000 // (self.bytes_per_second * reduced))
            paid_at_ms = now_ms if self._paid_at_ms is None else max(self._paid_at_ms, now_ms)
            self._paid_at_ms = paid_at_ms + cost_ms

    def throttled(self, now_ms: int) -> None:
        """Note that AWS refused for lack of throughput: from now on half as much.

        Args:
            now_ms: The clock of `take`.
        """
        with self._lock:
            least = min(LEAST_CALLS_PER_SECOND, self.calls_per_second)
            self._reduced_to = max(least, self._rate(now_ms) / 2)
            self._throttled_at_ms = now_ms

    def rate(self, now_ms: int) -> float:
        """Calls per second that are allowed now."""
        with self._lock:
            return self._rate(now_ms)

    def _rate(self, now_ms: int) -> float:
        if self._reduced_to is None:
            return self.calls_per_second
        quiet = max(0, now_ms - self._throttled_at_ms) // RECOVERY_MS
        grown = self._reduced_to * RECOVERY ** min(quiet, 100)
        return min(self.calls_per_second, grown)

    def _delay_ms(self, now_ms: int) -> int:
        rate = self._rate(now_ms)
        burst = max(1, int(rate))
        delay_ms = 0 if self._paid_at_ms is None else self._paid_at_ms - now_ms
        if len(self._spent_at_ms) >= burst:
            # A rate that is no whole number is rounded down for the burst, so the window is longer
            # than a second only below one call a second.
            window_ms = max(1000, -int(-1000 // rate) if rate < 1 else 0)
            delay_ms = max(delay_ms, self._spent_at_ms[-burst] + window_ms - now_ms)
        return max(0, delay_ms)

    def _note(self, now_ms: int) -> None:
        self._spent_at_ms.append(now_ms)
        while len(self._spent_at_ms) > max(1, int(self.calls_per_second)):
            self._spent_at_ms.popleft()


@dataclass(frozen=True, slots=True)
class Budgets:
    """All read budgets of one capture. Safe to share by threads.

    Example:
        >>> budgets = Budgets(local=False)
        >>> first, second = (f"arn:aws:logs:r:1:log-group:{name}" for name in "ab")
        >>> budgets.of("aws:logs", first, "") is budgets.of("aws:logs", second, "")
        True
    """

    local: bool = False
    """The endpoint is on this machine; nobody shares it."""
    calls_per_second: float | None = None
    """Of every lane, and as many bytes as come; None: the service's share."""
    _lanes: dict[tuple[str, ...], Budget] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def of(self, service: str, source_arn: str, partition_id: str) -> Budget:
        """The budget that a call for a partition takes from; the same one for all that share the quota.

        Args:
            service: As in `Record.service`.
            source_arn: The source.
            partition_id: The shard; what does not count by shard has one budget for all of them.
        """
        share = share_of(service, local=self.local)
        account = ":".join(source_arn.split(":")[3:5])
        lane = {
            "shard": (service, source_arn, partition_id),
            "source": (service, source_arn),
            "account": (service, account),
        }[share.per]
        with self._lock:
            if lane not in self._lanes:
                self._lanes[lane] = self._fresh(share)
            return self._lanes[lane]

    def _fresh(self, share: Share) -> Budget:
        if self.calls_per_second is not None:
            return Budget(self.calls_per_second)
        return Budget(share.calls_per_second, share.bytes_per_second)


def share_of(service: str, *, local: bool) -> Share:
    """What reading a service takes of its quota.

    Args:
        service: As in `Record.service`.
        local: The endpoint is on this machine; nobody shares it.

    Example:
        >>> share_of("aws:kinesis", local=False).quota_calls_per_second
        5.0

    Source: the row's own.
    """
    share = SHARES[Service(service)]
    if not local:
        return share
    return replace(
        share,
        calls_per_second=_LOCAL_CALLS_PER_SECOND,
        quota_calls_per_second=None,
        bytes_per_second=None,
        quota_bytes_per_second=None,
    )
