"""The catalog: what is live, how far each source was read, what was covered."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from connectors.record import Span
from tests.conftest import REPOSITORY
from tests.factories import QUEUE, SHARD, STREAM, clock, instant, kinesis_record, page
from workbench.errors import TraceError
from workbench.trace import TraceWriter, open_trace
from workbench.trace.catalog import Catalog
from workbench.trace.schema import FORMAT_VERSION
from workbench.trace.seal import add_functions, make_seal
from workbench.trace.verify import verify

OLD_TRACE = REPOSITORY / "datasets" / "orders.trace"
"""Written in format 1."""

Covered = list[tuple[float, float, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "t.trace"


def cover(writer: TraceWriter, *spans: tuple[float, float] | tuple[float, float, str]) -> None:
    for start, end, *cause in spans:
        span = Span(instant(start), instant(end), cause[0] if cause else None)
        writer.append_pages([(STREAM, page(shard=SHARD, spans=[span]))])


def covered(folder: Path) -> Covered:
    with open_trace(folder) as trace:
        rows = trace.coverage().select("from_at", "to_at", "state").rows()
    return [
        ((start - instant(0)).total_seconds(), (end - instant(0)).total_seconds(), state)
        for start, end, state in rows
    ]


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(0, 5), (5, 9)], [(0, 9, "read")]),
        ([(0, 5), (3, 9)], [(0, 9, "read")]),
        ([(0, 9), (3, 5)], [(0, 9, "read")]),
        ([(3, 5), (0, 9)], [(0, 9, "read")]),
        ([(0, 5), (6, 9)], [(0, 5, "read"), (6, 9, "read")]),
        ([(0, 5), (6, 9), (5, 6)], [(0, 9, "read")]),
        ([(0, 2), (4, 6), (8, 9), (1, 8.5)], [(0, 9, "read")]),
        ([(0, 5), (5, 6, "trimmed"), (6, 9)], [(0, 5, "read"), (5, 6, "hole"), (6, 9, "read")]),
        ([(0, 5, "trimmed"), (5, 9, "interrupted")], [(0, 5, "hole"), (5, 9, "hole")]),
        ([(0, 5, "trimmed"), (4, 9, "trimmed")], [(0, 9, "hole")]),
        ([(4, 4)], [(4, 4, "read")]),
    ],
)
def test_spans_of_one_state_that_touch_are_one(
    folder: Path, spans: list[tuple[float, float]], expected: Covered
) -> None:
    writer = TraceWriter(folder, "capture", [], clock)
    cover(writer, *spans)

    assert covered(folder) == expected


@pytest.mark.parametrize("begin", [4, 5])
def test_spans_of_two_captures_that_touch_are_one(folder: Path, begin: float) -> None:
    cover(TraceWriter(folder, "capture", [], clock), (0, 5))
    cover(TraceWriter(folder, "capture", [], clock), (begin, 9))

    assert covered(folder) == [(0, 9, "read")]


def test_spans_of_different_partitions_stay_apart(folder: Path) -> None:
    writer = TraceWriter(folder, "capture", [], clock)
    span = Span(instant(0), instant(5))
    writer.append_pages([(STREAM, page(shard=shard, spans=[span])) for shard in ("a", "b")])
    writer.append_pages([(QUEUE, page(spans=[span]))])

    assert covered(folder) == [(0, 5, "read")] * 3


def test_reading_on_for_long_keeps_one_row_of_coverage(folder: Path) -> None:
    writer = TraceWriter(folder, "capture", [], clock)
    cover(writer, *((n, n + 1) for n in range(50)))

    assert writer.catalog.one("select count(*) from coverage") == 1


def test_a_trace_is_private_to_its_owner(folder: Path) -> None:
    TraceWriter(folder, "capture", [], clock).append_pages([(STREAM, page(kinesis_record(1)))])

    modes = {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {
        path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*")) if path.is_dir()
    } == {0o700}


def test_a_trace_is_not_made_among_other_files(folder: Path) -> None:
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")

    with pytest.raises(TraceError, match=r"found files in .*; name another"):
        TraceWriter(folder, "capture", [], clock)
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]


def test_a_trace_is_made_where_making_one_was_cut_short(folder: Path) -> None:
    folder.mkdir()
    (folder / "catalog.sqlite.tmp").write_bytes(b"half")

    TraceWriter(folder, "capture", [], clock).close()

    with open_trace(folder) as trace:
        assert trace.generation == 0


def test_nothing_at_the_path_is_no_trace(folder: Path) -> None:
    with pytest.raises(TraceError, match="found nothing"):
        Catalog.open(folder)


def test_a_folder_without_a_catalog_is_no_trace(folder: Path) -> None:
    folder.mkdir()
    with pytest.raises(TraceError, match="a folder without catalog"):
        Catalog.open(folder)


def test_a_file_is_no_trace(folder: Path) -> None:
    folder.write_text("x")
    with pytest.raises(TraceError, match="found a file"):
        Catalog.open(folder)


def test_a_damaged_catalog_is_refused_in_one_line(folder: Path) -> None:
    folder.mkdir()
    (folder / "catalog.sqlite").write_bytes(b"no database" * 100)

    with pytest.raises(TraceError, match=r"cannot read .*not a database") as raised:
        Catalog.open(folder)
    assert "\n" not in str(raised.value)


def test_a_newer_trace_is_refused_with_advice(folder: Path) -> None:
    TraceWriter(folder, "capture", [], clock).close()
    with sqlite3.connect(folder / "catalog.sqlite") as catalog:
        add_functions(catalog)
        catalog.execute("update trace set format_version = format_version + 1")
    catalog.close()

    with pytest.raises(TraceError, match=f"found {FORMAT_VERSION + 1} .*; update"):
        open_trace(folder)


def test_what_a_commit_says_is_flushed_to_disk(folder: Path) -> None:
    writer = TraceWriter(folder, "capture", [], clock)

    assert writer.catalog.one("pragma synchronous") == 2
    assert writer.catalog.one("pragma journal_mode") == "wal"


def test_business_fields_are_kept_and_replaced(folder: Path) -> None:
    writer = TraceWriter(folder, "capture", [], clock)
    writer.catalog.remember(key="$.id", sequence="$.v")
    writer.catalog.remember(key="$.order.id")

    assert writer.catalog.settings() == {"key": "$.order.id", "sequence": "$.v"}


def test_a_trace_of_an_older_format_is_read_as_it_is_and_upgraded_by_the_first_who_writes(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "old.trace"
    shutil.copytree(OLD_TRACE, folder)
    with open_trace(folder) as trace:
        before = trace.coverage()
        assert trace.info()["format_version"] == 1
        assert trace.sql("from peek_effects").is_empty()

    TraceWriter(folder, "import", [], clock).close()

    with open_trace(folder) as trace:
        assert trace.info()["format_version"] == FORMAT_VERSION
        assert trace.coverage().equals(before)
        assert trace.sql("from audit").is_empty()
    assert verify(folder).problems == ()


def test_an_upgraded_catalog_is_like_a_new_one(tmp_path: Path) -> None:
    shutil.copytree(OLD_TRACE, tmp_path / "old.trace")
    TraceWriter(tmp_path / "old.trace", "import", [], clock).close()
    TraceWriter(tmp_path / "new.trace", "import", [], clock).close()

    assert columns(tmp_path / "old.trace") == columns(tmp_path / "new.trace")


def downgrade(folder: Path) -> None:
    """Make the catalog as format 2 had it, its seal too."""
    with sqlite3.connect(folder / "catalog.sqlite", isolation_level=None) as connection:
        add_functions(connection)
        for (trigger,) in connection.execute(
            "select name from sqlite_master where type = 'trigger'"
        ).fetchall():
            connection.execute(f"drop trigger {trigger}")
        for column in ("removed_at", "facts"):
            connection.execute(f"alter table segments drop column {column}")
        connection.execute("update trace set format_version = 2")
        make_seal(connection)
    connection.close()


def test_a_trace_of_format_2_is_read_and_upgraded_with_its_seal(folder: Path) -> None:
    writer = TraceWriter(folder, "capture", [], clock)
    writer.append_pages([(STREAM, page(kinesis_record(1)))])
    writer.close()
    changes = Catalog.open(folder).changes()
    downgrade(folder)
    with open_trace(folder) as trace:
        assert trace.sql("select count(*) from records").item() == 1
    assert verify(folder).problems == ()

    TraceWriter(folder, "import", [], clock).close()

    catalog = Catalog.open(folder)
    assert catalog.seal_is_whole()
    assert catalog.changes() > changes, "what was made durable is still counted"
    catalog.close()
    assert verify(folder).problems == ()


def test_rows_that_are_not_what_was_written_are_not_sealed_anew(folder: Path) -> None:
    TraceWriter(folder, "capture", [], clock).close()
    downgrade(folder)
    with sqlite3.connect(folder / "catalog.sqlite") as connection:
        connection.execute("update seal set digest = 'other'")
    connection.close()

    with pytest.raises(TraceError, match="wanted the rows that were written"):
        Catalog.open(folder, write=True)


def columns(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every table's columns as SQLite describes them, and the indexes."""
    catalog = Catalog.open(folder)
    try:
        tables = [name for (name,) in catalog.rows("select name from sqlite_master")]
        return {name: catalog.rows(f"pragma table_info({name})") for name in tables}
    finally:
        catalog.close()


