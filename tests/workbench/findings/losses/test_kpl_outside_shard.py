"""An aggregate is named where a user record in it belongs to another shard, which is known or said not to be."""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Record, Resource
from tests.connectors.kinesis.test_kpl import aggregate
from tests.factories import SHARD, STREAM, T0, kinesis_record, write_trace
from workbench.findings import Findings, find
from workbench.trace import Trace

HALF = 2**127


def ranges(stream: str = STREAM, **bounds: tuple[int, int]) -> Resource:
    """The answer of list-shards, with the range of each shard."""
    shards = [
        {
            "ShardId": shard,
            "HashKeyRange": {"StartingHashKey": str(low), "EndingHashKey": str(high)},
        }
        for shard, (low, high) in bounds.items()
    ]
    return Resource(stream, "list-shards", T0, json.dumps({"Shards": shards}))


LOWER = ranges(**{SHARD: (0, HALF - 1)})


def looked_for(trace: Trace) -> Findings:
    return find(trace, only=["kpl_outside_shard"])


def test_an_aggregate_with_a_user_record_of_another_shard_is_named(tmp_path: Path) -> None:
    packed = aggregate(("a", "0", b"in"), ("b", str(HALF), b"out"), ("c", "7", b"in"))
    records = [kinesis_record(1, packed), kinesis_record(2, b"plain")]

    with write_trace(tmp_path / "t.trace", records, [LOWER]) as trace:
        (finding,) = looked_for(trace)
        shown = trace.sql(finding.sql)

    assert (finding.source_arn, finding.count, finding.severity) == (STREAM, 1, "fault")
    assert finding.instances == (
        {
            "key": records[0].record_id,
            "delivery_ids": [1],
            "sub_sequences": [1],
            "user_records": 3,
        },
    )
    assert shown["partition_keys"].to_list() == [["b"]]


def test_without_an_explicit_hash_key_the_partition_key_decides(tmp_path: Path) -> None:
    """MD5 of `b` is 92eb…, of `d` 8277…, of `a` 0cc1…: the first two are of the upper half."""
    packed = aggregate(*((key, None, b"x") for key in "abd"))

    with write_trace(tmp_path / "t.trace", [kinesis_record(1, packed)], [LOWER]) as trace:
        (finding,) = looked_for(trace)

    assert finding.instances[0]["sub_sequences"] == [1, 2]


def test_an_aggregate_inside_its_shard_is_clean_and_needs_no_remark(tmp_path: Path) -> None:
    packed = aggregate(("a", "0", b"in"), ("a", str(HALF - 1), b"in"))

    with write_trace(tmp_path / "t.trace", [kinesis_record(1, packed)], [LOWER]) as trace:
        findings = looked_for(trace)

    assert (len(findings), findings.remarks) == (0, ())


def test_an_aggregate_captured_twice_is_one(tmp_path: Path) -> None:
    packed = kinesis_record(1, aggregate(("b", str(HALF), b"out")))

    with write_trace(tmp_path / "t.trace", [packed, packed], [LOWER]) as trace:
        (finding,) = looked_for(trace)

    assert (finding.count, finding.deliveries) == (1, 2)
    assert finding.instances[0]["sub_sequences"] == [0]


def test_after_a_split_each_aggregate_is_held_against_the_shard_it_stands_in(
    tmp_path: Path,
) -> None:
    split = ranges(parent=(0, HALF - 1), low=(0, HALF // 2 - 1), high=(HALF // 2, HALF - 1))
    packed = aggregate(("a", "0", b"x"), ("b", str(HALF - 1), b"x"))
    records = [kinesis_record(n, packed, shard=shard) for n, shard in enumerate(["parent", "low"])]

    with write_trace(tmp_path / "t.trace", records, [split]) as trace:
        (finding,) = looked_for(trace)

    assert [each["key"] for each in finding.instances] == [records[1].record_id]


def test_where_no_range_is_known_it_is_said_and_nothing_claimed(tmp_path: Path) -> None:
    packed = kinesis_record(1, aggregate(("b", str(HALF), b"out")))

    with write_trace(tmp_path / "t.trace", [packed]) as trace:
        findings = looked_for(trace)

    assert len(findings) == 0
    assert "list-shards" in findings.remarks[0]
    assert "1 shard" in findings.remarks[0]


def test_where_one_shard_s_range_is_not_known_the_others_are_looked_at(tmp_path: Path) -> None:
    packed = aggregate(("b", str(HALF), b"out"))
    records = [kinesis_record(1, packed), kinesis_record(2, packed, shard="unknown")]

    with write_trace(tmp_path / "t.trace", records, [LOWER]) as trace:
        findings = looked_for(trace)

    assert [each.count for each in findings] == [1]
    assert "1 shard" in findings.remarks[0]


def test_a_stream_without_aggregates_needs_no_range(tmp_path: Path) -> None:
    with write_trace(tmp_path / "t.trace", [kinesis_record(1)]) as trace:
        findings = looked_for(trace)

    assert (len(findings), findings.remarks) == (0, ())


def of_keys(keys: Sequence[int]) -> bytes:
    return aggregate(*(("k", str(key), b"") for key in keys))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 2**128 - 1), min_size=1, max_size=4), min_size=1, max_size=4)
)
def test_exactly_the_user_records_beyond_the_range_are_named(keys: list[list[int]]) -> None:
    records: list[Record] = [kinesis_record(n, of_keys(each)) for n, each in enumerate(keys)]
    with TemporaryDirectory() as folder, write_trace(Path(folder, "t"), records, [LOWER]) as trace:
        found = {
            instance["key"]: instance["sub_sequences"]
            for finding in looked_for(trace)
            for instance in finding.instances
        }

    outside = {
        record.record_id: [place for place, key in enumerate(each) if key >= HALF]
        for record, each in zip(records, keys, strict=True)
    }
    assert found == {name: places for name, places in outside.items() if places}
