"""What goes wrong between a client and AWS: errors, answers that are damaged, answers that are lost after the deed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

Answer = dict[str, Any]


def aws_error(code: str, operation: str = "GetRecords", message: str = "scripted") -> ClientError:
    """What boto3 raises for an error answer."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with one call."""

    error: Exception | None = None
    """Raised in place of the answer."""
    damaged: Callable[[Answer], Any] | None = None
    """Makes the answer that arrives out of the one that was sent."""
    after_the_deed: bool = False
    """The call has had its effect (a message was received) before the error is raised."""


FaultScript = Callable[[str, Mapping[str, Any]], Fault | None]
"""Asked before each answer with operation (`GetRecords`) and parameters; None: all goes well."""


def no_faults(operation: str, parameters: Mapping[str, Any]) -> Fault | None:
    """All goes well."""
    return None


def one_by_one(faults: Iterable[Fault | None], only: str | None = None) -> FaultScript:
    """One entry a call, None where it goes well; all goes well after the last.

    Args:
        faults: In the order of the calls.
        only: Of this operation; None: of every call.
    """
    left: Iterator[Fault | None] = iter(faults)

    def script(operation: str, parameters: Mapping[str, Any]) -> Fault | None:
        return next(left, None) if only in (None, operation) else None

    return script


def answered(fault: Fault | None, deed: Callable[[], Answer]) -> Any:
    """The answer of a call under a fault; `deed` makes it and has the call's effects."""
    if fault is None:
        return deed()
    if fault.error is not None:
        if fault.after_the_deed:
            deed()
        raise fault.error
    answer = deed()
    return fault.damaged(answer) if fault.damaged else answer
