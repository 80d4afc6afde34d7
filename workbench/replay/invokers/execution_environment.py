"""One Lambda execution environment: a program in its sandbox, initialised once, invoked until it ends."""

import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from workbench.replay.engine.invocation import Effect, Invocation
from workbench.replay.functions.environment import handler_environment
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.invokers.event_clock import ClockFace, EventClock
from workbench.replay.invokers.runtime_api import Event, Fault, RuntimeApi
from workbench.replay.isolation.process import Program, SandboxedProcess
from workbench.replay.isolation.sandbox import SCRATCH_BYTES, Canary, Sandbox
from workbench.replay.settings import FunctionSettings

INIT_TIMEOUT_S = 10.0
"""Lambda's own limit of the initialisation."""
LOOK_S = 0.02
"""How often memory and life of a program are looked at while it works."""
_OPEN_FILES = _PROCESSES = 1024
"""Lambda's own limits."""
_MEBIBYTE = 1024 * 1024


class Recorder(Protocol):
    """Serves the AWS endpoint of one execution environment."""

    def begin(self, request_id: str) -> None:
        """From here on calls are of this invocation."""
        ...

    def take(self) -> tuple[Effect, ...]:
        """The calls since it was last asked."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


@dataclass(frozen=True, slots=True)
class FunctionSetup:
    """Everything an execution environment needs to begin."""

    spec: HandlerSpec
    function: FunctionSettings
    sandbox: Sandbox
    region: str
    invoked_function_arn: str
    canary: Canary | None
    """None: nothing is proved, the user has said that it need not be."""
    record: Callable[[socket.socket], Recorder] | None = None
    """Begins to serve AWS on the socket; None: whoever calls AWS is refused the connection."""
    clock: EventClock | None = None
    """None: the program sees the clock of this machine."""
    init_timeout_s: float = INIT_TIMEOUT_S
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of the environment, over everything else."""


@dataclass(frozen=True, slots=True)
class _End:
    """Why an execution environment is no more."""

    error_type: str
    told: str
    """As Lambda says it, but for the request id."""

    def fault(self, request_id: str) -> Fault:
        """As an invocation reports it."""
        if self.error_type == "Sandbox.Timedout":
            return Fault(self.error_type, self.told)
        return Fault(self.error_type, f"RequestId: {request_id} Error: {self.told}")


_KILLED = _End("Runtime.ExitError", "Runtime exited with error: signal: killed")


