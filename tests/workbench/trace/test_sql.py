"""Statements kept as files, and statements that run alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workbench.trace.sql import Statement, literal, load_statement, with_literals

TEXT = """-- One row a shard.
-- $limit: records per second
-- $source_arn: only this source; null for all
-- -> shard VARCHAR: shard id
-- -> first_at TIMESTAMP WITH TIME ZONE: earliest
-- -> ids BIGINT[]: deliveries
-- Why it is so.
select shard -- the shard
from records where n > $limit
"""


def test_a_header_says_parameters_and_columns() -> None:
    statement = Statement("shards", TEXT)

    assert statement.parameters == ("limit", "source_arn")
    assert statement.columns == {
        "shard": "VARCHAR",
        "first_at": "TIMESTAMP WITH TIME ZONE",
        "ids": "BIGINT[]",
    }


def test_the_body_is_the_statement_without_its_header() -> None:
    assert (
        Statement("shards", TEXT).body == "select shard -- the shard\nfrom records where n > $limit"
    )


def test_a_statement_is_loaded_from_beside_its_module() -> None:
    statement = load_statement("workbench.trace.derived", "settled_coverage")

    assert statement.columns["state"] == "VARCHAR"
    assert load_statement("workbench.trace.derived", "settled_coverage") is statement


def test_a_missing_parameter_is_not_left_in_the_text() -> None:
    with pytest.raises(KeyError):
        with_literals("select $a, $b", {"a": 1})


VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
    | st.lists(st.integers(0, 1000), min_size=1)
)


@given(VALUES)
@example("it's")
@example("''); drop table x; --")
@example("$other")
@example("a\nb")
def test_a_value_is_the_same_written_out_and_bound(value: Any) -> None:
    with duckdb.connect() as connection:
        written = connection.execute(with_literals("select $value", {"value": value})).fetchall()
        bound = connection.execute("select $value", {"value": value}).fetchall()
    assert written == bound == [(value,)]


def test_an_instant_is_written_with_its_zone() -> None:
    assert (
        literal(datetime(2026, 11, 20, 10, tzinfo=UTC)) == "timestamptz '2026-11-20T10:00:00+00:00'"
    )


def test_what_has_no_literal_is_refused() -> None:
    with pytest.raises(TypeError, match="no DuckDB literal for PosixPath"):
        literal(Path())
