"""Replay: the captured records of a source, through a handler, into rows of the trace."""

import hashlib
import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.errors import TraceError, UsageError
from workbench.mapping import EventSourceMapping
from workbench.replay.books import Books, Clock, Progress
from workbench.replay.engine.invocation import Invoker, Item
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.functions.template import TemplateFunction, template_function
from workbench.replay.invokers.breaker import STOP_AFTER_CRASHES, Breaker
from workbench.replay.invokers.function_invoker import Function
from workbench.replay.opening import (
    Environments,
    opened_function,
    opened_handler,
    opened_recording,
)
from workbench.replay.pace import Pacer, StoppableInvoker
from workbench.replay.perturb.what_if import NEEDS_EFFECTS, Perturbation
from workbench.replay.resume import Plan, ResumedInvoker, recorded_answers
from workbench.replay.run import Run
from workbench.replay.selection import EVERYTHING, Selection, selected_items
from workbench.replay.settings import Document, Settings, settle
from workbench.trace import Trace
from workbench.trace.sources import source_in_trace


def replay(
    trace: Trace,
    handler: str | Function | None,
    *,
    source: str,
    runtime: str | None = None,
    python: str | None = None,
    environments: Environments = Environments(),
    mapping: EventSourceMapping | Document | None = None,
    queue_attributes: Document | None = None,
    function: Document | None = None,
    event_invoke_config: Document | None = None,
    template: TemplateFunction | Path | str | None = None,
    allow_cooperative: bool = False,
    progress: Progress | None = None,
    folder: Path | None = None,
    now: Clock = lambda: datetime.now(UTC),
    seed: int = 0,
    pace: float | None = None,
    stop: threading.Event | None = None,
    resume: str | None = None,
    selection: Selection = EVERYTHING,
    stop_after_crashes: int = STOP_AFTER_CRASHES,
    what_if: Sequence[str] = (),
) -> Run:
    """Run the captured records of a source through a handler, as Lambda would have handed them to it.

    Args:
        trace: where the records are, and where the run's rows go.
        handler: `file.py:function`, `module:function` or `index.mjs:function`; a Python callable, which nothing shuts
            in and which is called only with `allow_cooperative`; None: that of the template, and without one no
            handler: each batch takes and ends as production's log says. With a `runtime` what that finds in
            `_HANDLER`, or None.
        source: an ARN, or a name such as `sqs:NAME`, among those in the trace.
        runtime: command line of a program that speaks the Lambda Runtime API: `./bootstrap`, `node index.mjs`.
        python: of another Python, executable or environment; None for the one that runs this.
        environments: how many execution environments, warm or cold, with which clock and which AWS.
        mapping: batch size, window, retries …, over what the trace knows of the source's mapping.
        queue_attributes: as `get-queue-attributes` answers, over what the trace knows.
        function: as `get-function-configuration` answers, over what the trace knows.
        event_invoke_config: as `get-function-event-invoke-config` answers, for sources of single events.
        template: a SAM, CloudFormation or CDK template of one function, or what `template_function` reads of one; over
            what the trace knows, under what is said here.
        allow_cooperative: run without proved isolation where this machine has none.
        progress: called with how many records are done with, and how many there are.
        folder: what a relative handler is found from; None for the working directory.
        now: the clock of the books; the run has a virtual one.
        seed: of the request ids; equal seeds give equal ids.
        pace: 1 for production's own pace, 10 for ten times as fast; None: as fast as it goes.
        stop: to be set by whoever wants the run to end; a handler that runs is killed.
        selection: which records; all of the source.
        what_if: what to put in on purpose: `duplicate:0.1`, `reorder`, `split`, `crash-after-effect:0.1`,
            `throttle:0.1` (AWS calls of the handler), `throttle-invocation:0.1`; the seed decides where.
        stop_after_crashes: in a row, with no answer between; then the run ends.
        resume: the id of an interrupted run that this one goes on with; all else must be what it was then.

    Returns:
        The run, also where it was interrupted: what was done is saved, the rest is `not_reached`.

    Raises:
        UsageError: no such source, a setting that cannot be right, or a service that calls no function.
        HandlerError: the handler does not load.
        ReplayRefusedError: isolation could not be proved.
        TraceError: a sealed export, or a full disk.

    Example:
        >>> replay(trace, "handlers.py:handle", source="sqs:orders-dlq").document()   # doctest: +SKIP

    Source: Lambda developer guide, "How Lambda processes records from stream and queue-based event sources".
    """
    source_arn = source_in_trace(trace, source)
    if trace.path.is_file():
        raise TraceError(
            f"wanted a trace to write the run to, found the sealed export {trace.path}; use the trace"
        )
    told = template_function(template, source_arn) if isinstance(template, str | Path) else template
    with ExitStack() as stack:
        if told is not None and handler is None and runtime is None:
            handler, folder, runtime = stack.enter_context(told.opened())
        spec = _spec(handler, folder or Path.cwd(), runtime, python)
        settings = settle(
            trace,
            source_arn,
            spec.module,
            mapping,
            queue_attributes,
            function,
            event_invoke_config,
            told,
        )
        is_deaf = callable(handler) or (handler is None and runtime is None)
        perturbation = _perturbation(what_if, seed, spec, is_deaf=is_deaf)
        settings = perturbation.settings(settings)
        items = perturbation.records(selected_items(trace, source_arn, selection), settings)
        environments = replace(environments, answers=perturbation.answers(environments.answers))
        plan = {
            **_plan(spec, settings, items, seed, environments),
            "what if": [str(each) for each in perturbation.asked],
        }
        recorded = recorded_answers(trace, resume, plan) if resume else {}
        stop = stop or threading.Event()
        pacer = Pacer(pace, stop)
        if callable(handler):
            opened = opened_function(
                handler,
                settings,
                source_arn,
                allow_cooperative=allow_cooperative,
                parallel=environments.parallel,
            )
        elif handler is None and runtime is None:
            opened = opened_recording(trace, settings, source_arn, seed)
        else:
            opened = opened_handler(
                trace,
                spec,
                settings,
                source_arn,
                allow_cooperative=allow_cooperative,
                environments=environments,
            )
        invoker, isolation = stack.enter_context(opened)
        stoppable = stack.enter_context(StoppableInvoker(invoker, stop))
        playing: Invoker = Breaker(stoppable, stop_after_crashes)
        playing = perturbation.invoker(playing, items, settings)
        if recorded:
            playing = ResumedInvoker(playing, recorded)
        books = Books(
            trace,
            source_arn,
            spec.text,
            settings,
            plan,
            isolation,
            pacer,
            now,
            resume,
            perturbation.document,
        )
        return books.keep(items, playing, seed, progress or (lambda settled, total: None))


