"""The invoker: execution environments that stay warm until they end, as many as may work at the same time."""

import ast
import queue
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from workbench.errors import HandlerError
from workbench.replay.engine.invocation import Batch, Invocation
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.invokers.execution_environment import ExecutionEnvironment, FunctionSetup
from workbench.replay.invokers.runtime_api import Fault

_STOPPED = Fault("Runtime.ExitError", "Runtime exited with error: signal: killed")
_PLACE = re.compile(r'File "([^"]+)",? [Ll]ine (\d+)')


class RuntimeInvoker:
    """Runs a function in execution environments of its own, any runtime; `invoke` may be called from several threads.

    Args:
        setup: what runs, and where.
        parallel: how many environments there may be at the same time.
        cold: a new environment for each invocation.

    Example:
        >>> with RuntimeInvoker(setup) as invoker:                    # doctest: +SKIP
        ...     invoker.invoke(batch, request_id)
    """

    def __init__(self, setup: FunctionSetup, *, parallel: int = 1, cold: bool = False) -> None:
        self.parallel = parallel
        self.probed: Mapping[str, str] = {}
        """What the last canary found: probe to the error it met."""
        self._setup = setup
        self._cold = cold
        # The last used comes first: what is warm stays warm, as Lambda has it.
        self._idle: queue.LifoQueue[_Slot] = queue.LifoQueue()
        self._stop = threading.Event()
        self._slots = [_Slot(setup, self._stop) for _ in range(parallel)]
        for slot in reversed(self._slots):
            self._idle.put(slot)

    def start(self) -> Self:
        """Prove the isolation, initialise the first environment; the others begin when they are needed.

        Raises:
            ReplayRefusedError: the isolation does not hold; no code of the handler has run.
            HandlerError: the handler does not load.
        """
        self._stop.clear()
        slot = self._slots[0]
        fault = slot.begin(None)
        self.probed = slot.probed
        if fault is not None:
            printed = slot.not_begun(fault).log.split("\n")
            slot.close()
            raise _unloadable(self._setup.spec, fault, printed)
        return self

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        """Hand over one event; a crash, a timeout or a handler that no longer loads is an answer, too."""
        slot = self._idle.get()
        try:
            fault = _STOPPED if self._stop.is_set() else slot.begin(batch)
            if fault is not None:
                return slot.not_begun(fault)
            return slot.invoke(batch, request_id)
        finally:
            if self._cold:
                slot.close()
            self._idle.put(slot)

    def renew(self) -> None:
        """End all environments; the next invocation gets a new one."""
        held = [self._idle.get() for _ in self._slots]
        for slot in reversed(held):
            slot.close()
            self._idle.put(slot)

    def close(self) -> None:
        """End all environments, and with them what they are at; from any thread, and safe to call twice."""
        self._stop.set()
        self.renew()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


class _Slot:
    """Room for one execution environment after the other."""

    def __init__(self, setup: FunctionSetup, stop: threading.Event) -> None:
        self._setup = setup
        self._stop = stop
        self._environment: ExecutionEnvironment | None = None
        self._init_ms: float | None = None
        self.probed: Mapping[str, str] = {}

    def begin(self, batch: Batch | None) -> Fault | None:
        """Have an environment that can be invoked; why there is none.

        An initialisation that fails is run once more with the time that an invocation has, as in Lambda.
        """
        if self._environment is not None and self._environment.ended is None:
            return None
        setup = self._setup
        fault = None
        for timeout_s in (
            setup.init_timeout_s,
            max(setup.init_timeout_s, setup.function.timeout_s),
        ):
            self.close()
            self._environment = ExecutionEnvironment(setup, self._stop)
            self.probed = self._environment.probed
            begun = self._environment.initialise(timeout_s, batch.at if batch else None)
            if isinstance(begun, float):
                self._init_ms = begun
                return None
            fault = begun
        return fault

    def not_begun(self, fault: Fault) -> Invocation:
        """An invocation that found no handler."""
        log, dropped_bytes = self._environment.take_log() if self._environment else ("", 0)
        return Invocation(
            error_type=fault.error_type,
            error_message=fault.error_message,
            stack_trace=fault.stack_trace,
            init_ms=0.0,
            log=log,
            log_dropped_bytes=dropped_bytes,
        )

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        """One invocation; the first of an environment tells how long it took to begin."""
        assert self._environment is not None
        invocation = self._environment.invoke(batch.event, request_id, batch.at)
        init_ms, self._init_ms = self._init_ms, None
        return invocation if init_ms is None else replace(invocation, init_ms=init_ms)

    def close(self) -> None:
        """End the environment; safe to call twice."""
        environment, self._environment = self._environment, None
        if environment is not None:
            environment.close()


def _unloadable(spec: HandlerSpec, fault: Fault, printed: Sequence[str]) -> HandlerError:
    message = " ".join(fault.error_message.split())
    last = next((" ".join(line.split()) for line in reversed(printed) if line.strip()), None)
    if last and fault.error_type == "Runtime.ExitError":
        message += f" (it printed: {last})"
    if fault.error_type == "Runtime.HandlerNotFound":
        message += _there_are(spec)
    where = _line_of(spec, fault)
    return HandlerError(
        f"wanted the handler {spec.text}, found {fault.error_type}{where}: {message}; mend it or name another"
    )


def _there_are(spec: HandlerSpec) -> str:
    """The functions that a Python file defines, read without running it."""
    if spec.file is None or spec.file.suffix != ".py":
        return ""
    try:
        body = ast.parse(spec.file.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return ""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = [each.name for each in body if isinstance(each, functions) and each.name[:1] != "_"]
    return f"; there {'are' if names else 'is'} {', '.join(names) or 'none at all'}"


def _line_of(spec: HandlerSpec, fault: Fault) -> str:
    """The last place of a Python stack trace that is in the handler's own folder."""
    found = [place for frame in fault.stack_trace for place in _PLACE.findall(frame)]
    ours = [(file, line) for file, line in found if Path(file).is_relative_to(spec.folder)]
    return f" in line {ours[-1][1]} of {Path(ours[-1][0]).name}" if ours else ""
