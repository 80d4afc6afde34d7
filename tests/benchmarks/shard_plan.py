"""Shard plans: how many shards the fewest ranges save over even ones, and what it costs to find them."""

import math
import tempfile
from collections.abc import Callable, Iterator
from hashlib import md5
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from tests.benchmarks.traffic import SOURCES, write
from workbench.trace import open_trace
from workbench.tune import shards
from workbench.tune.resharding.hash_keys import even_starts, limbs_of
from workbench.tune.resharding.key_load import KeyLoad, read_key_load
from workbench.tune.resharding.layouts import (
    ShardSeconds,
    fewest_even,
    fewest_ranges,
    hot_places,
    runs_to_cut,
)
from workbench.tune.resharding.limits import DOCUMENTED

PER_SECOND = 20_000
SECONDS = 120
ROWS = 10_000_000
WANTED_PLAN_S = 2.0
FAMILIES = tuple(f"family-{number}" for number in range(11))
"""Names of keys: which busy keys meet in one even shard is the luck of their hashes."""
WANTED_SHARE = 0.45
"""Planned of even shards at a skew of 0.8, in the middle of the families."""
WANTED_100_LAYOUTS_MS = 100.0


def run() -> Iterator[dict[str, Any]]:
    """Plans at three skews, the cost of comparing layouts of 500,000 keys, and of a plan from a trace."""
    yield plan(0.0, FAMILIES[0])
    skewed = [plan(0.8, family) for family in FAMILIES]
    yield from skewed
    share = median(figures["ratio"] for figures in skewed)
    yield {"name": "shard_plan", "skew": 0.8, "ratio": share, "wanted": WANTED_SHARE}
    yield plan(1.1, FAMILIES[0])
    yield layouts()
    yield from_a_trace()


def plan(skew: float, family: str) -> dict[str, Any]:
    """20,000 keys, 20,000 records a second for 2 minutes; the `n`th key has a weight of `n ** -skew`."""
    load = drawn(family, 20_000, PER_SECOND, SECONDS, skew)
    began = perf_counter()
    runs = runs_to_cut(load.seconds, len(load.hash_keys))
    ranges, hot = fewest_ranges(runs, load.hash_keys), hot_places(load.seconds)
    even = None if len(hot) else fewest_even(runs, load.limbs, len(ranges), DOCUMENTED.shards)
    share = len(ranges) / even if even else None
    return {
        "name": "shard_plan",
        "skew": skew,
        "keys": family,
        "by_average": math.ceil(PER_SECOND / DOCUMENTED.records_per_second),
        "even": even,
        "planned": len(ranges),
        "hot_keys": len(hot),
        "took_s": round(perf_counter() - began, 3),
        "ratio": share and round(share, 3),
    }


def layouts() -> dict[str, Any]:
    """Even layouts of 500,000 keys, tried one after the other until one holds."""
    load = drawn(FAMILIES[0], 500_000, 50_000, 20, 0.5)
    runs = runs_to_cut(load.seconds, len(load.hash_keys))
    began = perf_counter()
    even = fewest_even(runs, load.limbs, 1, DOCUMENTED.shards)
    took_ms = (perf_counter() - began) * 1_000
    per_100_ms = took_ms / (even or DOCUMENTED.shards) * 100
    return {
        "name": "shard_plan",
        "keys": len(load.hash_keys),
        "layouts_tried": even,
        "took_per_100_layouts_ms": round(per_100_ms, 1),
        "wanted_ms": WANTED_100_LAYOUTS_MS,
        "ratio": round(per_100_ms / WANTED_100_LAYOUTS_MS, 3),
    }


def from_a_trace() -> dict[str, Any]:
    """`tune.shards` on a trace, the second time, against one pass that counts the records of each key."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.trace"
        write(path, ROWS, shares={"aws:kinesis": 1.0})
        source = SOURCES["aws:kinesis"]
        with open_trace(path) as trace:
            first_s = took(lambda: shards(trace, source=source))
            counted_s = took(
                lambda: trace.sql("select ordering_key, count(*) from records group by all")
            )
            whole_s = took(lambda: shards(trace, source=source))
            began = perf_counter()
            load = read_key_load(trace, source, None, None).by_time
            read_s = perf_counter() - began
            planned_s = took(lambda: planned(load))
    return {
        "name": "shard_plan",
        "records": ROWS,
        "read_s": round(read_s, 3),
        "plan_s": round(planned_s, 3),
        "wanted_s": WANTED_PLAN_S,
        "first_command_s": round(first_s, 3),
        "command_s": round(whole_s, 3),
        "count_by_key_s": round(counted_s, 3),
        "ratio": round(planned_s / counted_s, 1),
    }


def planned(load: KeyLoad) -> int:
    """The fewest ranges, the fewest even shards, and the seconds over a limit under both."""
    runs = runs_to_cut(load.seconds, len(load.hash_keys))
    ranges = fewest_ranges(runs, load.hash_keys)
    even = fewest_even(runs, load.limbs, len(ranges), DOCUMENTED.shards)
    layouts = [ranges, even_starts(even)] if even else [ranges]
    return sum(ShardSeconds.of(load, starts).over() for starts in layouts)


def drawn(family: str, keys: int, per_second: int, seconds: int, skew: float) -> KeyLoad:
    """Keys drawn by their weights, the same in every run; 100 bytes a record."""
    chance = np.random.default_rng(20)
    ranks = {f"{family}-{rank}": rank for rank in range(1, keys + 1)}
    names = sorted(ranks, key=digest)
    weight = np.array([ranks[name] for name in names], dtype=np.float64) ** -skew
    place = chance.choice(keys, size=per_second * seconds, p=weight / weight.sum())
    arrived_us = np.arange(len(place)) * 1_000_000 // per_second
    digests = [digest(name) for name in names]
    return KeyLoad(
        tuple(names),
        tuple(map(int.from_bytes, digests)),
        limbs_of(digests),
        place,
        arrived_us,
        np.full(len(place), 100, dtype=np.int64),
    )


def digest(key: str) -> bytes:
    """Where the key falls."""
    return md5(key.encode(), usedforsecurity=False).digest()


def took(call: Callable[[], object]) -> float:
    """Seconds."""
    began = perf_counter()
    call()
    return perf_counter() - began
