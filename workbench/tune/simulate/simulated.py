"""What a simulation shows: a fate for each record, a row for each invocation, counts of what is paid for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.summary import Summary
from workbench.tune.simulate.traffic import Floats, Integers, Traffic

SUCCEEDED, DEAD_LETTERED, DISCARDED, EXPIRED, IN_FLIGHT = 0, 1, 2, 3, 4
"""Fates: done · to the dead-letter queue · given up by a stream's mapping · older than its source keeps · none yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocations:
    """One place an invocation, in the order of their begins."""

    begins_s: Floats
    """When the handler began, initialisation behind it; seconds on the traffic's clock."""
    duration_s: Floats
    """Of the handler, cut off at the function's timeout."""
    init_s: Floats
    """Initialisation before it; 0 where the environment was warm."""
    records: Integers
    failed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.begins_s)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Simulated(Summary):
    """The outcome of one configuration on one traffic.

    `fate` counts up: arrived = succeeded + dead-lettered + discarded + expired + in flight, at any end.
    """

    traffic: Traffic
    first_begins_s: Floats
    """When the first invocation with the record began; NaN where none did."""
    ended_s: Floats
    """When the invocation that decided its fate ended; NaN while in flight."""
    deliveries: Integers
    """How often it was handed to the function."""
    fate: NDArray[np.int8]
    overlapping: int
    """Deliveries that began while an earlier one of the same record still worked."""
    receives: int
    """ReceiveMessage calls that brought something, or GetRecords calls."""
    empty_receives: int
    """Calls that brought nothing."""
    deletes: int
    """DeleteMessageBatch calls."""
    throttles: int
    """Invocations refused for want of concurrency, and tried again."""
    invocations: Invocations

    @property
    def age_s(self) -> Floats:
        """From when it was sent to the end of the invocation that took the record; NaN where none did."""
        taken = np.where(self.fate == SUCCEEDED, self.ended_s, np.nan)
        ages: Floats = taken - self.traffic.at_s + self.traffic.delay_s
        return ages

    def age_quantile_s(self, share: float) -> float:
        """A quantile of `age_s` over the records that were taken; NaN where none was."""
        ages = self.age_s
        there = ages[~np.isnan(ages)]
        if not len(there):
            return float("nan")
        place = min(int(np.ceil(share * len(there))) - 1, len(there) - 1)
        return float(np.partition(there, max(place, 0))[max(place, 0)])

    def share(self, fate: int) -> float:
        """Share of the records with this fate."""
        return float(np.mean(self.fate == fate)) if len(self.fate) else 0.0

    @property
    def duplicates(self) -> int:
        """Deliveries beyond the first of each record."""
        return int(np.maximum(self.deliveries - 1, 0).sum())

    def concurrency(self) -> tuple[Floats, Integers]:
        """Environments busy from each instant on: instants, and how many."""
        calls = self.invocations
        begins, ends = calls.begins_s - calls.init_s, calls.begins_s + calls.duration_s
        instants = np.concatenate((begins, ends))
        steps = np.concatenate((np.ones(len(begins)), -np.ones(len(ends))))
        order = np.lexsort((steps, instants))
        return instants[order], np.cumsum(steps[order]).astype(np.int64)

    def _facts(self) -> dict[str, Any]:
        """What came of the traffic."""
        return {
            "records": len(self.fate),
            "p50 age": f"{self.age_quantile_s(0.5):,.2f} s",
            "p99 age": f"{self.age_quantile_s(0.99):,.2f} s",
            "duplicates": self.duplicates,
            "dead-lettered": int((self.fate == DEAD_LETTERED).sum()),
            "throttles": self.throttles,
            "receives": self.receives,
            "empty receives": self.empty_receives,
        }
