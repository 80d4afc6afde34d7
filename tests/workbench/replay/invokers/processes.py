"""Handlers in real worker processes, for tests: a file of faults, and an invoker around it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.factories import sqs_message, write_trace
from tests.workbench.replay.invokers.batches import REQUEST, whole
from tests.workbench.replay.isolation.sandboxed import sandbox_of
from workbench.replay.engine.invocation import Invocation
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.invokers.event_clock import EventClock
from workbench.replay.invokers.execution_environment import FunctionSetup
from workbench.replay.invokers.runtime_invoker import RuntimeInvoker
from workbench.replay.isolation.sandbox import (
    find_bwrap,
    planted_canary,
)
from workbench.replay.settings import FunctionSettings

ARN = "arn:aws:lambda:eu-west-1:111111111111:function:faults"

FAULTS = """
import os, signal, socket, subprocess, sys, time

calls = 0

def handle(event, context):
    global calls
    calls += 1
    return globals()[event["do"]](event, context)

def count(event, context): return calls
def raises(event, context): raise KeyError("order_id")
def exits(event, context): sys.exit(4)
def exits_quietly(event, context): os._exit(0)
def segfaults(event, context): os.kill(os.getpid(), signal.SIGSEGV)
def loops(event, context):
    while True: pass
def prints(event, context): print("begin" + "x" * 3_000_000 + "end")
def returns_a_set(event, context): return {1}
def returns_too_much(event, context): return "x" * 7_000_000
def closes_everything(event, context): os.closerange(0, 100)
def kills_everything(event, context):
    # Outside of a process namespace this would end everything on the machine.
    if len([name for name in os.listdir("/proc") if name.isdigit()]) > 10: raise AssertionError("not shut in")
    for pid in (os.getppid(), -1):
        try: os.kill(pid, signal.SIGKILL)
        except ProcessLookupError: pass
    return "alive"
def leaves_a_child(event, context):
    subprocess.Popen(["sleep", event["seconds"]], start_new_session=True)
def forges(event, context):
    for fd in range(3, 20):
        try: os.write(fd, b"\\0\\0\\0\\2" + b"n" * 16 + b"R\\n")
        except OSError: pass
    return "honest"
def environment(event, context): return dict(os.environ)
def lists(event, context): return os.listdir(event["path"])
def reads(event, context): return open(event["path"]).read()
def writes(event, context):
    with open(event["path"], "w") as file: file.write("x")
    return "written"
def connects(event, context):
    socket.create_connection((event["host"], event["port"]), 1).close()
    return "connected"
def connects_locally(event, context):
    with socket.socket(socket.AF_UNIX) as client: client.connect(event["path"])
    return "connected"
def allocates(event, context):
    held = bytearray(event["bytes"])
    held[::4096] = b"x" * len(held[::4096])
    time.sleep(1)
def prints_and_exits(event, context): print("last words"); os._exit(1)
def shows_time(event, context): return [time.time(), context.get_remaining_time_in_millis()]
def sleeps(event, context): time.sleep(event["seconds"]); return os.getpid()
def echo(event, context): return event["event"]
def sees_context(event, context):
    names = ["aws_request_id", "function_name", "function_version", "memory_limit_in_mb", "invoked_function_arn",
             "log_group_name", "log_stream_name", "client_context", "tenant_id"]
    seen = {name: getattr(context, name) for name in names}
    return seen | {"left": context.get_remaining_time_in_millis(), "who": context.identity.cognito_identity_id}
"""


def needs_namespaces() -> None:
    """Skip where this machine has no bubblewrap."""
    if find_bwrap() is None:
        pytest.skip("no bubblewrap here")


@contextmanager
def invoker_of(
    folder: Path,
    source: str = FAULTS,
    *,
    spec: str = "faults.py:handle",
    runtime: str | None = None,
    python: str | None = None,
    timeout_s: int = 5,
    memory_size_mb: int = 512,
    tier: str = "A",
    environment: dict[str, str] | None = None,
    event_clock: bool = False,
    parallel: int = 1,
    cold: bool = False,
    **more: Any,
) -> Iterator[RuntimeInvoker]:
    """An invoker of a handler written to `folder/code`, beside a trace in the same folder."""
    code = folder / "code"
    code.mkdir(exist_ok=True)
    (code / "faults.py").write_text(source)
    trace = code / "incident.trace"
    handler = HandlerSpec.parse(spec, code, runtime=runtime, python=python)
    function = FunctionSettings(
        "faults",
        timeout_s=timeout_s,
        memory_size_mb=memory_size_mb,
        environment=environment or {},
    )
    with ExitStack() as stack:
        clock = None
        if event_clock:
            faces = folder / "clock"
            faces.mkdir(exist_ok=True)
            clock = EventClock(faces)
            handler = replace(handler, shown=clock.shown)
        canary = None
        if tier != "C":
            write_trace(trace, [sqs_message(1)]).close()
            canary = stack.enter_context(planted_canary(trace))
        sandbox = sandbox_of(tier, handler, trace)
        setup = FunctionSetup(
            handler, function, sandbox, "eu-west-1", ARN, canary, clock=clock, **more
        )
        yield stack.enter_context(RuntimeInvoker(setup, parallel=parallel, cold=cold))


def do(invoker: RuntimeInvoker, what: str, **more: Any) -> Invocation:
    """One invocation of the file of faults."""
    return invoker.invoke(whole(json.dumps({"do": what, **more})), REQUEST)


def answer(invocation: Invocation) -> Any:
    """What the handler returned; its error where it failed."""
    assert invocation.error_type is None, (invocation.error_type, invocation.error_message)
    return json.loads(invocation.response or "null")
