"""What a capture was asked for, the time it goes by, and what became of each source."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Limits:
    """What was asked for, and when a capture is done."""

    until: datetime | None = None
    """Stop a partition that was read up to here; None for the tip as of now."""
    follow: bool = False
    """Go on at the tip until stopped."""
    since: datetime | None = None
    """From where on it was asked for; None: from the oldest that is kept."""

    @property
    def is_endless(self) -> bool:
        """Whether it is read until somebody says stop."""
        return self.follow and self.until is None


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as the loop needs it."""

    now: Callable[[], datetime]
    monotonic_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000
    wait: Callable[[threading.Event, float], object] = threading.Event.wait
    """Waits so many seconds, or until the event is set."""


@dataclass(slots=True)
class SourceState:
    """What became of one source."""

    source_arn: str
    records: int = 0
    holes: int = 0
    error: str | None = None
    behind_ms: int | None = None
    """How far the partition furthest behind is from the tip; None where the service does not tell."""
