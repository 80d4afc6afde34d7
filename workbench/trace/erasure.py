"""Taking rows out of a trace for good: segments written anew, exchanged at once, and the old bytes cleared away.

A segment is never changed. Those that hold what must go are written anew without it, the catalog exchanges all of them
in one transaction, and only then are the old files removed and the catalog's own free pages cleared. After a crash the
trace is as before or as after; what it left to clear, `finish_erasures` clears.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.errors import TraceError
from workbench.trace.catalog import Catalog
from workbench.trace.exchange import Exchange, exchange_segments
from workbench.trace.instants import instant_text
from workbench.trace.schema import segment_schema
from workbench.trace.segments import MERGED, Segment, flush_folder, publish

COMMIT_TAKES = timedelta(minutes=10)
"""Assumed: a file that no commit has named after so long is of a commit that never came."""
UNFINISHED = (
    "select entry_id, detail from audit where json_extract(detail, '$.erased') is false"
    " or json_extract(detail, '$.erased') = 0 order by entry_id"
)


def exchanges(
    catalog: Catalog, relation: str, rewrite: Callable[[pa.Table], pa.Table | None]
) -> list[Exchange]:
    """Write anew, durably, each live segment of the relation that `rewrite` changes; nothing is exchanged yet.

    Args:
        catalog: of the trace.
        relation: such as `records`.
        rewrite: the table as it shall be, without rows where none is left; None: as it is.

    Raises:
        TraceError: the disk is full; the trace is as it was.
    """
    live = catalog.rows(
        "select path, capture_id, facts from segments where relation = ? and removed_in is null order by segment_id",
        (relation,),
    )
    changed = []
    for path, capture_id, facts in live:
        held = pq.read_table(catalog.folder / path)
        table = rewrite(held.cast(segment_schema(relation, compacted=facts is not None)))
        if table is not None:
            new = _published(catalog.folder, relation, table, facts)
            changed.append(Exchange(path, capture_id, new))
    return changed


def _published(
    folder: Path, relation: str, table: pa.Table, facts: str | None
) -> tuple[Segment, ...]:
    if table.num_rows == 0:
        return ()
    service = table["service"][0].as_py() if "service" in table.column_names[:3] else ""
    try:
        segment = publish(folder, relation, table, service, merged=True)
    except OSError as error:
        raise TraceError(
            f"cannot write to {folder}: {error.strerror or error}; nothing was purged, free space and start again"
        ) from error
    return (replace(segment, facts=facts),)


def commit_exchanges(
    catalog: Catalog,
    changed: Sequence[Exchange],
    action: str,
    detail: dict[str, Any],
    now: datetime,
    besides: Callable[[sqlite3.Connection], None],
) -> None:
    """Exchange the segments and note it in the audit, all at once; from here on the old bytes must go.

    Args:
        catalog: of the trace, open for writing.
        changed: what is exchanged.
        action: the audit's word.
        detail: the audit's account.
        now: the instant for the books.
        besides: what else becomes true in the same transaction.

    Raises:
        OvertakenError: somebody else exchanged one of them meanwhile; nothing was changed.
        TraceError: the disk is full; nothing was changed.
    """
    catalog.rows("pragma secure_delete = on")
    with catalog.transaction() as connection:
        connection.execute("update trace set generation = generation + 1")
        generation = catalog.generation()
        exchange_segments(connection, catalog.folder, changed, generation, now)
        besides(connection)
        connection.execute(
            "insert into audit (done_at, action, detail) values (?, ?, ?)",
            (instant_text(now), action, json.dumps({**detail, "erased": False})),
        )


def finish_erasures(catalog: Catalog, now: datetime) -> bool:
    """Clear away what was taken out and is still on the disk; returns whether there was anything.

    Segments that are no longer live are removed at once, without the grace that readers have otherwise: whoever pinned
    an older generation must refresh. The catalog is rewritten so that none of its pages remembers.

    Raises:
        TraceError: a reader holds the catalog's log, or the disk is full; start again later, nothing is lost.
    """
    if not catalog.has("audit"):
        return False
    unfinished = catalog.rows(UNFINISHED)
    if not unfinished:
        return False
    _remove(catalog.folder, _dead_files(catalog, now))
    with catalog.transaction() as connection:
        connection.execute("delete from segments where removed_in is not null")
        _remove(catalog.folder, _merged_orphans(catalog))
    _clear_free_pages(catalog)
    with catalog.transaction() as connection:
        connection.executemany(
            "update audit set detail = ? where entry_id = ?",
            [
                (json.dumps({**json.loads(detail), "erased": True}), entry)
                for entry, detail in unfinished
            ],
        )
    return True


def _dead_files(catalog: Catalog, now: datetime) -> Iterable[Path]:
    """Files of segments that were taken out, and those of commits that never came."""
    books = dict(catalog.rows("select path, removed_in from segments"))
    for file in sorted((catalog.folder / "segments").rglob("*")):
        path = str(file.relative_to(catalog.folder))
        if not file.is_file():
            continue
        if path in books:
            if books[path] is not None:
                yield file
        elif file.stat().st_mtime < (now - COMMIT_TAKES).timestamp():
            yield file


def _merged_orphans(catalog: Catalog) -> list[Path]:
    """Files that repeat rows of others and were not named yet: whoever wrote one finds it gone, and begins anew.

    To be removed within a transaction, so that nobody names one meanwhile.
    """
    named = {path for (path,) in catalog.rows("select path from segments")}
    files = (catalog.folder / "segments").rglob(f"*{MERGED}")
    return [file for file in files if str(file.relative_to(catalog.folder)) not in named]


def remove_retired(catalog: Catalog, now: datetime, grace: timedelta) -> int:
    """Remove files of segments that something took the place of before the grace, and of commits that never came.

    Whoever pinned a generation so old must refresh. Returns how many segments were removed.

    Raises:
        TraceError: a file cannot be removed.
    """
    before = instant_text(now - grace)
    retired = [
        path
        for (path,) in catalog.rows(
            "select path from segments where removed_in is not null and coalesce(removed_at, '') <= ?",
            (before,),
        )
    ]
    known = {path for (path,) in catalog.rows("select path from segments")}
    old = (now - COMMIT_TAKES).timestamp()
    orphans = [
        file
        for file in (catalog.folder / "segments").rglob("*")
        if file.is_file()
        and str(file.relative_to(catalog.folder)) not in known
        and file.stat().st_mtime < old
    ]
    _remove(catalog.folder, [*orphans, *(catalog.folder / path for path in retired)])
    if retired:
        with catalog.transaction() as connection:
            connection.executemany(
                "delete from segments where path = ?", [(path,) for path in retired]
            )
    return len(retired)


def _remove(folder: Path, files: Iterable[Path]) -> None:
    homes = set()
    try:
        for file in list(files):
            file.unlink(missing_ok=True)
            homes.add(file.parent)
        for home in homes:
            flush_folder(home)
    except OSError as error:
        raise TraceError(
            f"cannot remove old files of {folder}: {error.strerror or error}; start again, their rows are out already"
        ) from error


def _clear_free_pages(catalog: Catalog) -> None:
    """Rewrite the catalog without its free pages and empty its log, which both hold what was deleted."""
    try:
        catalog.rows("vacuum")
        (busy, _, _), *_ = catalog.rows("pragma wal_checkpoint(truncate)")
    except sqlite3.Error as error:
        raise TraceError(
            f"cannot clear the catalog of {catalog.folder}: {error}; start again, the rows are out already"
        ) from error
    if busy:
        raise TraceError(
            f"wanted to clear the log of {catalog.folder}, found a reader that holds it; start again when it is done"
        )
