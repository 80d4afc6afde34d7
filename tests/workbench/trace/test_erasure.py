"""Taking rows out: exchanged at once, cleared afterwards, whoever else is at work."""

import json
import os
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.factories import T0, kinesis_record, sqs_message, write_trace
from workbench.errors import TraceError
from workbench.trace import open_trace
from workbench.trace.catalog import Catalog
from workbench.trace.erasure import commit_exchanges, exchanges, finish_erasures
from workbench.trace.verify import verify

LATER = T0 + timedelta(days=365)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    records = [sqs_message(n) for n in range(6)] + [kinesis_record(n) for n in range(1, 5)]
    write_trace(tmp_path / "t.trace", records).close()
    opened = Catalog.open(tmp_path / "t.trace", write=True)
    yield opened
    opened.close()


def without_messages(table: pa.Table) -> pa.Table | None:
    of_queues = pc.equal(table["service"], "aws:sqs")
    return table.filter(pc.invert(of_queues)) if pc.any(of_queues).as_py() else None


def files(catalog: Catalog) -> set[str]:
    return {path.name for path in (catalog.folder / "segments").rglob("*.parquet")}


def nothing_besides(connection: sqlite3.Connection) -> None:
    """No other change."""


def take_out(catalog: Catalog, **detail: Any) -> None:
    changed = exchanges(catalog, "records", without_messages)
    commit_exchanges(catalog, changed, "purge", detail, T0, nothing_besides)


def test_rows_go_at_once_and_their_files_after(catalog: Catalog) -> None:
    before = files(catalog)
    take_out(catalog, rows=6)
    assert files(catalog) == before, (
        "nothing is left of that segment, so nothing is written in its place"
    )
    with open_trace(catalog.folder) as trace:
        assert trace.sql("select count(*) from records").item() == 4

    assert finish_erasures(catalog, T0)

    assert len(files(catalog)) == 1
    assert verify(catalog.folder).problems == ()
    assert verify(catalog.folder).orphans == 0
    [(action, detail)] = catalog.rows("select action, detail from audit")
    assert (action, json.loads(detail)) == ("purge", {"rows": 6, "erased": True})
    assert not finish_erasures(catalog, T0), "done once"


def test_a_segment_that_was_exchanged_by_another_stops_the_second(catalog: Catalog) -> None:
    changed = exchanges(catalog, "records", without_messages)
    take_out(catalog)
    generation = catalog.generation()

    with pytest.raises(TraceError, match="another at work"):
        commit_exchanges(catalog, changed, "purge", {}, T0, nothing_besides)

    assert catalog.generation() == generation


def test_a_full_disk_while_writing_anew_changes_nothing(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(catalog)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(TraceError, match="nothing was purged"):
        exchanges(catalog, "records", lambda table: table.slice(1))
    monkeypatch.undo()

    assert files(catalog) == before
    assert verify(catalog.folder).problems == ()


def test_files_that_no_commit_named_go_too_unless_one_may_still_come(catalog: Catalog) -> None:
    home = next((catalog.folder / "segments").iterdir())
    old, young = home / "old.parquet", home / "young.parquet"
    for file, seconds in ((old, T0.timestamp() - 3_600), (young, T0.timestamp() - 1)):
        file.write_bytes(b"left by a crash")
        os.utime(file, (seconds, seconds))
    take_out(catalog)

    finish_erasures(catalog, T0)

    assert not old.exists()
    assert young.exists()


def test_a_reader_that_holds_the_log_is_said_and_the_rest_is_done_later(catalog: Catalog) -> None:
    take_out(catalog)
    catalog.rows("pragma busy_timeout = 10")
    holder = sqlite3.connect(catalog.folder / "catalog.sqlite", isolation_level=None)
    holder.execute("begin")
    holder.execute("select * from trace").fetchall()

    with pytest.raises(TraceError, match="start again"):
        finish_erasures(catalog, T0)
    holder.execute("rollback")
    holder.close()

    assert finish_erasures(catalog, T0)
    assert verify(catalog.folder).problems == ()


def test_an_older_trace_has_nothing_to_finish(catalog: Catalog) -> None:
    catalog.rows("drop table audit")

    assert not finish_erasures(catalog, T0)
