"""The catalog: one SQLite file that says what is live, how far each source was read, and what was covered.

Every change is one transaction with `synchronous=FULL`. A segment that the catalog does not name does not exist.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

from connectors.record import Checkpoint
from workbench.errors import FencedError, TraceError
from workbench.trace.commit import Commit, write_commit
from workbench.trace.coverage_ledger import mend_source
from workbench.trace.high_water import FILE_NAME as MARK
from workbench.trace.high_water import HighWater
from workbench.trace.instants import instant_text, parse_instant
from workbench.trace.schema import FORMAT_VERSION
from workbench.trace.seal import add_functions, digest_of_rows, make_seal
from workbench.trace.segments import flush_folder

FILE_NAME = "catalog.sqlite"
COMPACTED_SINCE = 3
"""The format that first knew compacted segments."""


class Catalog:
    """A connection to one trace's catalog; for one thread."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection = connection
        self._high_water: HighWater | None = None
        self.folder = folder

    @classmethod
    def create(cls, folder: Path, at: datetime) -> "Catalog":
        """A new, empty trace in `folder`, which is made private to its owner.

        Raises:
            TraceError: the folder holds something else, or cannot be written.
        """
        aside = folder / f"{FILE_NAME}.tmp"
        journal = folder / f"{FILE_NAME}.tmp-journal"
        try:
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            if {entry.name for entry in folder.iterdir()} - {
                "segments",
                aside.name,
                journal.name,
                MARK,
            }:
                raise TraceError(
                    f"wanted an empty folder for a new trace, found files in {folder}; name another"
                )
            (folder / "segments").mkdir(mode=0o700, exist_ok=True)
            # Who was killed at it left these; SQLite would take the journal for that of the new file.
            journal.unlink(missing_ok=True)
            aside.unlink(missing_ok=True)
            os.close(os.open(aside, os.O_CREAT | os.O_EXCL, 0o600))
            _initialise(aside, at)
            os.link(aside, folder / FILE_NAME)  # unlike a rename, never over a trace made meanwhile
            aside.unlink()
            flush_folder(folder)
        except (OSError, sqlite3.Error) as error:
            raise TraceError(f"cannot make a trace in {folder}: {error}") from error
        return cls.open(folder, write=True)

    @classmethod
    def open(cls, folder: Path, *, write: bool = False) -> "Catalog":
        """The catalog of an existing trace.

        Raises:
            TraceError: there is no trace, it is damaged, or a newer workbench wrote it.
        """
        if not (folder / FILE_NAME).is_file():
            found = "nothing" if not folder.exists() else "a folder without catalog.sqlite"
            found = "a file" if folder.is_file() else found
            raise TraceError(
                f"wanted a trace at {folder}, found {found}; `workbench capture` and `import` make one"
            )
        try:
            catalog = cls(_connect(folder, write=write), folder)
        except sqlite3.Error as error:
            raise _unreadable(folder, error) from error
        try:
            catalog._make_ready(write=write)
        except BaseException:
            catalog.close()
            raise
        return catalog

    def _make_ready(self, *, write: bool) -> None:
        """Make a writer's commits durable; refuse a catalog that is damaged or newer than we are."""
        try:
            if write:
                self._connection.execute("pragma journal_mode = wal")
                self._connection.execute("pragma synchronous = full")
                self._connection.execute(
                    "pragma recursive_triggers = on"
                )  # a replaced row leaves too
                add_functions(self._connection)
                self._high_water = HighWater(self.folder)
            version = int(self.one("select format_version from trace"))
        except sqlite3.Error as error:
            raise _unreadable(self.folder, error) from error
        except OSError as error:
            raise TraceError(f"cannot write to {self.folder}: {error.strerror or error}") from error
        if version > FORMAT_VERSION:
            raise TraceError(
                f"wanted a trace of format {FORMAT_VERSION} or older, found {version} in {self.folder}; "
                "update replay-workbench"
            )
        if write and version < FORMAT_VERSION:
            self._upgrade()

    def _upgrade(self) -> None:
        """Bring an older catalog to our format, one numbered step at a time, all or nothing."""
        with self.transaction() as connection:
            found = int(self.one("select format_version from trace"))
            if not self.seal_is_whole():  # the seal is made anew over what is there
                raise TraceError(
                    f"wanted the rows that were written in {self.folder / FILE_NAME}, found others; "
                    "`workbench verify` says more"
                )
            for version in range(found + 1, FORMAT_VERSION + 1):
                step = files(__package__).joinpath(f"upgrades/to_{version}.sql").read_text("utf-8")
                for statement in _statements(step):
                    connection.execute(statement)
            connection.execute("update trace set format_version = ?", (FORMAT_VERSION,))
            make_seal(connection)

    def seal_is_whole(self) -> bool:
        """Whether every row still says what was written; an older trace has no seal and cannot tell."""
        if not self.has("seal"):
            return True
        try:
            found = digest_of_rows(self._connection)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise _unreadable(self.folder, error) from error
        return bool(self.one("select digest from seal") == found)

    def has(self, table: str) -> bool:
        """Whether the catalog knows this table; a trace of an older format lacks the newer ones."""
        return bool(
            self.one("select 1 from sqlite_master where type = 'table' and name = ?", (table,))
        )

    def close(self) -> None:
        """Close the connection; the last one folds the write-ahead log into the file."""
        self._connection.close()
        if self._high_water is not None:
            self._high_water.close()
            self._high_water = None

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of one question.

        Raises:
            TraceError: the catalog is damaged.
        """
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except (
            sqlite3.Error,
            UnicodeDecodeError,
        ) as error:  # SQLite's complaint may quote the damage
            raise _unreadable(self.folder, error) from error

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The first column of the first row; None when there is no row.

        Raises:
            TraceError: the catalog is damaged.
        """
        rows = self.rows(sql, parameters)
        return rows[0][0] if rows else None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One durable, all-or-nothing change.

        Raises:
            TraceError: the disk is full or the file is damaged; nothing of the change is there.
        """
        connection = self._connection
        try:
            connection.execute("begin immediate")
            try:
                yield connection
                connection.execute("update seal set changes = changes + 1")
                changes = self.changes()
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("rollback")
                raise
        except sqlite3.Error as error:
            raise TraceError(
                f"cannot write to {self.folder}: {error}; what was committed before is safe, free space and start again"
            ) from error
        if self._high_water is not None:
            self._high_water.raise_to(changes)

    def changes(self) -> int:
        """How many changes were made since the seal was; an older trace does not count them."""
        return int(self.one("select changes from seal")) if self.has("seal") else 0

    def begin(
        self,
        capture_id: str,
        kind: str,
        sources: Sequence[str],
        at: datetime,
        redaction: str | None = None,
    ) -> None:
        """Note that a capture, an import or a replay has begun, and how it redacts."""
        with self.transaction() as connection:
            connection.execute(
                "insert into captures (capture_id, kind, sources, started_at, state, redaction)"
                " values (?, ?, ?, ?, 'running', ?)",
                (capture_id, kind, json.dumps(list(sources)), instant_text(at), redaction),
            )

    def end(self, capture_id: str, state: str, at: datetime) -> None:
        """Note how it ended: `done`, `stopped`, `interrupted` or `failed`."""
        with self.transaction() as connection:
            connection.execute(
                "update captures set state = ?, ended_at = ? where capture_id = ?",
                (state, instant_text(at), capture_id),
            )

    def take_over(self, source_arn: str, capture_id: str) -> int:
        """Hold the source for this capture and return the epoch; whoever held it before is fenced."""
        with self.transaction() as connection:
            connection.execute(
                "insert into leases values (?, ?, 1) on conflict (source_arn) do update"
                " set capture_id = excluded.capture_id, epoch = epoch + 1",
                (source_arn, capture_id),
            )
            return int(self.one("select epoch from leases where source_arn = ?", (source_arn,)))

    def reserve_delivery_ids(self, count: int) -> int:
        """The first of `count` numbers that no other delivery of this trace will have."""
        with self.transaction() as connection:
            first = int(self.one("select next_delivery_id from trace"))
            connection.execute("update trace set next_delivery_id = next_delivery_id + ?", (count,))
            return first

    def checkpoints(self, source_arn: str) -> dict[str, Checkpoint]:
        """How far each partition of the source was durably read, by partition."""
        found = self.rows(
            "select partition_id, position, finished from checkpoints where source_arn = ?",
            (source_arn,),
        )
        return {
            partition: Checkpoint(partition, position, bool(done))
            for partition, position, done in found
        }

    def read_to(self, source_arn: str) -> dict[str, datetime]:
        """Up to where each partition's time was ever proved read, by partition."""
        found = self.rows(
            "select partition_id, max(to_at) from coverage"
            " where source_arn = ? and state in ('read', 'sealed') group by partition_id",
            (source_arn,),
        )
        return {partition: parse_instant(to_at) for partition, to_at in found}

    def holes(self, source_arn: str, capture_id: str) -> int:
        """How many holes a capture has noted of a source, less those mended since."""
        counted = "select count(*) from coverage where source_arn = ? and capture_id = ? and state = 'hole'"
        return int(self.one(counted, (source_arn, capture_id)))

    def mend(self, source_arn: str) -> None:
        """Forget that the source as a whole could not be read once: its partitions have been read since."""
        with self.transaction() as connection:
            mend_source(connection, source_arn)

    def live_segments(self, relation: str) -> list[tuple[str, dict[str, Any] | None]]:
        """The relation's live segments, oldest first: absolute path, and the facts of one that was compacted."""
        known = int(self.one("select format_version from trace")) >= COMPACTED_SINCE
        found = self.rows(
            f"select path, {'facts' if known else 'null'} from segments"  # noqa: S608 - our own names
            " where relation = ? and removed_in is null order by segment_id",
            (relation,),
        )
        return [(str(self.folder / path), facts and json.loads(facts)) for path, facts in found]

    def uncompacted_segments(self) -> int:
        """How many live segments are as a capture left them."""
        return int(
            self.one("select count(*) from segments where removed_in is null and facts is null")
        )

    def generation(self) -> int:
        """The number of the newest commit that changed what is live."""
        return int(self.one("select generation from trace"))

    def remember(self, **settings: str) -> None:
        """Keep the trace's business fields (`key`, `sequence`) with it."""
        with self.transaction() as connection:
            connection.executemany(
                "insert or replace into settings values (?, ?)", settings.items()
            )

    def settings(self) -> dict[str, str]:
        """The business fields kept with the trace."""
        return dict(self.rows("select name, value from settings"))

    def commit(self, change: Commit) -> None:
        """Make segments live, move checkpoints and write coverage, all at once.

        Raises:
            FencedError: another capture holds one of the sources; nothing was written.
            TraceError: the disk is full; nothing was written.
        """
        with self.transaction() as connection:
            self._refuse_when_fenced(change)
            connection.execute("update trace set generation = generation + 1")
            write_commit(connection, change, self.generation())

    def _refuse_when_fenced(self, change: Commit) -> None:
        for source_arn, epoch in change.epochs.items():
            held = self.one("select epoch from leases where source_arn = ?", (source_arn,))
            if held != epoch:
                raise FencedError(
                    f"another capture has taken over {source_arn}; this one stops, nothing is lost"
                )


