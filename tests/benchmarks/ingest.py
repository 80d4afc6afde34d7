"""Pages of 1,000 records into a trace, against the same rows into a plain DuckDB table, each page made durable."""

import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb

from connectors.budget import Budgets
from connectors.record import Checkpoint, Page, Partition, Record, Resource, Service
from tests.benchmarks.orders import ROWS_A_PAGE, STREAM, T0, pages
from workbench.trace import TraceWriter
from workbench.trace.capture import capture
from workbench.trace.limits import Clock, Limits
from workbench.trace.payload import body_hash, parse_status
from workbench.trace.schema import RECORDS
from workbench.trace.segments import records_table

PAGES = 100
SHARDS = 4
PAGES_IN_TURN = 10
"""Enough to warm each way up again after the others."""
WANTED_RATIO = 3.0


class Way:
    """One way of taking pages, and the time it took so far."""

    def __init__(self, take: Callable[[Page], object], close: Callable[[], None]) -> None:
        self._take, self._close = take, close
        self.took_s = 0.0

    def take(self, page: Page) -> None:
        """Make the page durable."""
        began = perf_counter()
        self._take(page)
        self.took_s += perf_counter() - began

    def close(self) -> None:
        """Let go; what was put off until now (a checkpoint) counts as well."""
        began = perf_counter()
        self._close()
        self.took_s += perf_counter() - began


class PagesOfShards:
    """A stream whose pages are there already: what is timed is the capture and not the making of pages."""

    source_arn, service = STREAM, Service.KINESIS

    def __init__(self, every: Sequence[Page]) -> None:
        self._of_shard = {f"shard-{n}": every[n::SHARDS] for n in range(SHARDS)}

    def partitions(self) -> Sequence[Partition]:
        return [Partition(shard) for shard in self._of_shard]

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        for page in self._of_shard[partition.partition_id]:
            at = Checkpoint(partition.partition_id, page.checkpoint.position)
            yield replace(page, checkpoint=at)

    def resources(self) -> Sequence[Resource]:
        return ()

    def close(self) -> None:
        """Nothing to undo."""


def run() -> Iterator[dict[str, Any]]:
    """Rows a second of each way; the single ways get ten pages in turn, so that all meet the same machine.

    `ratio` compares a capture of four shards with the faster plain way: its reader lays rows out while its writer
    flushes, and every page is durable before the next one of its shard. `one_by_one_ratio` is a writer that is given
    page after page.
    """
    every = [page for _, page in pages(PAGES)]
    with tempfile.TemporaryDirectory() as folder:
        ways = {
            "one_by_one": into_trace(Path(folder, "t.trace")),
            "duckdb_arrow": by_arrow(Path(folder, "arrow.duckdb")),
            "duckdb_appender": by_appender(Path(folder, "appender.duckdb")),
        }
        took_s = time_taken(ways, every)
        took_s["capture"] = min(captured_s(Path(folder, f"{n}.trace"), every) for n in range(2))
    plain_s = min(took_s["duckdb_arrow"], took_s["duckdb_appender"])
    yield {
        "name": "ingest",
        "rows": PAGES * ROWS_A_PAGE,
        "rows_a_page": ROWS_A_PAGE,
        **{
            f"{name}_rows_per_second": round(PAGES * ROWS_A_PAGE / each)
            for name, each in took_s.items()
        },
        "ratio": round(plain_s / took_s["capture"], 2),
        "one_by_one_ratio": round(plain_s / took_s["one_by_one"], 2),
        "wanted_ratio": WANTED_RATIO,
    }


def captured_s(folder: Path, every: Sequence[Page]) -> float:
    """Seconds that a capture needed for all pages, from opening the trace to closing it."""
    began = perf_counter()
    captured = capture(
        folder,
        [PagesOfShards(every)],
        limits=Limits(),
        clock=Clock(lambda: T0),
        budgets=Budgets(calls_per_second=1_000_000),
        stop=threading.Event(),
    )
    took_s = perf_counter() - began
    assert captured.complete
    assert captured.sources[0].records == len(every) * ROWS_A_PAGE
    return took_s


def time_taken(ways: dict[str, Way], every: Sequence[Page]) -> dict[str, float]:
    """Seconds that each way needed for all pages."""
    for start in range(0, len(every), PAGES_IN_TURN):
        for way in ways.values():
            for page in every[start : start + PAGES_IN_TURN]:
                way.take(page)
    for way in ways.values():
        way.close()
    return {name: way.took_s for name, way in ways.items()}


def columns(page: Page) -> object:
    """The rows of `records` as an Arrow table."""
    return records_table(page.records, "c")


def into_trace(folder: Path) -> Way:
    """Segment, checkpoint and coverage in one commit: what a capture does."""
    writer = TraceWriter(folder, "capture", ["orders"], lambda: T0)
    return Way(lambda page: writer.append_pages([(STREAM, page)]), writer.close)


def by_arrow(file: Path) -> Way:
    """The same columns as an Arrow table, inserted in one statement."""
    connection = plain_table(file)
    return Way(
        lambda page: connection.from_arrow(columns(page)).insert_into("records"), connection.close
    )


def by_appender(file: Path) -> Way:
    """The same columns as tuples, through DuckDB's own appender."""
    connection = plain_table(file)

    def take(page: Page) -> None:
        with connection.appender("records") as appender:
            appender.append_rows([row(number, each) for number, each in enumerate(page.records)])

    return Way(take, connection.close)


def row(number: int, record: Record) -> tuple[Any, ...]:
    """A record as a row of `records`."""
    return (
        number,
        "c",
        record.service,
        record.source_arn,
        record.partition_id,
        record.record_id,
        record.sequence_number,
        record.ordering_key,
        record.order_scope,
        record.source_at,
        record.received_at,
        record.receive_count,
        record.body,
        body_hash(record.body),
        len(record.body),
        parse_status(record.body),
        record.attributes,
        record.envelope,
    )


def plain_table(file: Path) -> duckdb.DuckDBPyConnection:
    """A table with the columns of `records` in a database file with default settings."""
    connection = duckdb.connect(str(file))
    connection.from_arrow(RECORDS.empty_table()).create("records")
    return connection
