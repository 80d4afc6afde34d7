"""The simulator: messages a second, against SimPy on the same queue in the same run; a grid; a slider's move."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from heapq import heapify, heapreplace
from time import perf_counter, process_time
from typing import Any

import numpy as np
import simpy

from tests.factories import T0
from tests.workbench.tune.simulate.systems import exponential, poisson, servers
from workbench.mapping import EventSourceMapping
from workbench.tune.durations.model import DurationModel
from workbench.tune.search.evaluate import in_parallel
from workbench.tune.simulate.run import simulate
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.traffic import Traffic

RECORDS = 1_000_000
SIMPY_RECORDS = 100_000
WANTED_PER_SECOND = 3_000_000
WANTED_TIMES_SIMPY = 300
WANTED_GRID_S = 10.0
WANTED_MOVE_MS = 50.0
FIRST_MOVE = """
import time
from tests.workbench.tune.simulate.systems import poisson, servers, exponential
from workbench.tune.simulate.run import simulate
traffic, settings, model = poisson(8.0, 100_000), servers(10, batch_size=10), exponential(1.0)
began = time.perf_counter()
simulate(traffic, settings, model)
print(time.perf_counter() - began)
"""


def run(records: int = RECORDS) -> Iterator[dict[str, Any]]:
    """M/M/10 against SimPy and a plain heap, full mappings of queues and streams, the grid, a move, the first move."""
    yield from against_simpy(records)
    spread = DurationModel(
        base_ms=50,
        per_record_ms=2,
        residuals=np.sort(np.random.default_rng(1).lognormal(0, 0.5, 1_024)),
        init_ms=np.array([200.0, 400.0]),
        record_failure_share=0.001,
    )
    random = np.random.default_rng(2)
    at_s = np.cumsum(random.exponential(1 / 2_000, records))
    keys = random.integers(0, 20_000, records)
    traffic = Traffic(T0, at_s, np.full(records, 300), keys, keys % 16)
    queue = {"kind": "sqs", "visibility_timeout_s": 180.0, "max_receive_count": 5}
    for batch_size, window_s in ((1, 0), (10, 0), (10, 1), (100, 5)):
        mapping = EventSourceMapping(
            batch_size=batch_size, maximum_batching_window_in_seconds=window_s
        ).completed("sqs")
        yield timed(
            f"sqs, batch {batch_size}, window {window_s}",
            traffic,
            Settings(mapping=mapping, **queue),
            spread,
        )  # type: ignore[arg-type]
    for batch_size, lanes in ((1, 10), (10, 1), (100, 1), (100, 10)):
        mapping = EventSourceMapping(batch_size=batch_size, parallelization_factor=lanes).completed(
            "kinesis"
        )
        quick = replace(spread, base_ms=5.0, per_record_ms=0.1)
        stream = Settings(kind="kinesis", mapping=mapping, retention_s=86_400)
        yield timed(f"kinesis, batch {batch_size}, lanes {lanes}", traffic, stream, quick)
    yield grid(traffic, spread)
    yield move(traffic, spread)
    yield first_move()


def against_simpy(records: int) -> Iterator[dict[str, Any]]:
    traffic = poisson(8.0, records)
    simulate(traffic, servers(10), exponential(1.0))
    took = cpu(lambda: simulate(traffic, servers(10), exponential(1.0)))
    few = traffic.at_s[:SIMPY_RECORDS]
    services = np.random.default_rng(3).exponential(1.0, SIMPY_RECORDS)
    simpy_took = cpu(lambda: with_simpy(few, services)) * records / SIMPY_RECORDS
    heap_took = cpu(lambda: with_heap(few, services)) * records / SIMPY_RECORDS
    yield {
        "name": "simulator",
        "what": "M/M/10 on a plain queue",
        "records_per_second": round(records / took),
        "times_simpy": round(simpy_took / took),
        "wanted_times_simpy": WANTED_TIMES_SIMPY,
        "times_plain_heap": round(heap_took / took, 1),
    }


def with_simpy(at_s: np.ndarray, services: np.ndarray) -> None:
    world = simpy.Environment()
    counter = simpy.Resource(world, capacity=10)

    def customer(service: float) -> Any:
        with counter.request() as turn:
            yield turn
            yield world.timeout(service)

    def source() -> Any:
        for at, service in zip(at_s, services, strict=True):
            yield world.timeout(at - world.now)
            world.process(customer(service))

    world.process(source())
    world.run()


def with_heap(at_s: np.ndarray, services: np.ndarray) -> None:
    free = [0.0] * 10
    heapify(free)
    for at, service in zip(at_s.tolist(), services.tolist(), strict=True):
        heapreplace(free, max(at, free[0]) + service)


def timed(what: str, traffic: Traffic, settings: Settings, model: DurationModel) -> dict[str, Any]:
    simulate(traffic, settings, model)
    took = min(cpu(lambda: simulate(traffic, settings, model)) for _ in range(3))
    rate = len(traffic) / took
    return {
        "name": "simulator",
        "what": what,
        "records_per_second": round(rate),
        "ratio": round(rate / WANTED_PER_SECOND, 2),
    }


def grid(traffic: Traffic, model: DurationModel) -> dict[str, Any]:
    """60 configurations on all of it, with the exact p99 of each, on two threads."""
    points = [
        Settings(
            kind="sqs",
            mapping=EventSourceMapping(
                batch_size=batch_size, maximum_batching_window_in_seconds=window_s
            ).completed("sqs"),
            visibility_timeout_s=visibility_s,
            max_receive_count=5,
        )
        for batch_size in (10, 20, 50, 100, 500)
        for window_s in (1, 2, 5, 10)
        for visibility_s in (60.0, 180.0, 600.0)
    ]
    began = perf_counter()
    in_parallel(
        lambda point: simulate(traffic, point, model).age_quantile_s(0.99), points, "simulated"
    )
    took_s = perf_counter() - began
    return {
        "name": "simulator",
        "what": f"grid of {len(points)} on {len(traffic):,}",
        "took_s": round(took_s, 2),
        "ratio": round(took_s / WANTED_GRID_S, 2),
    }


def move(traffic: Traffic, model: DurationModel) -> dict[str, Any]:
    few = traffic.picked(np.arange(100_000), traffic.at_s[:100_000])
    mapping = EventSourceMapping(batch_size=10).completed("sqs")
    settings = Settings(kind="sqs", mapping=mapping, visibility_timeout_s=180)
    simulate(few, settings, model).age_quantile_s(0.99)
    took_ms = 1_000 * min(
        cpu(lambda: simulate(few, settings, model).age_quantile_s(0.99)) for _ in range(5)
    )
    return {
        "name": "simulator",
        "what": "one move on 100,000",
        "took_ms": round(took_ms, 1),
        "ratio": round(took_ms / WANTED_MOVE_MS, 2),
    }


def first_move() -> dict[str, Any]:
    """The first simulation of a new process, loaded from what the machine has compiled before."""
    ran = [sys.executable, "-c", FIRST_MOVE]
    took = [float(subprocess.run(ran, capture_output=True, check=True).stdout) for _ in range(2)]
    return {
        "name": "simulator",
        "what": "first move of a process on 100,000",
        "took_s": round(min(took), 2),
    }


def cpu(work: Any) -> float:
    began = process_time()
    work()
    return process_time() - began