def _initialise(path: Path, at: datetime) -> None:
    """An empty catalog in `path`, whole on disk; renamed into place later, so that a half-made one is never found."""
    schema = files(__package__).joinpath("catalog.sql").read_text("utf-8")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma synchronous = full")
        connection.executescript(f"begin immediate; {schema}")
        connection.execute(
            "insert into trace (only, format_version, trace_id, created_at) values (1, ?, ?, ?)",
            (FORMAT_VERSION, str(uuid4()), instant_text(at)),
        )
        make_seal(connection)
        connection.execute("commit")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one; SQLite's own `executescript` would commit before it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _connect(folder: Path, *, write: bool) -> sqlite3.Connection:
    """A connection; a reader's writes nothing, but it too repairs what a killed capture left, as SQLite does."""
    path = (folder / FILE_NAME).absolute()
    at_rest = not path.with_name(f"{FILE_NAME}-wal").exists()
    if not write and not os.access(folder, os.W_OK) and not at_rest:
        raise TraceError(
            f"wanted a trace at rest in {folder}, found one whose capture was killed, in a folder that cannot be "
            "written; copy the folder and open the copy"
        )
    how = "mode=rw" if os.access(folder, os.W_OK) else "immutable=1"
    connection = sqlite3.connect(
        f"{path.as_uri()}?{how}", uri=True, isolation_level=None, timeout=30
    )
    if not write:
        connection.execute("pragma query_only = on")
    return connection


def _unreadable(folder: Path, error: Exception) -> TraceError:
    return TraceError(f"cannot read {folder / FILE_NAME}: {error}; `workbench verify` says more")
