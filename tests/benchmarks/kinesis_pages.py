"""Kinesis from answers as they come off the wire to durable segments: speed, memory, and how often shards are asked.

`python -m tests.benchmarks kinesis_pages`; `python -m tests.benchmarks.kinesis_pages RECORDS` reads so many records
for the memory figures instead of 2,000,000.
"""

import base64
import json
import random
import resource
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import botocore.session
from botocore.parsers import ResponseParserFactory

from connectors.budget import Budgets
from connectors.kinesis.calls import StreamFacts
from connectors.kinesis.cursor import Shared
from connectors.kinesis.pages import RAW_BODY
from connectors.kinesis.stream import KinesisStream
from tests.benchmarks.orders import STREAM, order
from workbench.trace.capture import capture
from workbench.trace.limits import Clock, Limits

RECORDS_A_PAGE = 1_000
PAGES = 60
SHARDS = 4
WANTED_RATIO = 2.0
MEMORY_RECORDS = 2_000_000
FOLLOWED_SHARDS = 8
FOLLOWED_S = 10.0
ANSWER_S = 0.03
RECORDS_A_POLL = 100
WANTED_POLLS = 5.0

Answer = dict[str, Any]
_SHAPE = (
    botocore.session.Session()
    .get_service_model("kinesis")
    .operation_model("GetRecords")
    .output_shape
)
_PARSER = ResponseParserFactory().create_parser("json")


class NoMappings:
    """Lambda without event source mappings."""

    def list_event_source_mappings(self, **asked: Any) -> Answer:
        return {"EventSourceMappings": []}


@dataclass
class Wire:
    """A stream whose answers are bytes; each shard has so many pages, or goes on for ever."""

    parse: Callable[[bytes], Answer]
    shards: int
    pages: int | None
    records: int
    answer_s: float = 0.0
    asked: Counter[str] = field(default_factory=Counter)
    _template: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = random.Random(20)
        for n in range(self.records):
            key = f"order-{chance.randrange(20_000):06d}"
            data = base64.b64encode(json.dumps(order(key, n, chance)).encode()).decode()
            self._template.append((key, data))

    def describe_stream_summary(self, **asked: Any) -> Answer:
        return {
            "StreamDescriptionSummary": {
                "StreamARN": STREAM,
                "StreamCreationTimestamp": FACTS.created_at,
                "RetentionPeriodHours": FACTS.retention_hours,
            }
        }

    def list_shards(self, **asked: Any) -> Answer:
        width = 2**128 // self.shards
        ranges = [(n * width, (n + 1) * width - 1) for n in range(self.shards)]
        return {
            "Shards": [
                {
                    "ShardId": f"shardId-{n:012d}",
                    "HashKeyRange": {"StartingHashKey": str(low), "EndingHashKey": str(high)},
                    "SequenceNumberRange": {"StartingSequenceNumber": "1"},
                }
                for n, (low, high) in enumerate(ranges)
            ]
        }

    def list_stream_consumers(self, **asked: Any) -> Answer:
        return {"Consumers": []}

    def get_shard_iterator(self, **asked: Any) -> Answer:
        return {"ShardIterator": f"{asked['ShardId']}/0"}

    def get_records(self, **asked: Any) -> Answer:
        shard, page = asked["ShardIterator"].split("/")
        self.asked[shard] += 1
        time.sleep(self.answer_s)
        return self.parse(self.body(shard, int(page)))

    def body(self, shard: str, page: int) -> bytes:
        """An answer as AWS spells it."""
        over = self.pages is not None and page >= self.pages
        first = 49 * 10**54 + page * RECORDS_A_PAGE
        at = FACTS.created_at.timestamp() + page
        records = ",".join(
            f'{{"ApproximateArrivalTimestamp":{at + n / 1000:.3f},"Data":"{data}",'
            f'"PartitionKey":"{key}","SequenceNumber":"{first + n}"}}'
            for n, (key, data) in enumerate(() if over else self._template)
        )
        return (
            f'{{"MillisBehindLatest":{0 if over else 1000},'
            f'"NextShardIterator":"{shard}/{page + 1}","Records":[{records}]}}'
        ).encode()


def past_botocore(body: bytes) -> Answer:
    """What a client with our hook answers."""
    return {RAW_BODY: body}


def by_botocore(body: bytes) -> Answer:
    """What a stock client answers."""
    parsed: Answer = _PARSER.parse({"status_code": 200, "headers": {}, "body": body}, _SHAPE)
    return parsed


