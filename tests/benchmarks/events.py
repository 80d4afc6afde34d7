"""Event records made from captured rows: microseconds a record, against parsing its envelope with Python's parser.

`python -m tests.benchmarks events`. Making the event is what a replay does for every record before anything runs.
"""

import json
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict
from time import perf_counter
from typing import Any

from tests import factories
from tests.benchmarks.orders import order, record
from workbench.replay.events import event_record

ROUNDS = 7
RECORDS = 2_000


def run() -> Iterator[dict[str, Any]]:
    """One line a service, each with the best of its rounds."""
    for service, rows in _captured().items():
        made = _best_s(event_record, rows)
        parsed = _best_s(json.loads, [row["envelope"] for row in rows])
        yield {
            "benchmark": "events",
            "service": service,
            "us_per_record": round(made / len(rows) * 1e6, 2),
            "baseline_us_per_record": round(parsed / len(rows) * 1e6, 2),
            "ratio": round(made / parsed, 2),
        }


def _captured() -> dict[str, list[dict[str, Any]]]:
    chance = random.Random(20)
    bodies = [json.dumps(order("order-1", n, chance)).encode() for n in range(RECORDS)]
    numbered = list(enumerate(bodies, start=1))
    makers = {
        "aws:sqs": lambda n, body: factories.sqs_message(n, body),
        "aws:sns": lambda n, body: factories.sns_notification(n, body),
        "aws:kinesis": lambda n, body: record(n, chance),
        "aws:dynamodb": lambda n, body: factories.dynamodb_change(n, {"o": {"S": body.decode()}}),
        "aws:logs": lambda n, body: factories.log_event(n, body.decode()),
    }
    return {service: [asdict(make(*each)) for each in numbered] for service, make in makers.items()}


def _best_s(action: Callable[[Any], Any], given: list[Any]) -> float:
    def timed() -> float:
        begun = perf_counter()
        deque(map(action, given), maxlen=0)  # nothing is kept, as in a replay
        return perf_counter() - begun

    return min(timed() for _ in range(ROUNDS))
