"""Compaction: many small segments become few large ones, sorted, and with what makes them fast to ask.

No row changes and none goes: a merged segment takes the place of its parts in one transaction, and their files stay for
a while for whoever reads an older generation. A crash leaves the trace as before or as after. A compaction may run
beside a capture, and a purge that comes between only makes it begin anew.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.kinesis.kpl import MAGIC
from workbench.errors import TraceError
from workbench.trace.catalog import Catalog
from workbench.trace.derived import KeptFields
from workbench.trace.erasure import remove_retired
from workbench.trace.exchange import Exchange, OvertakenError, exchange_segments
from workbench.trace.functions.fields import parse_path
from workbench.trace.relations import connect, disconnect
from workbench.trace.schema import SEGMENT_RELATIONS, segment_schema
from workbench.trace.segments import Segment, publish
from workbench.trace.sql import literal, load_statement, with_literals

ROWS_WANTED = 250_000
"""A segment of so many rows is done: below 500 files for a hundred million, and each is one bite for a thread."""
BYTES_WANTED = 128_000_000
"""Likewise of so many bytes as they are in memory: merging takes some hundred megabytes, whatever the payloads."""
GRACE = timedelta(hours=1)
"""Assumed: a notebook asks its next question, or refreshes, within it."""
BATCH_ROWS = 16_384
MEMORY = "1GB"
ATTEMPTS = 10
"""Of compacting while others exchange segments too."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction did."""

    trace: str
    segments_before: int
    segments_after: int
    merged: int
    """Segments that were merged into others."""
    rows: int
    """Deliveries and result rows in them."""
    removed: int
    """Files of earlier compactions that nobody can be reading any more."""

    def document(self) -> dict[str, Any]:
        """The result as `compact --json` prints it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Part:
    """A live segment that is to be merged."""

    relation: str
    path: str
    rows: int
    bytes: int
    sha256: str
    capture_id: str
    facts: dict[str, Any] | None

    @property
    def home(self) -> tuple[str, str]:
        """Relation and folder: only what stands in one is merged."""
        return self.relation, str(Path(self.path).parent)


@dataclass(frozen=True, slots=True)
class _Group:
    """Segments that become one."""

    parts: tuple[_Part, ...]
    is_full: bool
    """What becomes of them is large enough and stays as it is."""


def compact(
    folder: Path,
    *,
    now: Callable[[], datetime],
    fields: Mapping[str, str | None] | None = None,
    grace: timedelta = GRACE,
    progress: Callable[[int, int], None] = lambda done, of: None,
    stop: threading.Event | None = None,
) -> Compacted:
    """Merge the trace's small segments, and remove files whose grace is over.

    Args:
        folder: the trace.
        now: the clock.
        fields: business fields to remember with the trace: `key`, `sequence`, `event_time`, JSONPaths. The segments
            hold the values at those that are remembered, so that questions by them open no payload.
        grace: how long a file stays for those who pinned an older generation.
        progress: told how many segments of how many are merged.
        stop: set it to end after the segment at work; what was merged stays.

    Raises:
        UsageError: a field is no JSONPath.
        TraceError: no trace, a damaged segment, a full disk, or others who exchange segments again and again; what was
            merged stays, the rest is as it was.

    Example:
        >>> compact(Path("incident.trace"), now=clock).segments_after  # doctest: +SKIP
        40
    """
    told = {name: path for name, path in (fields or {}).items() if path is not None}
    for path in told.values():
        parse_path(path)
    catalog = Catalog.open(folder, write=True)
    try:
        if told:
            catalog.remember(**told)
        removed = remove_retired(catalog, now(), grace)
        before = _live(catalog)
        merged = rows = 0
        for parts in _merging(catalog, now, progress, stop or threading.Event()):
            merged += len(parts)
            rows += sum(part.rows for part in parts)
        after = len(_live(catalog))
    finally:
        catalog.close()
    return Compacted(str(folder), len(before), after, merged, rows, removed)


def _live(catalog: Catalog) -> list[_Part]:
    """All live segments by relation and folder, the oldest first."""
    rows = catalog.rows(
        "select relation, path, rows, bytes, sha256, capture_id, facts from segments"
        " where removed_in is null order by segment_id"
    )
    parts = [
        _Part(relation, path, count, size, sha256, capture_id, facts and json.loads(facts))
        for relation, path, count, size, sha256, capture_id, facts in rows
    ]
    return sorted(parts, key=lambda part: part.home)


def _merging(
    catalog: Catalog,
    now: Callable[[], datetime],
    progress: Callable[[int, int], None],
    stop: threading.Event,
) -> Iterator[tuple[_Part, ...]]:
    """Merge group by group, each in a commit of its own; anew where somebody exchanged one of the segments."""
    connection = connect()
    connection.execute(f"set memory_limit = {literal(MEMORY)}")
    try:
        for _ in range(ATTEMPTS):
            fields = KeptFields.of(catalog.settings())
            try:
                groups = list(_groups(catalog.folder, _live(catalog), asdict(fields)))
                of, done = sum(len(group.parts) for group in groups), 0
                for group in groups:
                    if stop.is_set():
                        return
                    _merge(catalog, connection, group, fields, now)
                    done += len(group.parts)
                    progress(done, of)
                    yield group.parts
            except OvertakenError:
                continue
            return
        raise OvertakenError(
            f"wanted to merge segments of {catalog.folder}, found others exchanging them; start again later"
        )
    finally:
        disconnect(connection)


def _groups(folder: Path, live: Sequence[_Part], fields: dict[str, Any]) -> Iterator[_Group]:
    """What is to be merged: neighbours in time of one relation and service, until they are large enough together."""
    for (relation, _), parts in groupby(live, key=lambda part: part.home):
        wanted = fields if relation == "records" else {}
        group: list[_Part] = []
        rows = size = 0
        for part in parts:
            if part.facts and part.facts["full"] and part.facts["fields"] == wanted:
                continue
            group.append(part)
            rows, size = rows + part.rows, size + _bytes_in_memory(folder / part.path)
            if rows >= ROWS_WANTED or size >= BYTES_WANTED:
                yield _Group(tuple(group), is_full=True)
                group, rows, size = [], 0, 0
        is_new = any(not part.facts or part.facts["fields"] != wanted for part in group)
        if len(group) > 1 or is_new:
            yield _Group(tuple(group), is_full=False)


def _bytes_in_memory(file: Path) -> int:
    """What the columns hold; a file that cannot be read is found out when it is merged."""
    try:
        footer = pq.read_metadata(file)
    except (OSError, pa.ArrowInvalid):
        return 0
    return sum(footer.row_group(n).total_byte_size for n in range(footer.num_row_groups))


def _merge(
    catalog: Catalog,
    connection: duckdb.DuckDBPyConnection,
    group: _Group,
    fields: KeptFields,
    now: Callable[[], datetime],
) -> None:
    """Write the rows of the group anew, sorted, and let them take its place."""
    for part in group.parts:
        _refuse_damage(catalog, part)
    written: list[Segment] = []
    try:
        for table in _tables(catalog, connection, group, fields):
            written.append(_published(catalog.folder, group, table, fields))
        if sum(segment.rows for segment in written) != sum(part.rows for part in group.parts):
            raise TraceError(
                f"wanted all rows of {group.parts[0].path} and {len(group.parts) - 1} more, found others; "
                "nothing was exchanged, `workbench verify` says more"
            )
    except BaseException:
        _unlink(catalog.folder, written)
        raise
    try:
        _exchange(catalog, group, written, now())
    except OvertakenError:  # what was written may hold rows that are purged now
        _unlink(catalog.folder, written)
        raise


def _unlink(folder: Path, segments: Sequence[Segment]) -> None:
    """Remove what was never named. After any other failure of the exchange it is not certain that nothing was."""
    for segment in segments:
        (folder / segment.path).unlink(missing_ok=True)


def _refuse_damage(catalog: Catalog, part: _Part) -> None:
    """Nothing that is damaged may be written anew under a checksum of its own."""
    try:
        content = (catalog.folder / part.path).read_bytes()
    except OSError as error:
        still = "select 1 from segments where path = ? and removed_in is null"
        if not catalog.one(still, (part.path,)):
            raise OvertakenError(f"{part.path} was exchanged meanwhile") from error
        raise TraceError(f"cannot read {part.path}: {error.strerror or error}") from error
    if len(content) != part.bytes or hashlib.sha256(content).hexdigest() != part.sha256:
        raise TraceError(
            f"wanted {part.path} as it was committed, found other bytes; nothing was merged into it, "
            "`workbench verify` says more"
        )


def _tables(
    catalog: Catalog, connection: duckdb.DuckDBPyConnection, group: _Group, fields: KeptFields
) -> Iterator[pa.Table]:
    """The rows of the group in their new order, in tables of about the wanted size."""
    relation = group.parts[0].relation
    schema = segment_schema(relation, compacted=True)
    columns = ", ".join(SEGMENT_RELATIONS[relation].names)
    files = literal([str(catalog.folder / part.path) for part in group.parts])
    source = f"select {columns} from read_parquet({files})"  # noqa: S608 - our own names
    if relation == "records":
        connection.execute(f"create or replace view records as {source}")
        source = with_literals(load_statement(__package__, "compacted").body, asdict(fields))
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    try:
        for batch in connection.sql(source).to_arrow_reader(BATCH_ROWS):
            waiting.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows >= 2 * ROWS_WANTED or size >= 2 * BYTES_WANTED:
                yield pa.Table.from_batches(waiting).cast(schema)
                waiting, rows, size = [], 0, 0
    except duckdb.Error as error:
        raise TraceError(
            f"cannot merge segments of {catalog.folder}: {str(error).splitlines()[0]}; "
            "what was merged before stays, start again"
        ) from error
    if waiting:
        yield pa.Table.from_batches(waiting).cast(schema)


def _published(folder: Path, group: _Group, table: pa.Table, fields: KeptFields) -> Segment:
    relation = group.parts[0].relation
    is_record = relation == "records"
    facts = {
        "fields": asdict(fields) if is_record else {},
        "aggregates": pc.sum(pc.starts_with(table["body"], MAGIC)).as_py() if is_record else 0,
        "full": group.is_full,
    }
    service = table["service"][0].as_py() if is_record else ""
    try:
        segment = publish(folder, relation, table, service, merged=True)
    except OSError as error:
        raise TraceError(
            f"cannot write to {folder}: {error.strerror or error}; what was merged before stays, "
            "free space and start again"
        ) from error
    return replace(segment, facts=json.dumps(facts))


def _exchange(catalog: Catalog, group: _Group, written: Sequence[Segment], now: datetime) -> None:
    first, *others = group.parts
    changed = [
        Exchange(first.path, first.capture_id, tuple(written)),
        *(Exchange(part.path, part.capture_id, ()) for part in others),
    ]
    with catalog.transaction() as connection:
        connection.execute("update trace set generation = generation + 1")
        exchange_segments(connection, catalog.folder, changed, catalog.generation(), now)
