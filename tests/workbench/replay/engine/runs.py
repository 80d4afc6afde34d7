"""Runs without a process: captured records through lanes and a plain Python function, into rows."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from connectors.record import Record
from tests.factories import T0
from workbench.mapping import EventSourceMapping
from workbench.replay.engine.failure_records import failure_record
from workbench.replay.engine.invocation import COLUMNS, Batch, Invocation, Invoker, Item
from workbench.replay.engine.loop import Pace, run_lanes
from workbench.replay.engine.queues import QueueLane
from workbench.replay.engine.streams import BACK_OFF_FIRST, shard_lanes
from workbench.replay.journal import RunJournal
from workbench.replay.settings import FunctionSettings, QueueAttributes, Settings

Handler = Callable[[dict[str, Any]], Any]
FUNCTION = FunctionSettings("charge")


@dataclass(frozen=True, slots=True)
class FunctionInvoker:
    """Calls a function; what it raises is its error."""

    handler: Handler
    parallel: int = 1

    def renew(self) -> None:
        pass

    def close(self) -> None:
        pass

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        try:
            return Invocation(response=json.dumps(self.handler(json.loads(batch.event))))
        except Exception as error:  # noqa: BLE001 - what a handler raises is an answer
            return Invocation(error_type=type(error).__name__, error_message=str(error))


@dataclass(frozen=True, slots=True)
class Ran:
    """Rows of a run."""

    outcomes: list[dict[str, Any]]
    invocations: list[dict[str, Any]]
    verdicts: Mapping[str, int]
    lanes: list[Any]
    sent: list[dict[str, Any]] = field(default_factory=list)
    """Rows of `destination_records`."""

    def of(self, record: Record) -> list[dict[str, Any]]:
        """A record's outcomes in the order of its deliveries."""
        rows = [row for row in self.outcomes if row["record_id"] == record.record_id]
        return sorted(rows, key=lambda row: row["attempt"])

    def verdicts_of(self, record: Record) -> list[str]:
        return [row["verdict"] for row in self.of(record)]

    def seconds_of(self, record: Record) -> list[float]:
        return [seconds(row["started_at"]) for row in self.of(record)]

    def batches(self) -> list[tuple[float, int, str]]:
        """Instant, size and reason of each batch."""
        return [
            (seconds(row["started_at"]), row["batch_size"], row["closed_by"])
            for row in self.invocations
        ]


def seconds(at: Any) -> float:
    return (at - T0).total_seconds()


def items_of(records: Iterable[Record]) -> list[Item]:
    rows = (
        asdict(record) | {"delivery_id": number, "arrives_at": record.source_at}
        for number, record in enumerate(records, 1)
    )
    return [Item(**{name: row[name] for name in COLUMNS}) for row in rows]


def run_queue(
    records: Iterable[Record],
    handler: Handler = lambda event: None,
    *,
    invoker: Invoker | None = None,
    function: FunctionSettings = FUNCTION,
    attributes: Mapping[str, Any] | None = None,
    pace: Pace = lambda at: None,
    **mapping: Any,
) -> Ran:
    """Messages through a handler; `attributes` are those of QueueAttributes, `mapping` of EventSourceMapping."""
    queue = QueueAttributes(**(attributes or {}))
    kind = "sqs_fifo" if queue.fifo_queue else "sqs"
    settings = Settings(EventSourceMapping(**mapping).completed(kind), function, queue)
    return _run(
        items_of(records),
        settings,
        invoker or FunctionInvoker(handler),
        lambda items, settings, journal: [QueueLane(items, settings, journal.fate)],
        pace,
    )


def run_stream(
    records: Iterable[Record],
    handler: Handler = lambda event: None,
    *,
    invoker: Invoker | None = None,
    retention_hours: int = 24,
    parents: Mapping[str, tuple[str, ...]] | None = None,
    back_off_first: timedelta = BACK_OFF_FIRST,
    function: FunctionSettings = FUNCTION,
    **mapping: Any,
) -> Ran:
    """Stream records through a handler."""
    settings = Settings(
        EventSourceMapping(**mapping).completed("kinesis"),
        function,
        retention=timedelta(hours=retention_hours),
        parents=parents or {},
    )

    def lanes_of(items: list[Item], settings: Settings, journal: RunJournal) -> Any:
        arn = settings.mapping.on_failure_arn
        sent: Any = lambda each: arn and journal.sent(failure_record(each, arn, function.name))  # noqa: E731
        return shard_lanes(items, settings, journal.fate, sent, back_off_first=back_off_first)

    return _run(items_of(records), settings, invoker or FunctionInvoker(handler), lanes_of)


def _run(
    items: list[Item],
    settings: Settings,
    invoker: Invoker,
    lanes_of: Any,
    pace: Pace = lambda at: None,
) -> Ran:
    tables: dict[str, list[dict[str, Any]]] = {
        "outcomes": [],
        "invocations": [],
        "destination_records": [],
    }

    def write(written: Mapping[str, Any]) -> None:
        for name, table in written.items():
            tables[name] += table.to_pylist()

    journal = RunJournal("run", write)
    lanes = lanes_of(items, settings, journal)
    run_lanes(
        lanes,
        settings.parents,
        invoker,
        journal,
        (f"request-{number}" for number in count(1)),
        reports_failures=settings.mapping.reports_failures,
        pace=pace,
    )
    journal.close(items)
    return Ran(
        tables["outcomes"],
        tables["invocations"],
        journal.verdicts,
        list(lanes),
        tables["destination_records"],
    )
