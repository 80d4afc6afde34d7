"""One HTTP/1.1 connection of a program inside a sandbox: whatever it sends, the parent goes on.

Sockets are never waited for here: what has come is parsed, what does not fit is sent later.
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus

HEAD_BYTES_MAX = 2 * 1024 * 1024
"""Lambda allows an X-Ray cause of 1 MiB as a header."""
_PIECE_BYTES = 1 << 16
"""More would make every read map memory anew."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class GoneError(Exception):
    """The other side has gone, or speaks no HTTP."""


@dataclass(slots=True)
class Request:
    """One request, whole."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case; trailers of a chunked body, too."""
    body: bytearray = field(default_factory=bytearray)
    too_large: bool = False
    """The body went over the limit; the rest of it was not kept."""


class HttpConnection:
    """Requests in, answers out.

    Args:
        connection: accepted from the sandbox.
        body_bytes_max: what of a body is kept.
    """

    def __init__(self, connection: socket.socket, body_bytes_max: int) -> None:
        self._socket = connection
        self._body_bytes_max = body_bytes_max
        self._in = bytearray()
        self._out = bytearray()
        self._request: Request | None = None
        self._left = 0
        """Bytes of the body, or of its chunk, still to come."""
        self._chunked = self._in_trailers = self._closes = False

    def fileno(self) -> int:
        """What to poll."""
        return self._socket.fileno()

    @property
    def sending(self) -> bool:
        """Whether something waits for room to be sent."""
        return bool(self._out)

    def receive(self) -> Iterator[Request]:
        """The requests that have become whole.

        Raises:
            GoneError: nothing more will come, or what came is no HTTP.
        """
        try:
            piece = self._socket.recv(_PIECE_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError as error:
            raise GoneError from error
        if not piece:
            raise GoneError
        self._in += piece
        while (request := self._whole()) is not None:
            yield request

    def answer(self, status: int, body: bytes, headers: bytes = b"") -> None:
        """Send an answer; `headers` are whole lines.

        Raises:
            GoneError: there is nobody to send it to.
        """
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n"
        )
        self._send(b"".join((head.encode(), headers, b"\r\n", body)))
        if self._closes and not self._out:
            raise GoneError

    def flush(self) -> None:
        """Send what waits.

        Raises:
            GoneError: there is nobody to send it to.
        """
        waiting, self._out = bytes(self._out), bytearray()
        self._send(waiting)
        if self._closes and not self._out:
            raise GoneError

    def close(self) -> None:
        """End it; safe to call twice."""
        self._socket.close()

    def _send(self, payload: bytes) -> None:
        sent = 0
        if len(self._out) > HEAD_BYTES_MAX:
            raise GoneError  # it asks and asks and reads no answer
        if not self._out:
            try:
                sent = self._socket.send(payload, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            except BlockingIOError:
                pass
            except OSError as error:
                raise GoneError from error
        if sent < len(payload):
            self._out += memoryview(payload)[sent:]

    def _whole(self) -> Request | None:
        """The next request, when all of it is there."""
        if self._request is None and not self._begin():
            return None
        request = self._request
        assert request is not None
        done = self._read_chunks(request) if self._chunked else self._read_body(request)
        if not done:
            return None
        self._request = None
        return request

    def _begin(self) -> bool:
        end = self._in.find(b"\r\n\r\n")
        if end < 0:
            if len(self._in) > HEAD_BYTES_MAX:
                raise GoneError
            return False
        line, *lines = bytes(self._in[:end]).decode("latin-1").split("\r\n")
        del self._in[: end + 4]
        words = line.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise GoneError
        headers = _headers(lines)
        self._request = Request(words[0], words[1], headers)
        self._closes = headers.get("connection", "").lower() == "close" or words[2] == "HTTP/1.0"
        self._chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self._in_trailers = False
        self._left = 0 if self._chunked else _number(headers.get("content-length", "0"), 10)
        if headers.get("expect", "").lower() == "100-continue":
            self._send(_CONTINUE)
        return True

    def _read_body(self, request: Request) -> bool:
        """Move what has come of the body, or of the chunk, into the request; True when it is all there."""
        take = min(self._left, len(self._in))
        if take:
            room = self._body_bytes_max - len(request.body)
            request.too_large |= take > room
            request.body += memoryview(self._in)[: min(take, max(room, 0))]
            del self._in[:take]
            self._left -= take
        return not self._left

    def _read_chunks(self, request: Request) -> bool:
        while not self._in_trailers:
            if not self._read_body(request):
                return False
            line = self._line()
            if line is None:
                return False
            if line:  # else it ends the chunk before
                self._left = _number(line.partition(";")[0].strip(), 16)
                self._in_trailers = not self._left
        while (line := self._line()) is not None:
            if not line:
                return True
            request.headers |= _headers([line])
        return False

    def _line(self) -> str | None:
        end = self._in.find(b"\r\n")
        if end < 0:
            if len(self._in) > HEAD_BYTES_MAX:
                raise GoneError
            return None
        line = bytes(self._in[:end]).decode("latin-1")
        del self._in[: end + 2]
        return line


def _headers(lines: list[str]) -> dict[str, str]:
    split = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in split}


def _number(text: str, base: int) -> int:
    try:
        number = int(text, base)
    except ValueError as error:
        raise GoneError from error
    if number < 0:
        raise GoneError
    return number
