"""The Lambda Runtime API for one execution environment, served on a socket that listens inside its sandbox.

Without a thread: the invoker takes one step after the other, so that a program gets nothing between two invocations
and a round trip costs no switch. Nothing that a program sends raises.

Source: Lambda developer guide, "Using the Lambda runtime API", "Using the Lambda Extensions API"; runtime interface
emulator, package rapi.
"""

import base64
import binascii
import json
import select
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from workbench.replay.invokers.http_connection import GoneError, HttpConnection, Request

RESPONSE_BYTES_MAX = 6_291_556
"""Of a response to a synchronous invocation, which a source mapping makes."""
_RUNTIME = "/2018-06-01/runtime/"
_EXTENSION = "/2020-01-01/extension/"
_ACCEPTED = b'{"status":"OK"}\n'
_ERROR_TYPE = "lambda-runtime-function-error-type"
_ERROR_BODY = "lambda-runtime-function-error-body"
UNKNOWN_ERROR = "Function.Unknown"
"""What Lambda calls an error whose type nobody said."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as a program reported it."""

    error_type: str
    error_message: str
    stack_trace: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """What `/next` hands over."""

    request_id: str
    body: bytes
    deadline_ms: int
    """Epoch milliseconds, in the clock that the program sees."""
    invoked_function_arn: str

    @property
    def trace_id(self) -> str:
        """An X-Ray header that is equal for equal request ids."""
        plain = self.request_id.replace("-", "")
        return f"Root=1-{plain[:8]}-{plain[8:32]};Parent={plain[:16]};Sampled=0"

    def headers(self) -> bytes:
        """The header lines of the answer to `/next`."""
        return (
            f"Lambda-Runtime-Aws-Request-Id: {self.request_id}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {self.deadline_ms}\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {self.invoked_function_arn}\r\n"
            f"Lambda-Runtime-Trace-Id: {self.trace_id}\r\n"
        ).encode()


