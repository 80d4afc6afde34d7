"""The relations of a trace in DuckDB: views over live segments, and tables out of the catalog."""

import sqlite3
from contextlib import closing
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb
import pyarrow as pa

from workbench.trace.catalog import Catalog
from workbench.trace.derived import KeptFields, define_derived
from workbench.trace.engine import start, stop
from workbench.trace.functions import define_functions, forget_functions
from workbench.trace.instants import parse_instant
from workbench.trace.schema import CATALOG_RELATIONS, COMPACTED, INSTANT, RECORDS, SEGMENT_RELATIONS
from workbench.trace.sql import literal

BOOKS = ("trace", "captures", "segments", "checkpoints", "settings")
"""Tables of the catalog that are readable as they are."""


def define_relations(
    cursor: duckdb.DuckDBPyConnection, catalog: Catalog, derived: tuple[str, ...] = ()
) -> list[KeptFields]:
    """Point every relation at what the catalog says is live, all at once; what an older trace lacks is empty.

    Args:
        cursor: the database.
        catalog: of the trace.
        derived: relations to define as well; once defined they follow those they ask by themselves, unless kept.

    Returns:
        What the compacted parts of `records` hold, for the relations that are told something.
    """
    cursor.begin()
    for name, schema in SEGMENT_RELATIONS.items():
        _define_view(cursor, name, schema, [path for path, _ in catalog.live_segments(name)])
    kept = _define_compacted(cursor, catalog.live_segments("records"))
    for name, schema in CATALOG_RELATIONS.items():
        _define_table(cursor, name, _from_catalog(catalog, name, schema))
    for name in BOOKS:
        _define_table(cursor, name, _book(catalog, name))
    define_derived(cursor, derived)
    cursor.commit()
    return kept


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory database that can fetch nothing from anywhere, with the functions of `functions` defined."""
    connection = start(
        {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    connection.execute("set TimeZone = 'UTC'")
    define_functions(connection)
    return connection


def disconnect(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the database go."""
    forget_functions(connection)
    stop(connection)


def _define_view(
    cursor: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, segments: list[str]
) -> None:
    cursor.execute(f"drop view if exists {name}")
    if segments:
        columns = ", ".join(schema.names)
        source = f"read_parquet({literal(segments)})"
        cursor.execute(f"create view {name} as select {columns} from {source}")  # noqa: S608 - our own names
        return
    define_empty(cursor, name, schema)


def _define_compacted(
    cursor: duckdb.DuckDBPyConnection, live: list[tuple[str, dict[str, Any] | None]]
) -> list[KeptFields]:
    """Define `records` by parts: `uncompacted`, `compacted_1` … and those that `may_be_aggregated`.

    Returns:
        Of each `compacted_…` the paths whose values it holds.
    """
    uncompacted = [path for path, facts in live if facts is None]
    _define_view(cursor, "uncompacted", RECORDS, uncompacted)
    packed = [path for path, facts in live if facts and facts["aggregates"]]
    _define_view(cursor, "may_be_aggregated", RECORDS, uncompacted + packed)
    by_fields: dict[KeptFields, list[str]] = {}
    for path, facts in live:
        if facts is not None:
            by_fields.setdefault(KeptFields.of(facts["fields"]), []).append(path)
    _define_view(cursor, "compacted", COMPACTED, [])
    for number, paths in enumerate(by_fields.values(), 1):
        _define_view(cursor, f"compacted_{number}", COMPACTED, paths)
    return list(by_fields)


def define_whole(cursor: duckdb.DuckDBPyConnection) -> None:
    """Define the parts of `records` where nothing of it was compacted."""
    for part in ("uncompacted", "may_be_aggregated"):
        cursor.execute(f"create view {part} as from records")
    define_empty(cursor, "compacted", COMPACTED)


def define_empty(cursor: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema) -> None:
    """A relation without rows: nothing of it was written yet, or an older workbench did not know it."""
    empty = cursor.from_arrow(schema.empty_table())
    columns = ", ".join(
        f"null::{kind} as {column}" for column, kind in zip(empty.columns, empty.types, strict=True)
    )
    cursor.execute(f"create view {name} as select {columns} where false")


def _define_table(cursor: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    cursor.execute(f"drop table if exists {name}")
    cursor.from_arrow(table).create(name)


def _from_catalog(catalog: Catalog, name: str, schema: pa.Schema) -> pa.Table:
    statement = f"select {', '.join(schema.names)} from {name}"  # noqa: S608 - our own schema
    rows = catalog.rows(statement) if catalog.has(name) else []
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [
        pa.array(
            [value and parse_instant(value) for value in column]
            if field.type == INSTANT
            else column,
            field.type,
        )
        for field, column in zip(schema, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _book(catalog: Catalog, name: str) -> pa.Table:
    """A catalog table with the columns of our format; what an older trace does not tell is null."""
    there = {row[1] for row in catalog.rows(f"pragma table_info({name})")}
    ours = _book_schema(name)
    told = pa.schema([field for field in ours if field.name in there])
    table = _from_catalog(catalog, name, told)
    columns = [
        table[field.name] if field.name in there else pa.nulls(table.num_rows, field.type)
        for field in ours
    ]
    return pa.Table.from_arrays(columns, schema=ours)


@cache
def _book_schema(name: str) -> pa.Schema:
    """The columns that `catalog.sql` gives a table: integers and text."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(files(__package__).joinpath("catalog.sql").read_text("utf-8"))
        described = connection.execute(f"pragma table_info({name})").fetchall()
    return pa.schema(
        [(row[1], pa.int64() if row[2].upper() == "INTEGER" else pa.string()) for row in described]
    )
