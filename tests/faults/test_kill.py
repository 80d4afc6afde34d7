"""kill -9 of a capture at random instants, with reshards and throttles: nothing lost, twice or out of order."""

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from tests.faults.account import Account
from tests.faults.served_capture import read_everything
from tests.scripted_aws.serving import RunningClock, ServedAws
from workbench.trace import open_trace
from workbench.trace.verify import verify

KILLS_A_TRACE = 10
SPEED = 120
REFUSED = 1
"""A capture that was refused at the door, where nothing is tried again for a person who waits."""
Stored = dict[str, dict[str, list[str]]]
"""Record ids by service and partition, in the order stored; of messages with their receive counts."""


@pytest.fixture(scope="module")
def forks() -> ForkServerContext:
    """Processes that need not import anything before they can be killed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.served_capture"])
    return context


def stored(trace: Path) -> Stored:
    if not (trace / "catalog.sqlite").exists():
        return {}
    assert verify(trace).problems == ()
    with open_trace(trace) as opened:
        rows = opened.sql(
            "select service, partition_id, record_id || coalesce(' ' || receive_count, '') as told"
            " from records order by delivery_id"
        ).rows()
    found: Stored = {}
    for service, partition, told in rows:
        found.setdefault(service, {}).setdefault(partition, []).append(told)
    return found


def holds_a_beginning(found: Stored, ledger: Mapping[str, Mapping[str, list[str]]]) -> bool:
    """Of every shard the first records in their order; of queues and logs nothing twice."""
    for service in ("aws:kinesis", "aws:dynamodb"):
        for shard, told in found.get(service, {}).items():
            assert told == ledger[service][shard][: len(told)], (service, shard)
    for service in ("aws:sqs", "aws:sns", "aws:logs"):
        twice = {
            id_
            for told in found.get(service, {}).values()
            for id_, n in Counter(told).items()
            if n > 1
        }
        assert twice == set(), service
    return True


def campaign(folder: Path, forks: ForkServerContext, kills: int, seed: int) -> int:
    """Kill so many captures of one trace, let one end, and compare with what was written.

    Returns:
        How many of the kills found the trace partly written.
    """
    account, chance, partly = Account(seed), random.Random(seed), 0
    trace, address = folder / "t.trace", folder / "aws"
    with ServedAws(
        account.fakes(), account.clock, address, speed=SPEED, before_call=account.go_on
    ) as served:
        for _ in range(kills):
            killed, calls = start(forks, trace, address, served.running), served.calls
            while served.calls == calls and killed.is_alive() and chance.random() < 0.99:
                time.sleep(0.005)  # a process that has just begun may be killed too
            time.sleep(chance.uniform(0.0, 0.6))
            killed.kill()
            killed.join()
            found = stored(trace)
            assert holds_a_beginning(found, account.ledger())
            partly += bool(found)
        account.end_now()
        # A capture ends at the tip; what a killed one had received of the queue comes back a little later.
        endings: list[int | None] = []
        while sum(code != REFUSED for code in endings) < 4 and len(endings) < 40:
            endings.append(ending(start(forks, trace, address, served.running)))
    assert 3 in endings, endings  # what was published while no tap was there is a hole
    found, ledger = stored(trace), account.ledger()
    for service in ("aws:kinesis", "aws:dynamodb", "aws:logs"):
        assert {p: sorted(told) for p, told in found[service].items()} == {
            p: sorted(told) for p, told in ledger[service].items() if told
        }, service
    assert holds_a_beginning(found, ledger)
    assert {told.split()[0] for told in found["aws:sqs"][""]} == set(ledger["aws:sqs"][""])
    assert all(in_a_hole(trace, at) for at in published_and_not_stored(account, found))
    return partly


def published_and_not_stored(account: Account, found: Stored) -> list[datetime]:
    """When a topic published what no tap got: nobody collects while a capture is dead."""
    there = {told.split()[0] for told in found.get("aws:sns", {}).get("", [])}
    published = account.topics.account.published
    return [each.published_at for each in published if each.message_id not in there]


def in_a_hole(trace: Path, at: datetime) -> bool:
    with open_trace(trace) as opened:
        holes = opened.sql(
            "select count(*) from coverage where source_arn like 'arn:aws:sns:%' and state = 'hole'"
            " and $at between from_at and to_at",
            at=at,
        )
    return bool(holes.item())


def ending(process: multiprocessing.process.BaseProcess) -> int | None:
    """How it ended: 0 whole, 3 with holes, 1 refused at the door."""
    process.join(120)
    return process.exitcode


def start(
    forks: ForkServerContext, trace: Path, address: Path, clock: RunningClock
) -> multiprocessing.process.BaseProcess:
    process = forks.Process(target=read_everything, args=(trace, address, clock))
    process.start()
    return process


def test_a_capture_killed_now_and_then_loses_nothing_and_repeats_nothing(
    tmp_path: Path, forks: ForkServerContext
) -> None:
    campaign(tmp_path, forks, kills=5, seed=1)


@pytest.mark.kill
def test_a_campaign_of_kills_loses_nothing_and_repeats_nothing(
    tmp_path: Path, forks: ForkServerContext, trials: Callable[[int], int]
) -> None:
    killed = partly = 0
    while killed < trials(200):
        folder = tmp_path / str(killed)
        folder.mkdir()
        partly += campaign(folder, forks, KILLS_A_TRACE, seed=killed)
        killed += KILLS_A_TRACE

    print(
        f"FIGURE kill trials={killed} partly_written={partly} lost=0 twice=0 reordered=0 bound={3 / killed:.4f}"
    )
    assert partly >= killed // 2
