"""Runs as a replay writes them, told in a few words."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pyarrow as pa

from tests.factories import QUEUE, T0, clock
from workbench.trace import Trace, TraceWriter, open_trace
from workbench.trace.schema import EFFECTS, INVOCATIONS, OUTCOMES, RUNS

Call = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True)
class Told:
    """One invocation."""

    records: Sequence[str]
    response: Any = None
    error: str | None = None
    calls: Sequence[Call | tuple[str, str, dict[str, Any], dict[str, Any]]] = ()
    duration_ms: float = 10.0
    cold: bool = False
    text: str | None = None
    """The response as it stands, where it is no JSON."""


def put(body: Any, queue: str = "https://q") -> Call:
    """A message sent."""
    return "sqs", "SendMessage", {"QueueUrl": queue, "MessageBody": body}


def request_id(run_id: str, number: int) -> str:
    """Of the invocation of that number."""
    return str(uuid5(NAMESPACE_OID, f"{run_id}/{number}"))


def rows(run_id: str, told: Iterable[Told], *, heard: bool = True) -> dict[str, pa.Table]:
    """The run's rows by relation, all in the order told."""
    invocations, outcomes, effects = [], [], []
    attempts: dict[str, int] = {}
    for number, each in enumerate(told):
        own = request_id(run_id, number)
        at = T0 + timedelta(seconds=number)
        shared = {"run_id": run_id, "invocation_id": own, "started_at": at}
        kind, _, message = (each.error or "").partition(": ")
        answered = None if each.error else each.text or json.dumps(each.response)
        own_text = (answered or "").replace("REQUEST", own) if answered is not None else None
        invocations.append(
            shared
            | {
                "batch_size": len(each.records),
                "event": json.dumps({"Records": [{"messageId": r} for r in each.records]}),
                "response": own_text,
                "error_type": kind or None,
                "duration_ms": each.duration_ms,
                "cold": each.cold,
            }
        )
        for record in each.records:
            attempts[record] = attempts.get(record, 0) + 1
            outcomes.append(
                shared
                | {
                    "attempt": attempts[record],
                    "delivery_id": int.from_bytes(record.encode()[-6:], "big"),
                    "record_id": record,
                    "partition_id": "",
                    "verdict": "failed" if each.error else "succeeded",
                    "error_type": kind or None,
                    "error_message": message or None,
                    "duration_ms": each.duration_ms,
                }
            )
        for ordinal, (service, operation, parameters, *answer) in enumerate(each.calls, 1):
            effects.append(
                {
                    "run_id": run_id,
                    "invocation_id": own,
                    "ordinal": ordinal,
                    "service": service,
                    "operation": operation,
                    "parameters": json.dumps(parameters).replace("REQUEST", own),
                    "answered_with": json.dumps(answer[0] if answer else {}).replace(
                        "REQUEST", own
                    ),
                }
            )
    run = {
        "run_id": run_id,
        "source_arn": QUEUE,
        "started_at": T0,
        "summary": json.dumps({"effects": len(effects) if heard else None}),
    }
    return {
        "runs": pa.Table.from_pylist([run], RUNS),
        "invocations": pa.Table.from_pylist(invocations, INVOCATIONS),
        "outcomes": pa.Table.from_pylist(outcomes, OUTCOMES),
        "effects": pa.Table.from_pylist(effects, EFFECTS),
    }


def add(folder: Path, *tables: dict[str, pa.Table]) -> None:
    """Write runs into the trace."""
    writer = TraceWriter(folder, "replay", [QUEUE], clock)
    for each in tables:
        writer.append_results(each)
    writer.close()


def trace_of(folder: Path, **runs: Iterable[Told]) -> Trace:
    """A trace that holds the runs."""
    add(folder, *(rows(name, told) for name, told in runs.items()))
    return open_trace(folder)
