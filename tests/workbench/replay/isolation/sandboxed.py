"""Programs in real sandboxes, for tests: Python code, run in each tier."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.isolation import sandbox as isolation
from workbench.replay.isolation.process import Program, SandboxedProcess
from workbench.replay.isolation.restrictions import ABI_LEAST, landlock_abi
from workbench.replay.isolation.sandbox import Sandbox, planted_canary

TIERS = ("A", "B", "C")


def sandbox_of(tier: str, spec: HandlerSpec, trace: Path, abi_max: int | None = None) -> Sandbox:
    """A sandbox of a tier, where this machine has it."""
    if tier == "A":
        bwrap = isolation.find_bwrap()
        if bwrap is None:
            pytest.skip("no bubblewrap here")
        return isolation.namespaces(bwrap, spec, trace)
    if tier == "B":
        if landlock_abi() < ABI_LEAST:
            pytest.skip("no Landlock here")
        return isolation.restricted(spec, trace, abi_max)
    return isolation.cooperative()


@contextmanager
def inside(
    folder: Path,
    tier: str,
    source: str = "",
    *,
    limits: Mapping[str, int] | None = None,
    abi_max: int | None = None,
    trace: Path | None = None,
    **more: str,
) -> Iterator[SandboxedProcess]:
    """A sandbox in which a file of Python code runs, which lies in `folder/code` beside a trace."""
    code = folder / "code"
    code.mkdir(exist_ok=True, parents=True)
    (code / "main.py").write_text(source)
    trace = trace or folder / "incident.trace"
    trace.mkdir(exist_ok=True)
    (trace / "catalog.sqlite").write_text("rows")
    sandbox = sandbox_of(tier, HandlerSpec.parse("main.py:handle", code), trace, abi_max)
    with ExitStack() as stack:
        canary = stack.enter_context(planted_canary(trace)) if tier != "C" else None
        process = SandboxedProcess(sandbox, canary)
        stack.callback(process.kill)
        if source:
            argv = (sys.executable, "-I", "-B", str(code / "main.py"))
            environment = {
                "PATH": "/usr/bin:/bin",
                "TMPDIR": process.scratch,
                "HOME": process.scratch,
                **more,
            }
            ports = {f"PORT_{name.upper()}": str(port) for name, port in process.ports.items()}
            process.run(Program(argv, code, limits or {}), environment | ports)
        yield process


def ended(process: SandboxedProcess, timeout_s: float = 20) -> int:
    """The exit code of a program that is about to end."""
    assert comes_true(lambda: process.poll() is not None, timeout_s), process.output.take()
    code = process.poll()
    assert code is not None
    return code


def comes_true(condition: Callable[[], Any], timeout_s: float = 10) -> bool:
    """Wait for something that need not be so at once."""
    deadline = time.monotonic() + timeout_s
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(found)
