"""Captures whose true settings and handler are known, made by the slow simulation that shares no code with ours.

`happened` is what took place; `as_trace` writes what AWS would have let be captured: messages with their receive
counts, the mapping, the queue, the function, and the log of every invocation with the ids that it was given.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from connectors.record import Record, Resource
from tests.factories import LOG_GROUP, QUEUE, T0, sqs_message, write_trace
from tests.workbench.logged import invocation
from tests.workbench.tune.simulate.plain_queue import Message, plain_queue
from workbench.trace import Trace
from workbench.tune.durations.model import DurationModel
from workbench.tune.observed import Observed
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.traffic import Floats, Traffic, plain_traffic

FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:charge"


@dataclass(frozen=True)
class Happened:
    traffic: Traffic
    settings: Settings
    messages: list[Message]

    def batches(self) -> list[tuple[float, float, list[Message]]]:
        """Begin, end and messages of each invocation, in the order of their begins."""
        found: dict[int, tuple[float, float, list[Message]]] = {}
        for message in self.messages:
            for call, begin, end in zip(message.calls, message.begins, message.ends, strict=True):
                found.setdefault(call, (begin, end, []))[2].append(message)
        return sorted(found.values(), key=lambda each: each[:2])

    def invocations(self) -> pl.DataFrame:
        batches = self.batches()
        return pl.DataFrame(
            {
                "begins_s": [begin for begin, _, _ in batches],
                "duration_ms": [(end - begin) * 1_000 for begin, end, _ in batches],
                "init_ms": pl.Series([None] * len(batches), dtype=pl.Float64),
                "status": [
                    "error" if _failed(end, batch) else "success" for _, end, batch in batches
                ],
                "records": [len(batch) for _, _, batch in batches],
            }
        )

    def observed(self, said: Settings | None = None) -> Observed:
        """What a whole capture shows of it; `said` are the settings it claims."""
        done = np.array([message.done_s for message in self.messages])
        return Observed(
            source_arn=QUEUE,
            function_name="charge",
            log_group=LOG_GROUP,
            settings=said or self.settings,
            assumed=(),
            traffic=self.traffic,
            age_s=np.where(np.isfinite(done), done - self.traffic.at_s, np.nan),
            deliveries=np.array([max(message.deliveries, 1) for message in self.messages]),
            failed_attempts=np.array([message.failures for message in self.messages]),
            invocations=self.invocations(),
            dead_letters=None,
        )


def arrivals(rate: float, count: int, seed: int) -> Traffic:
    """At random, a third of them in bursts."""
    random = np.random.default_rng(seed)
    calm: Floats = np.cumsum(random.exponential(1.5 / rate, 2 * count // 3))
    bursts = random.choice(calm, max(count // 60, 1))
    loud = random.choice(bursts, count - len(calm)) + random.exponential(2.0, count - len(calm))
    return plain_traffic(T0, np.round(np.concatenate((calm, loud)), 3))


def happened(traffic: Traffic, settings: Settings, model: DurationModel, seed: int = 1) -> Happened:
    return Happened(traffic, settings, plain_queue(traffic, settings, model, seed))


def as_trace(folder: Path, story: Happened) -> Trace:
    """The capture of it."""
    records: list[Record] = []
    for message in story.messages:
        for count in range(1, max(message.deliveries, 1) + 1):
            records.append(
                sqs_message(message.number, seconds=message.arrived_s, receive_count=count)
            )
    names = [record.record_id for record in (sqs_message(m.number) for m in story.messages)]
    for number, (begin, end, batch) in enumerate(story.batches()):
        lines = tuple(f"handling {names[message.number]}" for message in batch)
        failed = _failed(end, batch)
        more = "Status: error\tError Type: ValueError" if failed else ""
        records += invocation(
            number, begin, (end - begin) * 1_000, lines=lines, more=more, instance=f"{number:08x}"
        )
    return write_trace(folder, records, resources(story.settings))


def _failed(end: float, batch: list[Message]) -> bool:
    """Whether the invocation failed: somebody of it was done later, or never."""
    return any(message.done_s > end for message in batch)


def resources(settings: Settings) -> list[Resource]:
    mapping = {"UUID": "m-1", "EventSourceArn": QUEUE, "FunctionArn": FUNCTION, "State": "Enabled"}
    mapping |= settings.mapping.to_aws()
    queue = {"VisibilityTimeout": str(int(settings.visibility_timeout_s))}
    function = {
        "FunctionName": "charge",
        "FunctionArn": FUNCTION,
        "Timeout": int(settings.timeout_s),
        "MemorySize": settings.memory_mb,
    }
    return [
        Resource(
            QUEUE, "list-event-source-mappings", T0, json.dumps({"EventSourceMappings": [mapping]})
        ),
        Resource(QUEUE, "get-queue-attributes", T0, json.dumps({"Attributes": queue})),
        Resource(FUNCTION, "get-function-configuration", T0, json.dumps(function)),
    ]
