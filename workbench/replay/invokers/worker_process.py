"""A worker process from outside: frames to and from it, its output, its end."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Mapping

from workbench.replay.invokers.worker import HEADER
from workbench.replay.isolation.output import CappedOutput
from workbench.replay.isolation.sandbox import Sandbox

FRAME_BYTES_MAX = 256 * 1024 * 1024
"""Assumed: a frame beyond this is not the worker's but the handler's doing."""


class WorkerEndedError(Exception):
    """The worker has gone."""


class WorkerTimeoutError(Exception):
    """The worker did not answer in time."""


class WorkerProcess:
    """One process, from its start to its end.

    Args:
        sandbox: how it is started.
        environment: all of it.
    """

    def __init__(self, sandbox: Sandbox, environment: Mapping[str, str]) -> None:
        self._channel, theirs = socket.socketpair()
        self._nonce = os.urandom(16)
        self.output = CappedOutput()
        with theirs:
            self._process = subprocess.Popen(
                [*sandbox.command, str(theirs.fileno()), self._nonce.hex()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                cwd=sandbox.folder,
                env=dict(environment),
                start_new_session=True,
            )
        assert self._process.stdout is not None
        self._pipe = self._process.stdout
        os.set_blocking(self._pipe.fileno(), False)
        self._poll = select.poll()
        self._poll.register(self._channel, select.POLLIN)
        self._poll.register(self._pipe, select.POLLIN)

    def ask(self, payload: bytes, timeout_s: float) -> bytes:
        """Send a frame and wait for the answer; output is drained meanwhile.

        Raises:
            WorkerEndedError: it has gone.
            WorkerTimeoutError: no answer in time.
        """
        deadline = time.monotonic() + timeout_s
        self._channel.settimeout(timeout_s)
        try:
            self._channel.sendall(HEADER.pack(len(payload), self._nonce) + payload)
        except TimeoutError as error:
            raise WorkerTimeoutError from error
        except OSError as error:
            raise WorkerEndedError from error
        answer = self._receive(deadline)
        self._drain()
        return answer

    def kill(self) -> int:
        """End it with everything it started; returns the code it ended with. Safe to call twice."""
        if self._pipe.closed:
            return self._process.returncode
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        self._drain()
        self._channel.close()
        self._pipe.close()
        return code

    def ended_with(self) -> int:
        """The code of a worker that has closed its channel; one that lives on without it is killed."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        return self.kill()

    def _receive(self, deadline: float) -> bytes:
        received = bytearray()
        size = HEADER.size
        while len(received) < size:
            self._wait(deadline)
            received += self._piece()
            if size == HEADER.size and len(received) >= size:
                size += self._announced(received)
        return bytes(received[HEADER.size :])

    def _announced(self, received: bytearray) -> int:
        size, nonce = HEADER.unpack_from(received)
        if nonce != self._nonce or size > FRAME_BYTES_MAX:
            raise WorkerEndedError
        return int(size)

    def _piece(self) -> bytes:
        try:
            piece = self._channel.recv(1 << 20)
        except OSError as error:
            raise WorkerEndedError from error
        if not piece:
            raise WorkerEndedError
        return piece

    def _wait(self, deadline: float) -> None:
        """Until there is something in the channel."""
        while True:
            left_ms = (deadline - time.monotonic()) * 1000
            if left_ms <= 0:
                raise WorkerTimeoutError
            ready = {descriptor for descriptor, _ in self._poll.poll(left_ms)}
            if self._pipe.fileno() in ready:
                self._drain()
            if self._channel.fileno() in ready:
                return

    def _drain(self) -> None:
        while True:
            try:
                piece = os.read(self._pipe.fileno(), 1 << 16)
            except BlockingIOError:
                return
            if not piece:
                self._stop_polling_output()
                return
            self.output.add(piece)

    def _stop_polling_output(self) -> None:
        """A handler that closed its standard output would make every wait return at once."""
        with contextlib.suppress(KeyError):
            self._poll.unregister(self._pipe)
