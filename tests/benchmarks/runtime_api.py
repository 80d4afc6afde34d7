"""How many invocations a second a replayed function does, against a bare echo over a socket of the same run."""

import json
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.factories import T0, sqs_message, write_trace
from workbench.replay.engine.invocation import RECORDS, Batch
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.invokers.event_clock import EventClock
from workbench.replay.invokers.execution_environment import FunctionSetup
from workbench.replay.invokers.function_invoker import FunctionInvoker
from workbench.replay.invokers.runtime_invoker import RuntimeInvoker
from workbench.replay.isolation.sandbox import planted_canary, sandboxes
from workbench.replay.settings import FunctionSettings

SECONDS = 2.0
WANTED_PER_S = 3_000
EVENT_BYTES = 1_200
REQUEST = "11111111-1111-4111-8111-111111111111"
FUNCTION = FunctionSettings("echo")
PYTHON = "def handle(event, context): return None"
NODE = "export const handle = async () => null;"


def run() -> Iterator[dict[str, Any]]:
    """Invocations a second; `ratio` is to the bare echo, which does nothing but hand the bytes over and back."""
    event = _event()
    echo_per_s = _per_s(*_echo(event))
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder).resolve() / "code"
        code.mkdir()
        (code / "one.py").write_text(PYTHON)
        (code / "two.mjs").write_text(NODE)
        for what, spec, clock, execution_env in (
            ("awslambdaric", "one.py:handle", False, None),
            ("awslambdaric, python3.12 named", "one.py:handle", False, "AWS_Lambda_python3.12"),
            ("awslambdaric, event clock", "one.py:handle", True, None),
            ("node", "two.mjs:handle", False, None),
        ):
            with ExitStack() as stack:
                invoke = _invoker(stack, code, spec, clock, execution_env).invoke
                batch = Batch((), (event,), T0, "poll", ("", ""))
                yield _line(what, _per_s(partial(invoke, batch, REQUEST)), echo_per_s)
    in_process = FunctionInvoker(lambda event, context: None, FUNCTION)
    parts = tuple(json.dumps({"body": "x" * 1_000}) for _ in range(100))
    batch = Batch((), parts, T0, "poll", RECORDS)
    per_s = _per_s(lambda: in_process.invoke(batch, REQUEST))
    event_us = 1e6 / _per_s(lambda: batch.event)
    line = _line("in this process, 100 records", per_s, echo_per_s)
    yield line | {"us_a_record": round((1e6 / per_s - event_us) / len(parts), 2)}


def _line(what: str, per_s: float, echo_per_s: float) -> dict[str, Any]:
    return {
        "name": "runtime_api",
        "what": what,
        "invocations_per_s": round(per_s),
        "bare_echo_per_s": round(echo_per_s),
        "wanted_per_s": WANTED_PER_S,
        "ratio": round(per_s / echo_per_s, 2),
    }


def _event() -> str:
    message = {"messageId": "1", "body": "", "eventSource": "aws:sqs"}
    message["body"] = "x" * (EVENT_BYTES - len(json.dumps({"Records": [message]})))
    return json.dumps({"Records": [message]})


def _per_s(once: Callable[[], object], close: Callable[[], object] = lambda: None) -> float:
    for _ in range(100):
        once()
    began, times = perf_counter(), 0
    while perf_counter() - began < SECONDS:
        once()
        times += 1
    took_s = perf_counter() - began
    close()
    return times / took_s


def _echo(event: str) -> tuple[Callable[[], object], Callable[[], object]]:
    """Another process that hands an event's bytes back, twice, as an invocation has two round trips."""
    ours, theirs = socket.socketpair()
    sent = event.encode()
    if not (pid := os.fork()):
        ours.close()
        while piece := theirs.recv(1 << 16):
            theirs.sendall(piece)
        os._exit(0)
    theirs.close()

    def once() -> None:
        for _ in range(2):
            ours.sendall(sent)
            left = len(sent)
            while left:
                left -= len(ours.recv(1 << 16))

    def close() -> None:
        ours.close()
        os.waitpid(pid, 0)

    return once, close


def _invoker(
    stack: ExitStack, code: Path, text: str, event_clock: bool, execution_env: str | None
) -> RuntimeInvoker:
    """In the strongest sandbox of this machine."""
    trace = code.parent / "incident.trace"
    if not trace.exists():
        write_trace(trace, [sqs_message(1)]).close()
    faces = Path(stack.enter_context(tempfile.TemporaryDirectory())).resolve()
    clock = EventClock(faces) if event_clock else None
    spec = replace(HandlerSpec.parse(text, code), shown=clock.shown if clock else ())
    sandbox = sandboxes(spec, trace, allow_cooperative=False)[0]
    setup = FunctionSetup(
        spec,
        FUNCTION,
        sandbox,
        "eu-west-1",
        "arn:aws:lambda:eu-west-1:111111111111:function:echo",
        stack.enter_context(planted_canary(trace)),
        clock=clock,
        variables={"AWS_EXECUTION_ENV": execution_env} if execution_env else {},
    )
    return stack.enter_context(RuntimeInvoker(setup))
