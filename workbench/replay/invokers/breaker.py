"""A breaker: a handler that crashes again and again is stopped, so that nobody waits for thousands of cold starts."""

import threading

from workbench.errors import HandlerError
from workbench.replay.engine.invocation import Batch, Invocation, Invoker

STOP_AFTER_CRASHES = 25
"""Assumed: one bad record makes as many crashes as it has retries, and no handler is right after so many in a row."""
CRASHES = frozenset({"Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout"})
"""What ends an execution environment."""


class Breaker:
    """An invoker that gives up when its handler has crashed too often without an answer between.

    Args:
        invoker: runs the handler.
        stop_after_crashes: how many in a row; the last of them is still an answer, what comes next is refused.

    Example:
        >>> Breaker(invoker, stop_after_crashes=25).invoke(batch, request_id)   # doctest: +SKIP
    """

    def __init__(self, invoker: Invoker, stop_after_crashes: int = STOP_AFTER_CRASHES) -> None:
        self._invoker = invoker
        self._most = stop_after_crashes
        self._crashes = 0
        self._last = ""
        self._lock = threading.Lock()

    @property
    def parallel(self) -> int:
        """How many invocations it can run at the same time."""
        return self._invoker.parallel

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        """Hand over one event.

        Raises:
            HandlerError: there have been too many crashes in a row.
        """
        if self._crashes >= self._most:
            raise HandlerError(
                f"wanted a handler that stays up, found {self._crashes} crashes in a row, the last {self._last}; "
                f"mend the handler, or raise stop_after_crashes"
            )
        invocation = self._invoker.invoke(batch, request_id)
        with self._lock:
            crashed = invocation.error_type in CRASHES
            self._crashes = self._crashes + 1 if crashed else 0
            self._last = f"{invocation.error_type}: {invocation.error_message}"
        return invocation

    def renew(self) -> None:
        """Load the handler anew; crashes go on being counted."""
        self._invoker.renew()

    def close(self) -> None:
        """End the handler."""
        self._invoker.close()
