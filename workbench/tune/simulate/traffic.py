"""What arrived at a source, as the simulator reads it: arrays in the order of arrival."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Arrivals, one place a record. Every record once, however often it was captured."""

    begins_at: datetime
    """What second 0 is."""
    at_s: Floats
    """When each record could first be read, seconds from `begins_at`, ascending. A queue's delay is in it."""
    bytes: Integers
    """Its part of the event that a function is given, compact UTF-8 JSON."""
    key: Integers
    """Number of its ordering key (message group, partition key, item); -1 where it has none."""
    partition: Integers
    """Number of its shard; 0 for a queue."""
    delay_s: float = 0.0
    """Of the queue: how long before `at_s` each was sent. Ages count from there."""

    def __len__(self) -> int:
        return len(self.at_s)

    @property
    def span_s(self) -> float:
        """From the first arrival to the last."""
        return float(self.at_s[-1] - self.at_s[0]) if len(self.at_s) else 0.0

    def picked(self, places: Integers, at_s: Floats) -> Self:
        """Some records, maybe several times each, at instants of their own, put in order."""
        order = np.argsort(at_s, kind="stable")
        taken = places[order]
        return type(self)(
            self.begins_at,
            at_s[order],
            self.bytes[taken],
            self.key[taken],
            self.partition[taken],
            self.delay_s,
        )


def plain_traffic(begins_at: datetime, at_s: Floats, record_bytes: int = 300) -> Traffic:
    """Arrivals of equal records without a key, for a queue.

    Example:
        >>> from datetime import UTC, datetime
        >>> len(plain_traffic(datetime(2026, 1, 1, tzinfo=UTC), np.arange(3.0)))
        3
    """
    count = len(at_s)
    return Traffic(
        begins_at,
        np.sort(at_s),
        np.full(count, record_bytes, dtype=np.int64),
        np.full(count, -1, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
    )
