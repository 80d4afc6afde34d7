"""The duration of an invocation as a function of its batch, with the chances of failing."""

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationModel:
    """`(base_ms + per_record_ms * records + per_byte_ms * bytes) * residual`, `residual` drawn from `residuals`.

    Example:
        >>> DurationModel(base_ms=50, per_record_ms=5).median_ms(10)
        100.0
    """

    base_ms: float
    per_record_ms: float = 0.0
    per_byte_ms: float = 0.0
    residuals: Floats = field(default_factory=lambda: np.ones(1))
    """Ascending, of median 1: the empirical spread, its tail included."""
    init_ms: Floats = field(default_factory=lambda: np.zeros(1))
    """Ascending: what an initialisation takes."""
    record_failure_share: float = 0.0
    """Chance that one attempt at one record fails, each of its own."""
    batch_failure_share: float = 0.0
    """Chance that one invocation fails whatever is in it (a timeout downstream)."""
    poison_share: float = 0.0
    """Share of records that fail every attempt."""
    memory_mb: int | None = None
    """The memory with which it was measured; None where nothing says."""

    def median_ms(self, records: int, event_bytes: int = 0) -> float:
        """The median duration of a batch."""
        return float(self.base_ms + self.per_record_ms * records + self.per_byte_ms * event_bytes)

    def slower(self, factor: float) -> Self:
        """The same handler, everything `factor` times as slow."""
        return replace(
            self,
            base_ms=self.base_ms * factor,
            per_record_ms=self.per_record_ms * factor,
            per_byte_ms=self.per_byte_ms * factor,
        )
