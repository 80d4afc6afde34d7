"""Who answers a call: a script, an injected fault, an earlier run, and behind them all the minimal success."""

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import UsageError
from workbench.patterns import matches
from workbench.replay.effects.call import (
    SECRET_KEEPERS,
    Answer,
    Answering,
    Call,
    CallError,
    unwritten,
    written,
)
from workbench.replay.effects.minimal import minimal
from workbench.replay.engine.invocation import Effect
from workbench.trace import Trace
from workbench.trace.sql import load_statement

_THROTTLES: Mapping[str, CallError] = {
    "dynamodb": CallError(code="ProvisionedThroughputExceededException"),
    "kinesis": CallError(code="ProvisionedThroughputExceededException"),
    "s3": CallError(code="SlowDown", status=503),
    "ec2": CallError(code="RequestLimitExceeded", status=503),
    "lambda": CallError(code="TooManyRequestsException", status=429),
    "sns": CallError(code="Throttling"),
    "sts": CallError(code="Throttling"),
    "iam": CallError(code="Throttling"),
    "ses": CallError(code="Throttling"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What certain calls are answered with.

    Example:
        >>> Script(service="dynamodb", operation="GetItem", answer={"Item": {"id": {"S": "1"}}}).times is None
        True
    """

    service: str
    """As botocore names it; `http` for what is not AWS's."""
    operation: str
    """AWS's own name; `POST host` for what is not AWS's."""
    match: Mapping[str, Any] | None = None
    """An event pattern that the parameters must match; None: any."""
    answer: Mapping[str, Any] | None = None
    """The answer's members; bytes may stand as `{"base64": …}`."""
    error: CallError | None = None
    times: int | None = None
    """How many calls it answers; None: all."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Script":
        """From a document with the same names, `error` as `{code, message, status}`.

        Raises:
            UsageError: a key that a script does not have, or no service and operation.
        """
        error = document.get("error")
        try:
            return cls(**{**document, "error": CallError(**error) if error else None})
        except TypeError as wrong:
            raise UsageError(
                "wanted a script of service, operation, match, answer or error, and times, "
                f"found {', '.join(map(str, document))} ({wrong}); correct its keys"
            ) from None

    def admits(self, call: Call) -> bool:
        """Whether it speaks of such a call."""
        if (self.service, self.operation) != (call.service, call.operation):
            return False
        return self.match is None or matches(self.match, _parameters(call))


def scripts_of(file: Path) -> Answering:
    """What the scripts of a file answer.

    Raises:
        UsageError: no such file, or not a JSON list of scripts.
    """
    try:
        documents = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"wanted a JSON list of scripts in {file}, found {error}") from error
    if not isinstance(documents, list) or not all(isinstance(each, dict) for each in documents):
        raise UsageError(f"wanted a JSON list of scripts in {file}, found another document")
    return scripted(Script.of(each) for each in documents)


def scripted(scripts: Iterable[Script]) -> Answering:
    """Answer by the first script that speaks of the call and is not used up."""
    scripts = tuple(scripts)
    left = [each.times for each in scripts]

    def answer(call: Call) -> Answer | None:
        for number, script in enumerate(scripts):
            times = left[number]
            if times != 0 and script.admits(call):
                left[number] = None if times is None else times - 1
                members = unwritten(script.answer or {})
                return Answer(means="scripted", members=members, error=script.error)
        return None

    return answer


def throttling(strikes: Callable[[Call], bool]) -> Answering:
    """Throttle the calls that are struck, in the words of their service.

    Args:
        strikes: told every AWS call once, in their order.

    Source: each service's API reference, "Common errors".
    """

    def answer(call: Call) -> Answer | None:
        if call.model is None or not strikes(call):
            return None
        known = _THROTTLES.get(call.service, CallError(code="ThrottlingException"))
        error = CallError(code=known.code, message="Rate exceeded", status=known.status)
        return Answer(means="scripted", error=error, note="injected throttle")

    return answer


def recorded(effects: Iterable[Effect]) -> Answering:
    """Answer as an earlier run was: equal calls get equal calls' answers in their order, the last one for the rest."""
    kept: defaultdict[str, deque[Mapping[str, Any]]] = defaultdict(deque)
    for each in effects:
        if each.answered_with.get("means") != "refused":
            kept[_key(each.service, each.operation, each.parameters)].append(each.answered_with)

    def answer(call: Call) -> Answer | None:
        waiting = kept.get(_key(call.service, call.operation, _parameters(call)))
        if not waiting:
            return None
        found = waiting.popleft() if len(waiting) > 1 else waiting[0]
        error = found.get("error")
        return Answer(
            means="recorded",
            members=unwritten(found.get("answer", {})),
            error=CallError(**error) if error else None,
        )

    return answer


def recorded_in(trace: Trace, run_id: str) -> Answering:
    """Answer as the calls of an earlier run in the trace were answered.

    Raises:
        UsageError: that run made no call that was heard.
    """
    statement = load_statement(__package__, "calls_of_run")
    effects = [
        Effect(
            row["service"],
            row["operation"],
            json.loads(row["parameters"]),
            json.loads(row["answered_with"]),
        )
        for row in trace.rows(statement.text, run_id=run_id)
    ]
    if not effects:
        raise UsageError(
            f"wanted the AWS calls of the run {run_id}, found none in the trace; name a run that made some"
        )
    return recorded(effects)


def in_turn(*answerings: Answering) -> Answering:
    """The first that has an answer; the minimal success behind them all."""

    def answer(call: Call) -> Answer | None:
        found = (each(call) for each in (*answerings, minimal))
        return next((each for each in found if each is not None), None)

    return answer


def _parameters(call: Call) -> dict[str, Any]:
    shape = call.model.input_shape if call.model else None
    found: dict[str, Any] = written(call.parameters, shape, redact=call.service in SECRET_KEEPERS)
    return found


def _key(service: str, operation: str, parameters: Mapping[str, Any]) -> str:
    return f"{service} {operation} {json.dumps(parameters, sort_keys=True)}"
