"""What a handler prints, kept within bounds: the beginning and the end."""

from collections import deque

HEAD_BYTES = 256 * 1024
TAIL_BYTES = 64 * 1024


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
