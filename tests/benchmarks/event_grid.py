"""The grid of events on many records: pages and filters, each beside the bare question to the database.

`python -m tests.benchmarks event_grid [--records N]`. Records are clean traffic of four services in compacted segments.
A page is of rows that were not read before; the bare question to it is a read of the same columns by id. The bare
question to a filter is for the same ids in the same order.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from tests.benchmarks import traffic
from workbench.trace import Trace, open_trace
from workbench.widgets.event_grid import BLOCK_ROWS, EventGrid

RECORDS = 1_000_000
PAGE_ROWS = 100
PLACES = (0.0, 0.21, 0.5, 0.73, 0.99)
"""Of pages, as shares of all rows."""
TIMES = 5
WANTED_PAGE_S = 0.15
FILTERS = {
    "everything": "",
    "key": "ordering_key = 'order-00000007'",
    "service": "service = 'aws:kinesis'",
    "payload": "$.customer == 'c-7'",
}


def run(records: int = RECORDS) -> Iterator[dict[str, Any]]:
    """One line for pages and one a filter; `ratio` is to the bare question."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.trace")
        traffic.write(path, records)
        with open_trace(path) as trace:
            grid = EventGrid(trace)
            grid.settle()
            yield pages(grid, records)
            for name, condition in FILTERS.items():
                yield filtered(grid, records, name, condition)
            grid.close()


def pages(grid: EventGrid, records: int) -> dict[str, Any]:
    """How long a page takes anywhere; the worst place counts."""
    rows = grid._rows[1]
    took_s, bare_s = [], []
    for share in PLACES:
        first = int(share * len(rows)) // BLOCK_ROWS * BLOCK_ROWS
        ids = ", ".join(map(str, rows[first : first + PAGE_ROWS]))
        asked = {"kind": "rows", "version": grid._rows[0], "first": first, "count": PAGE_ROWS}
        took_s.append(seconds(lambda asked=asked: told(grid, asked)))
        bare_s.append(seconds(lambda ids=ids: bare(grid.trace, f"delivery_id in ({ids})")))
    return {
        "name": "event_grid",
        "asked": "page",
        "records": records,
        "took_s": round(max(took_s), 3),
        "wanted_s": WANTED_PAGE_S,
        "bare_s": round(max(bare_s), 3),
        "ratio": round(max(took_s) / max(bare_s), 2),
    }


def filtered(grid: EventGrid, records: int, name: str, condition: str) -> dict[str, Any]:
    """From what was typed to rows in order."""
    took_s = seconds(lambda: told(grid, {"kind": "filter", "text": condition}))
    where, by = grid.selection.where(), "coalesce(source_at, received_at), delivery_id"
    bare_s = seconds(
        lambda: grid.trace.sql(f"select delivery_id from records where {where} order by {by}")
    )
    return {
        "name": "event_grid",
        "asked": f"filter {name}",
        "records": records,
        "rows": len(grid._rows[1]),
        "took_s": round(took_s, 3),
        "bare_s": round(bare_s, 3),
        "ratio": round(took_s / bare_s, 2),
    }


def told(grid: EventGrid, content: dict[str, Any]) -> None:
    """As a page asks it, of a grid that has not answered it before."""
    grid._blocks.clear()
    grid._asked = None
    grid._handle_custom_msg(content, [])
    grid.settle()
    assert not grid.trouble, grid.trouble
    assert not grid.refused, grid.refused


def bare(trace: Trace, condition: str) -> None:
    """The columns of a page."""
    columns = (
        "delivery_id, source_at, received_at, source_arn, partition_id, record_id, sequence_number"
    )
    more = "ordering_key, receive_count, body_bytes, attributes, body[1:200] as body_start"
    trace.sql(f"select {columns}, {more} from records where {condition}")


def seconds(action: Callable[[], Any]) -> float:
    """Median of some times."""
    took_s = []
    for _ in range(TIMES):
        began = perf_counter()
        action()
        took_s.append(perf_counter() - began)
    return median(took_s)
