"""Statements kept as files: one question each, with a header that says what it asks and what it returns."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

PARAMETER = re.compile(r"^-- \$(\w+): (.+)$", re.MULTILINE)
COLUMN = re.compile(r"^-- -> (\w+) ([A-Z][\w()\[\] ]*): (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Statement:
    """One `.sql` file: `-- $name: meaning` lines are its parameters, `-- -> name TYPE: meaning` its columns."""

    name: str
    text: str

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters, as the header lists them."""
        return tuple(name for name, _ in PARAMETER.findall(self.text))

    @property
    def columns(self) -> dict[str, str]:
        """Result columns and their DuckDB types, as the header lists them."""
        return {name: kind.strip() for name, kind, _ in COLUMN.findall(self.text)}

    @property
    def body(self) -> str:
        """The statement without its header."""
        return "\n".join(
            line for line in self.text.splitlines() if not line.startswith("--")
        ).strip()


@cache
def load_statement(package: str, name: str) -> Statement:
    """The statement in `name.sql` beside the modules of `package`."""
    return Statement(name, files(package).joinpath(f"{name}.sql").read_text("utf-8"))


def with_literals(statement: str, parameters: dict[str, Any]) -> str:
    """The statement with its `$names` written out, so that it can be pasted and run alone.

    Example:
        >>> with_literals("select $a, $b", {"a": "it's", "b": None})
        "select 'it''s', null"

    Raises:
        KeyError: the statement has a parameter that was not given.
    """
    return re.sub(r"\$(\w+)", lambda found: literal(parameters[found.group(1)]), statement)


def literal(value: Any) -> str:
    """The value as a DuckDB literal; text is quoted, so that no content can end the quotes."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case datetime():
            return f"timestamptz '{value.isoformat()}'"
        case list() | tuple():
            return f"[{', '.join(literal(each) for each in value)}]"
        case str():
            return "'" + value.replace("'", "''") + "'"
    raise TypeError(f"no DuckDB literal for {type(value).__name__}")