class ExecutionEnvironment:
    """A sandbox from start to end; whatever its program does is an answer.

    Args:
        setup: what runs, and where.
        stop: set, by whatever thread, it ends what it is at.

    Raises:
        ReplayRefusedError: the isolation does not hold; no code of the handler has run.

    Source: Lambda developer guide, "Understanding the Lambda execution environment lifecycle".
    """

    def __init__(self, setup: FunctionSetup, stop: threading.Event) -> None:
        self._setup = setup
        self._stop = stop
        self._process = SandboxedProcess(setup.sandbox, setup.canary)
        self.probed = self._process.probed
        """What the canary met."""
        self._face = setup.clock.face() if setup.clock else None
        self._recorder = self._listen_for_aws()
        self._api = RuntimeApi(self._process.listeners["runtime_api"], _described(setup))
        self._limit_bytes = setup.function.memory_size_mb * _MEBIBYTE
        self._peak_bytes = 0
        self._look_at = 0.0
        self.ended: _End | None = None
        """Why it cannot be invoked any more; None while it can."""

    def initialise(self, timeout_s: float, at: datetime | None = None) -> Fault | float:
        """Start the program and wait until it asks for its first event.

        Args:
            timeout_s: how long that may take.
            at: what its clock shows; used where there is an event clock.

        Returns:
            How many milliseconds it took, or why it cannot begin.
        """
        if self._face and at:
            self._face.set(at)
        began = time.perf_counter()
        self._process.run(_program(self._setup), self._environment(self._face))
        api = self._api
        end = self._serve_until(lambda: api.waiting or api.init_fault is not None, timeout_s)
        if api.init_fault is not None:
            self._close(_End(api.init_fault.error_type, api.init_fault.error_message))
            return api.init_fault
        if end is not None:
            self._close(end)
            return Fault(end.error_type, end.told)
        return (time.perf_counter() - began) * 1000

    def invoke(self, event: str, request_id: str, at: datetime) -> Invocation:
        """Hand over one event and wait until it is done with."""
        timeout_s = self._setup.function.timeout_s
        now_s = self._face.set(at) if self._face else time.time()
        if self._recorder:
            self._recorder.begin(request_id)
        began = time.perf_counter()
        self._api.hand_over(
            Event(
                request_id,
                event.encode("utf-8", "surrogatepass"),
                int((now_s + timeout_s) * 1000),
                self._setup.invoked_function_arn,
            )
        )
        end = self._serve_until(self._done, timeout_s)
        took_ms = (time.perf_counter() - began) * 1000
        answer = self._answer(end, request_id)
        if end is not None and end.error_type == "Sandbox.Timedout":
            took_ms = timeout_s * 1000.0
        if end is None:
            self._look()
        else:
            self._close(end)
        log, dropped_bytes = self._process.output.take()
        told = Invocation(
            duration_ms=took_ms,
            max_memory_bytes=self._peak_bytes or None,
            log=log,
            log_dropped_bytes=dropped_bytes,
            effects=self._recorder.take() if self._recorder else None,
        )
        return _with(told, answer)

    def take_log(self) -> tuple[str, int]:
        """What was printed since it was last asked, and how many bytes of that were not kept."""
        return self._process.output.take()

    def close(self) -> None:
        """End everything inside; safe to call twice."""
        self._close(self.ended or _End("", "closed"))

    def _done(self) -> bool:
        """Done is who asks for the next event."""
        return self._api.answer is not None and self._api.waiting

    def _answer(self, end: _End | None, request_id: str) -> str | Fault:
        """Assumed: a program that ends after it has answered has answered."""
        answer = self._api.answer
        if end is None or (answer is not None and end.error_type == "Runtime.ExitError"):
            assert answer is not None
            return answer
        return end.fault(request_id)

    def _serve_until(self, done: Callable[[], bool], timeout_s: float) -> _End | None:
        """Serve until something is done; or why it never will be."""
        deadline = time.monotonic() + timeout_s
        while not done():
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return _End("Sandbox.Timedout", f"Task timed out after {timeout_s:.2f} seconds")
            wait_s = min(left_s, 0.001 if self._api.lost else LOOK_S)
            if not self._api.step(wait_s * 1000) or self._api.lost:
                self._look()
                end = self._end_of_program()
                if end is not None and not self._settled(done):
                    return end
        return None

    def _settled(self, done: Callable[[], bool]) -> bool:
        """Whether what a program that has ended said last makes it done."""
        while self._api.step(0):
            pass
        return done()

    def _end_of_program(self) -> _End | None:
        if self._stop.is_set():
            return _KILLED
        if self._peak_bytes > self._limit_bytes:
            return replace(_KILLED, error_type="Runtime.OutOfMemory")
        code = self._process.poll()
        return None if code is None else _End("Runtime.ExitError", f"Runtime {_ending(code)}")

    def _look(self) -> None:
        """Take the memory down, not too often: it is read from the files of every process inside."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            self._peak_bytes = max(self._peak_bytes, self._process.memory_bytes())

    def _close(self, end: _End) -> None:
        if self.ended is not None:
            return
        self.ended = end
        self._process.kill()
        self._api.close()
        if self._recorder:
            self._recorder.close()

    def _listen_for_aws(self) -> Recorder | None:
        listener = self._process.listeners["aws"]
        if self._setup.record is None:
            listener.close()
            return None
        return self._setup.record(listener)

    def _environment(self, face: ClockFace | None) -> Mapping[str, str]:
        setup, ports = self._setup, self._process.ports
        variables = handler_environment(
            setup.function,
            setup.spec,
            setup.region,
            ports["aws"],
            self._process.scratch,
            ports["runtime_api"],
        )
        return variables | dict(face.variables if face else {}) | dict(setup.variables)


def _with(told: Invocation, answer: str | Fault) -> Invocation:
    if isinstance(answer, str):
        return replace(told, response=answer)
    return replace(
        told,
        error_type=answer.error_type,
        error_message=answer.error_message,
        stack_trace=answer.stack_trace,
    )


def _described(setup: FunctionSetup) -> dict[str, str]:
    return {
        "functionName": setup.function.name,
        "functionVersion": setup.function.version,
        "handler": setup.spec.name,
    }


def _program(setup: FunctionSetup) -> Program:
    """The program with its backstops.

    Memory is not held to MemorySize: Lambda kills, a limit only makes an allocation fail.
    """
    limits: dict[str, Any] = {
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": _OPEN_FILES,
        "RLIMIT_FSIZE": SCRATCH_BYTES,
    }
    if setup.sandbox.tier == "A":  # outside a namespace all processes of the user would count
        limits["RLIMIT_NPROC"] = _PROCESSES
    return Program(setup.spec.arguments, setup.spec.folder, limits)


def _ending(code: int) -> str:
    """How a process ended, in the words of Lambda's runtime; a sandbox says 128 + signal for a signal."""
    number = -code if code < 0 else code - 128
    if number > 0 and number in set(signal.Signals):
        return f"exited with error: signal: {(signal.strsignal(number) or str(number)).lower()}"
    return f"exited with error: exit status {code}" if code else "exited without providing a reason"
