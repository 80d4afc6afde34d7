"""Traffic that pollers take from a queue or a shard and give to a function, with the truth of who had what."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random

from connectors.record import Record, Resource
from tests.factories import QUEUE, STREAM, kinesis_record, sqs_message
from tests.workbench.trace.invoked import consumed_by, invoked, request


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """How records come and how they are taken. Delays are drawn, and no poller tells the log what it took."""

    kind: str = "sqs"
    """`sqs`, or `kinesis` with one shard and one lane, polled once a second."""
    arrivals_per_s: float = 0.5
    burst: int = 1
    """Records that come within 20 ms of each other."""
    batch_size: int = 10
    window_s: float = 0
    pollers: int = 5
    handler_ms: float = 100
    failing_share: float = 0
    """Of invocations; what they had comes again, after 30 s from a queue and at once from a shard."""
    unlogged_share: float = 0
    strange_per_s: float = 0
    """Invocations by something else."""


@dataclass(slots=True)
class Traffic:
    """Records, log lines, and the request that was first given each record."""

    records: list[Record] = field(default_factory=list)
    lines: list[Record] = field(default_factory=list)
    first: dict[str, str] = field(default_factory=dict)
    mapping: list[Resource] = field(default_factory=list)


def traffic(random: Random, records: int, regime: Regime, *, named: bool = False) -> Traffic:
    """That many records and what became of them.

    Args:
        random: the draws.
        records: how many.
        regime: how they come and are taken.
        named: the handler prints the ids that it was given.
    """
    told = Traffic()
    arrivals: list[tuple[float, Record]] = []
    at = 100.0
    for number in range(1, records + 1):
        if number % regime.burst == 0:
            at += random.expovariate(regime.arrivals_per_s / regime.burst)
        at = round(at + random.uniform(0, 0.02), 3)
        make = sqs_message if regime.kind == "sqs" else kinesis_record
        arrivals.append((at, make(number, seconds=at)))
    told.records = [record for _, record in arrivals]
    source = QUEUE if regime.kind == "sqs" else STREAM
    told.mapping = [consumed_by(source=source, batch_size=regime.batch_size)]
    numbers = count(1)
    taken = _from_queue if regime.kind == "sqs" else _from_shard
    for start, lasting, batch, fails in taken(random, arrivals, regime):
        number = next(numbers)
        for record in batch:
            told.first.setdefault(record.record_id, request(number))
        if random.random() >= regime.unlogged_share:
            said = [" ".join(str(r.sequence_number or r.record_id) for r in batch)] if named else []
            told.lines += invoked(
                number,
                *said,
                at=start,
                lasting=lasting,
                raised="ValueError: no" if fails else None,
                log_stream=f"2026/11/20/[$LATEST]{number:032x}",
            )
    until = at
    at = 100.0
    while regime.strange_per_s and (at := at + random.expovariate(regime.strange_per_s)) < until:
        number = next(numbers)
        told.lines += invoked(
            number, at=round(at, 3), lasting=0.05, log_stream=f"2026/11/20/[$LATEST]{number:032x}"
        )
    return told


Taken = tuple[float, float, list[Record], bool]
"""START, seconds to REPORT, what it had, whether it fails."""


def _from_queue(
    random: Random, arrivals: list[tuple[float, Record]], regime: Regime
) -> Iterator[Taken]:
    waiting = [(at, n, record) for n, (at, record) in enumerate(arrivals)]
    heapq.heapify(waiting)
    order = count(len(waiting))
    free = [0.0] * regime.pollers
    heapq.heapify(free)
    cold = regime.pollers
    while waiting:
        polled = max(heapq.heappop(free), waiting[0][0]) + random.uniform(0.005, 0.06)
        batch: list[Record] = []
        while waiting and waiting[0][0] <= polled and len(batch) < regime.batch_size:
            batch.append(heapq.heappop(waiting)[2])
            if len(batch) == 1:
                polled += regime.window_s
        start = round(
            polled + random.uniform(0.01, 0.04) + (random.uniform(0.2, 0.6) if cold else 0), 3
        )
        cold = max(0, cold - 1)
        lasting = round(random.lognormvariate(0, 0.5) * regime.handler_ms / 1_000 + 0.001, 3)
        fails = random.random() < regime.failing_share
        if fails:
            for record in batch:
                heapq.heappush(waiting, (start + 30, next(order), record))
        heapq.heappush(free, start + lasting)
        yield start, lasting, batch, fails


def _from_shard(
    random: Random, arrivals: list[tuple[float, Record]], regime: Regime
) -> Iterator[Taken]:
    waiting = list(arrivals)
    now = waiting[0][0]
    while waiting:
        now += 1 if waiting[0][0] > now else 0
        batch = [record for at, record in waiting[: regime.batch_size] if at <= now]
        if not batch:
            continue
        start = round(now + random.uniform(0.02, 0.08), 3)
        lasting = round(random.lognormvariate(0, 0.5) * regime.handler_ms / 1_000 + 0.001, 3)
        fails = random.random() < regime.failing_share
        waiting = waiting if fails else waiting[len(batch) :]
        now = start + lasting
        yield start, lasting, batch, fails


REGIMES = {
    "quiet": Regime(arrivals_per_s=0.2),
    "one at a time": Regime(arrivals_per_s=2, batch_size=1),
    "bursts of 5": Regime(arrivals_per_s=1, burst=5),
    "bursts, one each": Regime(arrivals_per_s=1, burst=5, batch_size=1),
    "window": Regime(arrivals_per_s=3, window_s=2, batch_size=100),
    "long window, many": Regime(arrivals_per_s=10, window_s=5, batch_size=10),
    "slow handler, backlog": Regime(arrivals_per_s=5, pollers=2, handler_ms=2_000, batch_size=1),
    "busy": Regime(arrivals_per_s=20, handler_ms=200),
    "failing": Regime(arrivals_per_s=0.5, failing_share=0.2),
    "lost logs": Regime(arrivals_per_s=0.5, unlogged_share=0.3),
    "other triggers": Regime(arrivals_per_s=0.5, strange_per_s=1),
    "shard": Regime(kind="kinesis", arrivals_per_s=5, batch_size=100),
    "shard, slow": Regime(kind="kinesis", arrivals_per_s=5, handler_ms=2_000, batch_size=100),
    "shard, failing": Regime(kind="kinesis", arrivals_per_s=2, failing_share=0.2, batch_size=100),
}
"""From what time tells to what it cannot tell."""
