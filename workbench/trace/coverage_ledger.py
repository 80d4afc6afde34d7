"""The coverage ledger: spans proved read, spans known not to be, and holes that a later reading mends."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.record import Cause, Span
from workbench.trace.instants import instant_text

MENDED_BY_READING = frozenset({Cause.INTERRUPTED, Cause.THROTTLED_SKIP, Cause.UNREADABLE})
"""Holes that are none any more once the same span has been read; what was stepped over is not read again."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose time a span is of, and which capture speaks."""

    source_arn: str
    partition_id: str
    capture_id: str


def write_spans(
    connection: sqlite3.Connection, place: Place, spans: Sequence[Span], state: str
) -> None:
    """Write what a page proves; its own holes stand also where its read spans reach over them.

    Args:
        connection: The caller holds the transaction.
        place: Where.
        spans: Of one page.
        state: Of spans without a cause: `read` or `assumed`; sealed ones are `sealed`.
    """
    for span in spans:
        if span.cause is None and state == "read":
            _mend(connection, place, span)
    for span in spans:
        _cover(connection, place, span, state)


def mend_source(connection: sqlite3.Connection, source_arn: str) -> None:
    """Remove the holes of a source as a whole, which reading all its partitions has mended."""
    connection.execute(
        "delete from coverage where source_arn = ? and partition_id = '' and state = 'hole'"
        " and cause in (select value from json_each(?)) and exists ("
        "  select 1 from checkpoints where source_arn = coverage.source_arn and partition_id <> '')",
        (source_arn, json.dumps(sorted(MENDED_BY_READING))),
    )


def _cover(connection: sqlite3.Connection, place: Place, span: Span, state: str) -> None:
    """Grow the span that this one touches, or write a new row."""
    state = "hole" if span.cause else "sealed" if span.sealed else state
    from_at, to_at = instant_text(span.from_at), instant_text(span.to_at)
    touched = connection.execute(
        "update coverage set from_at = min(from_at, ?1), to_at = max(to_at, ?2)"
        " where source_arn = ?3 and partition_id = ?4 and capture_id = ?5 and state = ?6 and cause is ?7"
        " and from_at <= ?2 and to_at >= ?1",
        (
            from_at,
            to_at,
            place.source_arn,
            place.partition_id,
            place.capture_id,
            state,
            span.cause,
        ),
    )
    if touched.rowcount == 0:
        connection.execute(
            "insert into coverage values (?, ?, ?, ?, ?, ?, ?)",
            (
                place.source_arn,
                place.partition_id,
                from_at,
                to_at,
                state,
                span.cause,
                place.capture_id,
            ),
        )


def _mend(connection: sqlite3.Connection, place: Place, read: Span) -> None:
    """Cut what is read now out of the holes that an earlier try left."""
    causes = MENDED_BY_READING | ({Cause.LATE} if read.sealed else frozenset())
    from_at, to_at = instant_text(read.from_at), instant_text(read.to_at)
    mended = connection.execute(
        "delete from coverage where source_arn = ? and partition_id = ? and state = 'hole'"
        " and cause in (select value from json_each(?)) and from_at < ? and to_at > ?"
        " returning from_at, to_at, cause, capture_id",
        (place.source_arn, place.partition_id, json.dumps(sorted(causes)), to_at, from_at),
    ).fetchall()
    connection.executemany(
        "insert into coverage values (?, ?, ?, ?, 'hole', ?, ?)",
        [
            (place.source_arn, place.partition_id, start, end, cause, capture_id)
            for hole_from, hole_to, cause, capture_id in mended
            for start, end in ((hole_from, from_at), (to_at, hole_to))
            if start < end
        ],
    )
