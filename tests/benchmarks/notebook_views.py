"""The overview and the timeline on a million deliveries: the first look, and from a brush to counts.

`python -m tests.benchmarks notebook_views`. Beside each, the plainest query that reads the same column.
"""

import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.benchmarks.traffic import T0, write
from workbench.crossfilter import crossfilter
from workbench.trace import open_trace
from workbench.widgets.overview import overview
from workbench.widgets.timeline import timeline

ROWS = (1_000_000, 10_000_000)
WANTED_FIRST_S, WANTED_BRUSH_S = 2.0, 0.5


def run() -> Iterator[dict[str, Any]]:
    """First look at the overview, first drawing of the timeline, and a brush until its counts are there."""
    for rows in ROWS:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder) / "clean.trace", rows)
            yield from _views(Path(folder) / "clean.trace", rows)


def _views(path: Path, rows: int) -> Iterator[dict[str, Any]]:
    facts = {"name": "notebook_views", "rows": rows}
    with open_trace(path) as trace:
        bare_s = _took(lambda: trace.sql("select source_at, count(*) from records group by all"))
        began = perf_counter()
        first = overview(trace)
        first.settle()
        first_s = round(perf_counter() - began, 3)
        first.close()
        yield facts | {
            "what": "overview",
            "took_s": first_s,
            "wanted_s": WANTED_FIRST_S,
            "bare_s": bare_s,
        }
        began = perf_counter()
        lanes = timeline(trace)
        for _ in range(3):
            lanes.settle()
        yield facts | {
            "what": "timeline",
            "took_s": round(perf_counter() - began, 3),
            "bare_s": bare_s,
        }

        def brush() -> None:
            lanes.select(T0 + timedelta(seconds=60), T0 + timedelta(seconds=120))
            for _ in range(3):
                lanes.settle()

        took_s = _took(brush)
        assert "of" in lanes.counts
        assert crossfilter(trace).clauses
        yield facts | {
            "what": "brush",
            "took_s": took_s,
            "wanted_s": WANTED_BRUSH_S,
            "bare_s": bare_s,
        }
        lanes.close()


def _took(call: Callable[[], object]) -> float:
    began = perf_counter()
    call()
    return round(perf_counter() - began, 3)
