"""Relations that follow from facts alone: defined over them, never written, made anew whenever a trace is opened."""

import re

import duckdb

from workbench.trace.sql import load_statement

DERIVED = (
    "shards",
    "user_records",
    "log_lines",
    "request_lines",
    "invocations_observed",
    "event_source_mappings",
    "queues",
    "dead_letter_queues",
    "subscriptions",
    "settled_coverage",
    "handlings",
)
"""Each a statement of its own; a later one may ask an earlier one."""


def define_derived(cursor: duckdb.DuckDBPyConnection, names: tuple[str, ...] = DERIVED) -> None:
    """Define the derived relations over `records` and `resources`, which must be there."""
    for name in names:
        body = load_statement(__package__, name).body
        cursor.execute(f"drop table if exists {kept_name(name)}")
        cursor.execute(f"create or replace view {name} as {body}")
    cursor.execute(business_macro())


def business_macro() -> str:
    """The statement that defines `business(key, sequence, event_time)`, a relation that is told three JSONPaths."""
    statement = load_statement(__package__, "business")
    body = re.sub(r"\$(\w+)", r"\1_path", statement.body)
    paths = ", ".join(f"{name}_path" for name in statement.parameters)
    return f"create or replace macro business({paths}) as table {body}"


def asked_for(statement: str) -> tuple[str, ...]:
    """The derived relations that a statement asks, and those that these ask, the first to be worked out first.

    Example:
        >>> asked_for("select count(*) from invocations_observed")
        ('log_lines', 'request_lines', 'invocations_observed')
    """
    words = set(re.findall(r"\w+", statement))
    if "business" in words:
        words |= set(re.findall(r"\w+", load_statement(__package__, "business").body))
    for name in reversed(DERIVED):
        if name in words:
            words |= set(re.findall(r"\w+", load_statement(__package__, name).body))
    return tuple(name for name in DERIVED if name in words)


def keep(cursor: duckdb.DuckDBPyConnection, name: str) -> None:
    """Work a derived relation out now, once for all who ask it later."""
    cursor.begin()
    cursor.execute(f"create table {kept_name(name)} as from {name}")
    cursor.execute(f"create or replace view {name} as from {kept_name(name)}")
    cursor.commit()


def kept_name(name: str) -> str:
    """The table behind a relation that is kept."""
    return f"kept_{name}"
