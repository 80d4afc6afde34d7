"""Packed records are opened beside the raw ones, in a capture's trace and in its export."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.kinesis.kpl import MAGIC
from connectors.record import Record, Resource
from tests.connectors.kinesis.test_kpl import aggregate
from tests.factories import SHARD, STREAM, T0, clock, kinesis_record, page, sqs_message
from workbench.trace import Trace, TraceWriter, open_trace
from workbench.trace.export import export
from workbench.trace.functions import table
from workbench.trace.functions.user_records import opened_aggregates
from workbench.trace.payload import body_hash

HALF = 2**127


def trace_of(folder: Path, records: Sequence[Record], *resources: tuple[str, object]) -> Trace:
    writer = TraceWriter(folder / "t.trace", "capture", [], clock)
    writer.append_pages([(record.source_arn, page(record)) for record in records])
    writer.append_resources([Resource(STREAM, kind, T0, json.dumps(of)) for kind, of in resources])
    writer.close()
    return open_trace(folder / "t.trace")


def lower_half(shard: str = SHARD) -> dict[str, object]:
    whole = {"StartingHashKey": "0", "EndingHashKey": str(HALF - 1)}
    return {"Shards": [{"ShardId": shard, "HashKeyRange": whole}]}


PACKED = aggregate(("a", "0", b'{"n":1}'), ("b", str(HALF), b"\xff"), ("b", None, b""))


def test_user_records_stand_beside_the_raw_record(tmp_path: Path) -> None:
    records = [kinesis_record(1), kinesis_record(2, PACKED), kinesis_record(3, b"plain")]
    with trace_of(tmp_path, records, ("list-shards", lower_half())) as trace:
        rows = trace.sql("from user_records order by sub_sequence").rows()
        raw = trace.sql("select body from records order by delivery_id")["body"].to_list()
    b_hash = int(hashlib.md5(b"b").hexdigest(), 16)
    assert rows == [
        (2, 0, "a", "0", b'{"n":1}', body_hash(b'{"n":1}'), True),
        (2, 1, "b", str(HALF), b"\xff", body_hash(b"\xff"), False),
        (2, 2, "b", None, b"", body_hash(b""), b_hash < HALF),
    ]
    assert raw[1] == PACKED


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("list-shards", lower_half("shardId-000000000009")),
        ("describe-stream", {"StreamDescription": {"Shards": [{"ShardId": SHARD}]}}),
        ("list-shards", {"Shards": "x"}),
        ("list-shards", {}),
        ("list-shards", {"Shards": [{"ShardId": SHARD, "HashKeyRange": {"StartingHashKey": "x"}}]}),
    ],
)
def test_without_the_shard_s_range_nobody_says_what_is_inside(
    kind: str, document: object, tmp_path: Path
) -> None:
    with trace_of(tmp_path, [kinesis_record(1, PACKED)], (kind, document)) as trace:
        assert (
            trace.sql("select inside_shard from user_records")["inside_shard"].to_list()
            == [None] * 3
        )


def test_the_range_is_found_in_either_answer_and_told_once_for_many_snapshots(
    tmp_path: Path,
) -> None:
    described = {"StreamDescription": lower_half()}
    resources = [("describe-stream", described), ("list-shards", lower_half())]
    with trace_of(tmp_path, [kinesis_record(1, PACKED)], *resources) as trace:
        found = trace.sql("select inside_shard from user_records order by sub_sequence")
        assert found["inside_shard"].to_list()[:2] == [True, False]
        assert len(found) == 3


def test_both_ends_of_the_range_belong_to_the_shard(tmp_path: Path) -> None:
    ends = aggregate(*(("a", str(key), b"") for key in (0, HALF - 1, HALF)))
    with trace_of(tmp_path, [kinesis_record(1, ends)], ("list-shards", lower_half())) as trace:
        found = trace.sql("select inside_shard from user_records order by sub_sequence")
    assert found["inside_shard"].to_list() == [True, True, False]


def test_bodies_that_only_look_packed_have_no_user_records(tmp_path: Path) -> None:
    bodies = [
        MAGIC,
        MAGIC + bytes(40),
        MAGIC + b"\xff" * 100,
        PACKED[:-1],
        MAGIC[:3] + b"\xc3" * 30,
    ]
    others = [sqs_message(1, PACKED.decode("latin-1"))]
    records = [kinesis_record(n, body) for n, body in enumerate(bodies)]
    with trace_of(tmp_path, [*records, *others]) as trace:
        assert trace.sql("from user_records").is_empty()


def test_hostile_aggregates_do_not_end_a_query(tmp_path: Path) -> None:
    messages = [
        b"\x1a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x0a\x01k\x1a\x04\x08\x63\x1a\x00",
        b"\x0a\x01\xff\x1a\x05\x08\x00\x1a\x01x",
        b"\x0a\x01k\x12\x03abc\x1a\x06\x08\x00\x10\x00\x1a\x00",
        b"\x1a\x00" * 5_000,
    ]
    packed = [MAGIC + each + hashlib.md5(each).digest() for each in messages]
    records = [kinesis_record(n, body) for n, body in enumerate(packed)]
    with trace_of(tmp_path, records, ("list-shards", lower_half())) as trace:
        found = trace.sql(
            "select delivery_id, count(*) as n, bool_or(inside_shard) as inside from user_records group by 1 order by 1"
        ).rows()
    assert [row[1] for row in found] == [1, 1, 1, 5_000]
    assert found[0][2] is found[2][2] is found[3][2] is None
    assert isinstance(found[1][2], bool)


def test_an_export_opens_them_too(tmp_path: Path) -> None:
    resources = ("list-shards", lower_half())
    with trace_of(tmp_path, [kinesis_record(1, PACKED)], resources) as trace:
        before = trace.sql("from user_records order by sub_sequence").rows()
        file = export(trace, tmp_path / "t.duckdb")
    with open_trace(file) as sealed:
        assert sealed.sql("from user_records order by sub_sequence").rows() == before


def test_python_is_called_for_aggregates_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def counted(bodies: pa.ChunkedArray) -> pa.Array:
        asked.append(len(bodies))
        return opened_aggregates(bodies)

    functions = tuple(
        replace(each, call=counted) if each.name == "opened_aggregates" else each
        for each in table.FUNCTIONS
    )
    monkeypatch.setattr(table, "FUNCTIONS", functions)
    records = [kinesis_record(n) for n in range(50)]
    with trace_of(tmp_path, records) as trace:
        assert trace.sql("from user_records").is_empty()
    assert sum(asked) == 0
    with trace_of(tmp_path / "more", [*records, kinesis_record(99, PACKED)]) as trace:
        assert len(trace.sql("from user_records")) == 3
    assert sum(asked) == 1


def test_rows_are_handed_out_as_they_are_opened(tmp_path: Path) -> None:
    packed = aggregate(*((f"k{n}", None, b"x" * 20) for n in range(10)))
    records = [kinesis_record(n, packed) for n in range(300)]
    with trace_of(tmp_path, records) as trace:
        rows = trace.rows("from user_records", at_once=100)
        first = next(rows)
        assert (first["partition_key"], first["sub_sequence"]) == ("k0", 0)
        assert sum(1 for _ in rows) == 2_999
