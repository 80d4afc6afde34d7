"""Relations that follow from facts alone: defined over them, never written, made anew whenever a trace is opened."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import duckdb

from workbench.trace.sql import literal, load_statement

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
    "probable_handlings",
    "unreached",
)
"""Each a statement of its own; a later one may ask an earlier one."""
ASKED_ALONE = ("probable_handlings",)
"""Derived relations that no other asks and no export holds: costly, and wanted for few records."""
TOLD = ("business", "puts", "hot_keys")
"""Relations that are told something first, as table macros; a later one may ask an earlier one."""


@dataclass(frozen=True, slots=True)
class KeptFields:
    """JSONPaths whose values compacted segments hold; None: none."""

    key: str | None = None
    sequence: str | None = None
    event_time: str | None = None

    @classmethod
    def of(cls, settings: Mapping[str, str | None]) -> Self:
        """The trace's business fields."""
        return cls(*(settings.get(name) for name in cls.__slots__))


def define_derived(cursor: duckdb.DuckDBPyConnection, names: tuple[str, ...] = DERIVED) -> None:
    """Define derived relations over `records`, its parts, and `resources`, which must be there.

    Args:
        cursor: the database.
        names: those to define; what they ask must be defined, or be among them.
    """
    for name in names:
        body = load_statement(__package__, name).body
        cursor.execute(f"drop table if exists {kept_name(name)}")
        cursor.execute(f"create or replace view {name} as {body}")


def define_told(cursor: duckdb.DuckDBPyConnection, kept_fields: Sequence[KeptFields] = ()) -> None:
    """Define the relations that are told something, `TOLD`; what they ask must be defined.

    Args:
        cursor: the database.
        kept_fields: what the views `compacted_1` … hold.
    """
    cursor.execute(business_macro(kept_fields))
    for name in TOLD[1:]:
        cursor.execute(told_macro(name))


def told_macro(name: str) -> str:
    """The statement that defines a relation that is told something, such as `puts(...)`."""
    statement = load_statement(__package__, name)
    words = {each: f"{each}_as_told" for each in statement.parameters}
    return f"create or replace macro {name}({', '.join(words.values())}) as table {_with(statement.body, words)}"


def business_macro(kept_fields: Sequence[KeptFields] = ()) -> str:
    """The statement that defines `business(key, sequence, event_time)`, a relation that is told three JSONPaths.

    It is told them when it is bound, so that a field which the segments hold costs no look at a payload.
    """
    paths = {name: f"{name}_path" for name in KeptFields.__slots__}
    parts = [f"from (\n{_with(load_statement(__package__, 'business').body, paths)}\n)"]
    compacted = load_statement(__package__, "compacted_business").body
    for number, kept in enumerate(kept_fields, 1):
        held = {f"kept_{name}": literal(getattr(kept, name)) for name in paths}
        part = compacted.replace("from compacted ", f"from compacted_{number} ")
        parts.append(f"from (\n{_with(part, paths | held)}\n)")
    together = "\nunion all\n".join(parts)
    return f"create or replace macro business({', '.join(paths.values())}) as table {together}"


def _with(body: str, words: Mapping[str, str]) -> str:
    """The statement with words of SQL in place of its parameters."""
    return re.sub(r"\$(\w+)", lambda found: words[found.group(1)], body)


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


def is_told(statement: str) -> bool:
    """Whether a statement asks a relation that is told something.

    Example:
        >>> is_told("from business('$.id', null, null)"), is_told("from records")
        (True, False)
    """
    return not set(TOLD).isdisjoint(re.findall(r"\w+", statement))


_CATALOG = re.compile(
    r"(?i)\b(show|describe|summarize|pragma|information_schema|duckdb_\w+|pg_\w+|sqlite_\w+)\b"
)


def may_list(statement: str) -> bool:
    """Whether a statement may ask which relations there are.

    Example:
        >>> may_list("show tables"), may_list("from records")
        (True, False)
    """
    return _CATALOG.search(statement) is not None


def keep(cursor: duckdb.DuckDBPyConnection, name: str) -> None:
    """Work a derived relation out now, once for all who ask it later."""
    cursor.begin()
    cursor.execute(f"create table {kept_name(name)} as from {name}")
    cursor.execute(f"create or replace view {name} as from {kept_name(name)}")
    cursor.commit()


def kept_name(name: str) -> str:
    """The table behind a relation that is kept."""
    return f"kept_{name}"
