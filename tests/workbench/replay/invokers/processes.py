"""Handlers in real worker processes, for tests: a file of faults, and an invoker around it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.factories import T0, sqs_message, write_trace
from workbench.replay.engine.invocation import Batch, Invocation
from workbench.replay.functions.environment import handler_environment
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.invokers.worker_invoker import HandlerInvoker, HandlerSetup
from workbench.replay.isolation.sandbox import (
    cooperative,
    dead_end,
    find_bwrap,
    planted_canary,
    sandboxes,
    scratch_folder,
)
from workbench.replay.settings import FunctionSettings

REQUEST = "11111111-1111-4111-8111-111111111111"
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
    timeout_s: int = 5,
    tier: str = "A",
    environment: dict[str, str] | None = None,
) -> Iterator[HandlerInvoker]:
    """An invoker of a handler written to `folder/code`, beside a trace in the same folder."""
    code = folder / "code"
    code.mkdir(exist_ok=True)
    (code / "faults.py").write_text(source)
    trace = code / "incident.trace"
    write_trace(trace, [sqs_message(1)]).close()
    handler = HandlerSpec.parse(spec, code)
    function = FunctionSettings("faults", timeout_s=timeout_s, environment=environment or {})
    with ExitStack() as stack:
        if tier == "A":
            needs_namespaces()
            (sandbox,) = sandboxes(handler, trace, allow_cooperative=False)
            canary = stack.enter_context(planted_canary(trace))
        else:
            sandbox, canary = cooperative(handler), None
        port, scratch = (
            stack.enter_context(dead_end()),
            stack.enter_context(scratch_folder(sandbox)),
        )
        variables = handler_environment(function, handler, "eu-west-1", port, scratch)
        setup = HandlerSetup(handler, function, sandbox, variables, ARN, canary)
        yield stack.enter_context(HandlerInvoker(setup))


def do(invoker: HandlerInvoker, what: str, **more: Any) -> Invocation:
    """One invocation of the file of faults."""
    event = json.dumps({"do": what, **more})
    return invoker.invoke(Batch((), (event,), T0, "poll", ("", "")), REQUEST)


def answer(invocation: Invocation) -> Any:
    """What the handler returned; its error where it failed."""
    assert invocation.error_type is None, (invocation.error_type, invocation.error_message)
    return json.loads(invocation.response or "null")
