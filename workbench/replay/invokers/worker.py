"""The process that runs a handler: first proves that it is shut in, then loads, then answers events.

Standard library only, and nothing of this project: it runs with `python -I` inside a sandbox that has neither.
It talks over one descriptor of its own in frames of length, nonce and payload; standard output is the handler's.
"""

import contextlib
import difflib
import errno
import importlib
import importlib.util
import io
import json
import os
import resource
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

HEADER = struct.Struct("!I16s")
NEAREST = 3
Handler = Callable[[Any, "LambdaContext"], Any]


class Channel:
    """Frames in both directions; a frame with a wrong nonce is not ours and ends the process."""

    def __init__(self, descriptor: int, nonce: bytes) -> None:
        os.set_inheritable(descriptor, False)
        self._socket = socket.socket(fileno=descriptor)
        self._nonce = nonce

    def receive(self) -> bytes | None:
        """The next frame's payload; None when the other side has gone."""
        header = self._exactly(HEADER.size)
        if header is None:
            return None
        size, nonce = HEADER.unpack(header)
        if nonce != self._nonce:
            raise SystemExit("a frame that is not ours")
        return self._exactly(size)

    def send(self, payload: bytes) -> None:
        """Send one frame."""
        self._socket.sendall(HEADER.pack(len(payload), self._nonce) + payload)

    def _exactly(self, size: int) -> bytes | None:
        received = bytearray()
        while len(received) < size:
            piece = self._socket.recv(min(size - len(received), 1 << 20))
            if not piece:
                return None
            received += piece
        return bytes(received)


class Identity:
    """Of a mobile caller; a poller has none."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class LambdaContext:
    """The second argument of a handler."""

    def __init__(self, request_id: str, deadline_ms: float, invoked_function_arn: str) -> None:
        self.aws_request_id = request_id
        self.invoked_function_arn = invoked_function_arn
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.identity = Identity()
        self.client_context = None
        self.tenant_id = None
        self._deadline_ms = deadline_ms

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation is killed."""
        return max(int(self._deadline_ms - time.time() * 1000), 0)

    def log(self, message: object) -> None:
        """Print without a line's end, as Lambda's context does."""
        sys.stdout.write(str(message))


def probe(probes: list[tuple[str, str, Any]]) -> dict[str, str]:
    """What could be reached of what must not be; a way out that is found open is named."""
    found = {}
    for name, kind, target in probes:
        try:
            _PROBES[kind](target)
        except OSError as error:
            found[name] = errno.errorcode.get(error.errno or 0, type(error).__name__)
        else:
            found[name] = "reached"
    return found


def _connect(target: list[Any]) -> None:
    with socket.create_connection(tuple(target), timeout=0.5):
        pass


def _multipath(target: list[Any]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262) as client:
        client.settimeout(0.5)
        client.connect(tuple(target))


def _datagram(target: list[Any]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"", tuple(target))


def _unix(path: str) -> None:
    address: bytes | str = b"\0" + path[1:].encode() if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address)


def _read(path: str) -> None:
    with Path(path).open("rb") as file:
        file.read(1)


_PROBES: dict[str, Callable[[Any], None]] = {
    "tcp": _connect,
    "mptcp": _multipath,
    "udp": _datagram,
    "unix": _unix,
    "file": _read,
}


class NotLoadedError(Exception):
    """The handler does not load; the message says why in one line."""


def load(wanted: dict[str, Any]) -> Handler:
    """The handler: from a file, or from a module found from the working directory."""
    try:
        module = _module(wanted)
    except NotLoadedError:
        raise
    except SyntaxError as error:
        where = Path(error.filename or "?").name
        raise NotLoadedError(
            f"a syntax error in line {error.lineno} of {where}: {error.msg}"
        ) from error
    except BaseException as error:
        line = _line_of(error, wanted["folder"])
        raise NotLoadedError(
            f"{type(error).__name__} at import{line}: {_one_line(error)}"
        ) from error
    return _function(module, wanted["function"])


