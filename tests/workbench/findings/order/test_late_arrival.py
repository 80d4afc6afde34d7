"""Events that came long after later ones; never ordinary jitter, clocks that run ahead, or what came before."""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.record import Record
from tests.connectors.kinesis.test_kpl import aggregate
from tests.workbench.findings.traces import at, message, put, trace_of
from workbench.errors import UsageError
from workbench.findings import Finding, find


def late(records: Iterable[Record], tmp_path: Path, **thresholds: Any) -> list[Finding]:
    with trace_of(tmp_path / "t.trace", records) as trace:
        return list(find(trace, event_time="$.t", only=["late_arrival"], thresholds=thresholds))


def event(
    number: int, happened: float, delay: float = 0.2, shard: str = "s", **more: Any
) -> Record:
    body = {"n": number, "t": at(happened).isoformat(), **more}
    return put(number, "k", body, happened + delay, shard)


def steady(count: int = 40) -> list[Record]:
    """An event a second, each 200 ms on its way."""
    return [event(n, n) for n in range(count)]


def test_an_event_that_came_a_minute_after_later_ones_is_late(tmp_path: Path) -> None:
    held = event(100, 5, delay=30)
    (finding,) = late([*steady(), held], tmp_path)

    (instance,) = finding.instances
    assert instance["key"] == held.record_id
    assert instance["late_ms"] == 29_000, "behind the event of second 34, which came just before"
    assert instance["bound_ms"] == 1_000
    assert finding.deliveries == 1
    assert 0.95 <= finding.confidence < 1
    assert "1 event by $.t further behind the latest event seen than 1 s" in finding.summary


def test_the_bound_can_be_set(tmp_path: Path) -> None:
    records = [*steady(), event(100, 5, delay=30)]

    assert late(records, tmp_path / "wide", lateness_ms=30_000) == []
    (finding,) = late(records, tmp_path / "narrow", lateness_ms=20_000)
    assert (finding.instances[0]["bound_ms"], finding.confidence) == (20_000, 0.99)


def test_few_records_tell_no_bound(tmp_path: Path) -> None:
    few = [*steady(8), event(100, 1, delay=60)]

    assert late([*few, event(200, 62)], tmp_path / "told", least_arrivals=11) == []
    assert late([*steady(8), event(100, 1, delay=5)], tmp_path / "set", lateness_ms=2_000)


JITTER: dict[str, Callable[[random.Random], float]] = {
    "exponential": lambda chance: chance.expovariate(1 / 2),
    "normal": lambda chance: abs(chance.gauss(10, 2)),
    "uniform": lambda chance: chance.uniform(0, 4),
    "log-normal": lambda chance: chance.lognormvariate(0.7, 1),
    "none": lambda chance: 0.2,
}
SIZES = [10] * 40 + [30] * 20 + [300] * 6 + [3_000]


@pytest.mark.parametrize("jitter", JITTER)
def test_ordinary_jitter_is_never_late(jitter: str, tmp_path: Path) -> None:
    chance = random.Random(jitter)
    records = [
        replace(event(n, n / 10, JITTER[jitter](chance)), source_arn=f"queue-{queue}")
        for queue, size in enumerate(SIZES)
        for n in range(size)
    ]

    assert late(records, tmp_path) == []


@pytest.mark.parametrize("jitter", JITTER)
def test_planted_late_events_are_found_and_nothing_else(jitter: str, tmp_path: Path) -> None:
    chance = random.Random(jitter)
    planted = set(chance.sample(range(2_000), 19))
    records = [
        event(n, n / 10, JITTER[jitter](chance) + (300 if n in planted else 0))
        for n in range(6_000)
    ]
    (finding,) = late(records, tmp_path)

    found = {int(each["key"][-10:]) for each in finding.instances}
    assert found <= planted
    assert len(found) >= 0.95 * len(planted)


def test_a_source_delayed_alike_as_a_whole_has_nothing_late(tmp_path: Path) -> None:
    held_up = [event(n, n, delay=0.2 if n < 30 else 600) for n in range(60)]

    assert late(held_up, tmp_path) == []


def test_a_clock_that_runs_ahead_makes_no_other_event_late(tmp_path: Path) -> None:
    sparse = [event(n, 10 * n) for n in range(40)]
    ahead = event(100, 205, t=at(1e9).isoformat())
    slow_in_order = event(101, 305, delay=3)

    assert late([*sparse, ahead, slow_in_order], tmp_path) == []


def test_shards_have_watermarks_of_their_own(tmp_path: Path) -> None:
    behind = [event(300 + n, n, delay=60.2, shard="slow") for n in range(5)]
    slow_in_order = event(400, 220, delay=3)

    assert late([*steady(200), slow_in_order, *behind], tmp_path) == []


def test_a_producer_whose_clock_runs_behind_is_corrected_when_it_is_named(tmp_path: Path) -> None:
    records = [event(n, n, by="right") for n in range(60)] + [
        event(100 + n, n - 50, delay=50.3, by="slow") for n in range(10, 13)
    ]
    assert late(records, tmp_path / "told")

    assert late(records, tmp_path / "corrected", producer="$.by") == []


def test_the_same_content_sent_again_is_no_late_event(tmp_path: Path) -> None:
    again = replace(event(100, 5, delay=30), body=steady()[5].body)

    assert late([*steady(), again], tmp_path) == []


def test_a_record_that_came_late_counts_once_however_often_it_was_delivered(tmp_path: Path) -> None:
    held = message("late", {"id": "late", "t": at(5).isoformat()}, 35)
    others = [message(f"m{n}", {"t": at(n).isoformat()}, n + 0.2) for n in range(40)]
    (finding,) = late([*others, held, replace(held, receive_count=2)], tmp_path)

    assert (finding.count, finding.deliveries) == (1, 1)


def test_a_user_record_of_an_aggregate_can_be_late(tmp_path: Path) -> None:
    inside = [b'{"n":%d,"t":"%s"}' % (n, at(n).isoformat().encode()) for n in (5, 34)]
    packed = put(100, "k", aggregate(*(("k", None, body) for body in inside)), 34.9, "s")
    (finding,) = late([*steady(), packed], tmp_path)

    assert finding.count == 1


def test_the_order_in_which_records_were_written_changes_nothing(tmp_path: Path) -> None:
    records = [*steady(), event(100, 5, delay=30), event(101, 7, delay=30)]
    straight = late(records, tmp_path / "a")
    random.Random(1).shuffle(records)
    mixed = late(records, tmp_path / "b")

    told = [[(each["key"], each["late_ms"]) for each in f.instances] for f in straight + mixed]
    assert told[0] == told[1]


def test_hostile_event_times_are_none(tmp_path: Path) -> None:
    odd = [b'{"t":"never"}', b'{"t":1e400}', b'{"t":null}', b'{"t":{}}', b"\xff", b"[" * 100_000]
    odd += [b'{"t":"9999-12-31T23:59:59Z"}', b'{"t":9999999999999999999}', b'{"t":"0001-01-01"}']
    records = [put(200 + n, "k", body, n) for n, body in enumerate(odd)]
    bare = replace(event(300, 1), source_at=None)

    assert late([*steady(), *records[:-1], bare], tmp_path) == []


def test_without_event_time_it_is_not_looked_for(tmp_path: Path) -> None:
    with trace_of(tmp_path / "t.trace", steady()) as trace:
        assert "late_arrival not looked for: no --event-time" in find(trace).remarks
        with pytest.raises(UsageError, match="late_arrival needs --event-time"):
            find(trace, only=["late_arrival"])
