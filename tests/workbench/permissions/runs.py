"""Traces with a replay in them whose handler made calls."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.factories import QUEUE, T0
from workbench.trace import Trace, TraceWriter, open_trace
from workbench.trace.schema import EFFECTS, RUNS

Calls = list[tuple[str, str, dict[str, Any]]]


def replayed(folder: Path, *runs: Calls) -> Trace:
    """A trace with replays `run-0`, `run-1` …, the later ones later, each with its calls."""
    writer = TraceWriter(folder, "replay", [], lambda: T0)
    rows, effects = [], []
    for number, calls in enumerate(runs):
        at = T0 + timedelta(minutes=number)
        rows.append(
            {
                "run_id": f"run-{number}",
                "source_arn": QUEUE,
                "handler": "charge.py:handle",
                "mapping": "{}",
                "isolation": "{}",
                "started_at": at,
                "ended_at": at,
                "summary": "{}",
            }
        )
        effects += [
            {
                "run_id": f"run-{number}",
                "invocation_id": "i",
                "ordinal": ordinal,
                "service": service,
                "operation": operation,
                "parameters": json.dumps(parameters),
                "answered_with": "{}",
            }
            for ordinal, (service, operation, parameters) in enumerate(calls, 1)
        ]
    tables = {"runs": pa.Table.from_pylist(rows, RUNS)}
    if effects:
        tables["effects"] = pa.Table.from_pylist(effects, EFFECTS)
    writer.append_results(tables)
    writer.close()
    return open_trace(folder)
