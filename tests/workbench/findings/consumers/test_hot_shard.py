"""A shard is hot when many keys meet in it: not by one key, not by a wide range, not because others were not read."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Checkpoint, Page, Record, Resource, Span
from tests.workbench.findings.traces import STREAM, T0, at, put
from workbench.findings import Finding, find
from workbench.trace import Trace, TraceWriter, open_trace

HASH_KEYS = 2**128
SHARDS = tuple(f"shard-{n}" for n in range(4))


def listed(
    parts: Sequence[int], parents: dict[int, list[str]] | None = None, seconds: float = 0
) -> Resource:
    """The answer of ListShards for shards whose ranges are so many quarters wide, one after the other."""
    shards: list[dict[str, Any]] = []
    start = 0
    for number, quarters in enumerate(parts):
        end = start + quarters * HASH_KEYS // 4
        shard: dict[str, Any] = {
            "ShardId": f"shard-{number}",
            "HashKeyRange": {"StartingHashKey": str(start), "EndingHashKey": str(end - 1)},
        }
        named = (parents or {}).get(number, [])
        for name, parent in zip(("ParentShardId", "AdjacentParentShardId"), named, strict=False):
            shard[name] = parent
        shards.append(shard)
        start = end % HASH_KEYS
    return Resource(STREAM, "list-shards", at(seconds), json.dumps({"Shards": shards}))


def trace_with(
    folder: Path,
    records: Iterable[Record],
    resources: Iterable[Resource] = (),
    read: Iterable[str] = SHARDS,
    holes: Iterable[str] = (),
    until: float = 60,
) -> Trace:
    """A trace in which these shards were read for a minute, those of `holes` not at all."""
    writer = TraceWriter(folder, "capture", ["test"], lambda: T0)
    pages = [(STREAM, Page((), Checkpoint(shard, "x"), (Span(T0, at(until)),))) for shard in read]
    pages += [
        (STREAM, Page((), Checkpoint(shard, "x"), (Span(T0, at(until), "unreadable"),)))
        for shard in holes
    ]
    by_shard: dict[str, list[Record]] = {}
    for record in records:
        by_shard.setdefault(record.partition_id, []).append(record)
    pages += [
        (STREAM, Page(tuple(rows), Checkpoint(shard, "y"))) for shard, rows in by_shard.items()
    ]
    for page in pages:
        writer.append_pages([page])
    writer.append_resources(list(resources))
    writer.close()
    return open_trace(folder)


def hot(trace: Trace, kind: str = "hot_shard", **thresholds: float) -> list[Finding]:
    return list(find(trace, only=(kind,), thresholds=thresholds))


def spread(
    shards: Sequence[str], count: int = 400, first: int = 0, keys: int = 100
) -> list[Record]:
    """Records over a minute, evenly over shards and keys; a key stays in its shard."""
    return [
        put(
            first + n,
            f"{shards[n % len(shards)]}-key-{n % keys}",
            {"n": n},
            60 * n / count,
            shards[n % len(shards)],
        )
        for n in range(count)
    ]


def crowded(shard: str = "shard-2", count: int = 700, first: int = 10_000) -> list[Record]:
    """Many keys of one shard."""
    return [
        put(first + n, f"crowd-{n % 90}", {"n": n}, 60 * n / count, shard) for n in range(count)
    ]


def test_a_shard_in_which_many_keys_meet_is_hot(tmp_path: Path) -> None:
    [finding] = hot(trace_with(tmp_path / "t", [*spread(SHARDS), *crowded()]))

    [instance] = finding.instances
    assert instance["key"] == "shard-2"
    assert (instance["share"], instance["fair_share"]) == (800 / 1_100, 0.25)
    assert len(instance["delivery_ids"]) == instance["records_per_second"]
    assert (finding.severity, instance["over_limit"]) == ("informational", False)


def test_over_the_limit_of_a_second_it_is_a_fault_also_alone(tmp_path: Path) -> None:
    records = [put(n, f"key-{n}", {"n": n}, 5 + n / 2_000, "shard-0") for n in range(1_200)]

    [finding] = hot(trace_with(tmp_path / "t", records, read=["shard-0"]))

    [instance] = finding.instances
    assert (instance["records_per_second"], len(instance["delivery_ids"])) == (1_200, 1_200)
    assert (finding.severity, instance["over_limit"]) == ("fault", True)
    assert "over the limit of a second (1,000 records, 1,048,576 bytes)" in finding.summary


def test_bytes_over_the_limit_count_too(tmp_path: Path) -> None:
    records = [put(n, f"key-{n}", b"x" * 300_000, 5 + n / 10, "shard-0") for n in range(4)]

    [finding] = hot(trace_with(tmp_path / "t", records))

    assert finding.instances[0]["bytes_per_second"] == 4 * (300_000 + 5)


def test_a_shard_with_one_hot_key_is_that_key_s_doing(tmp_path: Path) -> None:
    records = [
        *spread(SHARDS),
        *(put(5_000 + n, "hot", {"n": n}, n / 20, "shard-2") for n in range(900)),
    ]
    trace = trace_with(tmp_path / "t", records)

    assert hot(trace) == []
    assert [each.instances[0]["key"] for each in hot(trace, "hot_key")] == ["hot"]


def test_a_shard_that_only_its_hot_key_brings_over_the_limit_is_not_hot(tmp_path: Path) -> None:
    records = [
        *spread(SHARDS),
        *(put(5_000 + n, "hot", {"n": n}, 5 + n / 1_000, "shard-2") for n in range(900)),
        *(put(7_000 + n, f"key-{n}", {"n": n}, 5 + n / 1_000, "shard-2") for n in range(150)),
    ]
    trace = trace_with(tmp_path / "t", records)

    assert [each["over_limit"] for found in hot(trace) for each in found.instances] == []
    assert [each.severity for each in hot(trace, "hot_key")] == ["informational"]


def test_a_wide_range_has_a_large_fair_share(tmp_path: Path) -> None:
    wide = listed([3, 1])
    records = [*spread(["shard-0"], 300), *spread(["shard-1"], 100, 5_000)]

    assert hot(trace_with(tmp_path / "wide", records, [wide], read=SHARDS[:2])) == []

    narrow = listed([1, 3])
    records = [*spread(["shard-0"], 300), *spread(["shard-1"], 100, 5_000)]
    [finding] = hot(trace_with(tmp_path / "narrow", records, [narrow], read=SHARDS[:2]))
    assert finding.instances[0]["fair_share"] == pytest.approx(0.25)


def test_a_shard_is_not_hot_because_the_others_could_not_be_read(tmp_path: Path) -> None:
    trace = trace_with(
        tmp_path / "t", spread(["shard-0"]), [listed([1, 1, 1, 1])], SHARDS[:1], SHARDS[1:]
    )

    assert hot(trace) == []


def test_children_are_compared_for_the_time_that_they_were_open(tmp_path: Path) -> None:
    """shard-0 of four is split after 30 s: its half gets what an eighth should, then it is closed."""
    family = Resource(
        STREAM,
        "list-shards",
        at(60),
        json.dumps(
            {
                "Shards": [
                    {
                        "ShardId": name,
                        **of_parent,
                        "HashKeyRange": {
                            "StartingHashKey": str(start * HASH_KEYS // 8),
                            "EndingHashKey": str(end * HASH_KEYS // 8 - 1),
                        },
                    }
                    for name, start, end, of_parent in (
                        ("shard-0", 0, 2, {}),
                        ("shard-1", 2, 4, {}),
                        ("shard-2", 4, 6, {}),
                        ("shard-3", 6, 8, {}),
                        ("shard-4", 0, 1, {"ParentShardId": "shard-0"}),
                        ("shard-5", 1, 2, {"ParentShardId": "shard-0"}),
                    )
                ]
            }
        ),
    )
    before = [put(n, f"key-{n}", {"n": n}, n / 10, SHARDS[n % 4]) for n in range(300)]
    after = [
        put(
            1_000 + n,
            f"key-{n}",
            {"n": n},
            30 + n / 10,
            (*SHARDS[1:], ("shard-4", "shard-5")[n // 4 % 2])[n % 4],
        )
        for n in range(300)
    ]
    read = [*SHARDS, "shard-4", "shard-5"]

    assert hot(trace_with(tmp_path / "even", [*before, *after], [family], read)) == []

    crowd = [put(5_000 + n, f"crowd-{n}", {"n": n}, 31 + n / 10, "shard-4") for n in range(140)]
    [finding] = hot(trace_with(tmp_path / "crowd", [*before, *after, *crowd], [family], read))
    [instance] = finding.instances
    assert instance["key"] == "shard-4"
    assert instance["fair_share"] == pytest.approx(1 / 8, abs=0.01)


def test_few_keys_cannot_spread_and_say_nothing(tmp_path: Path) -> None:
    records = [put(n, f"key-{n % 3}", {"n": n}, n / 10, "shard-1") for n in range(500)]

    assert hot(trace_with(tmp_path / "t", records)) == []


def test_even_traffic_has_no_hot_shard(tmp_path: Path) -> None:
    assert hot(trace_with(tmp_path / "t", spread(SHARDS, 2_000))) == []


def test_a_stream_that_the_service_spreads_itself_has_shards_and_no_keys(tmp_path: Path) -> None:
    records = [replace(each, ordering_key=None) for each in (*spread(SHARDS), *crowded())]

    [finding] = hot(trace_with(tmp_path / "t", records))

    assert finding.instances[0]["key"] == "shard-2"


@settings(max_examples=8, deadline=None)
@given(again=st.lists(st.integers(0, 1_099), max_size=40), turn=st.randoms(use_true_random=False))
def test_order_and_repeated_deliveries_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, again: list[int], turn: Any
) -> None:
    records = [*spread(SHARDS), *crowded()]
    mixed = [*records, *(records[n] for n in again)]
    turn.shuffle(mixed)

    [plain] = hot(trace_with(tmp_path_factory.mktemp("plain") / "t", records))
    [finding] = hot(trace_with(tmp_path_factory.mktemp("mixed") / "t", mixed))

    told = [{**each, "delivery_ids": len(each["delivery_ids"])} for each in finding.instances]
    assert told == [{**each, "delivery_ids": len(each["delivery_ids"])} for each in plain.instances]
    assert finding.summary == plain.summary