def _module(wanted: dict[str, Any]) -> ModuleType:
    sys.path.insert(0, wanted["folder"])
    name, file = wanted["module"], wanted["file"]
    if file is None:
        if importlib.util.find_spec(name.partition(".")[0]) is None:
            raise NotLoadedError(f"no module {name} in {wanted['folder']} or among the packages")
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise NotLoadedError(f"{file}, which Python cannot import")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _function(module: ModuleType, name: str) -> Handler:
    try:
        found = getattr(module, name)
    except AttributeError:
        names = [
            each
            for each, value in vars(module).items()
            if callable(value) and not isinstance(value, (type, ModuleType)) and each[:1] != "_"
        ]
        near = difflib.get_close_matches(name, names, NEAREST, 0.0)
        there = f"there are {', '.join(near)}" if near else "there is none at all"
        raise NotLoadedError(f"no function {name} in {module.__name__}; {there}") from None
    if not callable(found):
        raise NotLoadedError(f"{name} in {module.__name__} is {type(found).__name__}, not callable")
    handler: Handler = found
    return handler


def _line_of(error: BaseException, folder: str) -> str:
    ours = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(folder)]
    return f" in line {ours[-1].lineno} of {Path(ours[-1].filename).name}" if ours else ""


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def answer(handler: Handler, event_json: bytes, context: LambdaContext) -> tuple[bytes, bytes]:
    """What the handler makes of one event: kind `R` with its JSON, or `E` with Lambda's error object."""
    try:
        event = json.loads(event_json)
    except ValueError as error:
        return b"E", _error("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}", [])
    try:
        result = handler(event, context)
    except Exception as error:  # noqa: BLE001 - a handler that fails is an answer
        frames = traceback.extract_tb(error.__traceback__)[1:]
        stack = traceback.format_list(frames)
        return b"E", _error(type(error).__name__, str(error), stack)
    try:
        return b"R", json.dumps(result).encode()
    except Exception as error:  # noqa: BLE001 - so is a value that is no JSON
        return b"E", _error("Runtime.MarshalError", f"Unable to marshal response: {error}", [])


def _error(error_type: str, message: str, stack: list[str]) -> bytes:
    described = {"errorType": error_type, "errorMessage": message, "stackTrace": stack}
    return json.dumps(described).encode()


def serve(channel: Channel, handler: Handler, invoked_function_arn: str) -> None:
    """Answer events until there are no more."""
    while (frame := channel.receive()) is not None:
        head, _, event_json = frame.partition(b"\n")
        asked = json.loads(head)
        os.environ["_X_AMZN_TRACE_ID"] = asked["trace_id"]
        context = LambdaContext(asked["request_id"], asked["deadline_ms"], invoked_function_arn)
        began = time.perf_counter()
        kind, payload = answer(handler, event_json, context)
        duration_ms = (time.perf_counter() - began) * 1000
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        told = {"duration_ms": duration_ms, "max_memory_bytes": memory}
        channel.send(kind + json.dumps(told).encode() + b"\n" + payload)


def limit(limits: dict[str, int]) -> None:
    """Backstops; none of them is what stops a handler in the ordinary way."""
    for name, value in limits.items():
        number = getattr(resource, name)
        _, most = resource.getrlimit(number)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(number, (value, value))


def main() -> None:
    """Prove, load, serve; the other side speaks first."""
    channel = Channel(int(sys.argv[1]), bytes.fromhex(sys.argv[2]))
    probes = channel.receive()
    if probes is None:
        return
    channel.send(json.dumps(probe(json.loads(probes))).encode())
    told = channel.receive()
    if told is None:
        return
    wanted = json.loads(told)
    limit(wanted["limits"])
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    began = time.perf_counter()
    try:
        handler = load(wanted)
    except NotLoadedError as error:
        channel.send(json.dumps({"error": str(error)}).encode())
        return
    channel.send(json.dumps({"init_ms": (time.perf_counter() - began) * 1000}).encode())
    serve(channel, handler, wanted["invoked_function_arn"])


if __name__ == "__main__":
    main()
