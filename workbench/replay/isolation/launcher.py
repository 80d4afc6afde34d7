"""The first process inside a sandbox: listens for the parent, proves the sandbox, starts the program, tells its end.

Standard library only, and nothing of this project: it runs with `python -I -S -B` where there is neither. It speaks
over one descriptor of its own, a line of JSON at a time; the program that it starts inherits only the output.
"""

import contextlib
import ctypes
import importlib
import json
import os
import resource
import select
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

NAMES = ("runtime_api", "aws")
"""What is listened for, in the order in which the sockets are handed out."""
_BACKLOG = 128
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 1, 4, 36
_CANNOT_EXECUTE = 127


def main() -> None:
    """Listen, shut in, prove, hand out; then run one program and sweep up behind it."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    lines = control.makefile("r")
    told = lines.readline()
    if not told:
        return
    plan = json.loads(told)
    sys.path.insert(0, str(Path(__file__).parent))
    probes = importlib.import_module("probes")  # while everything can still be read
    _own_the_orphans()
    init = _Init(control)
    listeners = [_listener() for _ in NAMES]
    ports = dict(zip(NAMES, [each.getsockname()[1] for each in listeners], strict=True))
    abi = _shut_in(plan["restriction"], list(ports.values()))
    answering = {name: probes.answers(each) for name, each in zip(NAMES, listeners, strict=True)}
    found = {"probed": probes.probe(plan["probes"]), "answering": answering}
    hello = json.dumps({"ports": ports, "abi": abi, **found}).encode() + b"\n"
    socket.send_fds(control, [hello], [each.fileno() for each in listeners])
    for each in listeners:
        each.close()
    wanted = lines.readline()
    if wanted:
        init.tend(_start(json.loads(wanted), abi))
    init.sweep()
    if plan["scratch"] is not None:
        shutil.rmtree(plan["scratch"], ignore_errors=True)


def _own_the_orphans() -> None:
    """What loses its parent inside becomes a child of this process, which nothing inside may look into."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _prctl(option: int, value: int) -> None:
    # Elsewhere than on Linux there is none, and no sandbox either.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _listener() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(_BACKLOG)
    return listener


def _shut_in(restriction: dict[str, Any] | None, ports: list[int]) -> int | None:
    """Give up rights, where no namespace has taken them already; the kernel's Landlock version."""
    if restriction is None:
        return None
    abi: int = importlib.import_module("restrictions").restrict(restriction, ports)
    return abi


def _start(wanted: dict[str, Any], abi: int | None) -> int:
    """Fork and execute the program; its process id."""
    pid = os.fork()
    if pid == 0:
        _become(wanted, abi)
    return pid


def _become(wanted: dict[str, Any], abi: int | None) -> NoReturn:
    try:
        signal.set_wakeup_fd(-1)
        os.setsid()
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        for name, value in wanted["limits"].items():
            _limit(getattr(resource, name), value)
        if abi is not None:
            sys.modules["restrictions"].spare_the_launcher(abi)
        os.chdir(wanted["folder"])
        os.execvpe(wanted["argv"][0], wanted["argv"], wanted["environment"])
    except BaseException as error:  # noqa: BLE001 - there is nobody above who could be told otherwise
        os.write(2, f"cannot execute {wanted['argv'][0]}: {error}\n".encode())
    os._exit(_CANNOT_EXECUTE)


def _limit(number: int, value: int) -> None:
    _, most = resource.getrlimit(number)
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    resource.setrlimit(number, (value, value))


class _Init:
    """Waits for the program and for every orphan, until the parent hangs up."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._woken, wake = socket.socketpair()
        self._wake = wake
        wake.setblocking(False)
        self._woken.setblocking(False)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, lambda number, frame: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        # Opened before /proc is out of reach. Absent where the kernel does not list children.
        self._children = -1
        with contextlib.suppress(OSError):
            self._children = os.open(
                f"/proc/self/task/{threading.get_native_id()}/children", os.O_RDONLY
            )

    def tend(self, program: int) -> None:
        """Report how the program ended; return when the parent has hung up or died."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        while True:
            for pid, status in _ended():
                if pid == program:
                    code = os.waitstatus_to_exitcode(status)
                    self._control.sendall(json.dumps({"exit": code}).encode() + b"\n")
            ready = [descriptor for descriptor, _ in poll.poll()]
            if self._control.fileno() in ready:
                return
            with contextlib.suppress(BlockingIOError):
                if signal.SIGTERM in self._woken.recv(4096):
                    return

    def sweep(self) -> None:
        """Kill children, whose own children then are ours, until there are none."""
        while children := self._children_now():
            for pid in children:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-1, 0)

    def _children_now(self) -> list[int]:
        if self._children < 0:
            return []
        return [int(each) for each in os.pread(self._children, 1 << 20, 0).split()]


def _ended() -> list[tuple[int, int]]:
    """Those that have ended since, reaped."""
    ended = []
    with contextlib.suppress(ChildProcessError):
        while (each := os.waitpid(-1, os.WNOHANG))[0]:
            ended.append(each)
    return ended


if __name__ == "__main__":
    main()
