"""A condition on records that are not asked for with SQL but come by: which of them does it hold for.

The condition is DuckDB's SQL over the columns of `records`, or has JSONPaths in it where a field of the payload is
meant; both are one expression in the end, and DuckDB evaluates it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from connectors.record import Record
from workbench.errors import UsageError
from workbench.trace.functions.fields import parse_path
from workbench.trace.relations import connect, disconnect
from workbench.trace.schema import RECORDS
from workbench.trace.segments import records_table
from workbench.trace.sql import literal

ORDINAL = "ordinal"
NOT_KNOWN_YET = ("delivery_id", "capture_id")
"""Columns of `records` that only the trace gives."""

PATH = r"\$(?:\.[A-Za-z_][\w-]*|\.\"[^\"]+\"|\[\d+\])+"
NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]|\s*[-+*/%^|])"
TEXT = r"'(?:[^']|'')*'"
QUOTED = r"\"(?:[^\"]|\"\")*\""
TOKEN = re.compile(
    rf"(?P<text>{TEXT}|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|{QUOTED})"
    rf"|(?P<path>{PATH})"
    rf"(?:\s*(?P<operator>==|!=|<>|<=|>=|=|<|>)\s*(?P<value>{NUMBER}|{TEXT}|{QUOTED}|(?:true|false|null)\b))?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a condition says of records."""

    records: tuple[Record, ...]
    """Those for which it holds, and those of which it could not be said: nothing is left out unseen."""
    doubts: tuple[str, ...] = ()
    """Why it could not be said, each reason once."""


class Where:
    """A condition, checked before the first record comes.

    Args:
        expression: SQL such as `receive_count > 1 and field(body, '$.state') = 'NEW'`, or the same with JSONPaths:
            `$.order.id == 42 and $.state != "NEW"`; a JSONPath alone asks whether it is there.

    Raises:
        UsageError: DuckDB does not accept it; the message has DuckDB's first line.

    Example:
        >>> Where("$.order.id == 42").kept(records).records  # doctest: +SKIP
    """

    def __init__(self, expression: str) -> None:
        self._condition = as_sql(expression)
        self._connection = connect()
        try:
            self._check(expression)
        except BaseException:
            self.close()
            raise

    def kept(self, records: Sequence[Record]) -> Kept:
        """The records for which the condition holds, in their order."""
        try:
            return Kept(self._holds(records))
        except duckdb.Error as error:
            if len(records) == 1:
                return Kept(tuple(records), (_first_line(error),))
        each = [self.kept([record]) for record in records]
        doubts = dict.fromkeys(doubt for one in each for doubt in one.doubts)
        return Kept(tuple(record for one in each for record in one.records), tuple(doubts))

    def close(self) -> None:
        """Let the database go."""
        disconnect(self._connection)

    def _holds(self, records: Sequence[Record]) -> tuple[Record, ...]:
        found = self._relation(records).filter(self._condition).project(ORDINAL).fetchall()
        return tuple(records[ordinal] for ordinal in sorted(row[0] for row in found))

    def _relation(self, records: Sequence[Record]) -> duckdb.DuckDBPyRelation:
        table = records_table(records, "").drop_columns(list(NOT_KNOWN_YET))
        return self._connection.from_arrow(
            table.append_column(ORDINAL, pa.array(range(len(records)), pa.int64()))
        )

    def _check(self, expression: str) -> None:
        try:
            nothing = self._relation(())
            kinds = [str(kind) for kind in nothing.project(self._condition).types]
            nothing.filter(self._condition).fetchall()
        except duckdb.Error as error:
            raise UsageError(
                f"wanted a condition such as $.order.id == 42, found {expression!r}: {_first_line(error)}"
            ) from error
        if kinds != ["BOOLEAN"]:
            raise UsageError(
                f"wanted a condition, true or false, found {expression!r}, which is {', '.join(kinds)}; "
                f"columns are {', '.join(name for name in RECORDS.names if name not in NOT_KNOWN_YET)}"
            )


def as_sql(expression: str) -> str:
    """The condition with its JSONPaths written as SQL; text in quotes stays as it is.

    A field that is not there is different from everything, and equal to null.

    Raises:
        UsageError: a JSONPath that names no single value.

    Example:
        >>> as_sql("$.state == 'NEW' and receive_count > 1")
        "(field(body, '$.state') is not distinct from 'NEW') and receive_count > 1"
    """
    whole = expression.strip()
    if re.fullmatch(PATH, whole):
        return f"{_field(whole)} is not null"
    return TOKEN.sub(_token, whole)


def _token(found: re.Match[str]) -> str:
    path, operator, value = found["path"], found["operator"], found["value"]
    if path is None:
        return found[0]
    if operator is None:
        return _field(path)
    field = _field(path)
    operator = {"==": "=", "<>": "!="}.get(operator, operator)
    if value[0] not in "'\"" and value not in ("true", "false", "null"):
        return _compared_as_number(field, operator, value)
    same = {"=": "is not distinct from", "!=": "is distinct from"}.get(operator)
    return (
        f"({field} {same} {_as_text(value)})" if same else f"({field} {operator} {_as_text(value)})"
    )


def _compared_as_number(field: str, operator: str, value: str) -> str:
    """Exactly where it fits, for an id is often longer than a double is precise."""
    exact, rough = f"try_cast({field} as decimal(38, 18))", f"try_cast({field} as double)"
    asked = "=" if operator == "!=" else operator
    holds = f"coalesce({exact} {asked} {value}, {rough} {asked} {value}, false)"
    return f"(not {holds})" if operator == "!=" else holds


def _as_text(value: str) -> str:
    if value == "null":
        return value
    if value[0] == '"':
        return literal(value[1:-1].replace('""', '"'))
    return value if value[0] == "'" else literal(value)


def _field(path: str) -> str:
    parse_path(path)
    return f"field(body, {literal(path)})"


def _first_line(error: duckdb.Error) -> str:
    return str(error).strip().splitlines()[0]