class RuntimeApi:
    """The server; a program's requests are answered while `step` runs.

    Args:
        listener: listens inside the sandbox; closed with the server.
        described: `functionName`, `functionVersion`, `handler`: what an extension is told.

    Example:
        >>> api.step(1000)                                              # doctest: +SKIP
        >>> if api.waiting: api.hand_over(event)                        # doctest: +SKIP
    """

    def __init__(self, listener: socket.socket, described: Mapping[str, str]) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._described = described
        self._connections: dict[int, HttpConnection] = {}
        self._extensions: dict[str, HttpConnection | None] = {}
        self._next: HttpConnection | None = None
        self._open_id: str | None = None
        self._poll = select.poll()
        self._poll.register(listener, select.POLLIN)
        self.answer: str | Fault | None = None
        """What the program made of the last event; None: nothing yet."""
        self.init_fault: Fault | None = None
        """Why it says that it cannot begin."""
        self.lost = False
        """A connection ended since the last event: the program may have ended, too."""

    @property
    def waiting(self) -> bool:
        """Whether the program asks for an event, and has with that done everything for the last one."""
        return self._next is not None

    def hand_over(self, event: Event) -> None:
        """Answer `/next`; only while `waiting`."""
        assert self._next is not None
        connection, self._next = self._next, None
        self._open_id, self.answer, self.lost = event.request_id, None, False
        self._reply(connection, 200, event.body, event.headers())
        self._tell_extensions(event)

    def step(self, timeout_ms: float) -> bool:
        """Serve what has come, or comes within the time; whether anything did."""
        events = self._poll.poll(timeout_ms)
        for descriptor, what in events:
            if descriptor == self._listener.fileno():
                self._accept()
            elif (connection := self._connections.get(descriptor)) is not None:
                self._serve(connection, what)
        return bool(events)

    def close(self) -> None:
        """Hang up; safe to call twice."""
        for connection in list(self._connections.values()):
            self._drop(connection)
        self._listener.close()

    def _accept(self) -> None:
        try:
            accepted, _ = self._listener.accept()
        except OSError:
            return
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = HttpConnection(accepted, RESPONSE_BYTES_MAX)
        self._connections[connection.fileno()] = connection
        self._poll.register(connection, select.POLLIN)

    def _serve(self, connection: HttpConnection, what: int) -> None:
        try:
            if what & select.POLLOUT:
                connection.flush()
                self._watch(connection)
            if what & ~select.POLLOUT:
                for request in connection.receive():
                    self._dispatch(connection, request)
        except GoneError:
            self._drop(connection)

    def _drop(self, connection: HttpConnection) -> None:
        descriptor = connection.fileno()
        if self._connections.pop(descriptor, None) is None:
            return
        self._poll.unregister(descriptor)
        connection.close()
        self.lost = True
        if self._next is connection:
            self._next = None
        for name, waiting in self._extensions.items():
            if waiting is connection:
                self._extensions[name] = None

    def _reply(
        self, connection: HttpConnection, status: int, body: bytes, headers: bytes = b""
    ) -> None:
        try:
            connection.answer(status, body, headers)
            if connection.sending:
                self._watch(connection)
        except GoneError:
            self._drop(connection)

    def _watch(self, connection: HttpConnection) -> None:
        waits = select.POLLIN | (select.POLLOUT if connection.sending else 0)
        self._poll.modify(connection, waits)

    def _dispatch(self, connection: HttpConnection, request: Request) -> None:
        path = request.path.partition("?")[0]
        if path.startswith(_RUNTIME):
            self._runtime(connection, request, path.removeprefix(_RUNTIME))
        elif path.startswith(_EXTENSION):
            self._extension(connection, request, path.removeprefix(_EXTENSION))
        elif request.method == "PUT" and path in ("/2022-07-01/telemetry", "/2020-08-15/logs"):
            self._reply(connection, 200, b'"OK"')
        else:
            self._refuse(connection, 404, "NotFound", f"no {request.method} {path}")

    def _runtime(self, connection: HttpConnection, request: Request, path: str) -> None:
        match request.method, path.split("/"):
            case "GET", ["invocation", "next"]:
                self._ask(connection)
            case "POST", ["invocation", request_id, ("response" | "error") as kind]:
                self._take(connection, request, request_id, kind)
            case "POST", ["init" | "restore", "error"]:
                self.init_fault = _fault(request)
                self._reply(connection, 202, _ACCEPTED)
            case "GET", ["restore", "next"]:
                self._reply(connection, 200, b"")
            case _:
                self._refuse(connection, 404, "NotFound", f"no {request.method} {path}")

    def _ask(self, connection: HttpConnection) -> None:
        unanswered = self._open_id is not None and self.answer is None
        if unanswered or self._next is not None:
            self._refuse(connection, 403, "InvalidStateTransition", "Transition is not allowed")
        else:
            self._next = connection

    def _take(
        self, connection: HttpConnection, request: Request, request_id: str, kind: str
    ) -> None:
        if self._open_id is None or self.answer is not None:
            self._refuse(connection, 403, "InvalidStateTransition", "Transition is not allowed")
        elif request_id != self._open_id:
            self._refuse(connection, 400, "InvalidRequestID", "Invalid request ID")
        elif request.too_large:
            message = f"Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
            self.answer = Fault(
                "Function.ResponseSizeTooLarge", f"Response payload size: {message}"
            )
            self._refuse(connection, 413, "RequestEntityTooLarge", message)
        else:
            failed = kind == "error" or _ERROR_TYPE in request.headers
            self.answer = _fault(request) if failed else request.body.decode("utf-8", "replace")
            self._reply(connection, 202, _ACCEPTED)

    def _extension(self, connection: HttpConnection, request: Request, path: str) -> None:
        identifier = request.headers.get("lambda-extension-identifier", "")
        if (request.method, path) == ("POST", "register"):
            identifier = str(uuid4())
            self._extensions[identifier] = None
            header = f"Lambda-Extension-Identifier: {identifier}\r\n".encode()
            self._reply(connection, 200, json.dumps(dict(self._described)).encode(), header)
        elif identifier not in self._extensions:
            message = f"Unknown extension {identifier}"
            self._refuse(connection, 403, "Extension.UnknownExtensionIdentifier", message)
        elif (request.method, path) == ("GET", "event/next"):
            self._extensions[identifier] = connection
        elif (request.method, path) in (("POST", "init/error"), ("POST", "exit/error")):
            self._reply(connection, 202, _ACCEPTED)
        else:
            self._refuse(connection, 404, "NotFound", f"no {request.method} {path}")

    def _tell_extensions(self, event: Event) -> None:
        """Wake those that wait; an invocation does not wait for them in turn."""
        waiting = [(name, to) for name, to in self._extensions.items() if to is not None]
        for identifier, connection in waiting:
            self._extensions[identifier] = None
            told = {
                "eventType": "INVOKE",
                "deadlineMs": event.deadline_ms,
                "requestId": event.request_id,
                "invokedFunctionArn": event.invoked_function_arn,
                "tracing": {"type": "X-Amzn-Trace-Id", "value": event.trace_id},
            }
            header = f"Lambda-Extension-Event-Identifier: {uuid4()}\r\n".encode()
            self._reply(connection, 200, json.dumps(told).encode(), header)

    def _refuse(self, connection: HttpConnection, status: int, kind: str, message: str) -> None:
        told = {"errorMessage": message, "errorType": kind}
        self._reply(connection, status, json.dumps(told).encode())


def _fault(request: Request) -> Fault:
    """What a program says of its error: in the body, in a header, or in the trailers of a stream."""
    body: bytes | bytearray = request.body
    if _ERROR_BODY in request.headers:
        try:
            body = base64.b64decode(request.headers[_ERROR_BODY])
        except binascii.Error:
            body = b""
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    told = told if isinstance(told, dict) else {}
    trace = told.get("stackTrace") or told.get("trace") or ()
    return Fault(
        str(told.get("errorType") or request.headers.get(_ERROR_TYPE) or UNKNOWN_ERROR),
        str(told.get("errorMessage") or ""),
        tuple(map(str, trace)) if isinstance(trace, list) else (str(trace),) if trace else (),
    )
