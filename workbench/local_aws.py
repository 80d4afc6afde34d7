"""A local AWS for the demo and the tests: one server process that never outlives its owner.

Knows how to start and end the server, and nothing of what is asked of it. The server listens on
loopback only, runs in a folder of its own, inherits no credentials, and dies with this process.
"""

import http.client
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import WorkbenchError

HOST = "127.0.0.1"
REGION = "us-east-1"
_KEEPER = Path(__file__).with_name("local_aws_keeper.py")
_INHERITED = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class LocalAws:
    """A running local AWS.

    Example:
        >>> with local_aws() as aws:
        ...     aws.region
        'us-east-1'
    """

    endpoint_url: str
    """Every service answers here."""
    pid: int
    """The server's process, leader of its own process group."""
    folder: Path
    """What the server writes; removed with it."""
    region: str = REGION


@contextmanager
def local_aws(*, port: int | None = None, timeout_seconds: float = 30.0) -> Iterator[LocalAws]:
    """Start a local AWS, hand it out, and end it whatever happens.

    Args:
        port: Loopback port to listen on; None takes a free one.
        timeout_seconds: How long it may take to come up.

    Returns:
        A context manager that gives the running `LocalAws`.

    Raises:
        WorkbenchError: The server is not installed, the port is taken, or it does not come up.

    Example:
        >>> with local_aws() as aws:
        ...     aws.endpoint_url.startswith("http://127.0.0.1:")
        True

    Source: none of AWS's; the server is ministack, an emulator.
    """
    if importlib.util.find_spec("ministack") is None:
        raise WorkbenchError(
            "a local AWS was wanted, but its server is not installed; "
            "install the extra: pip install 'replay-workbench[local]'"
        )
    chosen_port = _free_port(port)
    folder = Path(tempfile.mkdtemp(prefix="workbench-local-aws-"))
    server = _start(folder, chosen_port)
    try:
        _wait_until_healthy(server, chosen_port, folder, timeout_seconds)
        yield LocalAws(f"http://{HOST}:{chosen_port}", server.pid, folder)
    finally:
        _end(server, folder)


def _free_port(port: int | None) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port or 0))
        except OSError as error:
            raise WorkbenchError(
                f"a local AWS was wanted on port {port}, but it cannot be had "
                f"({error.strerror}); name another port or none"
            ) from error
        return int(probe.getsockname()[1])


def _start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-P", str(_KEEPER), str(folder)],
            env=_environment(folder, port),
            cwd=folder,
            stdin=subprocess.PIPE,  # its closing is the server's end
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _environment(folder: Path, port: int) -> dict[str, str]:
    # Built up, never copied: the server runs code handed to it and must see no credentials.
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return inherited | {
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(folder),
        "HOME": str(folder),
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",  # it would clean up others' containers
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
    }


def _wait_until_healthy(
    server: subprocess.Popen[bytes], port: int, folder: Path, timeout_seconds: float
) -> None:
    deadline = time.monotonic() + timeout_seconds
    while server.poll() is None and time.monotonic() < deadline:
        if _answers(port) and server.poll() is None:
            return
        time.sleep(0.05)
    found = "did not answer" if server.poll() is None else f"ended with {server.returncode}"
    raise WorkbenchError(
        f"a local AWS was wanted on port {port}, but it {found} within {timeout_seconds:g} s; "
        f"its last words: {_last_words(folder / 'server.log')}"
    )


def _answers(port: int) -> bool:
    # http.client, because urllib would ask a proxy named in the environment.
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return " | ".join(line.strip() for line in lines[-5:] if line.strip()) or "none"


def _end(server: subprocess.Popen[bytes], folder: Path) -> None:
    # The group first: the server's own workers are in it and would outlive a dead leader.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, signal.SIGKILL)
    if server.stdin is not None:
        server.stdin.close()
    server.wait()
    shutil.rmtree(folder, ignore_errors=True)
