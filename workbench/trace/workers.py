"""Steps of several partitions at the same time: an answer takes tens of milliseconds, most of it waiting."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Self

from connectors.record import Page
from workbench.trace.partition_reader import PartitionReader

Step = tuple[PartitionReader, Page | None]
"""A partition whose step is over, and the page that has become durable by then."""


class Workers:
    """Up to so many steps at once, each in a thread of its own; a single one in the caller's own thread."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._executor = ThreadPoolExecutor(at_once, "read") if at_once > 1 else _Inline()
        self._running: dict[Future[Page | None], PartitionReader] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._executor.shutdown()

    def __bool__(self) -> bool:
        """Whether any step is under way."""
        return bool(self._running)

    @property
    def free(self) -> int:
        """How many more steps may be started."""
        return self._at_once - len(self._running)

    def start(self, reader: PartitionReader) -> None:
        """Let a partition do its next step."""
        self._running[self._executor.submit(reader.step)] = reader

    def ended(self, within_s: float) -> Iterator[Step]:
        """The steps that are over; waits for the first of them, so long at most.

        Raises:
            WorkbenchError: What a step raised.
        """
        if not self._running:
            return
        for future in wait(self._running, within_s, FIRST_COMPLETED).done:
            yield self._running.pop(future), future.result()

    def rest(self) -> Iterator[Step]:
        """Wait for all that are under way; what one raises was told by another or is not wanted any more."""
        wait(self._running)
        while self._running:
            future, reader = self._running.popitem()
            yield reader, None if future.exception() else future.result()


class _Inline(Executor):
    """One step at a time, in the caller's thread."""

    def submit(self, step: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        """Run it now."""
        future: Future[Any] = Future()
        try:
            future.set_result(step(*args, **named))
        except BaseException as error:  # noqa: BLE001 - the future carries it
            future.set_exception(error)
        return future
