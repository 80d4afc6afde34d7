"""Any schedule of traffic, reshards, refusals, damaged answers, crashes and days gone by: stored = written - holes."""

import random
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import Budgets, Mode, Page, open_connector
from connectors.answers import instant_of_ms
from tests.faults.account import SOURCES, Account
from tests.scripted_aws.clock import START
from tests.scripted_aws.serving import DirectAccess
from workbench.trace import Trace, open_trace, source_reader
from workbench.trace.capture import capture
from workbench.trace.limits import Limits
from workbench.trace.verify import verify

PAUSES_MINUTES = (0, 1, 30, 5 * 60, 30 * 60)
"""Between two captures; after the longest, what streams and table streams kept is gone."""
Hole = tuple[str, datetime, datetime]


class Crash(BaseException):
    """The capture dies between a commit and what would have come next."""


def crash_after(commits: int | None) -> "_Counter":
    return _Counter(commits)


class _Counter:
    def __init__(self, left: int | None) -> None:
        self._left = left

    def __call__(self, pages: Sequence[tuple[str, Page]]) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                raise Crash


def read(account: Account, trace: Path, source: str, crash: _Counter) -> None:
    """One capture of one source to its tip, or to its crash."""
    access = DirectAccess(account.fakes(), account.go_on)
    mode = Mode.DRAIN if source.startswith("sqs:") else None
    connector = None
    while connector is None:
        try:
            connector = open_connector(
                source, access, now=account.clock.now, mode=mode, since=START
            )  # type: ignore[arg-type]
        except Exception:  # noqa: BLE001 - refused at the door: come again
            account.clock.forward(seconds=1)
    with suppress(Crash):
        capture(
            trace,
            [connector],
            limits=Limits(since=START),
            clock=account.clock.for_capture(),
            budgets=Budgets(calls_per_second=4),
            stop=threading.Event(),
            committed=crash,
        )


def captured(source: str, seed: int, trace: Path) -> Account:
    """Some captures of one trace, most of them crashing, with time between them."""
    chance = random.Random(seed)
    account = Account(seed, minutes=48 * 60, pace_ms=(20_000, 200_000))
    for _ in range(chance.randrange(1, 4)):
        account.clock.forward(minutes=chance.choice(PAUSES_MINUTES))
        account.go_on()
        read(account, trace, source, crash_after(chance.choice((None, 1, 2, 5, 20))))
    account.clock.forward(minutes=1)
    account.go_on()
    account.end_now()
    for _ in range(2):  # the second gets of a queue what the first could not see yet
        read(account, trace, source, crash_after(None))
        account.clock.forward(minutes=2)
    return account


def holes(trace: Trace) -> list[Hole]:
    rows = trace.coverage().filter(state="hole").select("partition_id", "from_at", "to_at")
    return list(rows.iter_rows())


def in_a_hole(known: list[Hole], partitions: set[str], at: datetime) -> bool:
    return any(p in partitions and from_at <= at <= to_at for p, from_at, to_at in known)


def written(account: Account, service: str) -> dict[str, tuple[str, datetime]]:
    """Record id to partition and instant."""
    if service == "aws:kinesis":
        return {r.record_id: (r.shard_id, r.arrived_at) for r in account.kinesis.state.ledger}
    if service == "aws:dynamodb":
        return {
            c.event_id: (s, c.written_at.replace(microsecond=0))
            for _, s, c in account.table.written
        }
    if service == "aws:logs":
        return {x.event_id: ("", instant_of_ms(x.at_ms)) for x in account.logs.state.lines}
    if service == "aws:sns":
        published = account.topics.account.published
        return {each.message_id: ("", each.published_at) for each in published}
    sent = account.queues.account.queues["orders-dlq"].sent
    return {message.message_id: ("", message.sent_at) for message in sent}


def parents_of(account: Account, service: str) -> dict[str, Sequence[str]]:
    """Each shard's parents, also of those that nobody lists any more."""
    parents: dict[str, Sequence[str]] = {}
    if service == "aws:kinesis":
        parents = {shard: up for (_, shard), (up, *_) in account.kinesis.state.lineage.items()}
    if service == "aws:dynamodb":
        shards = (s for stream in account.table.streams for s in stream.shards.values())
        parents = {s.shard_id: (s.parent,) if s.parent else () for s in shards}
    return parents


def family(parents: dict[str, Sequence[str]]) -> dict[str, set[str]]:
    """Each shard's ancestors: itself, its parents, theirs ..."""

    def up(shard: str) -> set[str]:
        return {shard}.union(*(up(parent) for parent in parents.get(shard, ())))

    return {shard: up(shard) for shard in parents}


def explaining(ancestors: dict[str, set[str]], shard: str) -> set[str]:
    """Whose holes explain a missing record: the source's, those of the shard's own line, up and down."""
    return {
        "",
        shard,
        *ancestors.get(shard, ()),
        *(s for s, up in ancestors.items() if shard in up),
    }


@pytest.mark.parametrize("source", SOURCES)
@settings(max_examples=15)
@given(seed=st.integers(0, 100_000))
def test_stored_is_written_less_the_holes_and_nothing_is_twice(
    source: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    trace = tmp_path_factory.mktemp("schedule") / "t.trace"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            source_reader, "READ_AT_ONCE", 1
        )  # one thread moves the clock: a seed is a story
        account = captured(source, seed, trace)

    assert verify(trace).problems == ()
    with open_trace(trace) as opened:
        rows = opened.sql(
            "select service, record_id, partition_id, receive_count from records order by delivery_id"
        ).rows()
        known = holes(opened)
    service = f"aws:{source.split(':')[0]}"
    told = written(account, service)
    twice = [row for row, times in Counter(rows).items() if times > 1]
    assert twice == []
    assert {row[1] for row in rows} <= told.keys()
    missing = told.keys() - {row[1] for row in rows}
    ancestors = family(parents_of(account, service))
    unexplained = [
        (id_, *told[id_])
        for id_ in missing
        if not in_a_hole(known, explaining(ancestors, told[id_][0]), told[id_][1])
    ]
    assert unexplained == [], known
    order = [row[2] for row in rows]
    for child in dict.fromkeys(order):
        for parent in ancestors.get(child, set()) - {child}:
            if parent in order:
                assert len(order) - order[::-1].index(parent) <= order.index(child), (parent, child)
