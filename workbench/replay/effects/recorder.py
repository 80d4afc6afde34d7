"""The only AWS that a replayed handler reaches: a server on loopback that answers its calls and keeps them."""

import hashlib
import socket
import threading
import zlib
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase, BytesIO
from socketserver import ThreadingTCPServer
from typing import Any

from workbench.replay.effects.answers import in_turn
from workbench.replay.effects.call import (
    SECRET_KEEPERS,
    Answer,
    Answering,
    Call,
    CallError,
    Reply,
    without_secrets,
    written,
)
from workbench.replay.effects.decoding import UndecodableError, parameters_of
from workbench.replay.effects.encoding import reply_to
from workbench.replay.effects.request import Request, identified, scope_of
from workbench.replay.engine.invocation import Effect

BODY_BYTES_MOST = 64 * 1024 * 1024
"""A handler that sends more is refused, so that it cannot exhaust the memory of the replay."""
_HEADERS_KEPT = ("accept", "content-type", "user-agent")
"""Every other header of what is not AWS's may hold a secret."""


class OversizeError(ValueError):
    """More than `BODY_BYTES_MOST`, or a body that cannot be read."""


class Recorder:
    """Serves a listening socket in threads of its own; whatever arrives, it never raises.

    Args:
        listener: a TCP socket that listens; closed with the recorder.
        answers: asked before the minimal success.

    Example:
        >>> recorder = Recorder(socket.create_server(("127.0.0.1", 0)))
        >>> recorder.start(); recorder.take(); recorder.close()
        ()
    """

    def __init__(self, listener: socket.socket, answers: Answering | None = None) -> None:
        self._answers = in_turn(*([answers] if answers else []))
        self._lock = threading.Lock()
        self._effects: list[tuple[int, Effect]] = []
        self._request_id = ""
        self._ordinal = 0
        self._server = _Server(listener, self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def begin(self, request_id: str) -> None:
        """From here on calls are of this invocation; the ids in their answers come from its id."""
        with self._lock:
            self._request_id, self._ordinal = request_id, 0

    def take(self) -> tuple[Effect, ...]:
        """The calls since the last time, in the order in which they arrived."""
        with self._lock:
            found, self._effects = self._effects, []
            self._ordinal = 0
        return tuple(effect for _, effect in sorted(found, key=lambda each: each[0]))

    def close(self) -> None:
        """Serve no more; safe to call twice."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def answer(self, request: Request) -> Reply:
        """What the request is answered with; kept as an effect."""
        with self._lock:
            self._ordinal += 1
            request_id, ordinal = self._request_id, self._ordinal
        call, refusal = _call(request, request_id, ordinal)
        answer = refusal or self._asked(call)
        try:
            reply = reply_to(call, answer)
        except Exception as wrong:  # noqa: BLE001 -- a script may say anything; the handler must get an answer
            answer = _refused("InternalFailure", f"the answer does not fit its model: {wrong}", 500)
            reply = reply_to(call, answer)
        shape = call.model.input_shape if call.model else None
        effect = Effect(
            service=call.service,
            operation=call.operation,
            parameters=written(call.parameters, shape, redact=call.service in SECRET_KEEPERS),
            answered_with=answer.document(call),
        )
        with self._lock:
            self._effects.append((ordinal, effect))
        return reply

    def _asked(self, call: Call) -> Answer:
        with self._lock:  # scripts count their calls
            found = self._answers(call)
        return found or _refused("Refused", f"{call.operation} is outside of the replay", 502)


def _refused(code: str, message: str, status: int) -> Answer:
    return Answer(means="refused", error=CallError(code=code, message=message, status=status))


def _call(request: Request, request_id: str, ordinal: int) -> tuple[Call, Answer | None]:
    """The call that a request is, and why it is refused where it is."""
    scope = scope_of(request)
    target = None if request.method == "CONNECT" else identified(request)
    if target is None:
        name = f"{request.method} {request.host}"
        if scope.service and request.method != "CONNECT":
            name = request.headers.get("x-amz-target", f"{request.method} {request.url.path}")
        service = scope.service if scope.service and request.method != "CONNECT" else "http"
        call = Call(
            service=service,
            operation=f"CONNECT {request.target}" if request.method == "CONNECT" else name,
            parameters=_plain_parameters(request),
            request_id=request_id,
            ordinal=ordinal,
        )
        if request.method == "CONNECT":
            return call, _refused("Refused", "TLS cannot be looked into during a replay", 502)
        unknown = _refused("UnknownOperationException", f"no operation like {name}", 404)
        return call, unknown if service != "http" else None
    refusal = None
    try:
        parameters = parameters_of(request, target)
    except UndecodableError as wrong:
        parameters = {"undecodable_bytes": len(request.body)}
        refusal = _refused("SerializationException", str(wrong), 400)
    call = Call(
        service=target.service,
        operation=target.operation.name,
        parameters=parameters,
        region=target.region,
        model=target.operation,
        protocol=target.protocol,
        request_id=request_id,
        ordinal=ordinal,
    )
    return call, refusal


def _plain_parameters(request: Request) -> dict[str, Any]:
    kept = {name: request.headers[name] for name in _HEADERS_KEPT if name in request.headers}
    whole = "://" in request.target or request.method == "CONNECT"
    return {
        "url": without_secrets(
            request.target if whole else f"http://{request.host}{request.target}"
        ),
        "headers": kept,
        "body_bytes": len(request.body),
        "body_sha256": hashlib.sha256(request.body).hexdigest(),
    }


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: socket.socket, recorder: Recorder) -> None:
        super().__init__(("", 0), _Connection, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.recorder = recorder

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up or sends garbage ends its own connection, nothing else."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rbufsize = 64 * 1024
    server: _Server
    headers: HTTPMessage

    def answer_one(self) -> None:
        """Read one request whole, and answer it."""
        try:
            body = _body_of(self.rfile, self.headers)
        except (ValueError, zlib.error) as wrong:
            self.close_connection = True
            reply = Reply(status=400, body=str(wrong).encode())
        else:
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = self.server.recorder.answer(Request(self.command, self.path, headers, body))
        if self.command == "CONNECT":
            self.close_connection = True
        self._write(reply)

    def _write(self, reply: Reply) -> None:
        bodyless = self.command == "HEAD" or reply.status in (204, 304)
        given = {
            name: value for name, value in reply.headers.items() if name.lower() != "content-length"
        }
        headers = {"content-length": str(len(reply.body)), **given}
        if reply.status == 204:
            del headers["content-length"]
        if self.close_connection:
            headers["connection"] = "close"
        lines = [f"HTTP/1.1 {reply.status} {self.responses.get(reply.status, ('Answer',))[0]}"]
        lines += [
            f"{name}: {value}".replace("\r", " ").replace("\n", " ")
            for name, value in headers.items()
        ]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        self.wfile.write(head if bodyless else head + reply.body)

    def __getattr__(self, name: str) -> Any:
        """Every method is answered alike."""
        if name.startswith("do_"):
            return self.answer_one
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:
        """What was asked is in the effects."""


def _body_of(file: BufferedIOBase, headers: HTTPMessage) -> bytes:
    """The body, out of its chunks and decompressed.

    Source: RFC 9112, section 7.1; S3, "Signature calculations … transferring payload in multiple chunks".
    """
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        body = _chunks(file)
    else:
        size = int(headers.get("Content-Length") or 0)
        if not 0 <= size <= BODY_BYTES_MOST:
            raise OversizeError(f"wanted a body of at most {BODY_BYTES_MOST} bytes, found {size}")
        body = file.read(size)
    encoding = headers.get("Content-Encoding", "").lower()
    if (
        headers.get("x-amz-content-sha256", "").startswith("STREAMING-")
        or "aws-chunked" in encoding
    ):
        body = _chunks(BytesIO(body))
    # S3 keeps a compressed object as it is; elsewhere the SDK has compressed the request.
    compressed = "gzip" in encoding and "x-amz-content-sha256" not in headers
    return _unzipped(body) if compressed and body[:2] == b"\x1f\x8b" else body


def _chunks(file: BufferedIOBase) -> bytes:
    body = bytearray()
    while True:
        size = int(file.readline(8192).partition(b";")[0].strip() or b"x", 16)
        if size < 0 or len(body) + size > BODY_BYTES_MOST:
            raise OversizeError(f"wanted a body of at most {BODY_BYTES_MOST} bytes, found more")
        if size == 0:
            break
        body += file.read(size)
        file.readline(8192)
    while file.readline(8192).strip():
        pass  # trailers
    return bytes(body)


def _unzipped(body: bytes) -> bytes:
    opened = zlib.decompressobj(wbits=31)
    found = opened.decompress(body, BODY_BYTES_MOST)
    if opened.unconsumed_tail:
        raise OversizeError(f"wanted a body of at most {BODY_BYTES_MOST} bytes, found more")
    return found
