"""An export is one file that holds everything and opens again."""

from pathlib import Path

import duckdb
import pytest

from connectors.record import Record
from tests.workbench.findings.traces import put, trace_of
from workbench.errors import TraceError
from workbench.findings import find
from workbench.trace import open_trace
from workbench.trace.export import export


def records() -> list[Record]:
    return [put(n, "k", {"id": "o1", "v": v}, n) for n, v in enumerate([1, 3, 2, 5])]


def test_an_exported_trace_gives_the_same_findings(tmp_path: Path) -> None:
    with trace_of(tmp_path / "t.trace", records()) as trace:
        before = find(trace, key="$.id", sequence="$.v").documents()
        file = export(trace, tmp_path / "t.duckdb")

    with open_trace(file) as sealed:
        assert find(sealed, key="$.id", sequence="$.v").documents() == before
        assert sealed.info()["records"] == 4


def test_any_duckdb_opens_the_file_and_has_the_payload_s_fields(tmp_path: Path) -> None:
    with trace_of(tmp_path / "t.trace", records()) as trace:
        file = export(trace, tmp_path / "t.duckdb")

    with duckdb.connect(str(file), read_only=True) as plain:
        assert plain.sql("select field(body, '$.v') from records order by delivery_id").pl()[
            "field(body, '$.v')"
        ].to_list() == [
            "1",
            "3",
            "2",
            "5",
        ]


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "t.duckdb").write_text("precious")

    with (
        trace_of(tmp_path / "t.trace", records()) as trace,
        pytest.raises(TraceError, match="already"),
    ):
        export(trace, tmp_path / "t.duckdb")

    assert (tmp_path / "t.duckdb").read_text() == "precious"


def test_a_folder_that_cannot_be_written_gets_one_line_and_nothing_stays(tmp_path: Path) -> None:
    with (
        trace_of(tmp_path / "t.trace", records()) as trace,
        pytest.raises(TraceError, match="cannot write"),
    ):
        export(trace, tmp_path / "nowhere" / "t.duckdb")


def test_a_file_that_is_no_export_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_text("no database")

    with pytest.raises(TraceError, match="wanted an export"):
        open_trace(tmp_path / "x.duckdb")
