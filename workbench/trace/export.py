"""Sealing a trace into one self-contained DuckDB file that any DuckDB shell can open."""

import tempfile
from pathlib import Path

import duckdb

from workbench.errors import TraceError
from workbench.trace.derived import ASKED_ALONE, DERIVED
from workbench.trace.reader import Trace
from workbench.trace.relations import BOOKS
from workbench.trace.schema import CATALOG_RELATIONS, SEGMENT_RELATIONS
from workbench.trace.sql import literal

PLAIN_MACROS = (
    "create macro sealed.payload(body) as try(decode(body))",
    "create macro sealed.field(body, path) as try(decode(body))->>path",
)
"""In the file itself fields come from DuckDB's own JSON functions; opened as a trace it has the exact ones."""


def export(trace: Trace, output: Path) -> Path:
    """Write every relation of the pinned generation into `output`, whole or not at all.

    Returns:
        The file; bodies are zstd-compressed. `open_trace` opens it again, read-only.

    Raises:
        TraceError: `output` is there already, is no `.duckdb` name, or cannot be written.
    """
    if output.suffix != ".duckdb":
        raise TraceError(f"wanted a name that ends in .duckdb, found {output.name}")
    if output.exists():
        raise TraceError(
            f"wanted a new file, found {output} there already; remove it or name another"
        )
    try:
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=".export-") as aside:
            sealed = Path(aside) / output.name
            trace.run(_statements(sealed))
            sealed.chmod(0o600)
            sealed.rename(output)
    except (OSError, duckdb.Error) as error:
        raise TraceError(f"cannot write {output}: {error}; nothing was left there") from error
    return output


def _statements(sealed: Path) -> list[str]:
    sealed_in = (name for name in DERIVED if name not in ASKED_ALONE)
    tables = (*SEGMENT_RELATIONS, *CATALOG_RELATIONS, *BOOKS, *sealed_in)
    return [
        f"attach {literal(str(sealed))} as sealed",
        "set force_compression = 'zstd'",
        *(f"create table sealed.{name} as from main.{name}" for name in tables),
        *PLAIN_MACROS,
        "detach sealed",
        "reset force_compression",
    ]
