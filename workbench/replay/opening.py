"""Opening a handler: loaded in the strongest sandbox that holds here."""

import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.errors import ReplayRefusedError
from workbench.replay.engine.invocation import Invoker
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.invokers.event_clock import EventClock
from workbench.replay.invokers.execution_environment import FunctionSetup, Recorder
from workbench.replay.invokers.function_invoker import Function, FunctionInvoker
from workbench.replay.invokers.recorded_invoker import RecordedInvoker, recorded_handlings
from workbench.replay.invokers.runtime_invoker import RuntimeInvoker
from workbench.replay.isolation.sandbox import (
    FLAG,
    Sandbox,
    planted_canary,
    sandboxes,
)
from workbench.replay.settings import Settings
from workbench.trace import Trace

Opened = tuple[Invoker, dict[str, Any]]
"""The invoker, and what the run's document says of its isolation."""


@dataclass(frozen=True, slots=True)
class Environments:
    """How a handler's execution environments are to be."""

    parallel: int = 1
    """As many at the same time."""
    cold: bool = False
    """A new one for each invocation."""
    event_clock: bool = False
    """Their clocks show the virtual instant of each batch."""
    record: Callable[[socket.socket], Recorder] | None = None
    """Begins to serve AWS to one of them; None: AWS refuses the connection."""


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
            setup = replace(setup, clock=clock, record=environments.record)
            invoker = RuntimeInvoker(setup, parallel=environments.parallel, cold=environments.cold)
            stack.enter_context(invoker)
            canary = dict(invoker.probed) if setup.canary else None
            return invoker, {"tier": sandbox.tier, "means": sandbox.means, "canary": canary}

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
        function, settings.function, _function_arn(settings, source_arn), parallel=parallel
    )
    yield invoker, dict(FunctionInvoker.isolation)


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
    return FunctionSetup(
        spec,
        settings.function,
        sandbox,
        source_arn.split(":")[3],
        _function_arn(settings, source_arn),
        stack.enter_context(planted_canary(trace.path)) if sandbox.tier != "C" else None,
    )


def _function_arn(settings: Settings, source_arn: str) -> str:
    region, account = source_arn.split(":")[3:5]
    return f"arn:aws:lambda:{region}:{account}:function:{settings.function.name}"


def _event_clock(stack: ExitStack) -> EventClock:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="replay-clock-"))
    return EventClock(Path(folder).resolve())
