"""Exchanging live segments: others take their place at once, or nothing does when somebody was quicker."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workbench.errors import TraceError
from workbench.trace.commit import insert_segments
from workbench.trace.instants import instant_text
from workbench.trace.segments import Segment


class OvertakenError(TraceError):
    """Somebody else exchanged one of the segments meanwhile; what is live has changed."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A live segment and what takes its place."""

    path: str
    capture_id: str
    new: tuple[Segment, ...]
    """None of them: nothing is left, or another one's successors hold the rows."""


def exchange_segments(
    connection: sqlite3.Connection,
    folder: Path,
    changed: Sequence[Exchange],
    generation: int,
    now: datetime,
) -> None:
    """Let the new segments take the place of the old, within the caller's transaction.

    Raises:
        OvertakenError: one of the old ones is not live any more, or a purge cleared a new one away; the caller's
            transaction must not be kept.
    """
    for each in changed:
        removed = connection.execute(
            "update segments set removed_in = ?, removed_at = ? where path = ? and removed_in is null",
            (generation, instant_text(now), each.path),
        )
        if removed.rowcount != 1 or not all((folder / new.path).exists() for new in each.new):
            raise OvertakenError(
                "wanted to be alone in exchanging segments, found another at work; start again"
            )
    written = [(new, each.capture_id) for each in changed for new in each.new]
    insert_segments(connection, written, generation)
