"""What follows from the records is there in a running trace, in an exported file, and in the file alone."""

from pathlib import Path

import duckdb
import pytest

from tests.factories import log_event, write_trace
from workbench.trace import open_trace
from workbench.trace.derived import ASKED_ALONE, DERIVED, define_derived
from workbench.trace.export import export

LINES = [
    "START RequestId: r1 Version: 7",
    '[INFO]\t2026-01-05T10:00:00.490Z\t00000000-0000-4000-8000-000000000001\thello "world"',
    "REPORT RequestId: r1\tDuration: 2.5 ms\tBilled Duration: 3 ms\t",
]


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    events = [log_event(n, line, seconds=n) for n, line in enumerate(LINES)]
    with write_trace(tmp_path / "t.trace", events) as trace:
        return export(trace, tmp_path / "t.duckdb")


SEALED = tuple(name for name in DERIVED if name not in ASKED_ALONE)


@pytest.mark.parametrize("name", SEALED)
def test_an_exported_file_says_the_same_to_the_workbench_and_to_any_shell(
    name: str, exported: Path
) -> None:
    with open_trace(exported.with_name("t.trace")) as trace:
        expected = trace.sql(f"select * from {name} order by all").rows()
    with open_trace(exported) as sealed:
        assert sealed.sql(f"select * from {name} order by all").rows() == expected
    with duckdb.connect(exported, read_only=True) as shell:
        shell.execute("set TimeZone = 'UTC'")
        assert shell.sql(f"select * from {name} order by all").fetchall() == expected
    assert expected or name not in ("log_lines", "invocations_observed"), "only logs are here"


@pytest.mark.parametrize("name", ASKED_ALONE)
def test_what_is_asked_alone_is_worked_out_from_an_export_and_not_kept_in_it(
    name: str, exported: Path
) -> None:
    with duckdb.connect(exported, read_only=True) as shell:
        assert (name,) not in shell.sql("select table_name from duckdb_tables()").fetchall()
    with open_trace(exported) as sealed:
        assert sealed.sql(f"from {name}").rows() == []


def test_an_export_of_an_older_workbench_has_them_too(exported: Path) -> None:
    with duckdb.connect(exported) as shell:
        for name in reversed(SEALED):
            shell.execute(f"drop table {name}")
    with open_trace(exported) as sealed:
        assert sealed.sql(
            "select status, duration_ms from invocations_observed order by all desc"
        ).rows() == [
            ("unknown", None),
            ("success", 2.5),
        ]


def test_they_follow_a_capture_that_goes_on(tmp_path: Path) -> None:
    with write_trace(tmp_path / "t.trace", [log_event(1, LINES[0])]) as trace:
        write_trace(tmp_path / "t.trace", [log_event(2, LINES[2])]).close()
        trace.refresh()
        assert trace.sql("select status from invocations_observed").rows() == [("success",)]


def test_they_are_defined_in_an_order_in_which_each_finds_what_it_asks() -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.CatalogException, match="resources"):
        define_derived(connection)
