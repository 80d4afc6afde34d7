"""Reading one partition: page after page, each durable before the next is asked for, and again after a refusal."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

from connectors.errors import ConnectorError, CorruptAnswerError, ThrottledError
from connectors.record import Cause, Checkpoint, Connector, Page, Partition
from workbench.trace.patience import TRIES, WHOLE_SOURCE, pause_ms
from workbench.trace.writer import LaidOutPage


@dataclass(slots=True)
class WaitingPage:
    """A page on its way to the writer; the future is done when it is durable, and carries the writer's error."""

    laid_out: LaidOutPage
    durable: "Future[None]" = field(default_factory=Future)


HandOver = Callable[[Page], WaitingPage]


@dataclass(slots=True)
class PartitionReader:
    """One partition on its way into the trace; used by one thread at a time."""

    partition: Partition
    connector: Connector
    hand_over: HandOver
    """Takes a page to the writer, without what is stored already."""
    checkpoint: Checkpoint | None
    read_to_at: datetime | None
    """The partition's time is proved read up to here; None: nothing of it."""
    patient: bool
    """Try again for as long as it takes: nobody waits for an end."""
    is_last: Callable[[Page], bool]
    """Whether nothing is wanted behind this page."""
    failures: int = 0
    error: ConnectorError | None = None
    """Of the last try; None once a page came again."""
    fatal: ConnectorError | None = None
    """What ends the whole source."""
    behind_ms: int | None = None
    ended: bool = False
    given_up: Cause | None = None
    _pages: Iterator[Page] | None = field(default=None, repr=False)
    _read: Page | None = field(default=None, repr=False)
    _waiting: WaitingPage | None = field(default=None, repr=False)

    @property
    def partition_id(self) -> str:
        """Of the partition."""
        return self.partition.partition_id

    def step(self) -> Page | None:
        """Wait until the page before is durable, then read one more; `pass_on` hands it over.

        Returns:
            The page that has become durable; None where there was none.

        Raises:
            WorkbenchError: The page cannot be written.
        """
        durable = self.settle()
        try:
            if self.ended:
                self.close()
            else:
                self._read_on()
        except WHOLE_SOURCE as error:
            self.fatal = error
        except ConnectorError as error:
            self._close_after(error)
            self._count_failure(error)
        return durable

    def _read_on(self) -> None:
        if self._pages is None:
            self._pages = self.connector.read(self.partition, self.checkpoint)
        self._read = next(self._pages, None)
        self.failures, self.error = 0, None
        self.ended = self._read is None

    def pass_on(self) -> Page | None:
        """Hand over what was read, in the thread of the caller: to lay a page out takes the processor, not time.

        Returns:
            The page, on its way now; None where there was none.
        """
        page, self._read = self._read, None
        if page is not None:
            self._waiting = self.hand_over(page)
        return page

    def settle(self) -> Page | None:
        """Wait until the page that was handed over is durable, and stand behind it.

        Raises:
            WorkbenchError: The page cannot be written; the position stays in front of it.
        """
        if self._waiting is None:
            return None
        waiting, self._waiting = self._waiting, None
        waiting.durable.result()
        page = waiting.laid_out.page
        self.checkpoint = page.checkpoint
        self.behind_ms = page.millis_behind_latest
        read = [span.to_at for span in page.spans if span.cause is None]
        self.read_to_at = max(
            [*read, *([self.read_to_at] if self.read_to_at else [])], default=None
        )
        self.ended = page.checkpoint.finished or self.is_last(page)
        return page

    def close(self) -> None:
        """Let the connector's generator go: what it holds unconfirmed goes back to where it came from."""
        pages, self._pages = self._pages, None
        if pages is not None:
            pages.close()  # type: ignore[attr-defined]  # every connector's read is a generator

    def _close_after(self, error: ConnectorError) -> None:
        try:
            self.close()
        except ConnectorError as another:
            error.add_note(str(another))

    def pause_ms(self) -> int:
        """How long to let the service rest before the next try; 0 after a success."""
        return pause_ms(self.failures)

    def _count_failure(self, error: ConnectorError) -> None:
        self.error = error
        self.failures += 1
        corrupt = isinstance(error, CorruptAnswerError)
        if self.failures < TRIES or (self.patient and not corrupt):
            return
        self.ended = True
        throttled = isinstance(error, ThrottledError)
        self.given_up = Cause.THROTTLED_SKIP if throttled else Cause.UNREADABLE
