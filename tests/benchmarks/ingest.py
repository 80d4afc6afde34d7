"""Pages of 1,000 records into a trace, against the same rows into a plain DuckDB table, each page made durable."""

import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb

from connectors.record import Page, Record
from tests.benchmarks.orders import ROWS_A_PAGE, STREAM, T0, pages
from workbench.trace import TraceWriter
from workbench.trace.payload import body_hash, parse_status
from workbench.trace.schema import RECORDS
from workbench.trace.segments import records_table

PAGES = 100
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


def run() -> Iterator[dict[str, Any]]:
    """Rows a second of each way, ten pages in turn so that all of them meet the same moods of the machine.

    `ratio` compares all the work from records to durable rows; `storage_ratio` leaves out what both sides share, which
    is hashing and parsing the payloads and laying them out in columns.
    """
    with tempfile.TemporaryDirectory() as folder:
        ways = {
            "columns_alone": Way(columns, lambda: None),
            "trace": into_trace(Path(folder, "t.trace")),
            "duckdb_arrow": by_arrow(Path(folder, "arrow.duckdb")),
            "duckdb_appender": by_appender(Path(folder, "appender.duckdb")),
        }
        took_s = time_taken(ways)
    plain_s = min(took_s["duckdb_arrow"], took_s["duckdb_appender"])
    shared_s = took_s["columns_alone"]
    yield {
        "name": "ingest",
        "rows": PAGES * ROWS_A_PAGE,
        "rows_a_page": ROWS_A_PAGE,
        **{
            f"{name}_rows_per_second": round(PAGES * ROWS_A_PAGE / each)
            for name, each in took_s.items()
        },
        "ratio": round(plain_s / took_s["trace"], 2),
        "storage_ratio": round((plain_s - shared_s) / (took_s["trace"] - shared_s), 2),
        "wanted_ratio": WANTED_RATIO,
    }


def time_taken(ways: dict[str, Way]) -> dict[str, float]:
    """Seconds that each way needed for all pages."""
    for some in batched(pages(PAGES), PAGES_IN_TURN):
        for way in ways.values():
            for _, page in some:
                way.take(page)
    for way in ways.values():
        way.close()
    return {name: way.took_s for name, way in ways.items()}


def batched(every: Iterator[tuple[str, Page]], size: int) -> Iterator[list[tuple[str, Page]]]:
    """The same in lists of `size`."""
    while some := list(islice(every, size)):
        yield some


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
