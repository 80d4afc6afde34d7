"""Asking a trace from the command line."""

import sqlite3
from pathlib import Path

import pytest

from connectors.record import Span
from tests.workbench.cli.running import run
from tests.workbench.findings.traces import at, message, put, trace_of
from workbench.trace.seal import add_functions


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    folder = tmp_path / "t.trace"
    trace_of(
        folder, [put(n, "k", {"id": "o1", "v": v}, n) for n, v in enumerate([1, 2, 4])]
    ).close()
    return folder


def test_info_says_what_is_there(trace: Path, capfd: pytest.CaptureFixture[str]) -> None:
    document = run(capfd, "info", trace, "--json").document

    assert document["records"] == 3
    assert document["sources"][0]["coverage"] == "read"


def test_people_get_a_table(trace: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run(capfd, "info", trace)

    assert "kinesis:orders" in ran.out
    assert "3 records" in ran.err


def test_coverage_with_a_hole_ends_with_three(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    trace_of(
        tmp_path / "h.trace", [put(1, "k", 1, 0)], holes=[Span(at(1), at(2), "trimmed")]
    ).close()

    ran = run(capfd, "coverage", tmp_path / "h.trace", "--json")

    assert ran.code == 3
    assert {span["cause"] for span in ran.document} == {None, "trimmed"}


def test_people_see_coverage_drawn_and_each_hole_with_what_to_do(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    trace_of(
        tmp_path / "h.trace", [put(1, "k", 1, 0)], holes=[Span(at(1), at(61), "trimmed")]
    ).close()

    ran = run(capfd, "coverage", tmp_path / "h.trace")
    every = run(capfd, "coverage", tmp_path / "h.trace", "--all")

    assert ran.code == 3
    assert ran.out.startswith("▓ read  ▼ hole  · unknown\n\nkinesis:orders shard-0  ▼▼▓▓▓▓")
    assert "hole: trimmed" in ran.out
    assert "1 min" in ran.out
    assert "the service had dropped it" in ran.out.replace("\n", " ")
    assert ran.err == "1 partition, 1 hole\n"
    assert len(every.out.splitlines()) > len(ran.out.splitlines())


def test_an_output_that_has_only_ascii_gets_coverage_in_ascii(
    trace: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.cli.timeline.speaks_unicode", lambda encoding: False)

    ran = run(capfd, "coverage", trace)

    assert ran.code == 0
    assert ran.out.isascii()
    assert "kinesis:orders shard-0  ====" in ran.out


def test_a_trace_of_nothing_has_no_coverage_and_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    trace_of(tmp_path / "n.trace", []).close()

    ran = run(capfd, "coverage", tmp_path / "n.trace")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "no coverage: nothing is known to have been read\n"


def test_sql_gives_a_list_of_row_objects(trace: Path, capfd: pytest.CaptureFixture[str]) -> None:
    statement = "select record_id, body, source_at, 1.5::decimal(4, 2) as d from records order by delivery_id limit 1"

    (row,) = run(capfd, "sql", trace, statement, "--json").document

    assert row["body"] == '{"id": "o1", "v": 1}'
    assert row["source_at"] == "2026-11-20T10:00:00.000000Z"
    assert row["d"] == 1.5


def test_bytes_that_are_no_text_are_given_in_base64(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    trace_of(tmp_path / "b.trace", [put(1, "k", b"\xff\x00", 0)]).close()

    assert run(
        capfd, "sql", tmp_path / "b.trace", "select body from records", "--json"
    ).document == [{"body": "/wA="}]


def test_wrong_sql_is_wrong_use_in_one_line(trace: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run(capfd, "sql", trace, "selec 1")

    assert ran.code == 2
    assert "DuckDB" in ran.complaint


def test_a_payload_cannot_write_on_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    trace_of(
        tmp_path / "e.trace", [message("\x1b[2Jgone[red]", b"\x1b]0;owned\x07\xe2\x80\xae")]
    ).close()

    ran = run(capfd, "sql", tmp_path / "e.trace", "select record_id, body from records")

    assert "\x1b" not in ran.out
    assert "\x07" not in ran.out
    assert "[red]" in ran.out


def test_a_file_that_is_no_trace_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.trace").write_text("hello")

    for command in ("info", "coverage", "verify"):
        ran = run(capfd, command, tmp_path / "x.trace")
        assert ran.code == 1
        assert "wanted a trace" in ran.complaint


def test_a_newer_trace_is_refused_with_advice(
    trace: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(trace / "catalog.sqlite") as catalog:
        add_functions(
            catalog
        )  # a newer workbench keeps the sum over the catalog's rows as this one does
        catalog.execute("update trace set format_version = 99")
    catalog.close()

    ran = run(capfd, "info", trace)

    assert ran.code == 1
    assert "update replay-workbench" in ran.complaint


def test_verify_of_a_damaged_trace_fails_and_says_where(
    trace: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (file,) = (trace / "segments").rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-1])

    ran = run(capfd, "verify", trace, "--json")

    assert ran.code == 1
    assert not ran.document["ok"]


def test_an_export_opens_again(
    trace: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    exported = run(capfd, "export", trace, tmp_path / "t.duckdb", "--json").document

    assert exported["records"] == 3
    assert run(capfd, "info", tmp_path / "t.duckdb", "--json").document["records"] == 3
