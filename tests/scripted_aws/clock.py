"""Time that moves only when somebody waits or a test says so."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from workbench.trace.limits import Clock

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class VirtualClock:
    """One clock for a fake and for the capture that reads it; a wait takes no time and moves it."""

    at: datetime = START
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def now(self) -> datetime:
        """The instant, UTC."""
        return self.at

    def monotonic_ms(self) -> int:
        """Milliseconds since the clock's beginning."""
        return int((self.at - START) / timedelta(milliseconds=1))

    def forward(self, **by: float) -> None:
        """Let time pass, in the words of `timedelta`."""
        with self._lock:
            self.at += timedelta(**by)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """What `threading.Event.wait` does, without taking time."""
        if not event.is_set():
            self.forward(seconds=seconds)
        return event.is_set()

    def for_capture(self) -> Clock:
        """The same time in the capture loop's words."""
        return Clock(self.now, self.monotonic_ms, self.wait)
