"""The pace of a run: as fast as it goes, as it went in production, or so many times as fast; and its being stopped."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from workbench.errors import UsageError
from workbench.replay.engine.invocation import Batch, Invocation, Invoker

WAIT_MOST_S = 0.25
"""In one piece, so that a stop is heeded at once."""


class StoppedError(Exception):
    """The run was asked to end."""


class Pacer:
    """Asked before each batch: waits until its time has come.

    The run's own clock is not touched: what the handler sees and what becomes of a record is the same at any pace.

    Args:
        factor: 1 for the original pace, 10 for ten times as fast; None waits for nothing.
        stop: set by whoever wants the run to end.
        now_s: a monotonic clock.

    Example:
        >>> Pacer(None, threading.Event())(datetime(2026, 1, 1))
    """

    def __init__(
        self,
        factor: float | None,
        stop: threading.Event,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        if factor is not None and not 0 < factor < float("inf"):
            raise UsageError(f"wanted a pace above 0 such as 1 or 10, found {factor}")
        self.factor = factor
        self.behind_s_most = 0.0
        """How far the handler lagged behind the pace at worst."""
        self._stop = stop
        self._now_s = now_s
        self._begun: tuple[datetime, float] | None = None

    def __call__(self, at: datetime) -> None:
        """Wait for the batch of this virtual instant.

        Raises:
            StoppedError: the run was asked to end.
        """
        if self._stop.is_set():
            raise StoppedError
        if self.factor is None:
            return
        begun_at, begun_s = self._begun = self._begun or (at, self._now_s())
        due_s = begun_s + (at - begun_at).total_seconds() / self.factor
        while (left_s := due_s - self._now_s()) > 0:
            if self._stop.wait(min(left_s, WAIT_MOST_S)):
                raise StoppedError
        self.behind_s_most = max(self.behind_s_most, -left_s)


def pace_factor(text: str | None) -> float | None:
    """The factor that a pace on the command line means.

    Raises:
        UsageError: it is none.

    Example:
        >>> pace_factor("original"), pace_factor("10x"), pace_factor(None)
        (1.0, 10.0, None)
    """
    if text is None:
        return None
    if text == "original":
        return 1.0
    with suppress(ValueError):
        factor = float(text.removesuffix("x"))
        if 0 < factor < float("inf"):
            return factor
    raise UsageError(f"wanted a pace such as original, 10x or 0.5x, found {text!r}")


class StoppableInvoker:
    """An invoker whose handler is ended when the run is asked to end, even one that hangs.

    Args:
        invoker: runs the handler.
        stop: set by whoever wants the run to end.
    """

    def __init__(self, invoker: Invoker, stop: threading.Event) -> None:
        self.parallel = invoker.parallel
        self._invoker = invoker
        self._stop = stop
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._end_when_stopped, daemon=True)

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        """Hand over one event.

        Raises:
            StoppedError: the run was asked to end meanwhile; what the handler answered was its end, not its verdict.
        """
        invocation = self._invoker.invoke(batch, request_id)
        if self._stop.is_set():
            raise StoppedError
        return invocation

    def renew(self) -> None:
        """Load the handler anew."""
        self._invoker.renew()

    def close(self) -> None:
        """End the handler."""
        self._invoker.close()

    def __enter__(self) -> "StoppableInvoker":
        self._watch.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._watch.join()

    def _end_when_stopped(self) -> None:
        while not self._over.is_set():
            if self._stop.wait(WAIT_MOST_S):
                self._invoker.close()
                return
