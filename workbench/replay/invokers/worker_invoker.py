"""The invoker: a warm worker process that runs the handler, killed when its time is over, and started anew."""

import json
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from workbench.errors import HandlerError
from workbench.replay.engine.invocation import Batch, Invocation
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.invokers.worker_process import (
    WorkerEndedError,
    WorkerProcess,
    WorkerTimeoutError,
)
from workbench.replay.isolation.sandbox import SCRATCH_BYTES, Canary, Sandbox, refusal
from workbench.replay.settings import FunctionSettings

RESPONSE_BYTES_MAX = 6_291_556
INIT_TIMEOUT_S = 10
"""Lambda's own limit of the initialisation."""
PROBE_TIMEOUT_S = 30
_OPEN_FILES = _PROCESSES = 1024
"""Lambda's own limits."""


@dataclass(frozen=True, slots=True)
class HandlerSetup:
    """Everything a worker needs to begin."""

    spec: HandlerSpec
    function: FunctionSettings
    sandbox: Sandbox
    environment: Mapping[str, str]
    invoked_function_arn: str
    canary: Canary | None
    """None: nothing is proved, the user has said that it need not be."""


class HandlerInvoker:
    """Runs a handler in a worker that stays warm until it crashes or its time is over.

    Example:
        >>> with HandlerInvoker(setup) as invoker:                    # doctest: +SKIP
        ...     invoker.invoke(batch, request_id)
    """

    parallel = 1

    def __init__(self, setup: HandlerSetup, now_s: Callable[[], float] = time.time) -> None:
        self.probed: Mapping[str, str] = {}
        """What the last canary found: probe to the error it met."""
        self._setup = setup
        self._now_s = now_s
        self._worker: WorkerProcess | None = None
        self._init_ms: float | None = None

    def start(self) -> Self:
        """Prove the isolation, load the handler.

        Raises:
            ReplayRefusedError: the isolation does not hold; no code of the handler has run.
            HandlerError: the handler does not load.
        """
        worker = WorkerProcess(self._setup.sandbox, self._setup.environment)
        try:
            self._prove(worker)
            self._init_ms = self._load(worker)
        except BaseException:
            worker.kill()
            raise
        self._worker = worker
        return self

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        """Hand over one event; a crash, a timeout or a handler that no longer loads is an answer, too."""
        try:
            worker = self._worker or self.start()._worker
        except HandlerError as error:
            return Invocation(
                error_type="Runtime.ImportModuleError", error_message=str(error), init_ms=0
            )
        assert worker is not None
        init_ms, self._init_ms = self._init_ms, None
        began = time.perf_counter()
        try:
            answer = worker.ask(
                self._frame(batch.event, request_id), self._setup.function.timeout_s
            )
            told = _told(answer)
        except WorkerTimeoutError:
            self._end()
            told = self._timed_out()
        except (WorkerEndedError, ValueError, KeyError):
            told = self._exited(request_id, (time.perf_counter() - began) * 1000)
        log, dropped_bytes = worker.output.take()
        return Invocation(**told, init_ms=init_ms, log=log, log_dropped_bytes=dropped_bytes)

    def close(self) -> None:
        """End the worker; safe to call twice."""
        self._end()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _prove(self, worker: WorkerProcess) -> None:
        canary = self._setup.canary
        probes = json.dumps(canary.probes if canary else []).encode()
        try:
            self.probed = json.loads(worker.ask(probes, PROBE_TIMEOUT_S))
        except (WorkerEndedError, WorkerTimeoutError) as error:
            worker.ended_with()
            log, _ = worker.output.take()
            lines = log.strip().splitlines() or ["nothing said"]
            raise refusal(f"a sandbox that does not start ({lines[-1]})") from error
        if canary:
            canary.check(self.probed)

    def _load(self, worker: WorkerProcess) -> float:
        setup = self._setup
        wanted = {
            "folder": str(setup.spec.folder),
            "module": setup.spec.module,
            "file": str(setup.spec.file) if setup.spec.file else None,
            "function": setup.spec.function,
            "invoked_function_arn": setup.invoked_function_arn,
            "limits": _limits(setup),
        }
        timeout_s = max(INIT_TIMEOUT_S, setup.function.timeout_s)
        try:
            told = json.loads(worker.ask(json.dumps(wanted).encode(), timeout_s))
        except WorkerTimeoutError as error:
            raise self._unloadable(f"an import that takes longer than {timeout_s} s") from error
        except WorkerEndedError as error:
            raise self._unloadable(f"an import that {_ending(worker.ended_with())}") from error
        if "error" in told:
            raise self._unloadable(told["error"])
        return float(told["init_ms"])

    def _unloadable(self, found: str) -> HandlerError:
        return HandlerError(
            f"wanted the handler {self._setup.spec.text}, found {found}; mend it or name another"
        )

    def _frame(self, event: str, request_id: str) -> bytes:
        plain = request_id.replace("-", "")
        head = {
            "request_id": request_id,
            "deadline_ms": (self._now_s() + self._setup.function.timeout_s) * 1000,
            "trace_id": f"Root=1-{plain[:8]}-{plain[8:]};Parent={plain[:16]};Sampled=0",
        }
        return json.dumps(head).encode() + b"\n" + event.encode()

    def _timed_out(self) -> dict[str, Any]:
        timeout_s = self._setup.function.timeout_s
        return {
            "error_type": "Sandbox.Timedout",
            "error_message": f"Task timed out after {timeout_s:.2f} seconds",
            "duration_ms": timeout_s * 1000.0,
        }

    def _exited(self, request_id: str, duration_ms: float) -> dict[str, Any]:
        worker, self._worker = self._worker, None
        code = worker.ended_with() if worker else 0
        return {
            "error_type": "Runtime.ExitError",
            "error_message": f"RequestId: {request_id} Error: Runtime {_ending(code)}",
            "duration_ms": duration_ms,
        }

    def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker:
            worker.kill()


def _told(answer: bytes) -> dict[str, Any]:
    """The fields of an invocation out of a worker's answer."""
    head, _, payload = answer.partition(b"\n")
    told: dict[str, Any] = json.loads(head[1:])
    if head[:1] == b"E":
        error = json.loads(payload)
        return told | {
            "error_type": error["errorType"],
            "error_message": error["errorMessage"],
            "stack_trace": tuple(error["stackTrace"]),
        }
    if len(payload) > RESPONSE_BYTES_MAX:
        message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
        return told | {"error_type": "Function.ResponseSizeTooLarge", "error_message": message}
    return told | {"response": payload.decode()}


def _ending(code: int) -> str:
    """How a process ended, in the words of Lambda's runtime; a sandbox says 128 + signal for a signal."""
    number = -code if code < 0 else code - 128
    if number > 0 and number in set(signal.Signals):
        return f"exited with error: signal: {(signal.strsignal(number) or str(number)).lower()}"
    return f"exited with error: exit status {code}" if code else "exited without providing a reason"


def _limits(setup: HandlerSetup) -> dict[str, int]:
    """Backstops. Memory is not held to MemorySize: Lambda kills, a limit only makes an allocation fail."""
    limits = {
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": _OPEN_FILES,
        "RLIMIT_FSIZE": SCRATCH_BYTES,
        "RLIMIT_DATA": 4 * setup.function.memory_size_mb * 1024 * 1024,
    }
    # Outside a namespace all processes of the user would count.
    return limits | ({"RLIMIT_NPROC": _PROCESSES} if setup.sandbox.tier == "A" else {})
