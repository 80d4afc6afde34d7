"""Proving a trace whole: every live byte is the one that was committed, and no position is ahead of its data."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.errors import TraceError, WorkbenchError
from workbench.summary import Summary
from workbench.trace.catalog import Catalog
from workbench.trace.high_water import high_water
from workbench.trace.reader import Trace
from workbench.trace.sql import load_statement


@dataclass(frozen=True, slots=True, repr=False)
class Verified(Summary):
    """The result of a verification."""

    trace: str
    segments: int
    rows: int
    bytes: int
    orphans: int
    """Files that no commit named: what a crash left behind, harmless."""
    retired: int
    """Files that others took the place of, and that stay for a while for readers of an older generation."""
    problems: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The result as `verify --json` prints it."""
        return {
            "trace": self.trace,
            "ok": not self.problems,
            "segments": self.segments,
            "rows": self.rows,
            "bytes": self.bytes,
            "orphans": self.orphans,
            "retired": self.retired,
            "problems": list(self.problems),
        }

    def _sentences(self) -> tuple[str, ...]:
        if self.problems:
            return (f"Not whole: {len(self.problems):,} problems.",)
        return ("Whole: every live byte is the one that was committed.",)

    def _facts(self) -> dict[str, Any]:
        """What was examined, and what is wrong with it."""
        return {
            "trace": self.trace,
            "problems": self.problems,
            "segments": self.segments,
            "rows": self.rows,
            "bytes": self.bytes,
            "files that no commit named": self.orphans,
            "retired files": self.retired,
        }


def verify(folder: Path, progress: Callable[[int, int], None] = lambda done, of: None) -> Verified:
    """Check the catalog, each live segment's sha256 and row count, and each checkpoint against the data.

    Raises:
        TraceError: there is no trace, or a newer one.
    """
    catalog = Catalog.open(folder)
    try:
        live = catalog.rows(
            "select path, rows, bytes, sha256 from segments where removed_in is null order by segment_id"
        )
        named = {path for (path,) in catalog.rows("select path from segments")}
        problems = list(_catalog_problems(catalog))
    finally:
        catalog.close()
    for number, (path, rows, size, sha256) in enumerate(live, 1):
        problems += _segment_problems(folder / path, path, rows, size, sha256)
        progress(number, len(live))
    problems += [] if problems else _position_problems(folder)
    there = {
        str(file.relative_to(folder)) for file in (folder / "segments").rglob("*") if file.is_file()
    }
    return Verified(
        str(folder),
        len(live),
        sum(row[1] for row in live),
        sum(row[2] for row in live),
        len(there - named),
        len(there & named) - len(live),
        tuple(problems),
    )


def _catalog_problems(catalog: Catalog) -> Iterator[str]:
    try:
        answers = [row[0] for row in catalog.rows("pragma integrity_check(10)")]
    except TraceError as error:
        answers = [str(error)]
    yield from (f"catalog.sqlite: {answer}" for answer in answers if answer != "ok")
    try:
        whole, changes = catalog.seal_is_whole(), catalog.changes()
    except TraceError as error:
        yield f"catalog.sqlite: {error}"
        return
    if not whole:
        yield "catalog.sqlite: its rows are not those that were written; capture into a new trace"
    if changes < (known := high_water(catalog.folder)):
        yield (
            f"catalog.sqlite: {known:,} changes were made durable, found {changes:,}; the last ones are gone, "
            "capture into a new trace"
        )


def _segment_problems(file: Path, path: str, rows: int, size: int, sha256: str) -> Iterator[str]:
    try:
        content = file.read_bytes()
    except OSError as error:
        yield f"{path}: wanted {size:,} bytes, found no readable file ({error.strerror})"
        return
    if len(content) != size or hashlib.sha256(content).hexdigest() != sha256:
        yield f"{path}: wanted {size:,} bytes with the committed sha256, found {len(content):,} other bytes"
        return
    found = pq.read_metadata(pa.BufferReader(content)).num_rows
    if found != rows:
        yield f"{path}: wanted {rows:,} rows, found {found:,}"


def _position_problems(folder: Path) -> list[str]:
    try:
        with Trace(folder) as trace:
            ahead = trace.sql(load_statement(__package__, "positions_ahead").text)
            repeated = trace.sql(load_statement(__package__, "repeated_deliveries").text).item()
    except TraceError:
        raise
    except WorkbenchError as error:
        return [str(error)]
    problems = [
        f"{arn} {partition or '(whole source)'}: position {position} is ahead of the stored data"
        for arn, partition, position in ahead.iter_rows()
    ]
    return problems + ([f"{repeated:,} delivery ids stand twice"] if repeated else [])
