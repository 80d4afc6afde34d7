"""A Python callable in this very process: fast, and shut in by nothing; for a notebook, by the user's word."""

import json
import time
import traceback
from collections.abc import Callable
from typing import Any

import orjson

from workbench.replay.engine.invocation import RECORDS, Batch, Invocation
from workbench.replay.invokers.python_client import LambdaContext, marshal
from workbench.replay.settings import FunctionSettings

Function = Callable[[Any, Any], Any]


class FunctionInvoker:
    """Calls a function with each event; what it raises is an answer, an interruption by the user is not.

    Nothing is measured but time, nothing is held back: no timeout, no memory limit, no environment of its own.

    Args:
        function: takes event and context.
        settings: what its context says.
        invoked_function_arn: what its context says.
        parallel: how many calls there may be at the same time, each in a thread.

    Example:
        >>> from workbench.replay.settings import FunctionSettings
        >>> FunctionInvoker(len, FunctionSettings("f")).parallel
        1
    """

    isolation = {"tier": "C", "means": "none: in this process", "canary": None}  # noqa: RUF012
    """What the run's document says of it."""

    def __init__(
        self,
        function: Function,
        settings: FunctionSettings,
        invoked_function_arn: str = "",
        *,
        parallel: int = 1,
    ) -> None:
        self.parallel = parallel
        self._function = function
        self._timeout_ms = settings.timeout_s * 1000
        self._context = _context_class(settings, invoked_function_arn)

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        """Call the function with one event."""
        event = _event(batch)
        context = self._context(request_id, time.time() * 1000 + self._timeout_ms)
        began = time.perf_counter()
        try:
            result = self._function(event, context)
        except Exception as error:  # noqa: BLE001 - a function that fails is an answer
            return _failed(error, (time.perf_counter() - began) * 1000)
        except SystemExit as error:
            message = f"RequestId: {request_id} Error: Runtime exited with error: exit status {error.code}"
            return Invocation(error_type="Runtime.ExitError", error_message=message)
        took_ms = (time.perf_counter() - began) * 1000
        try:
            response = "null" if result is None else marshal(result)
        except Exception as error:  # noqa: BLE001 - so is a value that is no JSON
            return Invocation(
                error_type="Runtime.MarshalError",
                error_message=f"Unable to marshal response: {error}",
                duration_ms=took_ms,
            )
        return Invocation(response=response, duration_ms=took_ms)

    def renew(self) -> None:
        """Nothing to load anew: the function is of this process."""

    def close(self) -> None:
        """There is nothing to end: a thread that calls a function cannot be."""


def _event(batch: Batch) -> Any:
    """The event as Python's own parser reads it.

    orjson differs on integers of more than 64 bits, and a record as a source hands it over has none.
    """
    text = batch.event
    if batch.frame == RECORDS:
        try:
            return orjson.loads(text)
        except ValueError:  # a lone surrogate, which Python's parser takes
            pass
    return json.loads(text)


def _failed(error: Exception, took_ms: float) -> Invocation:
    frames = traceback.extract_tb(error.__traceback__)[1:]
    return Invocation(
        error_type=type(error).__name__,
        error_message=str(error),
        stack_trace=tuple(traceback.format_list(frames)),
        duration_ms=took_ms,
    )


def _context_class(
    settings: FunctionSettings, invoked_function_arn: str
) -> Callable[[str, float], LambdaContext]:
    """A context whose function is known, so that making one for each event is quick."""

    def begin(self: LambdaContext, request_id: str, deadline_ms: float) -> None:
        self.aws_request_id = request_id
        self._deadline_ms = deadline_ms

    told = LambdaContext("", 0, invoked_function_arn)
    attributes = vars(told) | {
        "function_name": settings.name,
        "function_version": settings.version,
        "memory_limit_in_mb": str(settings.memory_size_mb),
        "log_group_name": f"/aws/lambda/{settings.name}",
        "log_stream_name": "replay",
        "__init__": begin,
    }
    made: Callable[[str, float], LambdaContext] = type(
        "LambdaContext", (LambdaContext,), attributes
    )
    return made
