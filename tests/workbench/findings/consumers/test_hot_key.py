"""A key is hot when it is over what a shard takes, or far over its share."""

from pathlib import Path

from connectors.record import Record
from tests.workbench.findings.traces import put, trace_of
from workbench.findings import Finding, find


def hot(records: list[Record], tmp_path: Path) -> list[Finding]:
    return [
        each for each in find(trace_of(tmp_path / "t.trace", records)) if each.kind == "hot_key"
    ]


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
