"""One sandbox from start to end: a launcher inside proves it, hands out two listening sockets, starts the program."""

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench.replay.isolation.launcher import NAMES
from workbench.replay.isolation.output import DrainedOutput
from workbench.replay.isolation.processes import held_bytes, kill_tree, tree
from workbench.replay.isolation.sandbox import Canary, Restriction, Sandbox, refusal

START_TIMEOUT_S = 30.0
"""Assumed: a sandbox that has not proved itself by then never will."""
PROCESSES_MAX = 1024
"""Lambda's own limit of processes and threads."""
_HELLO_BYTES_MAX = 1 << 20
_BARE = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
# A process that dies with its parent dies with the thread that started it: this one lives as long as we do.
_STARTER = ThreadPoolExecutor(1, "sandboxes")


@dataclass(frozen=True, slots=True)
class Program:
    """What runs inside."""

    argv: tuple[str, ...]
    folder: Path
    """Working directory: the function's code."""
    limits: Mapping[str, int]
    """Of the operating system, by the names of `resource`: `RLIMIT_NOFILE` …"""


class SandboxedProcess:
    """One sandbox, proved before anything runs in it; one Lambda execution environment.

    Args:
        sandbox: how it is shut in.
        canary: what must not be reached from inside; None: nothing is proved, the user has said that it need not be.

    Raises:
        ReplayRefusedError: it does not start, or something can be reached from inside.

    Example:
        >>> inside = SandboxedProcess(sandbox, canary)                            # doctest: +SKIP
        >>> inside.run(Program(("python", "main.py"), folder, {}), {"PATH": "/usr/bin"})   # doctest: +SKIP
        >>> inside.poll()                                                       # doctest: +SKIP
    """

    def __init__(self, sandbox: Sandbox, canary: Canary | None) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = _STARTER.submit(_started, sandbox, theirs.fileno()).result()
            except OSError as error:
                self._control.close()
                raise refusal(f"a sandbox that does not start ({error})") from error
        assert self._process.stdout is not None
        self.output = DrainedOutput(self._process.stdout)
        """What everything inside prints."""
        self.listeners: Mapping[str, socket.socket] = {}
        """`runtime_api` and `aws`: they listen on the sandbox's own loopback, and are accepted on here."""
        self._code: int | None = None
        self._peak_bytes = 0
        self.scratch = sandbox.scratch or tempfile.mkdtemp(prefix="replay-")
        """What the program may write to, as it sees it; gone with the sandbox."""
        self._own_scratch = None if sandbox.scratch else self.scratch
        try:
            hello = self._greet(sandbox, canary)
        except BaseException:
            self.kill()
            raise
        self.ports: Mapping[str, int] = hello["ports"]
        """Where the program finds them on 127.0.0.1."""
        self.probed: Mapping[str, str] = hello["probed"]
        """What each probe met."""
        self.landlock_abi: int | None = hello["abi"]
        """Of the kernel, where Landlock is the means."""
        self._ours = frozenset(tree(self._process.pid))
        """What runs before the program does is not the program's."""

    def run(self, program: Program, environment: Mapping[str, str]) -> None:
        """Start the program; it is not the first process inside and inherits nothing but the output.

        Args:
            program: what runs.
            environment: all of it.
        """
        wanted = {
            "argv": program.argv,
            "folder": str(program.folder),
            "limits": dict(program.limits),
            "environment": dict(environment),
        }
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # poll() says how it ended
            self._say(wanted)

    def poll(self) -> int | None:
        """The exit code of the program, negative for a signal; None while it runs.

        A sandbox that ended with its program in it ended as the program did.
        """
        if self._code is None:
            with contextlib.suppress(BlockingIOError, ConnectionResetError):
                told = self._control.recv(4096)
                self._code = json.loads(told)["exit"] if told else self._ended_whole()
        return self._code

    def memory_bytes(self) -> int:
        """The most memory seen in use by all that the program started, since `reset_memory`; to be asked often.

        More processes than Lambda admits end the sandbox, where the kernel has not refused them.
        """
        theirs = [pid for pid in tree(self._process.pid) if pid not in self._ours]
        if len(theirs) > PROCESSES_MAX:
            self._end_all()
        self._peak_bytes = max(self._peak_bytes, held_bytes(theirs))
        return self._peak_bytes

    def reset_memory(self) -> None:
        """Begin a new peak; the kernel's own of a program that is a single process goes on."""
        self._peak_bytes = 0

    def kill(self) -> int:
        """End everything inside; nothing is left of it afterwards. Safe to call twice.

        Returns:
            The exit code of the program, or of the sandbox where that was killed with it.
        """
        if self._control.fileno() < 0:
            return self._code or 0
        code = self.poll() if self.listeners else None
        self._end_all()
        ended = _signed(self._process.wait())
        self._code = ended if code is None else code
        self.output.close()
        self._control.close()
        if self._own_scratch:
            shutil.rmtree(self._own_scratch, ignore_errors=True)
        for listener in self.listeners.values():
            listener.close()
        return self._code

    def _greet(self, sandbox: Sandbox, canary: Canary | None) -> dict[str, Any]:
        plan = {
            "probes": list(canary.probes) if canary else [],
            "restriction": self._rights(sandbox.restriction),
            "scratch": self._own_scratch,
        }
        told, descriptors = b"", list[int]()
        with contextlib.suppress(OSError):
            self._say(plan)
            self._control.settimeout(START_TIMEOUT_S)
            told, descriptors, _, _ = socket.recv_fds(self._control, _HELLO_BYTES_MAX, len(NAMES))
        if not told:
            self._end_all()
            self._process.wait()
            raise refusal(f"a sandbox that does not start ({self.output.last_line()})")
        self._control.setblocking(False)
        hello: dict[str, Any] = json.loads(told)
        self.listeners = {
            name: socket.socket(fileno=each) for name, each in zip(NAMES, descriptors, strict=True)
        }
        if canary:
            canary.check(hello["probed"], hello["answering"])
        return hello

    def _rights(self, restriction: Restriction | None) -> dict[str, Any] | None:
        return asdict(restriction) | {"writable": [self.scratch]} if restriction else None

    def _say(self, what: Mapping[str, Any]) -> None:
        self._control.settimeout(START_TIMEOUT_S)
        self._control.sendall(json.dumps(what).encode() + b"\n")
        self._control.setblocking(False)

    def _end_all(self) -> None:
        """Inner processes first: the last of a namespace's is gone when the outermost has ended."""
        kill_tree(self._process.pid)
        self._process.kill()

    def _ended_whole(self) -> int:
        """The program took the launcher with it, or something inside hung up in its name."""
        try:
            return _signed(self._process.wait(timeout=1))
        except subprocess.TimeoutExpired:
            self._end_all()
            return -signal.SIGKILL


def _started(sandbox: Sandbox, control: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*sandbox.launch, str(control)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(control,),
        cwd="/",
        env=_BARE,
        start_new_session=True,
    )


def _signed(code: int) -> int:
    """A shell and a sandbox say 128 + signal for a signal."""
    return 128 - code if code > 128 else code
