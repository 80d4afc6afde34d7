"""Scripted AWS for other processes: one process holds the fakes, those that will be killed ask it over a socket.

Time runs, faster than a person's: both sides tell it from the machine's monotonic clock, so nobody has to ask for it.
"""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, Self

from connectors.record import Mode
from tests.scripted_aws.clock import START, VirtualClock
from tests.scripted_aws.faults import aws_error
from tests.scripted_aws.sqs import ACCOUNT, REGION
from workbench.trace.limits import Clock


@dataclass(frozen=True)
class RunningClock:
    """Virtual time as a multiple of the machine's; the same in every process of the machine."""

    began_ns: int
    speed: float

    def now(self) -> datetime:
        """The instant, UTC."""
        return START + timedelta(microseconds=self._ran_ns() / 1_000)

    def for_capture(self) -> Clock:
        """The same time in the capture loop's words; a wait is as much shorter as time is faster."""
        return Clock(
            self.now,
            lambda: int(self._ran_ns() / 1_000_000),
            lambda event, seconds: event.wait(seconds / self.speed),
        )

    def _ran_ns(self) -> float:
        return (time.monotonic_ns() - self.began_ns) * self.speed


class ServedAws:
    """The fakes, by boto3's name of the service, answering one call at a time."""

    def __init__(
        self,
        fakes: Mapping[str, object],
        clock: VirtualClock,
        address: Path,
        *,
        speed: float = 60,
        before_call: Callable[[], None] = lambda: None,
    ) -> None:
        self.running = RunningClock(time.monotonic_ns(), speed)
        self.calls = 0
        self._fakes, self._clock, self._before_call = fakes, clock, before_call
        self._lock = threading.Lock()
        self._listener = Listener(str(address), "AF_UNIX")
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with suppress(EOFError, OSError), connection:  # whoever asked may be dead by now
            while True:
                connection.send(self._answer(*connection.recv()))

    def _answer(self, service: str, method: str, asked: dict[str, Any]) -> tuple[Any, Any]:
        with self._lock:
            self.calls += 1
            self._clock.at = max(self._clock.at, self.running.now())
            self._before_call()
            try:
                return getattr(self._fakes[service], method)(**asked), None
            except Exception as error:  # noqa: BLE001 - it is raised where it was asked
                return None, error


@dataclass(frozen=True)
class DirectAccess:
    """What `connectors.Access` is to a real AWS, for fakes of the same process."""

    fakes: Mapping[str, object]
    before_call: Callable[[], None]

    def client(self, service: str, mode: Mode) -> "DirectClient":
        """A client of the fake of that service."""
        return DirectClient(self.fakes[service], self.before_call)


class DirectClient:
    """A boto3 client as far as its operations go; before each of them the world goes on."""

    def __init__(self, fake: object, before_call: Callable[[], None]) -> None:
        self._fake, self._before_call = fake, before_call
        self.meta = _meta()

    def __getattr__(self, method: str) -> Any:
        self._before_call()
        return getattr(self._fake, method)


@dataclass(frozen=True)
class ServedAccess:
    """What `connectors.Access` is to a real AWS; each client has a connection of its own for every thread."""

    address: Path
    credentials: Any = field(default=None, repr=False)

    def client(self, service: str, mode: Mode) -> "ServedClient":
        """A client of the fake of that service."""
        return ServedClient(self.address, service)


class ServedClient:
    """A boto3 client as far as its operations go."""

    def __init__(self, address: Path, service: str) -> None:
        self._address, self._service = address, service
        self._of_thread = threading.local()
        self.meta = _meta()

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_"):
            raise AttributeError(method)
        return lambda **asked: self._ask(method, asked)

    def _ask(self, method: str, asked: dict[str, Any]) -> Any:
        connection = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = Client(str(self._address), "AF_UNIX")
        connection.send((self._service, method, asked))
        answer, error = connection.recv()
        if error is not None:
            raise error
        return answer


class Caller:
    """STS as far as it tells who is asking."""

    def get_caller_identity(self, **asked: Any) -> dict[str, str]:
        """The account of the fakes."""
        return {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/test"}


class NoFunctions:
    """Lambda without functions and mappings."""

    def list_event_source_mappings(self, **asked: Any) -> dict[str, Any]:
        """None."""
        return {"EventSourceMappings": []}

    def __getattr__(self, method: str) -> Any:
        if method.startswith("_"):
            raise AttributeError(method)

        def not_found(**asked: Any) -> None:
            raise aws_error("ResourceNotFoundException", method)

        return not_found


def _meta() -> SimpleNamespace:
    events = SimpleNamespace(register=_unheard, register_first=_unheard, register_last=_unheard)
    return SimpleNamespace(region_name=REGION, events=events)


def _unheard(*event: Any, **named: Any) -> None:
    """Nothing goes over a wire here, so no event of it is ever told."""
