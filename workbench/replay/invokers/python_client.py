"""Runs a Python handler against the Runtime API: with Lambda's own client where the interpreter has it, else with ours.

Standard library only, and nothing of this project: it runs in a sandbox that has neither. It wants Python 3.8.
Lambda's client polls in a thread where AWS_EXECUTION_ENV says python3.12 or newer, only so that signals are seen
between two events. That makes a round trip three to four times as long, and a replay sends no signals: it is told
not to.
"""

import decimal
import http.client
import importlib
import inspect
import io
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple  # noqa: UP035 - wants Python 3.8

Handler = Callable[[Any, "LambdaContext"], Any]
_ROOT = "/2018-06-01/runtime"


class Identity:
    """Of a mobile caller; a poller has none."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class LambdaContext:
    """The second argument of a handler.

    Source: awslambdaric, lambda_context.py.
    """

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


class FaultError(Exception):
    """An error that Lambda's client has a name for."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


def load(name: str) -> Handler:
    """The handler `module.function`.

    Raises:
        FaultError: as Lambda's client words it; what the module itself raises comes as it is.
    """
    modname, dot, function = name.rpartition(".")
    if not dot:
        raise FaultError("Runtime.MalformedHandlerName", f"Bad handler {name!r}")
    if modname.split(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {modname} as a handler module"
        raise FaultError("Runtime.BuiltInModuleConflict", message)
    try:
        module = importlib.import_module(modname.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{modname}': {error}"
        raise FaultError("Runtime.ImportModuleError", message) from error
    except SyntaxError as error:
        message = f"Syntax error in module '{modname}': {error}"
        raise FaultError("Runtime.UserCodeSyntaxError", message) from error
    try:
        handler: Handler = getattr(module, function)
    except AttributeError:
        message = f"Handler '{function}' missing on module '{modname}'"
        raise FaultError("Runtime.HandlerNotFound", message) from None
    return handler


def answer(handler: Handler, event_json: bytes, context: LambdaContext) -> Tuple[str, bytes]:  # noqa: UP006
    """What the handler makes of one event: `response` with its JSON, or `error` with Lambda's error object."""
    try:
        try:
            event = json.loads(event_json)
        except ValueError as error:
            message = f"Unable to unmarshal input: {error}"
            raise FaultError("Runtime.UnmarshalError", message) from error
        result = handler(event, context)
        if isinstance(result, bytes):
            return "response", result
        try:
            return "response", marshal(result).encode()
        except Exception as error:
            message = f"Unable to marshal response: {error}"
            raise FaultError("Runtime.MarshalError", message) from error
    except FaultError as error:
        return "error", described(error.error_type, str(error), None, context.aws_request_id)
    except Exception as error:  # noqa: BLE001 - a handler that fails is an answer
        return "error", described(type(error).__name__, str(error), error, context.aws_request_id)


def marshal(result: Any) -> str:
    """JSON of a value, a Decimal as the number it is.

    Raises:
        Exception: it is no JSON.
    """
    return json.dumps(result, default=_number)


def _number(value: object) -> float:
    if isinstance(value, decimal.Decimal):
        return (
            int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
        )
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def described(
    error_type: str,
    message: str,
    error: Optional[BaseException],  # noqa: UP045
    request_id: str = "",
) -> bytes:
    """Lambda's error object."""
    frames = traceback.extract_tb(error.__traceback__) if error else []
    stack = traceback.format_list([frame for frame in frames if frame.filename != __file__])
    told = {
        "errorMessage": message,
        "errorType": error_type,
        "requestId": request_id,
        "stackTrace": stack,
    }
    _log(f"[ERROR] {error_type}: {message}", stack)
    return json.dumps(told).encode()


def _log(line: str, stack: List[str]) -> None:  # noqa: UP006
    """One line of the log, as Lambda's client writes it: carriage returns, and no-break spaces to indent."""
    lines = [line, "Traceback (most recent call last):"]
    for each in "".join(stack).splitlines():
        text = each.lstrip(" ")
        lines.append("\u00a0" * (len(each) - len(text)) + text)
    print("\r".join(lines))  # noqa: T201


class Client:
    """The Runtime API over one connection that is kept."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address)

    def next(self) -> Tuple[bytes, Dict[str, str]]:  # noqa: UP006
        """Wait for an event: its JSON, and the headers in lower case."""
        return self._call("GET", "/invocation/next", b"")

    def post(self, path: str, body: bytes) -> None:
        """Say what came of it."""
        self._call("POST", path, body)

    def _call(self, method: str, path: str, body: bytes) -> Tuple[bytes, Dict[str, str]]:  # noqa: UP006
        self._connection.request(
            method, _ROOT + path, body, {"Content-Type": "application/json"} if body else {}
        )
        response = self._connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return response.read(), headers


def serve(name: str, address: str) -> None:
    """Load the handler and answer events until there are no more."""
    client = Client(address)
    try:
        handler = load(name)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told and ends the process
        error_type = error.error_type if isinstance(error, FaultError) else type(error).__name__
        cause = None if isinstance(error, FaultError) else error
        client.post("/init/error", described(error_type, str(error), cause))
        sys.exit(1)
    while True:
        event_json, headers = client.next()
        request_id = headers["lambda-runtime-aws-request-id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers["lambda-runtime-trace-id"]
        context = LambdaContext(
            request_id,
            float(headers["lambda-runtime-deadline-ms"]),
            headers["lambda-runtime-invoked-function-arn"],
        )
        kind, payload = answer(handler, event_json, context)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        client.post(f"/invocation/{request_id}/{kind}", payload)


def lambdas_own(name: str, address: str) -> bool:
    """Serve with awslambdaric; False where this interpreter does not have it."""
    try:
        from awslambdaric import bootstrap
        from awslambdaric.lambda_runtime_client import LambdaRuntimeClient
    except ImportError:
        return False
    if len(inspect.signature(bootstrap.run).parameters) == 2:
        bootstrap.run(name, LambdaRuntimeClient(address, False))
    else:  # before 4.0
        bootstrap.run(str(Path.cwd()), name, address)
    return True


def main() -> None:
    """Serve the handler `module.function` of the working directory."""
    sys.path.insert(0, str(Path.cwd()))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    name, address = sys.argv[1], os.environ["AWS_LAMBDA_RUNTIME_API"]
    if not lambdas_own(name, address):
        serve(name, address)


if __name__ == "__main__":
    main()
