"""Questions to a trace of a million records, in two layouts: as a capture leaves it, and in few large segments."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from connectors.record import Page
from tests.benchmarks.orders import ROWS_A_PAGE, T0, pages
from workbench.trace import Trace, TraceWriter, open_trace

RECORDS = 1_000_000
ROWS_A_SEGMENT = (1_000, 100_000)
TIMES = 5
QUESTIONS = {
    "count": ("select count(*) from records", 0.1),
    "duplicates_by_id": (
        "select count(*) from (select record_id from records group by all having count(*) > 1)",
        1.0,
    ),
}
"""What is asked, and how many seconds it may take."""


def run() -> Iterator[dict[str, Any]]:
    """Median seconds of each question in each layout, and of opening the trace; `ratio` is to what is wanted."""
    with tempfile.TemporaryDirectory() as folder:
        traces = {rows: Path(folder, f"{rows}.trace") for rows in ROWS_A_SEGMENT}
        write(traces)
        for rows, path in traces.items():
            yield from answers(path, rows)


def write(traces: dict[int, Path]) -> None:
    """The same records into each trace; each commit waits until its segment has enough rows."""
    writers = {
        rows: TraceWriter(path, "capture", ["orders"], lambda: T0) for rows, path in traces.items()
    }
    waiting: dict[int, list[tuple[str, Page]]] = {rows: [] for rows in traces}
    for each in pages(RECORDS // ROWS_A_PAGE):
        for rows, writer in writers.items():
            waiting[rows].append(each)
            if len(waiting[rows]) * ROWS_A_PAGE == rows:
                writer.append_pages(waiting[rows])
                waiting[rows].clear()
    for writer in writers.values():
        writer.close()


def answers(path: Path, rows: int) -> Iterator[dict[str, Any]]:
    """How long this layout takes to open and to answer."""
    began = perf_counter()
    with open_trace(path) as trace:
        opened_s = perf_counter() - began
        for name, (question, wanted_s) in QUESTIONS.items():
            took_s = median(seconds(trace, question) for _ in range(TIMES))
            yield {
                "name": "queries",
                "question": name,
                "records": RECORDS,
                "rows_a_segment": rows,
                "opened_s": round(opened_s, 3),
                "took_s": round(took_s, 3),
                "wanted_s": wanted_s,
                "ratio": round(took_s / wanted_s, 2),
            }


def seconds(trace: Trace, question: str) -> float:
    """How long one answer takes."""
    began = perf_counter()
    trace.sql(question)
    return perf_counter() - began