def test_a_reader_opens_what_a_killed_capture_left_without_its_shared_memory(folder: Path) -> None:
    writer = TraceWriter(folder, "capture", [], clock)
    writer.append_pages([(STREAM, page(kinesis_record(1), position="1"))])
    killed = shutil.copytree(folder, folder.with_name("killed.trace"))
    writer.close()
    assert (killed / "catalog.sqlite-wal").stat().st_size > 0
    (killed / "catalog.sqlite-shm").write_bytes(b"")

    with open_trace(killed) as trace:
        assert trace.sql("select count(*) from records").item() == 1
    assert verify(killed).problems == ()


def test_a_reader_changes_nothing(folder: Path) -> None:
    TraceWriter(folder, "capture", [], clock).close()
    catalog = Catalog.open(folder)

    with pytest.raises(TraceError, match="readonly"), catalog.transaction() as connection:
        connection.execute("delete from captures")
    catalog.close()


def test_who_was_killed_while_making_a_trace_begins_again(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    (tmp_path / "catalog.sqlite.tmp").write_bytes(b"half a catalog")
    (tmp_path / "catalog.sqlite.tmp-journal").write_bytes(b"a journal of something else")

    Catalog.create(tmp_path, clock()).close()

    assert {path.name for path in tmp_path.iterdir()} >= {"catalog.sqlite", "segments"}
    assert not list(tmp_path.glob("*.tmp*"))