def _perturbation(
    what_if: Iterable[str], seed: int, spec: HandlerSpec, *, is_deaf: bool
) -> Perturbation:
    perturbation = Perturbation.of(what_if, seed)
    if is_deaf and any(map(perturbation.share, NEEDS_EFFECTS)):
        raise UsageError(
            f"wanted a handler whose AWS calls are heard for {' or '.join(NEEDS_EFFECTS)}, found {spec.text}; "
            "name it as file.py:function"
        )
    return perturbation


def _spec(
    handler: str | Function | None, folder: Path, runtime: str | None, python: str | None
) -> HandlerSpec:
    if callable(handler):
        return HandlerSpec.of_function(handler)
    if handler is None and runtime is None:
        return HandlerSpec.recorded()
    return HandlerSpec.parse(handler or "", folder, runtime=runtime, python=python)


def _plan(
    spec: HandlerSpec,
    settings: Settings,
    items: Sequence[Item],
    seed: int,
    environments: Environments,
) -> Plan:
    code = spec.file.read_bytes() if spec.file else b""
    return {
        "handler": spec.text,
        "handler file": _hash(code),
        "program": _hash(spec.arguments),
        "settings": _hash(settings),  # they hold the function's environment, which may be secret
        "records": _hash([item.delivery_id for item in items]),
        "environments": [environments.parallel, environments.cold, environments.event_clock],
        "seed": seed,
    }


def _hash(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()
