"""A user record that came in two aggregates, told from one that was read or meant twice."""

import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Record
from tests.connectors.kinesis.test_kpl import aggregate
from tests.workbench.findings.duplicates.requests import kinds, only
from tests.workbench.findings.traces import STREAM, put, trace_of
from workbench.findings import find


def packed(number: int, seconds: float, *pairs: tuple[str, str], shard: str = "shard-0") -> Record:
    """An aggregate of user records, each a key and its data."""
    body = aggregate(*((key, None, data.encode()) for key, data in pairs))
    return put(number, pairs[0][0], body, seconds, shard)


def test_a_user_record_in_two_aggregates_is_a_duplicate_at_both_its_places(tmp_path: Path) -> None:
    trace = trace_of(
        tmp_path / "t.trace",
        [
            packed(1, 0, ("a", "1"), ("b", "1"), ("c", "1")),
            packed(2, 8, ("d", "1"), ("c", "1")),
            packed(3, 9, ("c", "2")),
        ],
    )

    finding = only(find(trace), "kpl_duplicate")

    (instance,) = finding.instances
    assert (finding.source_arn, instance["key"]) == (STREAM, "c")
    assert (instance["sub_sequences"], instance["is_whole"]) == ([2, 1], False)
    assert (len(instance["delivery_ids"]), instance["spread_ms"]) == (2, 8_000)
    assert trace.sql(finding.sql)["delivery_id"].to_list() == instance["delivery_ids"]


def test_a_repeated_aggregate_is_a_duplicate_of_each_of_its_user_records_and_no_producer_retry(
    tmp_path: Path,
) -> None:
    pairs = (("a", "1"), ("b", "1"), ("a", "2"))
    trace = trace_of(tmp_path / "t.trace", [packed(1, 0, *pairs), packed(2, 3, *pairs)])

    found = find(trace)

    assert kinds(found) == {"kpl_duplicate"}
    instances = only(found, "kpl_duplicate").instances
    assert sorted((each["key"], *each["sub_sequences"]) for each in instances) == [
        ("a", 0, 0),
        ("a", 2, 2),
        ("b", 1, 1),
    ]
    assert all(each["is_whole"] for each in instances)


def test_an_aggregate_captured_twice_is_none(tmp_path: Path) -> None:
    once = packed(1, 0, ("a", "1"), ("b", "1"))

    assert len(find(trace_of(tmp_path / "t.trace", [once, once]))) == 0


def test_equal_user_records_within_one_aggregate_are_meant(tmp_path: Path) -> None:
    assert len(find(trace_of(tmp_path / "t.trace", [packed(1, 0, ("a", "1"), ("a", "1"))]))) == 0


def test_of_a_user_record_that_stands_in_an_aggregate_twice_each_aggregate_is_named_once(
    tmp_path: Path,
) -> None:
    records = [packed(1, 0, ("a", "1"), ("a", "1")), packed(2, 3, ("b", "1"), ("a", "1"))]

    finding = only(find(trace_of(tmp_path / "t.trace", records)), "kpl_duplicate")

    assert [each["sub_sequences"] for each in finding.instances] == [[0, 1]]


def test_equal_data_under_another_key_or_later_than_the_library_tries_is_none(
    tmp_path: Path,
) -> None:
    trace = trace_of(
        tmp_path / "t.trace",
        [packed(1, 0, ("a", "1")), packed(2, 1, ("b", "1")), packed(3, 31, ("a", "1"))],
    )

    assert len(find(trace)) == 0


def test_equal_user_records_that_come_by_themselves_are_none(tmp_path: Path) -> None:
    chance = random.Random(7)
    records = [
        packed(n, n * 2.0, *((f"s{place}", str(chance.randrange(20))) for place in range(3)))
        for n in range(500)
    ]

    assert len(find(trace_of(tmp_path / "t.trace", records), only=["kpl_duplicate"])) == 0


def test_a_plain_retry_beside_aggregates_is_still_a_producer_retry(tmp_path: Path) -> None:
    trace = trace_of(
        tmp_path / "t.trace",
        [
            packed(1, 0, ("a", "1"), ("b", "1")),
            packed(2, 2, ("a", "1"), ("b", "1")),
            put(3, "p", "x", 5),
            put(4, "p", "x", 6),
        ],
    )

    assert only(find(trace), "producer_retry").instances[0]["key"] == "p"


@settings(max_examples=10)
@given(order=st.permutations(range(8)))
def test_the_order_of_the_rows_makes_no_difference(tmp_path_factory, order: list[int]) -> None:  # type: ignore[no-untyped-def]
    records = [packed(n, 2.0 * n, (f"k{n % 3}", "x"), (f"l{n}", "y")) for n in range(8)]
    trace = trace_of(tmp_path_factory.mktemp("rows") / "t.trace", [records[n] for n in order])

    found = [each for finding in find(trace, only=["kpl_duplicate"]) for each in finding.instances]

    assert [(each["key"], len(each["sequence_numbers"]), each["spread_ms"]) for each in found] == [
        ("k0", 3, 12_000),
        ("k1", 3, 12_000),
        ("k2", 2, 6_000),
    ]
