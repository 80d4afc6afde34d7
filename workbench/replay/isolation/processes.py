"""The processes of a sandbox as the parent sees them: who they are, how much memory they hold, and their end."""

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_PATIENCE_S = 10.0


def tree(root: int) -> list[int]:
    """A process and all that descend from it, parents first; a kernel that lists no children knows the root only.

    Example:
        >>> tree(os.getpid())[0] == os.getpid()
        True
    """
    found = {root: None}  # in the order in which they were found
    waiting = [root]
    while waiting:
        children = [child for child in _children(waiting.pop(0)) if child not in found]
        found |= dict.fromkeys(children)
        waiting += children
    return list(found)


def held_bytes(pids: Iterable[int]) -> int:
    """The memory that processes hold together: of one its own peak, of several the sum, what they share counted once.

    Source: proc(5), `VmHWM` of status and `Pss` of smaps_rollup.
    """
    alive = list(pids)
    if len(alive) == 1:
        return _field(alive[0], "status", "VmHWM:")
    return sum(_field(pid, "smaps_rollup", "Pss:") or _resident(pid) for pid in alive)


def kill_tree(root: int) -> None:
    """Kill what descends from a process until nothing of it lives; the dead are their parents' to reap."""
    deadline = time.monotonic() + _PATIENCE_S
    ours = {0, 1, _group(root), os.getpgrp()}
    while (
        left := [pid for pid in tree(root) if pid != root and _resident(pid)]
    ) and time.monotonic() < deadline:
        # A group at once: those who fork are otherwise faster than who looks for them.
        for group in {_group(pid) for pid in left} - ours:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def _children(pid: int) -> Iterable[int]:
    for task in _tasks(pid):
        with contextlib.suppress(OSError):
            yield from (int(each) for each in Path(task, "children").read_text().split())


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


def _field(pid: int, file: str, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0
