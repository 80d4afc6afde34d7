"""A running checksum of the catalog: what every row says, so that a flipped bit in one is found.

SQLite checks its structure, not what the rows say. Triggers keep a sum over a hash of each row in the same transaction
that changes it; adding up all rows again tells whether they are still what was written.
"""

import hashlib
import sqlite3
from collections.abc import Iterator

SEALED = (
    "trace",
    "captures",
    "segments",
    "leases",
    "checkpoints",
    "coverage",
    "resources",
    "settings",
    "peek_effects",
    "audit",
)
"""All tables of the catalog but the one that holds the sum."""
_MODULUS = 2**128


def add_functions(connection: sqlite3.Connection) -> None:
    """Give a writing connection what the triggers call."""
    connection.create_function("resealed", 3, _resealed, deterministic=True)


def make_seal(connection: sqlite3.Connection) -> None:
    """Begin the sum with the rows there are, the triggers that keep it, and the count of changes where it stood."""
    there = "select name from sqlite_master where type = ? and name glob 'seal*'"
    for (trigger,) in connection.execute(there, ("trigger",)).fetchall():
        connection.execute(f"drop trigger {trigger}")
    changes = 0
    if connection.execute(there, ("table",)).fetchone():
        (changes,) = connection.execute("select changes from seal").fetchone()
        connection.execute("drop table seal")
    connection.execute(
        "create table seal (only integer primary key check (only = 1), digest text not null,"
        " changes integer not null)"
    )
    connection.execute("insert into seal values (1, ?, ?)", (digest_of_rows(connection), changes))
    for table in SEALED:
        for trigger in _triggers(table, _columns(connection, table)):
            connection.execute(trigger)


def digest_of_rows(connection: sqlite3.Connection) -> str:
    """The sum over all rows as they are now, 32 hexadecimal digits."""
    total = 0
    for table in SEALED:
        row = _row(table, _columns(connection, table), "")
        texts = connection.execute(f"select {row} from {table}")  # noqa: S608 - our own names
        total += sum(_hash(text) for (text,) in texts)
    return f"{total % _MODULUS:032x}"


def _resealed(digest: str, before: str | None, after: str | None) -> str:
    total = int(digest, 16)
    total -= _hash(before) if before is not None else 0
    total += _hash(after) if after is not None else 0
    return f"{total % _MODULUS:032x}"


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"pragma table_info({table})")]


def _row(table: str, columns: list[str], prefix: str) -> str:
    """A row as one text; `json_array` keeps types, nulls and borders apart."""
    members = ", ".join(f"{prefix}{column}" for column in columns)
    return f"json_array('{table}', {members})"


def _triggers(table: str, columns: list[str]) -> Iterator[str]:
    before, after = (_row(table, columns, prefix) for prefix in ("old.", "new."))
    for event, gone, come in (
        ("insert", "null", after),
        ("delete", before, "null"),
        ("update", before, after),
    ):
        resealed = f"update seal set digest = resealed(digest, {gone}, {come})"  # noqa: S608 - our own names
        yield f"create trigger seal_{table}_{event} after {event} on {table} begin {resealed}; end"
