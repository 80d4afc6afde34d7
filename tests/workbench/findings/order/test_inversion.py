"""Neighbours of one key in the wrong order, where the source promises order."""

from pathlib import Path

from connectors.record import Record
from tests.workbench.findings.traces import message, put, trace_of
from workbench.findings import Finding, find


def inversions(records: list[Record], tmp_path: Path, key: str | None = "$.id") -> list[Finding]:
    found = find(trace_of(tmp_path / "t.trace", records), key=key, sequence="$.v")
    return [each for each in found if each.kind == "inversion"]


def versions(*numbers: int) -> list[Record]:
    return [
        put(place, "k", {"id": "o1", "v": number}, place) for place, number in enumerate(numbers)
    ]


def test_a_swapped_pair_is_one_inversion_with_both_records_as_witness(tmp_path: Path) -> None:
    (finding,) = inversions(versions(1, 3, 2, 4), tmp_path)

    (instance,) = finding.instances
    assert instance["sequences"] == [3, 2]
    assert instance["displacement"] == 1
    assert instance["by"] == ["sequence", "sequence_number"]
    assert finding.deliveries == 2


def test_the_service_s_order_is_that_of_numbers_and_not_of_text(tmp_path: Path) -> None:
    short_then_long = [put(9, "k", {"id": "o1", "v": 1}, 0), put(10, "k", {"id": "o1", "v": 2}, 1)]
    texts = [f"{n}" for n in (9, 10)]
    from dataclasses import replace

    records = [
        replace(r, sequence_number=t, record_id=t)
        for r, t in zip(short_then_long, texts, strict=True)
    ]

    assert inversions(records, tmp_path) == []


def test_a_repeated_number_is_no_inversion(tmp_path: Path) -> None:
    assert inversions(versions(1, 2, 3, 2), tmp_path) == []


def test_two_shards_have_no_order_between_them(tmp_path: Path) -> None:
    records = [put(1, "k", {"id": "o1", "v": 2}, 0, "a"), put(2, "k", {"id": "o1", "v": 1}, 1, "b")]

    assert inversions(records, tmp_path) == []


def test_a_standard_queue_promises_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    records = [message(f"m{n}", {"id": "o1", "v": 9 - n}, n) for n in range(5)]

    assert inversions(records, tmp_path) == []


def test_without_a_business_key_the_partition_key_is_taken(tmp_path: Path) -> None:
    (finding,) = inversions(versions(2, 1), tmp_path, key=None)

    assert finding.instances[0]["key"] == "k"
