"""A run of a function that does nothing, in this process: reading the records, and playing them, against json.loads.

The measure is what Lambda's own side of it costs: one `json.loads` of the body a record, in the same process.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from connectors.record import Record
from tests.factories import QUEUE, STREAM, kinesis_record, sqs_message, write_trace
from workbench.mapping import EventSourceMapping
from workbench.replay.engine.invocation import Batch, Invocation
from workbench.replay.journal import RunJournal
from workbench.replay.play import play
from workbench.replay.selection import selected_items
from workbench.replay.settings import FunctionSettings, Settings
from workbench.trace import Trace

RECORDS = 100_000
BODY = {
    "order": 1,
    "customer": {"id": "c-1", "name": "x" * 200},
    "items": [{"sku": "a", "n": 1}] * 5,
}


class NoOp:
    """A function that does nothing but get its event."""

    parallel = 1
    done = Invocation(response="null")

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        """Succeed."""
        return self.done if batch.event else Invocation(error_type="Empty")

    def renew(self) -> None:
        """Nothing to load anew."""

    def close(self) -> None:
        """Nothing to end."""


def run(records: int = RECORDS) -> Iterator[dict[str, Any]]:
    """Microseconds of processor time a record by part; their sum in `json.loads` of the bodies; seconds.

    `python -m tests.benchmarks replay --records 1000000` is the run of a million.
    """
    sources: list[tuple[str, str, int, Callable[[int], Record]]] = [
        ("sqs", QUEUE, 10, _message),
        ("kinesis", STREAM, 100, _stream_record),
    ]
    for kind, arn, batch_size, make in sources:
        mapping = EventSourceMapping(batch_size=batch_size).completed(kind)  # type: ignore[arg-type]
        with (
            tempfile.TemporaryDirectory(prefix="replay-benchmark-") as folder,
            write_trace(Path(folder) / "t.trace", map(make, range(records))) as trace,
        ):
            yield {"benchmark": "replay", "source": kind, "records": records} | _figures(
                trace, arn, Settings(mapping, FunctionSettings("f")), records
            )


def _figures(trace: Trace, arn: str, settings: Settings, records: int) -> dict[str, float]:
    began_s, began = time.perf_counter(), time.process_time()
    items = selected_items(trace, arn)
    read = time.process_time()
    journal = RunJournal("run", lambda tables: None)
    play(items, settings, arn, NoOp(), journal)
    journal.close(items)
    played, took_s = time.process_time(), time.perf_counter() - began_s
    assert journal.verdicts == {"succeeded": records}
    for item in items:
        json.loads(item.body)
    parsed = time.process_time()
    return {
        "reading_us": round((read - began) / records * 1e6, 2),
        "playing_us": round((played - read) / records * 1e6, 2),
        "json_loads_us": round((parsed - played) / records * 1e6, 2),
        "ratio": round((played - began) / (parsed - played), 2),
        "seconds": round(took_s, 2),
    }


def _message(number: int) -> Record:
    return sqs_message(number, BODY | {"order": number}, seconds=number // 100)


def _stream_record(number: int) -> Record:
    key = f"customer-{number % 100}"
    return kinesis_record(number, BODY | {"order": number}, seconds=number // 100, key=key)
