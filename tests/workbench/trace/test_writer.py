"""What one commit promises: pages, position and coverage become true together, or not at all."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Span
from tests.factories import (
    QUEUE,
    SHARD,
    STREAM,
    TABLE_STREAM,
    clock,
    dynamodb_change,
    instant,
    kinesis_record,
    log_event,
    page,
    sns_notification,
    sqs_message,
    write_trace,
)
from workbench.errors import FencedError, TraceError
from workbench.trace import TraceWriter, open_trace
from workbench.trace.catalog import Catalog
from workbench.trace.verify import verify


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "t.trace"


def writer_of(folder: Path) -> TraceWriter:
    return TraceWriter(folder, "capture", ["kinesis:orders"], clock)


def numbers(folder: Path) -> list[int]:
    with open_trace(folder) as trace:
        rows = trace.sql(
            "select field(body, '$.order')::int as n from records order by delivery_id"
        )
    return rows["n"].to_list()


def position(folder: Path) -> str | None:
    catalog = Catalog.open(folder)
    found = catalog.checkpoints(STREAM).get(SHARD)
    catalog.close()
    return found and found.position


def parquet_files(folder: Path) -> list[Path]:
    return [file for file in (folder / "segments").rglob("*") if file.is_file()]


def test_records_position_and_coverage_come_in_one_commit(folder: Path) -> None:
    writer = writer_of(folder)
    spans = [Span(instant(0), instant(5))]
    writer.append_pages(
        [(STREAM, page(kinesis_record(1), kinesis_record(2), position="2", spans=spans))]
    )

    assert numbers(folder) == [1, 2]
    assert position(folder) == "2"
    with open_trace(folder) as trace:
        assert trace.coverage()["to_at"].to_list() == [instant(5)]
        assert trace.generation == 1


def test_pages_of_several_services_come_in_one_commit(folder: Path) -> None:
    writer = writer_of(folder)
    writer.append_pages(
        [
            (STREAM, page(kinesis_record(1))),
            (QUEUE, page(sqs_message(2))),
            (TABLE_STREAM, page(dynamodb_change(3, {"v": {"N": "1"}}))),
        ]
    )

    with open_trace(folder) as trace:
        assert trace.generation == 1
        assert trace.sql("select count(distinct service) from records").item() == 3
        assert trace.sql("select count(*) from checkpoints").item() == 3


def test_an_empty_page_moves_the_position_and_writes_no_file(folder: Path) -> None:
    writer = writer_of(folder)
    writer.append_pages([(STREAM, page(shard=SHARD, position="7"))])

    assert position(folder) == "7"
    assert parquet_files(folder) == []
    assert numbers(folder) == []


def test_a_crash_between_file_and_commit_leaves_a_file_that_nobody_sees(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = writer_of(folder)
    writer.append_pages([(STREAM, page(kinesis_record(1), position="1"))])

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Catalog, "commit", crash)
        with pytest.raises(KeyboardInterrupt):
            writer.append_pages([(STREAM, page(kinesis_record(2), position="2"))])

    assert len(parquet_files(folder)) == 2
    assert numbers(folder) == [1]
    assert position(folder) == "1"
    assert (verify(folder).orphans, verify(folder).problems) == (1, ())

    again = writer_of(folder)
    again.append_pages([(STREAM, page(kinesis_record(2), position="2"))])
    assert numbers(folder) == [1, 2]


def test_a_crash_inside_the_commit_leaves_nothing_of_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = writer_of(folder)
    writer.append_pages([(STREAM, page(kinesis_record(1), position="1"))])

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("workbench.trace.commit._move", crash)
        with pytest.raises(KeyboardInterrupt):
            writer.append_pages([(STREAM, page(kinesis_record(2), position="2"))])

    assert numbers(folder) == [1]
    with open_trace(folder) as trace:
        assert trace.generation == 1


def full(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_after_some(descriptor: int, content: memoryview) -> int:
    """A disk that takes 100 bytes at once, until 300 are in the file."""
    if os.lseek(descriptor, 0, os.SEEK_CUR) >= 300:
        full()
    return os.pwrite(descriptor, content[:100], os.lseek(descriptor, 0, os.SEEK_CUR)) and os.lseek(
        descriptor, 100, os.SEEK_CUR
    )


@pytest.mark.parametrize(
    ("function", "fault"), [("write", full), ("write", full_after_some), ("fsync", full)]
)
def test_a_full_disk_is_one_line_and_harms_nothing_committed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, function: str, fault: Callable[..., int]
) -> None:
    writer = writer_of(folder)
    writer.append_pages([(STREAM, page(kinesis_record(1), position="1"))])

    with monkeypatch.context() as broken:
        broken.setattr(f"workbench.trace.segments.os.{function}", fault)
        with pytest.raises(
            TraceError, match="No space left on device; what was committed before is safe"
        ) as raised:
            writer.append_pages([(STREAM, page(kinesis_record(2), position="2"))])

    assert "\n" not in str(raised.value)
    assert numbers(folder) == [1]
    assert position(folder) == "1"
    assert verify(folder).problems == ()
    assert not any(file.suffix == ".tmp" for file in parquet_files(folder))

    writer.append_pages([(STREAM, page(kinesis_record(2), position="2"))])
    assert numbers(folder) == [1, 2]
    assert position(folder) == "2"


def test_a_catalog_that_cannot_grow_is_a_full_disk(folder: Path) -> None:
    writer = writer_of(folder)
    writer.append_pages([(STREAM, page(kinesis_record(1), position="1"))])
    writer.catalog.rows("pragma max_page_count = 1")
    many = [Span(instant(2 * n), instant(2 * n + 1)) for n in range(2_000)]

    with pytest.raises(TraceError, match="full; what was committed before is safe"):
        writer.append_pages([(STREAM, page(kinesis_record(2), position="2", spans=many))])

    writer.catalog.rows("pragma max_page_count = 1000000")
    assert (numbers(folder), position(folder)) == ([1], "1")
    writer.append_pages([(STREAM, page(kinesis_record(2), position="2", spans=many))])
    assert (numbers(folder), position(folder)) == ([1, 2], "2")


def test_a_fenced_writer_writes_nothing(folder: Path) -> None:
    old = writer_of(folder)
    old.hold(STREAM)
    old.append_pages([(STREAM, page(kinesis_record(1), position="1"))])
    new = writer_of(folder)
    new.hold(STREAM)

    with pytest.raises(FencedError, match="another capture has taken over"):
        old.append_pages(
            [(QUEUE, page(sqs_message(8))), (STREAM, page(kinesis_record(9), position="9"))]
        )

    assert (numbers(folder), position(folder)) == ([1], "1")
    new.append_pages([(STREAM, page(kinesis_record(2), position="2"))])
    assert (numbers(folder), position(folder)) == ([1, 2], "2")


def test_a_writer_is_fenced_for_the_source_that_was_taken_over_only(folder: Path) -> None:
    old = writer_of(folder)
    old.hold(STREAM)
    old.hold(QUEUE)
    writer_of(folder).hold(STREAM)

    old.append_pages([(QUEUE, page(sqs_message(8)))])

    assert numbers(folder) == [8]


def test_a_later_writer_goes_on_where_an_earlier_one_stopped(folder: Path) -> None:
    first = writer_of(folder)
    first.append_pages([(STREAM, page(kinesis_record(1), position="after 1"))])
    first.close("interrupted")
    second = writer_of(folder)

    assert second.checkpoints(STREAM)[SHARD].position == "after 1"
    with open_trace(folder) as trace:
        states = trace.sql("select state from captures order by rowid")["state"].to_list()
    assert states == ["interrupted", "running"]


def test_an_empty_page_keeps_the_last_sequence_number(folder: Path) -> None:
    writer = writer_of(folder)
    writer.append_pages([(STREAM, page(kinesis_record(1), position="1"))])
    writer.append_pages([(STREAM, page(shard=SHARD, position="2"))])

    with open_trace(folder) as trace:
        last = trace.sql("select last_sequence_number from checkpoints").item()
    assert last == kinesis_record(1).sequence_number


def test_every_delivery_is_a_row_with_a_number_of_its_own(folder: Path) -> None:
    writers = [writer_of(folder) for _ in range(3)]
    for writer in (*writers, *writers):
        writer.append_pages([(QUEUE, page(sqs_message(1), sqs_message(1)))])

    with open_trace(folder) as trace:
        counts = trace.sql(
            "select count(*), count(distinct delivery_id), count(distinct record_id) from records"
        )
    assert counts.row(0) == (12, 12, 1)


def test_sequence_numbers_of_56_digits_keep_their_order(folder: Path) -> None:
    sequences = ["9" * 55, "1" + "0" * 55, "1" + "0" * 54 + "1", "49" + "0" * 54, "7"]
    records = [
        replace(kinesis_record(n), sequence_number=s, record_id=s) for n, s in enumerate(sequences)
    ]

    with write_trace(folder, records) as trace:
        ordered = trace.sql("select sequence_number from records order by sequence_number::BIGNUM")

    assert ordered["sequence_number"].to_list() == sorted(sequences, key=int)


def test_a_record_of_each_service_comes_back_as_it_was(folder: Path) -> None:
    records = [
        sqs_message(1, group="g", receive_count=3),
        kinesis_record(2),
        sns_notification(3),
        log_event(4, "größer"),
        dynamodb_change(5, {"v": {"N": "1"}}, {"v": {"N": "0"}}, seconds=5),
    ]
    left_out = ("received_at", "original_hash", "original_bytes")
    fields = [name for name in type(records[0]).__slots__ if name not in left_out]

    with write_trace(folder, records) as trace:
        rows = trace.sql("select * from records order by record_id").to_dicts()

    expected = sorted(records, key=lambda record: record.record_id)
    assert [[row[name] for name in fields] for row in rows] == [
        [getattr(record, name) for name in fields] for record in expected
    ]
    assert [row["received_at"] for row in rows] == [record.received_at for record in expected]


@settings(max_examples=20, deadline=None)
@given(bodies=st.lists(st.binary(max_size=300), min_size=1, max_size=30))
def test_bodies_are_kept_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes]
) -> None:
    records = [kinesis_record(number, body) for number, body in enumerate(bodies)]

    with write_trace(tmp_path_factory.mktemp("bytes") / "t.trace", records) as trace:
        stored = trace.sql("select body, body_bytes from records order by delivery_id")

    assert stored["body"].to_list() == bodies
    assert stored["body_bytes"].to_list() == [len(body) for body in bodies]


def test_an_import_claims_only_what_it_saw(folder: Path) -> None:
    writer = writer_of(folder)
    writer.append_records(
        [kinesis_record(1, seconds=3), kinesis_record(2, seconds=9), log_event(3, seconds=1)]
    )

    with open_trace(folder) as trace:
        spans = (
            trace.coverage().filter(source_arn=STREAM).select("from_at", "to_at", "state").rows()
        )
    assert spans == [(instant(3), instant(9), "assumed")]


def test_a_hole_is_noted_with_its_cause(folder: Path) -> None:
    writer_of(folder).append_hole(STREAM, SHARD, Span(instant(0), instant(9), "trimmed"))

    with open_trace(folder) as trace:
        assert trace.coverage().select("state", "cause").rows() == [("hole", "trimmed")]
