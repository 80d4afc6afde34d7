"""What a handler prints, kept within bounds: the beginning and the end."""

import contextlib
import os
import select
import threading
from collections import deque
from typing import IO

HEAD_BYTES = 256 * 1024
TAIL_BYTES = 64 * 1024
_PIECE_BYTES = 1 << 20


class CappedOutput:
    """Bytes of one invocation's output.

    Example:
        >>> output = CappedOutput()
        >>> output.add(b"hello")
        >>> output.take()
        ('hello', 0)
    """

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._dropped_bytes = 0

    def add(self, piece: bytes) -> None:
        """Keep a piece, or as much of it as there is room for."""
        room = HEAD_BYTES - len(self._head)
        self._head += piece[:room]
        rest = piece[room:] if room > 0 else piece
        if rest:
            self._tail.append(rest)
            self._tail_bytes += len(rest)
        while self._tail_bytes - len(self._tail[0] if self._tail else b"") >= TAIL_BYTES:
            oldest = self._tail.popleft()
            self._tail_bytes -= len(oldest)
            self._dropped_bytes += len(oldest)

    def take(self) -> tuple[str, int]:
        """The text so far and how many bytes of it are missing in its middle; begins anew."""
        if not self._head:
            return "", 0
        tail = b"".join(self._tail)
        dropped_bytes = self._dropped_bytes + max(len(tail) - TAIL_BYTES, 0)
        kept = bytes(self._head)
        if dropped_bytes:
            kept += f"\n… {dropped_bytes} bytes not kept …\n".encode()
        kept += tail[-TAIL_BYTES:]
        self._head.clear()
        self._tail.clear()
        self._tail_bytes = self._dropped_bytes = 0
        return kept.decode("utf-8", "replace"), dropped_bytes


class DrainedOutput:
    """A pipe that is read for as long as anybody writes to it, so that nobody inside ever waits for us.

    Args:
        pipe: the reading end; closed with this.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._output = CappedOutput()
        self._lock = threading.Lock()
        self._stop, self._stopped = os.pipe()
        os.set_blocking(pipe.fileno(), False)
        self._thread = threading.Thread(target=self._drain, name="sandbox output", daemon=True)
        self._thread.start()

    def take(self) -> tuple[str, int]:
        """What was printed since it was last asked, and how many bytes of its middle were not kept."""
        with self._lock:
            self._read()
            return self._output.take()

    def last_line(self) -> str:
        """The last line that was printed since it was last asked."""
        lines = self.take()[0].strip().splitlines()
        return lines[-1] if lines else "nothing said"

    def close(self) -> None:
        """Keep what is left in the pipe, and let go of it."""
        os.close(self._stopped)
        self._thread.join()
        with self._lock:
            self._read()
        self._pipe.close()
        os.close(self._stop)

    def _drain(self) -> None:
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        while self._stop not in [descriptor for descriptor, _ in poll.poll()]:
            with self._lock:
                if not self._read():
                    return

    def _read(self) -> bool:
        """Take at most what a pipe holds; whether there may be more to come."""
        if self._pipe.closed:
            return False
        with contextlib.suppress(BlockingIOError):
            piece = os.read(self._pipe.fileno(), _PIECE_BYTES)
            self._output.add(piece)
            return bool(piece)
        return True
