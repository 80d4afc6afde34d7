"""Purging: deliveries that are erased, not only hidden, with everything in the trace that quotes them.

Backups, exported files and what a disk keeps of a removed file are out of reach; and what AWS still keeps, a later
capture that looks back may read again.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from connectors.record import Cause
from workbench.errors import UsageError
from workbench.trace.catalog import FILE_NAME, Catalog
from workbench.trace.erasure import commit_exchanges, exchanges, finish_erasures
from workbench.trace.exchange import Exchange, OvertakenError
from workbench.trace.instants import instant_text, parse_age
from workbench.trace.reader import Trace
from workbench.trace.sql import load_statement

RETENTION = "retention"
ATTEMPTS = 5
"""Of exchanging segments, while a compaction exchanges some of them too."""
QUOTING = {
    "invocations": ("event", "response"),
    "outcomes": ("error_message",),
    "effects": ("parameters", "answered_with"),
    "destination_records": ("document",),
}
"""Columns of results that may repeat a payload. A run that was given a purged delivery loses all of them, because a
handler may remember one event and quote it in the next."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which deliveries are to go: those for which all that is given holds."""

    source_arn: str | None = None
    before: datetime | None = None
    """Older than this, by the service's instant; by ours where it has none."""
    where: str | None = None
    """A DuckDB expression over the columns of `records`."""

    @property
    def is_whole_source(self) -> bool:
        """Nothing of the source is to stay, its configuration neither."""
        return self.source_arn is not None and self.before is None and self.where is None

    def noted(self) -> dict[str, Any]:
        """What the audit keeps of it: not the expression, which may name the very person that is to be forgotten."""
        before = instant_text(self.before) if self.before else None
        return {"source_arn": self.source_arn, "before": before, "where": self.where is not None}


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge took, or would take."""

    trace: str
    rows: int
    sources: dict[str, int]
    """Deliveries by source."""
    segments: int
    """Files that were exchanged."""
    runs: int
    """Replays that lost the events, answers and effects which may quote what was purged."""
    dry_run: bool

    def document(self) -> dict[str, Any]:
        """The result as `purge --json` prints it."""
        return {name: getattr(self, name) for name in self.__slots__}


def purge(
    folder: Path, asked: Asked, *, now: datetime, dry_run: bool = False, action: str = "purge"
) -> Purged:
    """Erase the deliveries asked for, and what quotes them, from the trace.

    A capture may run meanwhile: what it commits after the purge has begun is not looked at. Coverage says of the
    stretches that are gone that they are not there (`hole`, `filtered`); positions stay, so that no capture reads again
    what was purged. Whoever opened the trace before must refresh it.

    Args:
        folder: the trace.
        asked: which deliveries; with nothing given all of them.
        now: the instant for the books.
        dry_run: only count.
        action: the audit's word.

    Raises:
        UsageError: DuckDB does not accept the expression.
        TraceError: no trace, a damaged one, a full disk, or another purge at work; the trace is as before or as after.

    Example:
        >>> asked = Asked(before=datetime(2026, 11, 1, tzinfo=UTC))          # doctest: +SKIP
        >>> purge(Path("incident.trace"), asked, now=datetime.now(UTC)).rows  # doctest: +SKIP
        5000
    """
    if not dry_run:
        finish(folder, now=now)
    with Trace(folder) as trace:
        going = _going(trace, asked)
        ids = going["delivery_id"].to_list()
        runs = _runs_given(trace, ids)
        stretches = trace.sql(
            load_statement(__package__, "purged_stretches").text, delivery_ids=ids
        ).rows()
    counts = going.group_by("source_arn").len().sort("source_arn").rows()
    exchanged = 0
    if ids and not dry_run:
        catalog = Catalog.open(folder, write=True)
        try:
            detail = {**asked.noted(), "rows": len(ids), "runs": len(runs)}
            besides = _besides(asked, going, stretches)
            exchanged = _exchange(
                catalog,
                lambda: _changed(catalog, ids, runs),
                lambda changed: commit_exchanges(
                    catalog, changed, action, detail | {"segments": len(changed)}, now, besides
                ),
            )
            finish_erasures(catalog, now)
        finally:
            catalog.close()
    return Purged(str(folder), len(ids), dict(counts), exchanged, len(runs), dry_run)


def finish(folder: Path, *, now: datetime) -> bool:
    """Clear away what an earlier purge took out and a crash left on the disk; returns whether there was anything."""
    catalog = Catalog.open(folder, write=True)
    try:
        return finish_erasures(catalog, now)
    finally:
        catalog.close()


def keep_for(folder: Path, age: str, *, now: datetime) -> None:
    """Note with the trace, made when not there, how long its deliveries are kept; captures see to it from then on.

    Raises:
        UsageError: the age is none.
    """
    parse_age(age)
    there = (folder / FILE_NAME).is_file()
    catalog = Catalog.open(folder, write=True) if there else Catalog.create(folder, now)
    try:
        catalog.remember(**{RETENTION: age})
    finally:
        catalog.close()


def apply_retention(folder: Path, *, now: datetime) -> Purged | None:
    """Purge what is older than the trace keeps; None where there is no trace yet, or no retention was ever asked for.

    To be called when a capture starts. It also finishes what a crash left of an earlier purge.
    """
    if not (folder / FILE_NAME).is_file():
        return None
    finish(folder, now=now)
    catalog = Catalog.open(folder)
    try:
        age = catalog.settings().get(RETENTION)
    finally:
        catalog.close()
    if age is None:
        return None
    return purge(folder, Asked(before=now - parse_age(age)), now=now, action=RETENTION)


def _going(trace: Trace, asked: Asked) -> pl.DataFrame:
    """One row a delivery that is to go: `delivery_id`, `source_arn`, `partition_id`, `record_id`, `sequence_number`."""
    where = asked.where or "true"
    statement = (  # over a copy in memory: nothing in it can write to the trace
        "select delivery_id, source_arn, partition_id, record_id, sequence_number from records"  # noqa: S608 - the person's own expression
        " where ($source_arn is null or source_arn = $source_arn)"
        " and ($before::timestamptz is null or coalesce(source_at, received_at) < $before)"
        f" and (\n{where}\n)"
    )
    frame = trace.sql(statement, source_arn=asked.source_arn, before=asked.before)
    if frame.columns[:1] != ["delivery_id"]:
        raise UsageError(f"wanted one expression over the columns of records, found {where!r}")
    return frame


def _runs_given(trace: Trace, ids: list[int]) -> list[str]:
    """The replays in which one of the deliveries took part."""
    found = trace.sql(
        "select distinct run_id from outcomes where delivery_id in (select unnest($ids::bigint[])) order by 1",
        ids=ids,
    )
    return list(found["run_id"])


def _exchange(
    catalog: Catalog,
    rewritten: Callable[[], list[Exchange]],
    commit: Callable[[list[Exchange]], None],
) -> int:
    """Exchange the segments, again where a compaction was quicker; returns how many were exchanged."""
    for _ in range(ATTEMPTS):
        changed = rewritten()
        try:
            commit(changed)
        except OvertakenError:
            continue
        return len(changed)
    raise OvertakenError(
        f"wanted to be alone in exchanging segments of {catalog.folder}, found another at work; start again"
    )


def _changed(catalog: Catalog, ids: list[int], runs: list[str]) -> list[Exchange]:
    purged, given = pa.array(ids, pa.int64()), pa.array(runs, pa.string())

    def without(table: pa.Table) -> pa.Table | None:
        gone = pc.is_in(table["delivery_id"], purged)
        return table.filter(pc.invert(gone)) if pc.any(gone).as_py() else None

    changed = exchanges(catalog, "records", without)
    for relation, columns in QUOTING.items() if runs else ():
        changed += exchanges(catalog, relation, _silenced(given, columns))
    return changed


def _silenced(runs: pa.Array, columns: tuple[str, ...]) -> Callable[[pa.Table], pa.Table | None]:
    """Empties the columns in the rows of these runs; the rows stay, so that a run's counts stay true."""

    def rewrite(table: pa.Table) -> pa.Table | None:
        quoting = pc.is_in(table["run_id"], runs)
        if not pc.any(quoting).as_py():
            return None
        for name in columns:
            at = table.schema.get_field_index(name)
            field = table.schema.field(at)
            kept = pc.if_else(quoting, pa.scalar(None, field.type), table[name])
            table = table.set_column(at, field, kept)
        return table

    return rewrite


def _besides(
    asked: Asked, going: pl.DataFrame, stretches: list[tuple[Any, ...]]
) -> Callable[[sqlite3.Connection], None]:
    """What the catalog says of the deliveries elsewhere, brought in line with their going."""
    columns = going.select("source_arn", "partition_id", "record_id", "sequence_number")

    def write(connection: sqlite3.Connection) -> None:
        connection.executemany(
            "delete from peek_effects where source_arn = ? and record_id = ?",
            columns.select("source_arn", "record_id").unique().rows(),
        )
        connection.executemany(
            "update checkpoints set last_sequence_number = null"
            " where source_arn = ? and partition_id = ? and last_sequence_number = ?",
            columns.select("source_arn", "partition_id", "sequence_number").drop_nulls().rows(),
        )
        connection.executemany(
            "insert into coverage values (?, ?, ?, ?, 'hole', ?, '')",
            [
                (arn, partition, instant_text(from_at), instant_text(to_at), Cause.FILTERED)
                for arn, partition, from_at, to_at in stretches
            ],
        )
        if asked.is_whole_source:
            connection.execute("delete from resources where source_arn = ?", (asked.source_arn,))

    return write