NOW = datetime.now(UTC)
FACTS = StreamFacts(NOW - timedelta(hours=10), 24)


def run(memory_records: int = MEMORY_RECORDS) -> Iterator[dict[str, Any]]:
    """Speed against stock botocore, resident memory after more and more records, polls a second."""
    yield pages_per_second()
    yield from memory(memory_records)
    yield polls()


def pages_per_second() -> dict[str, Any]:
    """The same bytes into a trace both ways, in turn; the better of two of each.

    `ratio` compares the processor's time, which other work on the machine does not change.
    """
    ways = {"past_botocore": past_botocore, "by_botocore": by_botocore}
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(2):
        for name, parse in ways.items():
            wire, began = Canned(parse, SHARDS, PAGES, RECORDS_A_PAGE), process_time()
            wall_s = captured_s(wire)
            took[name].append((process_time() - began, wall_s))
    fast, stock = min(took["past_botocore"]), min(took["by_botocore"])
    rows = PAGES * SHARDS * RECORDS_A_PAGE
    return {
        "name": "kinesis_pages",
        "records": rows,
        "past_botocore_records_per_cpu_second": round(rows / fast[0]),
        "by_botocore_records_per_cpu_second": round(rows / stock[0]),
        "ratio": round(stock[0] / fast[0], 2),
        "wall_ratio": round(stock[1] / fast[1], 2),
        "wanted_ratio": WANTED_RATIO,
    }


@dataclass
class Canned(Wire):
    """The bytes are there before the clock runs."""

    _bodies: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._bodies = {page: Wire.body(self, "S", page) for page in range((self.pages or 0) + 1)}

    def body(self, shard: str, page: int) -> bytes:
        """The prepared answer, for this shard."""
        return self._bodies[page].replace(b'"S/', f'"{shard}/'.encode(), 1)


def connector(wire: Wire) -> KinesisStream:
    """The connector under test."""
    return KinesisStream(
        source_arn=STREAM,
        client=wire,
        lambda_client=NoMappings(),
        shared=Shared(FACTS, NOW),
        now=lambda: NOW,
    )


def captured_s(wire: Wire) -> float:
    """Seconds that a capture needed, from opening the trace to closing it."""
    with tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        captured = capture(
            Path(folder, "t.trace"),
            [connector(wire)],
            limits=Limits(),
            clock=Clock(lambda: NOW),
            budgets=Budgets(calls_per_second=1_000_000),
            stop=threading.Event(),
        )
        took_s = perf_counter() - began
    assert captured.complete, captured
    assert captured.sources[0].records == (wire.pages or 0) * wire.shards * wire.records
    return took_s


def memory(records: int) -> Iterator[dict[str, Any]]:
    """The most memory this process ever held, after a tenth, half and all of the records."""
    for part in (records // 10, records // 2, records):
        captured_s(Wire(past_botocore, SHARDS, part // SHARDS // RECORDS_A_PAGE, RECORDS_A_PAGE))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        yield {"name": "kinesis_memory", "records": part, "peak_rss_mb": round(peak / 1024)}


def polls() -> dict[str, Any]:
    """How often each of eight shards is asked while it is followed, where an answer takes 30 ms."""
    wire = Wire(past_botocore, FOLLOWED_SHARDS, None, RECORDS_A_POLL, ANSWER_S)
    stop = threading.Event()
    timer = threading.Timer(FOLLOWED_S, stop.set)
    with tempfile.TemporaryDirectory() as folder:
        timer.start()
        captured = capture(
            Path(folder, "t.trace"),
            [connector(wire)],
            limits=Limits(follow=True),
            clock=Clock(lambda: datetime.now(UTC)),
            budgets=Budgets(calls_per_second=WANTED_POLLS),
            stop=stop,
        )
    rates = [wire.asked[shard] / FOLLOWED_S for shard in sorted(wire.asked)]
    return {
        "name": "kinesis_polls",
        "shards": FOLLOWED_SHARDS,
        "records": captured.sources[0].records,
        "least_polls_per_second": round(min(rates), 2),
        "most_polls_per_second": round(max(rates), 2),
        "wanted_polls_per_second": WANTED_POLLS,
    }


if __name__ == "__main__":
    for figures in run(int(sys.argv[1]) if len(sys.argv) > 1 else MEMORY_RECORDS):
        print(json.dumps(figures), flush=True)
