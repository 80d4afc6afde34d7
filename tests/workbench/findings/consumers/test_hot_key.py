"""A key is hot when it is over what a shard takes, or far over its share."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Record, Resource
from tests.connectors.kinesis.test_kpl import aggregate
from tests.workbench.findings.consumers.test_hot_shard import trace_with
from tests.workbench.findings.traces import STREAM, at, put, trace_of
from workbench.findings import Finding, find


def hot(records: list[Record], tmp_path: Path) -> list[Finding]:
    return list(find(trace_of(tmp_path / "t.trace", records), only=("hot_key",)))


def spread(count: int, keys: int = 100) -> list[Record]:
    return [put(n, f"key-{n % keys}", {"n": n}, n / 100, f"shard-{n % 4}") for n in range(count)]


def test_a_key_with_more_than_an_even_shard_s_part_is_hot(tmp_path: Path) -> None:
    records = [
        *spread(400),
        *(put(1_000 + n, "hot", {"x": n}, 2 + n / 200, "shard-1") for n in range(300)),
    ]

    (finding,) = hot(records, tmp_path)

    (instance,) = finding.instances
    assert instance["key"] == "hot"
    assert instance["records_per_second"] == 200
    assert not instance["over_limit"]
    assert len(instance["delivery_ids"]) == 200


def test_a_key_over_the_limit_of_a_shard_is_hot_whatever_its_share(tmp_path: Path) -> None:
    records = [put(n, "k", {"n": n}, 0.5 + n / 3_000) for n in range(1_001)]

    (finding,) = hot(records, tmp_path)

    assert finding.instances[0]["over_limit"]
    assert finding.instances[0]["records_per_second"] == 1_001


def test_bytes_over_the_limit_count_data_and_key(tmp_path: Path) -> None:
    records = [put(n, "k", b'"' + b"x" * 524_286 + b'"', 0.1 * n) for n in range(2)]

    (finding,) = hot(records, tmp_path)

    assert finding.instances[0]["bytes_per_second"] == 2 * (524_288 + 1)


def test_even_traffic_has_no_hot_key(tmp_path: Path) -> None:
    assert hot(spread(2_000), tmp_path) == []


def test_only_over_a_limit_it_is_a_fault(tmp_path: Path) -> None:
    skewed = [*spread(400), *(put(1_000 + n, "hot", {"x": n}, 2 + n / 200) for n in range(300))]
    over = [put(n, "k", {"n": n}, 0.5 + n / 3_000) for n in range(1_001)]

    assert [each.severity for each in hot(skewed, tmp_path / "a")] == ["informational"]
    assert [each.severity for each in hot(over, tmp_path / "b")] == ["fault"]


def test_the_key_of_aggregates_is_nobody_s_key(tmp_path: Path) -> None:
    """The Kinesis Producer Library puts every aggregate under "a"."""
    packs = [
        put(5_000 + n, "a", aggregate(*((f"user-{n}-{m}", None, b"x") for m in range(10))), n / 10)
        for n in range(400)
    ]

    assert hot([*spread(400), *packs], tmp_path) == []


def test_keys_inside_aggregates_count_and_share_the_one_record(tmp_path: Path) -> None:
    packs = [
        put(
            5_000 + n,
            "a",
            aggregate(*(("hot" if m else f"user-{n}", None, b"x" * 10) for m in range(4))),
            2 + n / 200,
        )
        for n in range(200)
    ]

    [finding] = hot([*spread(400), *packs], tmp_path)

    [instance] = finding.instances
    assert (instance["key"], instance["records_per_second"]) == ("hot", 150)
    assert instance["share"] == 600 / 1_200
    assert len(instance["delivery_ids"]) == 200


def test_a_record_delivered_twice_is_one_record(tmp_path: Path) -> None:
    """600 records a second are under the limit, also when each of them was captured twice."""
    records = [put(n, "k", {"n": n}, 0.2 + n / 1_000) for n in range(600)]

    assert hot(records + records, tmp_path) == []


@pytest.mark.parametrize("key", ["", 'it\'s <b>"hot"</b>\\n', "a", "\x00", "ключ" * 60])
def test_any_key_that_can_be_sent_can_be_hot(tmp_path: Path, key: str) -> None:
    records = [put(n, key, {"n": n}, 0.5 + n / 3_000) for n in range(1_001)]

    [finding] = hot(records, tmp_path)

    assert finding.instances[0]["key"] == key
    assert finding.instances[0]["bytes_per_second"] == sum(
        len(record.body) + len(key.encode()) for record in records
    )


def test_records_without_an_arrival_are_of_no_second(tmp_path: Path) -> None:
    records = [replace(put(n, "k", {"n": n}, 0), source_at=None) for n in range(1_200)]

    assert hot(records, tmp_path) == []


def test_a_closed_parent_is_no_shard_to_share_with(tmp_path: Path) -> None:
    """One open shard: a key may well have most of its records, however many shards there were."""
    parents = [
        {"ShardId": "shard-0"},
        {"ShardId": "shard-1"},
        {"ShardId": "shard-2", "ParentShardId": "shard-0", "AdjacentParentShardId": "shard-1"},
    ]
    merged = Resource(STREAM, "list-shards", at(0), json.dumps({"Shards": parents}))
    records = [
        put(n, f"k-{n % 59}" if n % 4 == 0 else "hot", {}, n / 100, "shard-2") for n in range(800)
    ]

    assert list(find(trace_with(tmp_path / "t", records, [merged]), only=("hot_key",))) != []
    of_one = trace_with(tmp_path / "one", records, [merged], read=["shard-2"])
    assert list(find(of_one, only=("hot_key",))) == []


@settings(max_examples=8, deadline=None)
@given(again=st.lists(st.integers(0, 699), max_size=40), turn=st.randoms(use_true_random=False))
def test_order_and_repeated_deliveries_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, again: list[int], turn: Any
) -> None:
    records = [
        *spread(400),
        *(put(1_000 + n, "hot", {"x": n}, 2 + n / 200, "shard-1") for n in range(300)),
    ]
    mixed = [*records, *(records[n] for n in again)]
    turn.shuffle(mixed)

    [plain] = hot(records, tmp_path_factory.mktemp("plain"))
    [finding] = hot(mixed, tmp_path_factory.mktemp("mixed"))

    told = [{**each, "delivery_ids": len(each["delivery_ids"])} for each in finding.instances]
    assert told == [{**each, "delivery_ids": len(each["delivery_ids"])} for each in plain.instances]
