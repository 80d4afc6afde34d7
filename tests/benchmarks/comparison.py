"""Two runs compared: seconds, against reading the rows of both and nothing else.

`python -m tests.benchmarks comparison [--records N]`. Batches of ten, a call a record; what differs costs.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.workbench.replay.comparison.runs import Told, put, trace_of
from workbench.replay import compare

RECORDS = 100_000
RELATIONS = ("outcomes", "invocations", "effects")


def run(records: int = RECORDS) -> Iterator[dict[str, Any]]:
    """One line a kind of difference."""
    runs = {
        "old": _told(records, 10, lambda n: n),
        "same": _told(records, 10, lambda n: n),
        "few": _told(records, 10, lambda n: n + (n % 1_000 == 0)),
        "all": _told(records, 10, lambda n: n + 1),
        "otherwise": _told(records, 7, lambda n: n),
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        trace_of(Path(folder) / "t.trace", **runs) as trace,
    ):
        for name in ("same", "few", "all", "otherwise"):
            both = f"where run_id in ('old', '{name}')"
            read_s = _seconds(
                lambda both=both: [trace.sql(f"from {each} {both}") for each in RELATIONS]
            )
            compared_s = _seconds(lambda name=name: compare("old", name, trace))
            yield {
                "benchmark": "comparison",
                "differing": name,
                "records": records,
                "seconds": round(compared_s, 2),
                "baseline_seconds": round(read_s, 2),
                "ratio": round(compared_s / read_s, 1),
            }


def _told(records: int, batch: int, total: Callable[[int], int]) -> Iterator[Told]:
    for start in range(0, records, batch):
        numbers = range(start, min(start + batch, records))
        calls = [put(json.dumps({"id": n, "total": total(n), "state": "charged"})) for n in numbers]
        yield Told([f"m{n:08}" for n in numbers], {"charged": len(numbers)}, calls=calls)


def _seconds(action: Callable[[], Any]) -> float:
    begun = perf_counter()
    action()
    return perf_counter() - begun
