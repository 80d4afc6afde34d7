"""Opening a handler: loaded in the strongest sandbox that holds here."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from workbench.errors import ReplayRefusedError
from workbench.replay.engine.invocation import Invoker
from workbench.replay.functions.environment import handler_environment
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.invokers.worker_invoker import HandlerInvoker, HandlerSetup
from workbench.replay.isolation.sandbox import (
    Sandbox,
    dead_end,
    planted_canary,
    sandboxes,
    scratch_folder,
)
from workbench.replay.settings import Settings
from workbench.trace import Trace


@contextmanager
def opened_handler(
    trace: Trace,
    spec: HandlerSpec,
    settings: Settings,
    source_arn: str,
    *,
    allow_cooperative: bool,
) -> Iterator[tuple[Invoker, dict[str, Any]]]:
    """The handler, loaded in the first sandbox that holds; and what the run's document says about it.

    Args:
        trace: hidden from the handler.
        spec: the handler.
        settings: of the run.
        source_arn: whose region and account the function is given.
        allow_cooperative: whether a clean environment alone will do where nothing better is to be had.

    Raises:
        HandlerError: the handler does not load.
        ReplayRefusedError: isolation could not be proved.
    """
    with ExitStack() as stack:
        yield _invoker(stack, trace, spec, settings, source_arn, allow_cooperative)


def _invoker(
    stack: ExitStack,
    trace: Trace,
    spec: HandlerSpec,
    settings: Settings,
    source_arn: str,
    allow_cooperative: bool,
) -> tuple[Invoker, dict[str, Any]]:
    """The handler, loaded in the first sandbox that holds; and what the run's document says about it."""
    *better, last = sandboxes(spec, trace.path, allow_cooperative=allow_cooperative)
    for sandbox in better:
        with suppress(ReplayRefusedError):
            return _loaded(stack, trace, spec, settings, source_arn, sandbox)
    return _loaded(stack, trace, spec, settings, source_arn, last)


def _loaded(
    stack: ExitStack,
    trace: Trace,
    spec: HandlerSpec,
    settings: Settings,
    source_arn: str,
    sandbox: Sandbox,
) -> tuple[Invoker, dict[str, Any]]:
    proved = sandbox.tier != "C"
    function, region, account = settings.function, *source_arn.split(":")[3:5]
    environment = handler_environment(
        function,
        spec,
        region,
        stack.enter_context(dead_end()),
        stack.enter_context(scratch_folder(sandbox)),
    )
    setup = HandlerSetup(
        spec,
        function,
        sandbox,
        environment,
        f"arn:aws:lambda:{region}:{account}:function:{function.name}",
        stack.enter_context(planted_canary(trace.path)) if proved else None,
    )
    invoker = stack.enter_context(HandlerInvoker(setup))
    canary = dict(invoker.probed) if proved else None
    return invoker, {"tier": sandbox.tier, "means": sandbox.means, "canary": canary}
