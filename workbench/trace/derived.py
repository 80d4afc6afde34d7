"""Relations that follow from facts alone: defined over them, never written, made anew whenever a trace is opened."""

import re

import duckdb

from workbench.trace.sql import load_statement

DERIVED = (
    "shards",
    "queues",
    "dead_letter_queues",
    "subscriptions",
    "event_source_mappings",
    "settled_coverage",
    "notifications",
    "fanout",
    "puts_again",
    "user_records",
    "log_lines",
    "request_lines",
    "invocations_observed",
    "initialisations",
    "scheduled_runs",
    "changes",
    "handlings",
    "unreached",
)
"""Each a statement of its own; a later one may ask an earlier one."""
TOLD = ("business", "puts", "hot_keys")
"""Relations that are told something first, as table macros; a later one may ask an earlier one."""


def define_derived(cursor: duckdb.DuckDBPyConnection, names: tuple[str, ...] = DERIVED) -> None:
    """Define the derived relations over `records` and `resources`, which must be there."""
    for name in names:
        body = load_statement(__package__, name).body
        cursor.execute(f"drop table if exists {kept_name(name)}")
        cursor.execute(f"create or replace view {name} as {body}")
    for name in TOLD:
        cursor.execute(told_macro(name))


def told_macro(name: str) -> str:
    """The statement that defines a relation that is told something, such as `business(key, sequence, event_time)`."""
    statement = load_statement(__package__, name)
    body = re.sub(r"\$(\w+)", r"\1_as_told", statement.body)
    parameters = ", ".join(f"{each}_as_told" for each in statement.parameters)
    return f"create or replace macro {name}({parameters}) as table {body}"


def asked_for(statement: str) -> tuple[str, ...]:
    """The derived relations that a statement asks, and those that these ask, the first to be worked out first.

    Example:
        >>> asked_for("select count(*) from invocations_observed")
        ('log_lines', 'request_lines', 'invocations_observed')
    """
    words = set(re.findall(r"\w+", statement))
    for name in (*reversed(TOLD), *reversed(DERIVED)):
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
