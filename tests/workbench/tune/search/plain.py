"""A simulator of a queue that one can read: servers that are free take what waits, up to a batch. No failures."""

from dataclasses import replace
from datetime import UTC, datetime
from heapq import heapreplace

import numpy as np

from workbench.mapping import EventSourceMapping
from workbench.tune.cost.terms import Rates
from workbench.tune.durations.model import DurationModel
from workbench.tune.prices import prices
from workbench.tune.quotas import quotas
from workbench.tune.search.evaluate import Scene
from workbench.tune.search.monthly import Pricing
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import DEAD_LETTERED, SUCCEEDED, Invocations, Simulated
from workbench.tune.simulate.traffic import Traffic, plain_traffic

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DEFAULT_CONCURRENCY = 5


def queue(batch_size: int = 10, window_s: int = 0, **around: object) -> Settings:
    """A standard queue's settings."""
    mapping = EventSourceMapping(
        batch_size=batch_size, maximum_batching_window_in_seconds=window_s
    ).completed("sqs")
    return replace(Settings(kind="sqs", mapping=mapping), **around)  # type: ignore[arg-type]


def poisson(rate: float, span_s: float, seed: int = 0) -> Traffic:
    """Arrivals of a Poisson process."""
    chance = np.random.default_rng(seed)
    at_s = np.cumsum(chance.exponential(1 / rate, int(rate * span_s)))
    return plain_traffic(BEGIN, at_s)


def pricing() -> Pricing:
    """Prices of one day."""
    return Pricing(Rates(prices(), BEGIN.date()), quotas())


def scene(traffic: Traffic, model: DurationModel | None = None) -> Scene:
    """A scene of the plain simulator."""
    return Scene(simulate, traffic, model or DurationModel(base_ms=40, per_record_ms=4), pricing())


def simulate(
    traffic: Traffic, settings: Settings, model: DurationModel, seed: int = 0
) -> Simulated:
    """Batches by size or window, one server each, durations at the median; failures go to the dead-letter queue."""
    servers = [0.0] * (settings.mapping.maximum_concurrency or DEFAULT_CONCURRENCY)
    most, window_s = settings.mapping.batch_size or 1, settings.window_s
    at_s, place, count = traffic.at_s, 0, len(traffic)
    begun, ended = np.full(count, np.nan), np.full(count, np.nan)
    calls: list[tuple[float, float, int]] = []
    while place < count:
        full = at_s[place + most - 1] if place + most <= count else np.inf
        closes = min(full, at_s[place] + window_s)
        begins = max(servers[0], closes)
        last = min(int(np.searchsorted(at_s, begins, side="right")), place + most)
        took_s = model.median_ms(last - place) / 1_000
        begun[place:last], ended[place:last] = begins, begins + took_s
        calls.append((begins, took_s, last - place))
        heapreplace(servers, begins + took_s)
        place = last
    lots = np.random.default_rng(seed).random(count)
    fate = np.where(lots < model.record_failure_share, DEAD_LETTERED, SUCCEEDED).astype(np.int8)
    table = np.array(calls).reshape(-1, 3)
    return Simulated(
        traffic=traffic,
        first_begins_s=begun,
        ended_s=ended,
        deliveries=np.ones(count, dtype=np.int64),
        fate=fate,
        overlapping=0,
        receives=len(calls),
        empty_receives=0,
        deletes=len(calls),
        throttles=0,
        invocations=Invocations(
            begins_s=table[:, 0],
            duration_s=table[:, 1],
            init_s=np.zeros(len(calls)),
            records=table[:, 2].astype(np.int64),
            failed=np.zeros(len(calls), dtype=np.bool_),
        ),
    )
