"""Segments: immutable Parquet files that are whole on disk before anyone is told of them."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.record import Record
from workbench.trace.payload import body_hash, parse_status
from workbench.trace.schema import RECORDS

HARDLY_REPEATED = (
    "delivery_id",
    "record_id",
    "sequence_number",
    "body",
    "body_hash",
    "envelope",
    "event_at",
)
"""Columns that a dictionary would make larger and slower to write."""
SEARCHED_BY = (
    "run_id",
    "delivery_id",
    "service",
    "source_arn",
    "partition_id",
    "source_at",
    "received_at",
    "receive_count",
)
"""Columns whose least and greatest value let a query leave a file out; of others they would only lengthen footers."""


MERGED = "-merged.parquet"
"""How the file of a segment ends that repeats rows of others."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One published file: what the catalog needs to know of it."""

    relation: str
    path: str
    """Relative to the trace's folder."""
    rows: int
    bytes: int
    sha256: str
    facts: str | None = None
    """JSON: what is known of a compacted segment; None: as captured."""


def records_table(records: Iterable[Record], capture_id: str) -> pa.Table:
    """The records as rows of `records`, in the order given, not numbered yet."""
    rows = list(records)
    count = len(rows)
    bodies = [row.body for row in rows]
    text, instant = pa.string(), RECORDS.field("received_at").type
    columns = [
        pa.nulls(count, pa.int64()),
        pa.repeat(pa.scalar(capture_id), count),
        _column([row.service for row in rows], text),
        _column([row.source_arn for row in rows], text),
        _column([row.partition_id for row in rows], text),
        pa.array([row.record_id for row in rows], text),
        pa.array([row.sequence_number for row in rows], text),
        pa.array([row.ordering_key for row in rows], text),
        _column([row.order_scope for row in rows], text),
        pa.array([row.source_at for row in rows], instant),
        _column([row.received_at for row in rows], instant),
        _column([row.receive_count for row in rows], pa.int32()),
        pa.array(bodies, pa.binary()),
        pa.array([row.original_hash or body_hash(row.body) for row in rows], pa.binary(16)),
        pa.array(
            [len(row.body) if row.original_bytes is None else row.original_bytes for row in rows],
            pa.int32(),
        ),
        _column([parse_status(body) for body in bodies], text),
        _column([row.attributes for row in rows], text),
        pa.array([row.envelope for row in rows], text),
    ]
    return pa.Table.from_arrays(columns, schema=RECORDS)


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """A column whose values are mostly one and the same: then it is laid out at once."""
    if values and values.count(values[0]) == len(values):
        first = values[0]
        one = str(first) if isinstance(first, str) else first  # an enumeration's member is a str
        return pa.repeat(pa.scalar(one, kind), len(values))
    return pa.array(values, kind)


def publish(
    folder: Path, relation: str, table: pa.Table, service: str = "", *, merged: bool = False
) -> Segment:
    """Write `table` so that it survives a power cut, under a name that nothing else will ever have.

    Nobody reads a file that the catalog does not name, so it need not be written aside and renamed: file and folder are
    flushed, and only then may it be named. What a crash leaves half written is an orphan.

    Args:
        folder: the trace.
        relation: such as `records`.
        table: its rows.
        service: of all the rows, for `records`.
        merged: it repeats rows of other segments, so that its file may go as long as the catalog does not name it.

    Raises:
        OSError: the disk is full or not writable; nothing was published.
    """
    home = folder / "segments" / (service.removeprefix("aws:") or relation)
    if not home.is_dir():
        home.mkdir(parents=True, mode=0o700)
        flush_folder(home.parent)
    encoded = _encode(table)
    file = home / f"{uuid4().hex}{MERGED if merged else '.parquet'}"
    try:
        _write_durably(file, encoded)
    except OSError:
        file.unlink(missing_ok=True)
        raise
    flush_folder(home)
    digest = hashlib.sha256(encoded).hexdigest()
    return Segment(relation, str(file.relative_to(folder)), table.num_rows, encoded.size, digest)


def _encode(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=1,
        write_page_checksum=True,
        use_dictionary=[name for name in table.column_names if name not in HARDLY_REPEATED],
        write_statistics=[name for name in table.column_names if name in SEARCHED_BY],
        store_schema=False,  # Parquet's own types say all that ours do
    )
    return sink.getvalue()


def _write_durably(path: Path, content: pa.Buffer) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_folder(folder: Path) -> None:
    """Make names in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
