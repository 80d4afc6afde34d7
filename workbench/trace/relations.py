"""The relations of a trace in DuckDB: views over live segments, and tables out of the catalog."""

from contextlib import suppress

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from workbench.trace.catalog import Catalog
from workbench.trace.derived import define_derived
from workbench.trace.disorder import DISORDER, disorders
from workbench.trace.fields import MACROS, python_field
from workbench.trace.images import canonical_images, make_one_chain
from workbench.trace.instants import parse_instant
from workbench.trace.schema import CATALOG_RELATIONS, INSTANT, SEGMENT_RELATIONS
from workbench.trace.sql import literal
from workbench.trace.user_records import OPENED, opened_aggregates

BOOKS = ("trace", "captures", "segments", "checkpoints", "settings")
"""Tables of the catalog that are readable as they are."""
PYTHON_FUNCTIONS = (
    "python_field",
    "opened_aggregates",
    "canonical_image",
    "makes_one_chain",
    "disorder",
)


def define_relations(cursor: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    """Point every relation at what the catalog says is live, all at once; what an older trace lacks is empty."""
    cursor.begin()
    for name, schema in SEGMENT_RELATIONS.items():
        _define_view(cursor, name, schema, catalog.live_segments(name))
    for name, schema in CATALOG_RELATIONS.items():
        _define_table(cursor, name, _from_catalog(catalog, name, schema))
    for name in BOOKS:
        _define_table(cursor, name, _book(catalog, name))
    define_derived(cursor)
    cursor.commit()


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory database that can fetch nothing from anywhere, with the payload functions defined."""
    connection = duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    connection.execute("set TimeZone = 'UTC'")
    connection.create_function(
        "python_field",
        python_field,
        ["BLOB", "VARCHAR"],
        "VARCHAR",
        type=PythonUDFType.ARROW,
        null_handling=FunctionNullHandling.SPECIAL,
    )
    connection.create_function(
        "opened_aggregates", opened_aggregates, ["BLOB"], OPENED, type=PythonUDFType.ARROW
    )
    connection.create_function(
        "canonical_image", canonical_images, ["VARCHAR"], "VARCHAR", type=PythonUDFType.ARROW
    )
    connection.create_function(
        "makes_one_chain",
        make_one_chain,
        ["VARCHAR[]", "VARCHAR[]"],
        "BOOLEAN",
        type=PythonUDFType.ARROW,
    )
    connection.create_function(
        "disorder", disorders, ["BIGINT[]", "BIGINT"], DISORDER, type=PythonUDFType.ARROW
    )
    for macro in MACROS:
        connection.execute(macro)
    return connection


def disconnect(connection: duckdb.DuckDBPyConnection) -> None:
    """Close; the Python functions go first, because they and the connection would keep each other alive."""
    with suppress(
        duckdb.Error
    ):  # a query of another thread is still running: it ends with the connection
        for name in PYTHON_FUNCTIONS:
            connection.remove_function(name)
    connection.close()


def _define_view(
    cursor: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, segments: list[str]
) -> None:
    cursor.execute(f"drop view if exists {name}")
    if segments:
        cursor.execute(f"create view {name} as from read_parquet({literal(segments)})")
        return
    define_empty(cursor, name, schema)


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
    """A catalog table as it is: integers and text."""
    described = catalog.rows(f"pragma table_info({name})")
    schema = pa.schema(
        [(row[1], pa.int64() if row[2] == "INTEGER" else pa.string()) for row in described]
    )
    return _from_catalog(catalog, name, schema)
