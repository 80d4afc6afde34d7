"""The join of records and requests by time: how right it is where ids are hidden from it, and what it costs.

`python -m tests.benchmarks probable_join [--records N]`. One line an incident that comes with the workbench and one a
regime of simulated traffic: per band of certainty the pairs, the mean certainty and the share that is right, and the
mean logarithmic loss beside that of the nearest START at its best constant certainty. Then CPU seconds of the exact
join and of the join by time on the same trace.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

from tests.conftest import REPOSITORY
from tests.factories import write_trace
from tests.workbench.trace.calibration import Judged, judged, mean_losses, table
from tests.workbench.trace.pollers import REGIMES, traffic
from workbench.trace import Trace, open_trace

RECORDS = 1_000


def run(records: int = RECORDS) -> Iterator[dict[str, Any]]:
    """Calibration of each data set and of all together, then what the join costs."""
    together: list[Judged] = []
    for path in sorted((REPOSITORY / "datasets").glob("*.trace")):
        with open_trace(path) as trace:
            pairs = judged(trace, complete=False)
        together += pairs
        yield _figures(path.stem, pairs)
    yield _figures("all incidents", together)
    together = []
    for name, regime in REGIMES.items():
        told = traffic(Random(5), records, regime, named=True)
        with tempfile.TemporaryDirectory() as folder:
            written = write_trace(
                Path(folder) / "t.trace", [*told.records, *told.lines], told.mapping
            )
            with written as trace:
                trace.keep("invocations_observed", "event_source_mappings")
                exact_cpu_s = _cpu_s(trace, "handlings")
                time_cpu_s = _cpu_s(trace, "probable_handlings")
            with open_trace(written.path) as trace:
                pairs = judged(trace, complete=True)
        together += pairs
        yield _figures(name, pairs) | {"exact_cpu_s": exact_cpu_s, "by_time_cpu_s": time_cpu_s}
    yield _figures("all regimes", together)


def _figures(question: str, pairs: list[Judged]) -> dict[str, Any]:
    figures: dict[str, Any] = {"name": "probable_join", "question": question, "pairs": len(pairs)}
    if not pairs:
        return figures
    ours, nearest = mean_losses(pairs)
    return figures | {
        "bands": table(pairs),
        "loss": round(ours, 3),
        "nearest_loss": round(nearest, 3),
        "ratio": round(ours / nearest, 2),
    }


def _cpu_s(trace: Trace, name: str) -> float:
    """Of working the relation out, with all that it is made of at hand."""
    begun = process_time()
    trace.keep(name)
    return round(process_time() - begun, 2)
