"""Detectors on ten million clean deliveries, against the plainest query that could tell the same, on the same segments.

`python -m tests.benchmarks detectors [--records N]`. Where the machine does other things too, CPU seconds (`_cpu_s`)
count.

What keeps a detector near the plain query:

* First the cheapest test that finds the keys worth a look, then details for these alone, by a semi join: on clean
  traffic the second part reads nothing. A test on one narrow column (`receive_count > 1`) is a tenth of an aggregate.
* Integer keys of groups and windows: `hash(source_arn, key)` holds 8 bytes where a text key holds the text. What it
  finds are candidates; they are verified exactly with the key itself.
* A gap is a step in one window over hash and number, which costs less than `count(distinct)` of every key.
* A window holds every column that is asked for later: carry the numbers alone, and join the witness by delivery_id.
* `sequence_number::bignum` costs more than all the rest: order by length, then text.
* What several kinds are told from (`handlings`, `log_lines` …) is worked out once a search: `shared_s` is what of it
  was not there yet, told apart from what the kind takes with it at hand; all kinds together pay it once.
* Business fields that the trace remembers are columns of the segments; any other path is a plain `->>`.
"""

import os
import resource
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.benchmarks.traffic import FIELDS, write
from workbench.findings import DETECTORS, find
from workbench.questions import Scope
from workbench.trace import Trace, open_trace
from workbench.trace.engine import MEMORY_LIMIT

ROWS = 10_000_000
MEMORY = {"4GB": 1.3, "1GB": 1.5}
"""Limits, and the ratio to the plain query that is wanted under each."""
ALL_WANTED_S = 60
TIMES = 3
BARE = {
    "redelivery": """
        select count(*) from (select hash(record_id) as id from records where service = 'aws:sqs'
        group by id having count(*) > 1)""",
    "sequence_gap": """
        select count(*) from (select version - lag(version) over (partition by id order by version) as step
        from (select decode(body)->>'$.orderId' as id, (decode(body)->>'$.version')::bigint as version from records
              where parse_status = 'json')) where step > 1""",
    "inversion": """
        select count(*) from (select version < lag(version) over (partition by id order by sequence_number) as back
        from (select decode(body)->>'$.orderId' as id, (decode(body)->>'$.version')::bigint as version, sequence_number
              from records where service = 'aws:kinesis')) where back""",
    "image_chain_break": """
        select count(*) from (select old <> lag(new) over (partition by ordering_key order by sequence_number) as broken
        from (select ordering_key, sequence_number, hash(decode(body)->'$.OldImage') as old,
                     hash(decode(body)->'$.NewImage') as new
              from records where service = 'aws:dynamodb')) where broken""",
}
"""What somebody would write who knows that every payload is well, and who wants a count alone."""
JSON_KEY = "select count(distinct hash(key)) from business('{path}', null, null)"
BARE_JSON_KEY = (
    "select count(distinct hash(decode(body)->>'{path}')) from records where parse_status = 'json'"
)


SCOPE = Scope(key=FIELDS["key"], sequence=FIELDS["sequence"])


def run(records: int = ROWS) -> Iterator[dict[str, Any]]:
    """Seconds of each detector and of the plain query, of all detectors together, and of a field by any path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clean.trace"
        write(path, records)
        for memory, wanted in MEMORY.items():
            os.environ[MEMORY_LIMIT] = memory
            try:
                yield from _under(path, records, memory, wanted)
            finally:
                del os.environ[MEMORY_LIMIT]


def _under(path: Path, rows: int, memory: str, wanted: float) -> Iterator[dict[str, Any]]:
    facts = {"name": "detectors", "rows": rows, "memory_limit": memory}
    with open_trace(path) as trace:
        for kind in [kind for kind in BARE if kind in DETECTORS]:
            statement = DETECTORS[kind].asked(SCOPE, {}, {})
            shared_s, shared_cpu_s = _took(lambda asked=statement: trace.keep(asked))
            ours = _asked(trace, statement)
            yield (
                facts
                | {"question": kind, "wanted_ratio": wanted}
                | {"shared_s": shared_s, "shared_cpu_s": shared_cpu_s}
                | _told(ours, _asked(trace, BARE[kind]))
            )
        for field in (FIELDS["key"], "$.customer"):
            ours = _asked(trace, JSON_KEY.format(path=field))
            bare = _asked(trace, BARE_JSON_KEY.format(path=field))
            yield facts | {"question": f"field {field}", "wanted_ratio": wanted} | _told(ours, bare)
    with open_trace(path) as trace:
        took_s, took_cpu_s = _took(lambda: _looked_for(trace))
    yield facts | {
        "question": "all",
        "detectors": len(DETECTORS),
        "findings": 0,
        "took_s": took_s,
        "took_cpu_s": took_cpu_s,
        "wanted_s": ALL_WANTED_S,
        "ratio": round(took_s / ALL_WANTED_S, 2),
    }


def _looked_for(trace: Trace) -> None:
    """Look, and find nothing: the traffic is clean."""
    found = find(trace, key=FIELDS["key"], sequence=FIELDS["sequence"])
    assert found.documents() == [], [finding.summary for finding in found]


def _asked(trace: Trace, statement: str) -> tuple[float, float]:
    return _best(lambda: trace.sql(statement))


def _told(ours: tuple[float, float], bare: tuple[float, float]) -> dict[str, float]:
    return {
        "took_s": ours[0],
        "took_cpu_s": ours[1],
        "bare_s": bare[0],
        "bare_cpu_s": bare[1],
        "ratio": round(ours[1] / bare[1], 2),
    }


def _best(call: Callable[[], object]) -> tuple[float, float]:
    """The least of a few: what the rest of the machine does only adds."""
    took = [_took(call) for _ in range(TIMES)]
    return min(wall for wall, _ in took), min(cpu for _, cpu in took)


def _took(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of all cores."""
    began, used = perf_counter(), _cpu_s()
    call()
    return round(perf_counter() - began, 2), round(_cpu_s() - used, 2)


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
