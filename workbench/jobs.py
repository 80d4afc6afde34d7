"""Long work beside a notebook: each piece in a thread of its own, watched, stopped, its result kept.

A cell returns at once, because some kernels handle nothing else while a cell runs. What a job says can be read by
anybody at any time; who listens is told at most ten times a second, because a notebook server drops what comes faster.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from workbench.errors import WorkbenchError
from workbench.markup import Markup, el, visible
from workbench.summary import Summary

Result = TypeVar("Result")
State = Literal["running", "done", "failed", "cancelled"]
Clock = Callable[[], float]

TELLING_S = 0.1
"""Least time between two tellings of listeners."""
RATE_S = 10.0
"""The rate is that of about the last so many seconds."""


class JobCancelledError(WorkbenchError):
    """The work was asked to stop; raised inside it, and by `Job.wait` where it left no result."""


@dataclass(frozen=True, slots=True)
class JobProgress(Summary):
    """How far a job is; None for what is not known."""

    state: State
    done: int
    total: int | None
    unit: str
    elapsed_s: float
    rate_per_second: float | None
    """Of late."""
    remaining_s: float | None
    error: str | None
    """One line, where it failed."""

    def __str__(self) -> str:
        of = "" if self.total is None else f" of {self.total:,}"
        said = [f"{self.state}: {self.done:,}{of} {self.unit} in {self.elapsed_s:,.1f} s"]
        if self.rate_per_second is not None:
            said.append(f"{self.rate_per_second:,.0f}/s")
        if self.remaining_s is not None and self.state == "running":
            said.append(f"{self.remaining_s:,.0f} s left")
        return ", ".join(said) + (f": {self.error}" if self.error else "")


class Report:
    """What the work is given: where it says how far it is, and learns that it is to stop."""

    def __init__(self, clock: Clock) -> None:
        self.stop = threading.Event()
        """Set when the job is cancelled: for work that ends by itself and keeps what it has."""
        self._clock = clock
        self._lock = threading.Lock()
        self._done = 0
        self._total: int | None = None
        self._since = self._until = (clock(), 0)

    def count(self, done: int, total: int | None = None) -> None:
        """Say how much is done, and of how much."""
        with self._lock:
            self._done, self._total, now = done, total, self._clock()
            if now - self._until[0] >= RATE_S:
                self._since, self._until = self._until, (now, done)

    def __call__(self, done: int, total: int | None = None) -> None:
        """The same, for work that ends by an error.

        Raises:
            JobCancelledError: the job was cancelled.
        """
        self.count(done, total)
        if self.stop.is_set():
            raise JobCancelledError("cancelled")

    def read(self) -> tuple[int, int | None, float | None]:
        """Done, total, and how much a second."""
        with self._lock:
            then, had = self._since
            took_s = self._clock() - then
            gained = self._done - had
            rate = gained / took_s if gained > 0 and took_s > 0 else None
            return self._done, self._total, rate


class Job(Generic[Result]):
    """One piece of work in its own thread: a capture, a replay, a search for settings.

    Args:
        work: is given a `Report`, and returns the result; where `report.stop` was set, the part that it has.
        title: what it is, for people.
        unit: what it counts.
        clock: seconds that only go on.

    Example:
        >>> job = Job(lambda report: sum(range(10)), "adding up")
        >>> job.wait()
        45
        >>> job.progress().state
        'done'
    """

    def __init__(
        self,
        work: Callable[[Report], Result],
        title: str,
        unit: str = "records",
        clock: Clock = time.monotonic,
    ) -> None:
        self.title, self.unit = title, unit
        self._clock, self._began_s = clock, clock()
        self._report, self._lock = Report(clock), threading.Lock()
        self._ended = threading.Event()
        self._took_s: float | None = None
        self._state: State = "running"
        self._result: Result | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(work,), name=title, daemon=True)
        self._thread.start()

    def progress(self) -> JobProgress:
        """How far it is, now."""
        done, total, rate = self._report.read()
        with self._lock:
            state, took_s, error = self._state, self._took_s, self._error
        elapsed_s = self._clock() - self._began_s if took_s is None else took_s
        left = None if total is None or rate is None else max(total - done, 0) / rate
        said = None if error is None or state == "cancelled" else _one_line(error)
        return JobProgress(state, done, total, self.unit, elapsed_s, rate, left, said)

    def cancel(self) -> None:
        """Ask it to stop; what it has by then is kept. Nothing where it has ended."""
        self._report.stop.set()

    def wait(self, timeout_s: float | None = None) -> Result:
        """The result, once there is one; of a cancelled job, the part that it kept.

        Ctrl-C, or a notebook's stop button, cancels the job and waits for that part; a second one lets it be.

        Raises:
            TimeoutError: it goes on.
            JobCancelledError: it was cancelled and kept nothing.
            Exception: what the work raised.
        """
        try:
            has_ended = self._ended.wait(timeout_s)
        except KeyboardInterrupt:
            self.cancel()
            has_ended = self._ended.wait()
        if not has_ended:
            raise TimeoutError(f"{self.title} goes on: {self.progress()}")
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # without an error there is one

    def ended(self, timeout_s: float | None = None) -> bool:
        """Wait until it has ended, however; whether it has."""
        return self._ended.wait(timeout_s)

    def listen(self, listener: Callable[[JobProgress], None]) -> threading.Thread:
        """Call `listener` when something has changed, at most ten times a second, and once at the end.

        Returns:
            The thread that does it; it ends with the job. What the listener raises ends the listening, nothing else.
        """
        thread = threading.Thread(
            target=self._tell, args=(listener,), name=f"{self.title}: listening", daemon=True
        )
        thread.start()
        return thread

    def __repr__(self) -> str:
        return f"<Job {self.title}: {self.progress()}>"

    def _repr_html_(self) -> str:
        now = self.progress()
        total = str(now.total) if now.total else None
        bar: Markup | str = el("progress", value=str(now.done), max=total) if total else ""
        return el("p", el("b", self.title), " ", bar, f" {now}")

    def _run(self, work: Callable[[Report], Result]) -> None:
        error: BaseException | None = None
        result = None
        try:
            result = work(self._report)
        except BaseException as raised:  # noqa: BLE001 - nobody sees what is raised on this thread; `wait` raises it
            error = raised
        with self._lock:
            self._result, self._error = result, error
            self._took_s = self._clock() - self._began_s
            if self._report.stop.is_set():
                self._state = "cancelled"
            else:
                self._state = "done" if error is None else "failed"
        self._ended.set()

    def _tell(self, listener: Callable[[JobProgress], None]) -> None:
        told: tuple[int, int | None] | None = None
        with suppress(Exception):  # a page that is gone has nobody to tell
            while not self._ended.wait(TELLING_S):
                now = self.progress()
                if (now.done, now.total) != told:
                    told = now.done, now.total
                    listener(now)
            listener(self.progress())


def _one_line(error: BaseException) -> str:
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return visible(first)
