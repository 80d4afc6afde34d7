"""Opening a handler: loaded in the strongest sandbox that holds here."""

import platform
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.errors import ReplayRefusedError
from workbench.replay.effects.call import Answering
from workbench.replay.effects.recorder import Recorder
from workbench.replay.engine.invocation import Invoker
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.invokers.event_clock import EventClock
from workbench.replay.invokers.execution_environment import FunctionSetup
from workbench.replay.invokers.function_invoker import Function, FunctionInvoker
from workbench.replay.invokers.recorded_invoker import RecordedInvoker, recorded_handlings
from workbench.replay.invokers.runtime_invoker import RuntimeInvoker
from workbench.replay.isolation.sandbox import (
    FLAG,
    Sandbox,
    planted_canary,
    sandboxes,
)
from workbench.replay.settings import Settings, function_arn
from workbench.summary import Summary
from workbench.trace import Trace

Opened = tuple[Invoker, dict[str, Any]]
"""The invoker, and what the run's document says of its isolation."""


@dataclass(frozen=True, slots=True)
class Environments(Summary):
    """How a handler's execution environments are to be."""

    parallel: int = 1
    """As many at the same time."""
    cold: bool = False
    """A new one for each invocation."""
    event_clock: bool = False
    """Their clocks show the virtual instant of each batch."""
    answers: Answering | None = None
    """What AWS answers to the handler; the least that a success needs where this has none."""


@contextmanager
def opened_handler(
    trace: Trace,
    spec: HandlerSpec,
    settings: Settings,
    source_arn: str,
    *,
    allow_cooperative: bool,
    environments: Environments = Environments(),
) -> Iterator[Opened]:
    """The handler, loaded in the first sandbox that holds; and what the run's document says about it.

    Args:
        trace: hidden from the handler.
        spec: the handler.
        settings: of the run.
        source_arn: whose region and account the function is given.
        allow_cooperative: whether a clean environment alone will do where nothing better is to be had.
        environments: how many, warm or cold, with which clock and which AWS.

    Raises:
        HandlerError: the handler does not load.
        ReplayRefusedError: isolation could not be proved.
        UsageError: an event clock where libfaketime is not installed.
    """
    with ExitStack() as stack:
        clock = _event_clock(stack) if environments.event_clock else None
        shown = replace(spec, shown=(*spec.shown, *clock.shown)) if clock else spec
        *better, last = sandboxes(shown, trace.path, allow_cooperative=allow_cooperative)

        def loaded(sandbox: Sandbox) -> Opened:
            setup = _setup(stack, trace, shown, settings, source_arn, sandbox)
            setup = replace(setup, clock=clock, record=_serving(environments.answers))
            invoker = RuntimeInvoker(setup, parallel=environments.parallel, cold=environments.cold)
            stack.enter_context(invoker)
            canary = dict(invoker.probed) if setup.canary else None
            return invoker, {
                "tier": sandbox.tier,
                "means": sandbox.means,
                "canary": canary,
                "kernel": platform.release(),
            }

        yield _first(better, loaded) or loaded(last)


@contextmanager
def opened_recording(
    trace: Trace, settings: Settings, source_arn: str, seed: int
) -> Iterator[Opened]:
    """No handler: what production's log tells of the source's records.

    Args:
        trace: where the log is.
        settings: of the run; a function whose log is in the trace counts, else the one that the log tells most of.
        source_arn: the source.
        seed: of what the log does not tell.

    Raises:
        UsageError: no log in the trace tells of it.
    """
    handlings = recorded_handlings(trace, source_arn, function_name=settings.function.name)
    yield RecordedInvoker(handlings, seed=seed), dict(RecordedInvoker.isolation)


@contextmanager
def opened_function(
    function: Function,
    settings: Settings,
    source_arn: str,
    *,
    allow_cooperative: bool,
    parallel: int = 1,
) -> Iterator[Opened]:
    """A Python callable of this process, which nothing shuts in.

    Args:
        function: takes event and context.
        settings: of the run.
        source_arn: whose region and account its context says.
        allow_cooperative: the user's word, without which it is not called.
        parallel: how many calls at the same time.

    Raises:
        ReplayRefusedError: without the user's word.
    """
    if not allow_cooperative:
        raise ReplayRefusedError(
            "wanted isolation of the handler, found a function of this very process, which has none; name it as "
            f"file.py:function, or pass allow_cooperative=True ({FLAG}) if it can do no harm"
        )
    invoker = FunctionInvoker(
        function,
        settings.function,
        function_arn(source_arn, settings.function.name),
        parallel=parallel,
    )
    yield invoker, dict(FunctionInvoker.isolation)


def _serving(answers: Answering | None) -> Callable[[socket.socket], Recorder]:
    """Begins to serve AWS to an execution environment; the same answers go on in the next one."""

    def record(listener: socket.socket) -> Recorder:
        recorder = Recorder(listener, answers)
        recorder.start()
        return recorder

    return record


def _first(better: list[Sandbox], loaded: Callable[[Sandbox], Opened]) -> Opened | None:
    for sandbox in better:
        with suppress(ReplayRefusedError):
            return loaded(sandbox)
    return None


def _setup(
    stack: ExitStack,
    trace: Trace,
    spec: HandlerSpec,
    settings: Settings,
    source_arn: str,
    sandbox: Sandbox,
) -> FunctionSetup:
    arn = function_arn(source_arn, settings.function.name)
    return FunctionSetup(
        spec,
        settings.function,
        sandbox,
        arn.split(":")[3],
        arn,
        stack.enter_context(planted_canary(trace.path)) if sandbox.tier != "C" else None,
    )


def _event_clock(stack: ExitStack) -> EventClock:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="replay-clock-"))
    return EventClock(Path(folder).resolve())
