"""Segments: whole files under names of their own, or none."""

import errno
import hashlib
import os
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.factories import kinesis_record, sqs_message
from workbench.trace.payload import body_hash
from workbench.trace.schema import RECORDS
from workbench.trace.segments import publish, records_table


def published(folder: Path, number: int = 1) -> Path:
    segment = publish(
        folder, "records", records_table([kinesis_record(number)], "capture"), "aws:kinesis"
    )
    return folder / segment.path


def test_rows_keep_the_order_given_and_are_not_numbered_yet() -> None:
    table = records_table([kinesis_record(3), sqs_message(1), kinesis_record(2)], "capture")

    assert table.schema == RECORDS
    assert table["delivery_id"].to_pylist() == [None, None, None]
    assert table["service"].to_pylist() == ["aws:kinesis", "aws:sqs", "aws:kinesis"]
    assert set(table["capture_id"].to_pylist()) == {"capture"}


def test_a_row_knows_its_payloads_hash_size_and_kind() -> None:
    (row,) = records_table([kinesis_record(1, b'{"a": 1}')], "capture").to_pylist()

    assert (row["body_hash"], row["body_bytes"], row["parse_status"]) == (
        body_hash(b'{"a": 1}'),
        8,
        "json",
    )


def test_no_records_are_an_empty_table() -> None:
    assert records_table([], "capture").equals(RECORDS.empty_table())


def test_a_published_file_is_what_its_entry_says(tmp_path: Path) -> None:
    table = records_table([kinesis_record(n) for n in range(5)], "capture")

    segment = publish(tmp_path, "records", table, "aws:kinesis")

    content = (tmp_path / segment.path).read_bytes()
    assert segment.path.startswith("segments/kinesis/")
    assert (segment.rows, segment.bytes) == (5, len(content))
    assert segment.sha256 == hashlib.sha256(content).hexdigest()
    assert pq.read_table(tmp_path / segment.path).equals(table)


def test_a_damaged_page_is_noticed_by_its_checksum(tmp_path: Path) -> None:
    bodies = Random(1).randbytes(100_000)
    table = records_table([kinesis_record(1, bodies)], "capture")
    file = tmp_path / publish(tmp_path, "records", table).path
    content = bytearray(file.read_bytes())
    content[content.index(bodies[50_000:50_010])] ^= 1
    file.write_bytes(content)

    with pytest.raises(OSError, match=r"(?i)crc|corrupt|checksum"):
        pq.ParquetFile(file, page_checksum_verification=True).read()


def test_no_two_files_have_one_name(tmp_path: Path) -> None:
    assert len({published(tmp_path) for _ in range(5)}) == 5


def test_file_and_folder_are_on_disk_before_anyone_is_told_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    real_fsync = os.fsync

    def fsync(descriptor: int) -> None:
        done.append(Path(f"/proc/self/fd/{descriptor}").readlink().suffix or "folder")
        real_fsync(descriptor)

    (tmp_path / "segments" / "kinesis").mkdir(parents=True)
    monkeypatch.setattr("workbench.trace.segments.os.fsync", fsync)
    published(tmp_path)

    assert done == [".parquet", "folder"]


def test_a_failed_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(errno.EIO, "broken disk")

    (tmp_path / "segments" / "kinesis").mkdir(parents=True)
    monkeypatch.setattr("workbench.trace.segments.os.fsync", fsync)
    with pytest.raises(OSError, match="broken disk"):
        published(tmp_path)

    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_results_stand_in_a_folder_of_their_relation(tmp_path: Path) -> None:
    segment = publish(tmp_path, "runs", pa.table({"run_id": ["r"]}))

    assert segment.path.startswith("segments/runs/")
    assert segment.relation == "runs"
