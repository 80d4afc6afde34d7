"""The ways out that a canary tries, made inside a sandbox and, as a control, outside of it.

Standard library only, and nothing of this project: it is also loaded by the launcher, which has neither.
"""

import contextlib
import errno
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Probe = tuple[str, str, Any]
"""What it would reach, how, and where."""
REACHED = "reached"
PATIENCE_S = 0.5
_MPTCP = 262


def probe(probes: Sequence[Probe]) -> dict[str, str]:
    """What could be reached of what must not be: `reached`, or the error that was met instead.

    Example:
        >>> probe([("nothing", "file", "/no/such/file")])
        {'nothing': 'ENOENT'}
    """
    found = {}
    for name, kind, target in probes:
        try:
            _WAYS[kind](target)
        except OSError as error:
            found[name] = errno.errorcode.get(error.errno or 0, type(error).__name__)
        else:
            found[name] = REACHED
    return found


def answers(listener: socket.socket) -> str:
    """Whether a listener of our own can be reached from here; its queue is left empty."""
    try:
        with (
            socket.create_connection(listener.getsockname()[:2], PATIENCE_S),
            contextlib.closing(listener.accept()[0]),
        ):
            return REACHED
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, type(error).__name__)


def _connect(target: Sequence[Any], protocol: int = 0) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol) as client:
        client.settimeout(PATIENCE_S)
        client.connect((target[0], target[1]))


def _multipath(target: Sequence[Any]) -> None:
    _connect(target, _MPTCP)


def _datagram(target: Sequence[Any]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"", (target[0], target[1]))


def _unix(path: str) -> None:
    address: bytes | str = b"\0" + path[1:].encode() if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address)


def _read(path: str) -> None:
    with Path(path).open("rb") as file:
        file.read(1)


_WAYS: dict[str, Callable[[Any], None]] = {
    "tcp": _connect,
    "mptcp": _multipath,
    "udp": _datagram,
    "unix": _unix,
    "file": _read,
}
