"""Relations that follow from facts alone: defined over them, never written, made anew whenever a trace is opened."""

import duckdb

from workbench.trace.sql import load_statement

DERIVED = ("user_records", "log_lines", "invocations_observed")
"""Each a statement of its own; a later one may ask an earlier one."""


def define_derived(cursor: duckdb.DuckDBPyConnection, names: tuple[str, ...] = DERIVED) -> None:
    """Define the derived relations over `records`, which must be there."""
    for name in names:
        body = load_statement(__package__, name).body
        cursor.execute(f"create or replace view {name} as {body}")
