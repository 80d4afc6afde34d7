"""Whether a shard gives enough to all who read it, and what a throughput of their own would cost."""

from dataclasses import dataclass
from math import ceil
from typing import Any

from workbench.tune.resharding.limits import ShardLimits

POLLS_PER_SECOND = 1.0
"""Of each reader and shard; assumed of others than Lambda. Source: Lambda guide, "Using Lambda with Kinesis"."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Who reads a stream, and what of it is too much for a shard."""

    shared: int
    """Readers that share a shard's 2 MiB/s and 5 calls/s."""
    fan_out: int
    """Registered consumers."""
    known: bool
    """Whether anything was captured of them, or said."""
    peak_bytes_per_second: int
    """Highest second of the busiest planned shard."""
    shards_needed: int | None
    """Ranges that let all shared readers keep up within each second; None: a key alone is more than they get."""
    limits: ShardLimits

    @property
    def calls_per_second(self) -> float:
        """GetRecords of a shard, by all shared readers."""
        return self.shared * POLLS_PER_SECOND

    @property
    def interval_ms(self) -> float:
        """How often each shared reader may ask, at best: what a record waits for on average is half of it."""
        return 1_000 * max(1 / POLLS_PER_SECOND, self.shared / self.limits.read_calls_per_second)

    @property
    def fan_out_advised(self) -> bool:
        """Whether shared readers get too few calls, or too few bytes of a planned shard."""
        bytes_read = self.shared * self.peak_bytes_per_second
        return (
            self.calls_per_second > self.limits.read_calls_per_second
            or bytes_read > self.limits.read_bytes_per_second
        )

    def document(self) -> dict[str, Any]:
        """As the member `readers` of the plan."""
        return {
            "shared": self.shared,
            "fan_out": self.fan_out,
            "known": self.known,
            "calls_per_second_per_shard": self.calls_per_second,
            "read_bytes_per_second_per_shard": self.shared * self.peak_bytes_per_second,
            "interval_ms": self.interval_ms,
            "shards_needed": self.shards_needed,
            "fan_out_advised": self.fan_out_advised,
        }

    def said(self) -> str:
        """One sentence."""
        if not self.known:
            return "no reader was captured: one that shares the throughput is assumed"
        if not self.fan_out_advised:
            return f"{self.shared} shared readers: within what a shard gives"
        most = self.limits.read_calls_per_second
        needed = ceil(self.shared / most) if self.calls_per_second > most else 0
        calls = f", each may ask every {self.interval_ms / 1_000:.1f} s only" if needed else ""
        more = f" or {self.shards_needed} shards" if self.shards_needed and not needed else ""
        return f"{self.shared} shared readers are more than a planned shard gives{calls}; use enhanced fan-out{more}"
