"""The engine's words: a record on its way, a batch, an invocation and what it did."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Protocol, cast

from connectors.record import Service

_STREAMS = (Service.KINESIS, Service.DYNAMODB)
RECORDS = ('{"Records":[', "]}")


@dataclass(slots=True, eq=False)
class Item:
    """One captured record on its way through a run; the columns of `captured_records.sql`."""

    delivery_id: int
    service: str
    source_arn: str
    partition_id: str
    record_id: str
    sequence_number: str | None
    ordering_key: str | None
    arrives_at: datetime
    """From when on its source has it."""
    receive_count: int | None
    body: bytes
    envelope: str
    deliveries: int = 0
    """In this run, so far."""

    @property
    def identifier(self) -> str:
        """What a handler names it by in `batchItemFailures`."""
        return self.sequence_number or "" if self.service in _STREAMS else self.record_id

    @property
    def row(self) -> Mapping[str, Any]:
        """The columns by name, as events are made from."""
        return cast("Mapping[str, Any]", self)

    def __getitem__(self, column: str) -> Any:
        return getattr(self, column)

    def get(self, column: str, default: Any = None) -> Any:
        """A column; the default where there is none."""
        return getattr(self, column, default)

    def keys(self) -> tuple[str, ...]:
        """The names of the columns."""
        return COLUMNS


COLUMNS = tuple(field.name for field in fields(Item) if field.name != "deliveries")


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that go to the function together."""

    items: tuple[Item, ...]
    parts: tuple[str, ...]
    """Each record's part of the event, compact JSON."""
    at: datetime
    """Virtual instant of the invocation."""
    closed_by: str
    frame: tuple[str, str] = RECORDS
    """What stands before and behind the parts; empty where the one part is the whole event."""
    request_id: str | None = None
    """Of the invocation, where it is an earlier one's: an asynchronous event keeps its own through its retries."""

    @property
    def event(self) -> str:
        """The event as the function gets it."""
        head, tail = self.frame
        return f"{head}{','.join(self.parts)}{tail}"


@dataclass(frozen=True, slots=True)
class Effect:
    """One AWS call that a handler made."""

    service: str
    """As botocore names it: `sqs`, `dynamodb`, `events` …"""
    operation: str
    """AWS's own name: `SendMessage`."""
    parameters: Mapping[str, Any]
    """AWS's member names; what is binary stands as `{"base64": "…"}`."""
    answered_with: Mapping[str, Any]
    """`means` (`minimal`, `scripted`, `recorded`, `stateful`, `refused`), and the answer's members or its error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What came of one invocation."""

    response: str | None = None
    """What the handler returned, as JSON; None where it failed."""
    error_type: str | None = None
    """As Lambda reports it; None where the handler returned."""
    error_message: str | None = None
    stack_trace: tuple[str, ...] = ()
    duration_ms: float = 0.0
    init_ms: float | None = None
    """How long loading the handler took; None where it was loaded before."""
    max_memory_bytes: int | None = None
    log: str = ""
    """What the handler printed, head and tail."""
    log_dropped_bytes: int = 0
    effects: tuple[Effect, ...] | None = None
    """The AWS calls it made, in their order; None where nobody listened."""
    virtual_ms: float = 0.0
    """How long it takes on the run's clock. What a handler took here and now never moves that clock."""

    @property
    def cold(self) -> bool:
        """Whether this invocation had to load the handler."""
        return self.init_ms is not None


class Invoker(Protocol):
    """Runs the handler."""

    @property
    def parallel(self) -> int:
        """How many invocations it can run at the same time."""
        ...

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        """Hand over one event; whatever the handler does is an answer, never an exception."""
        ...

    def renew(self) -> None:
        """Forget what earlier invocations left behind: the next one begins with the handler loaded anew."""
        ...

    def close(self) -> None:
        """End it, also from another thread while it runs a handler; safe to call twice."""
        ...
