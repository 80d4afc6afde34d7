"""Questions to a trace of a million records, kept in a thousand small segments and in ten large ones."""

import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from tests.benchmarks.orders import ROWS_A_PAGE, STREAM, T0, pages
from workbench.trace import Trace, TraceWriter, open_trace

PAGES = 1_000
PAGES_A_LARGE_SEGMENT = 100
TIMES = 5
QUESTIONS = {
    "count": ("select count(*) from records", 0.1),
    "duplicates_by_id": (
        "select count(*) from (select record_id from records group by record_id having count(*) > 1)",
        1.0,
    ),
}
"""Each with the seconds that it may take."""


def run() -> Iterator[dict[str, Any]]:
    """The median of five answers to each question; the first one, which finds nothing cached, apart."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.trace"), Path(folder, "large.trace")
        write_both(small, large)
        for segments, path in ((PAGES, small), (PAGES // PAGES_A_LARGE_SEGMENT, large)):
            opened_s = took(lambda path=path: open_trace(path).close())
            with open_trace(path) as trace:
                for question in QUESTIONS:
                    yield asked(trace, question, segments) | {"opened_s": round(opened_s, 3)}


def asked(trace: Trace, question: str, segments: int) -> dict[str, Any]:
    """How long a question takes."""
    statement, wanted_s = QUESTIONS[question]
    first_s, *took_s = (took(lambda: trace.sql(statement)) for _ in range(TIMES + 1))
    return {
        "name": "queries",
        "question": question,
        "rows": PAGES * ROWS_A_PAGE,
        "segments": segments,
        "first_s": round(first_s, 3),
        "took_s": round(median(took_s), 3),
        "wanted_s": wanted_s,
        "ratio": round(median(took_s) / wanted_s, 3),
    }


def write_both(small: Path, large: Path) -> None:
    """The same pages into two traces: a commit each, and a hundred to a commit."""
    one_by_one, together = (
        TraceWriter(path, "capture", [STREAM], lambda: T0) for path in (small, large)
    )
    every = pages(PAGES)
    while some := list(islice(every, PAGES_A_LARGE_SEGMENT)):
        for page in some:
            one_by_one.append_pages([page])
        together.append_pages(some)
    one_by_one.close()
    together.close()


def took(call: Callable[[], object]) -> float:
    """Seconds."""
    began = perf_counter()
    call()
    return perf_counter() - began
