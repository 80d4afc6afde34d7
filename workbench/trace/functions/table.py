"""Functions that SQL over a trace may call: what DuckDB itself does not know, written in Python or as macros."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from workbench.trace.functions.canonical import canonical_hash
from workbench.trace.functions.closeness import CLOSE_SENDS
from workbench.trace.functions.disorder import DISORDER, disorders
from workbench.trace.functions.fields import MACROS, python_field
from workbench.trace.functions.filters import mapping_admits_each, sns_admits_each
from workbench.trace.functions.images import canonical_images, make_one_chain
from workbench.trace.functions.readings import readings
from workbench.trace.functions.schedules import cron_schedule, rate_period
from workbench.trace.functions.user_records import OPENED, opened_aggregates


@dataclass(frozen=True, slots=True)
class Function:
    """One function over Arrow columns."""

    name: str
    takes: tuple[str, ...]
    """DuckDB types of its arguments."""
    gives: str
    call: Callable[..., pa.Array]
    sees_null: bool = False
    """It is called for rows with a null argument, too; otherwise those give null."""


FUNCTIONS = (
    Function("python_field", ("BLOB", "VARCHAR"), "VARCHAR", python_field, sees_null=True),
    Function("reading_of", ("BLOB",), "VARCHAR", readings),
    Function("opened_aggregates", ("BLOB",), OPENED, opened_aggregates),
    Function("canonical_hash", ("BLOB", "VARCHAR[]"), "BLOB", canonical_hash),
    Function("canonical_image", ("VARCHAR",), "VARCHAR", canonical_images),
    Function("makes_one_chain", ("VARCHAR[]", "VARCHAR[]"), "BOOLEAN", make_one_chain),
    Function("disorder", ("BIGINT[]", "BIGINT"), DISORDER, disorders),
    Function(
        "cron_schedule",
        ("VARCHAR", "TIMESTAMPTZ", "TIMESTAMPTZ"),
        "TIMESTAMPTZ[]",
        cron_schedule,
        sees_null=True,
    ),
    Function("rate_period", ("VARCHAR",), "BIGINT", rate_period, sees_null=True),
    Function(
        "sns_admits", ("VARCHAR", "VARCHAR", "VARCHAR", "BLOB"), "BOOLEAN", sns_admits_each, True
    ),
    Function(
        "mapping_admits",
        ("VARCHAR", "VARCHAR", "BLOB", "VARCHAR"),
        "BOOLEAN",
        mapping_admits_each,
        True,
    ),
)


def define_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Make all of them known to the connection's database."""
    for each in FUNCTIONS:
        handling: dict[str, Any] = (
            {"null_handling": FunctionNullHandling.SPECIAL} if each.sees_null else {}
        )
        connection.create_function(
            each.name,
            each.call,
            list(each.takes),
            each.gives,
            type=PythonUDFType.ARROW,
            **handling,
        )
    for macro in (*MACROS, CLOSE_SENDS):
        connection.execute(macro)


def forget_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Take them away again: they and the connection would keep each other alive."""
    with suppress(
        duckdb.Error
    ):  # another thread's query is still running: it ends with the connection
        for each in FUNCTIONS:
            connection.remove_function(each.name)
