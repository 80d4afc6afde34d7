"""A commit: segments, positions, coverage and configuration that become true at once, or not at all."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from connectors.record import Checkpoint, PeekEffect, Resource, Span
from workbench.trace.coverage_ledger import Place, write_spans
from workbench.trace.instants import instant_text
from workbench.trace.segments import Segment


@dataclass(frozen=True, slots=True)
class Move:
    """One page's effect on the books: where its partition now stands and what it proved."""

    source_arn: str
    partition_id: str
    checkpoint: Checkpoint | None = None
    last_sequence_number: str | None = None
    spans: tuple[Span, ...] = ()
    state: str = "read"
    """`read`, or `assumed` for imported files that carry no coverage."""
    peek_effects: tuple[PeekEffect, ...] = ()


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything that becomes true at once."""

    capture_id: str
    at: datetime
    segments: tuple[Segment, ...] = ()
    moves: tuple[Move, ...] = ()
    resources: tuple[Resource, ...] = ()
    epochs: dict[str, int] = field(default_factory=dict)
    """The epoch under which each source is held; a commit for a source held by another is refused whole."""


def write_commit(connection: sqlite3.Connection, change: Commit, generation: int) -> None:
    """Write the change into the catalog; the caller holds the transaction."""
    insert_segments(connection, [(s, change.capture_id) for s in change.segments], generation)
    connection.executemany(
        "insert into resources values (?, ?, ?, ?, ?)",
        [
            (
                r.source_arn,
                r.kind,
                instant_text(r.observed_at),
                r.document,
                change.capture_id,
            )
            for r in change.resources
        ],
    )
    for move in change.moves:
        _move(connection, move, change)


def insert_segments(
    connection: sqlite3.Connection, segments: Iterable[tuple[Segment, str]], generation: int
) -> None:
    """Make segments live, each with the capture that wrote it."""
    connection.executemany(
        "insert into segments (relation, path, rows, bytes, sha256, capture_id, added_in, facts)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (s.relation, s.path, s.rows, s.bytes, s.sha256, capture_id, generation, s.facts)
            for s, capture_id in segments
        ],
    )


def _move(connection: sqlite3.Connection, move: Move, change: Commit) -> None:
    if move.checkpoint is not None:
        connection.execute(
            "insert into checkpoints values (?, ?, ?, ?, ?, ?, ?) on conflict (source_arn, partition_id) do update set"
            " position = excluded.position, finished = excluded.finished, capture_id = excluded.capture_id,"
            " last_sequence_number = coalesce(excluded.last_sequence_number, last_sequence_number),"
            " moved_at = excluded.moved_at",
            (
                move.source_arn,
                move.partition_id,
                move.checkpoint.position,
                int(move.checkpoint.finished),
                move.last_sequence_number,
                change.capture_id,
                instant_text(change.at),
            ),
        )
    place = Place(move.source_arn, move.partition_id, change.capture_id)
    write_spans(connection, place, move.spans, move.state)
    connection.executemany(
        "insert or replace into peek_effects values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                move.source_arn,
                effect.record_id,
                instant_text(effect.received_at),
                effect.receive_count,
                effect.receives_left,
                instant_text(effect.hidden_until_at),
                instant_text(effect.given_back_at) if effect.given_back_at else None,
                change.capture_id,
            )
            for effect in move.peek_effects
        ],
    )
