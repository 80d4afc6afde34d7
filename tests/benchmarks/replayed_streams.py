"""A stream through the engine with a function that does nothing, against making its events alone."""

from collections.abc import Iterator
from time import process_time
from typing import Any

from connectors.answers import compact_json
from tests.factories import STREAM, kinesis_record
from tests.workbench.replay.engine.runs import items_of
from workbench.mapping import EventSourceMapping
from workbench.replay.engine.invocation import Batch, Invocation
from workbench.replay.events import event_record
from workbench.replay.journal import RunJournal
from workbench.replay.play import play
from workbench.replay.settings import FunctionSettings, Settings

RECORDS = 100_000
SHARDS = 4
BATCH_SIZE = 100


class NoOp:
    """A function that does nothing, in this process."""

    parallel = 1

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        """Succeed."""
        return Invocation(response="null")

    def close(self) -> None:
        """Nothing to end."""


def run(records: int = RECORDS) -> Iterator[dict[str, Any]]:
    """Processor time a record, of the whole engine and of its events alone; batches of a hundred from four shards."""
    captured = (
        kinesis_record(
            number,
            b"x" * 100,
            key=f"customer-{number % 100}",
            seconds=number // (SHARDS * BATCH_SIZE),
            shard=f"shardId-{number % SHARDS:012d}",
        )
        for number in range(records)
    )
    items = items_of(captured)
    began = process_time()
    for item in items:
        compact_json(event_record(item.row))
    events_s = process_time() - began
    mapping = EventSourceMapping(batch_size=BATCH_SIZE).completed("kinesis")
    journal = RunJournal("run", lambda tables: None)
    began = process_time()
    play(items, Settings(mapping, FunctionSettings("charge")), STREAM, NoOp(), journal)
    journal.close(items)
    engine_s = process_time() - began
    yield {
        "benchmark": "replayed_streams",
        "records": records,
        "engine_us_a_record": round(engine_s / records * 1e6, 2),
        "events_us_a_record": round(events_s / records * 1e6, 2),
        "ratio": round(engine_s / events_s, 2),
    }
