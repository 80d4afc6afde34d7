"""Pages of 1,000 records into a trace, against the same rows into a plain DuckDB table, each page made durable."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb

from connectors.record import Page
from tests.benchmarks.orders import ROWS_A_PAGE, T0, pages
from workbench.trace import TraceWriter
from workbench.trace.schema import RECORDS
from workbench.trace.segments import records_table

PAGES = 100
WANTED_RATIO = 3.0


class Ingest:
    """One way of making pages durable, and the time it took so far."""

    def __init__(self, append: Callable[[Page], None], close: Callable[[], None]) -> None:
        self._append, self._close = append, close
        self.took_s = 0.0

    def append(self, page: Page) -> None:
        """Make the page durable."""
        began = perf_counter()
        self._append(page)
        self.took_s += perf_counter() - began

    def close(self) -> None:
        """Let go; what was put off until now (a checkpoint) counts as well."""
        began = perf_counter()
        self._close()
        self.took_s += perf_counter() - began

    @property
    def rows_per_second(self) -> int:
        """Durable rows a second."""
        return round(PAGES * ROWS_A_PAGE / self.took_s)


def run() -> Iterator[dict[str, Any]]:
    """Rows a second of each way, page by page in turn so that all of them meet the same moods of the machine."""
    with tempfile.TemporaryDirectory() as folder:
        ways = {
            "trace": into_trace(Path(folder, "t.trace")),
            "duckdb_arrow": by_arrow(Path(folder, "arrow.duckdb")),
            "duckdb_appender": by_appender(Path(folder, "appender.duckdb")),
        }
        body_bytes = 0
        for _, page in pages(PAGES):
            body_bytes += sum(len(record.body) for record in page.records)
            for way in ways.values():
                way.append(page)
        for way in ways.values():
            way.close()
        rates = {name: way.rows_per_second for name, way in ways.items()}
    yield {
        "name": "ingest",
        "rows": PAGES * ROWS_A_PAGE,
        "rows_a_page": ROWS_A_PAGE,
        "mean_body_bytes": round(body_bytes / PAGES / ROWS_A_PAGE),
        **{f"{name}_rows_per_second": rate for name, rate in rates.items()},
        "ratio": round(
            rates["trace"] / max(rates["duckdb_arrow"], rates["duckdb_appender"]), 2
        ),
        "wanted_ratio": WANTED_RATIO,
    }


def into_trace(folder: Path) -> Ingest:
    """Segment, checkpoint and coverage in one commit: what a capture does."""
    writer = TraceWriter(folder, "capture", ["orders"], lambda: T0)
    return Ingest(lambda page: writer.append_pages([(page.records[0].source_arn, page)]), writer.close)


def by_arrow(file: Path) -> Ingest:
    """The same columns as an Arrow table, inserted in one statement."""
    connection = plain_table(file)

    def append(page: Page) -> None:
        rows = records_table(page.records, "c", 1)
        connection.from_arrow(rows).insert_into("records")

    return Ingest(append, connection.close)


def by_appender(file: Path) -> Ingest:
    """The same columns as tuples, through DuckDB's own appender."""
    connection = plain_table(file)

    def append(page: Page) -> None:
        columns = records_table(page.records, "c", 1).to_pydict().values()
        with connection.appender("records") as appender:
            appender.append_rows(list(zip(*columns, strict=True)))

    return Ingest(append, connection.close)


def plain_table(file: Path) -> duckdb.DuckDBPyConnection:
    """A table with the columns of `records` in a database file with default settings."""
    connection = duckdb.connect(str(file))
    connection.from_arrow(RECORDS.empty_table()).create("records")
    return connection
