"""Reading a trace: relations as DuckDB views over one pinned generation, while a capture may go on writing."""

import json
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import polars as pl

from workbench.errors import TraceError, UsageError, WorkbenchError
from workbench.summary import Summary
from workbench.trace.catalog import Catalog
from workbench.trace.condition import condition, facts_of
from workbench.trace.derived import (
    DERIVED,
    TOLD,
    KeptFields,
    asked_for,
    define_derived,
    define_told,
    is_told,
    keep,
    may_list,
)
from workbench.trace.engine import exhausted
from workbench.trace.instants import instant_text
from workbench.trace.relations import (
    BOOKS,
    connect,
    define_empty,
    define_relations,
    define_whole,
    disconnect,
)
from workbench.trace.schema import CATALOG_RELATIONS, SEGMENT_RELATIONS
from workbench.trace.sql import literal, load_statement


class Trace(Summary):
    """A trace opened for reading; never blocks a running capture and is never blocked by one.

    All queries see one generation, pinned when the trace was opened; `refresh()` moves on to the newest.
    Relations are of three kinds. *Facts*: `records` (one row a delivery), `coverage`, `resources`, `peek_effects`, the
    catalog's own books. *Results*: `runs`, `invocations`, `outcomes`, `effects`,
    `destination_records`. *Derived*, worked out when asked for:

    - of streams: `user_records` (what the Kinesis Producer Library packed), `puts_again`, `shards`;
    - of logs: `log_lines` (parsed), `request_lines` (which request a line is of), `invocations_observed`,
      `initialisations`, `handlings` (a row per record and request that was given it), `probable_handlings` (of records
      that no line names, by time alone, with a certainty below 1), `scheduled_runs`, `unreached`;
    - of configuration: `queues`, `dead_letter_queues`, `subscriptions`, `event_source_mappings`, `changes`;
    - of topics: `notifications` (envelopes in queues), `fanout` (publishes and who should have them);
    - `settled_coverage`: what `coverage()` returns.

    `selected` is `records` as far as `select` has chosen them: all of them, until it is called.

    `field(body, '$.path')` gives a payload's field as a handler would see it; `business('$.key', '$.sequence', '$.at')`
    is `records` with these fields.

    Raises:
        TraceError: no trace there, a damaged or a newer one.

    Example:
        >>> trace = Trace("incident.trace")                                  # doctest: +SKIP
        >>> trace.sql("select count(*) from records where service = $s", s="aws:sqs")  # doctest: +SKIP
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.generation = -1
        self._captures: list[tuple[Any, ...]] = []
        """Which there were and how they stood; one may end without a generation of its own."""
        self._connection = connect()
        self._let_go = weakref.finalize(self, disconnect, self._connection)
        self._sealed = self.path.is_file() and self.path.suffix == ".duckdb"
        self._kept: set[str] = set()
        self._undefined = set(DERIVED)
        """Derived relations that nobody has asked: binding all of them takes longer than most questions."""
        self._has_told = False
        self._held_fields: Sequence[KeptFields] = ()
        self._keeping, self._defining = threading.Lock(), threading.Lock()
        self._selecting = threading.Lock()
        self.companions: dict[type, Any] = {}
        """What others keep as long as this trace is open, one of a kind."""
        try:
            self.refresh()
            self.select("true")
        except BaseException:
            self.close()
            raise

    def refresh(self) -> Self:
        """Pin the newest generation; queries already running keep theirs."""
        if self._sealed:
            self._pin_sealed()
        else:
            self._pin_folder()
        return self

    def sql(self, statement: str, /, **parameters: Any) -> pl.DataFrame:
        """The rows that `statement` returns, its `$names` bound to the keyword arguments.

        Raises:
            UsageError: DuckDB does not accept the statement; the message is DuckDB's first line.
            TraceError: rows were purged since the trace was opened; refresh it.
        """
        with self._cursor() as cursor:
            relation = self._ask(cursor, statement, parameters)
            try:
                return pl.DataFrame() if relation is None else relation.pl()
            except duckdb.Error as error:
                raise _ours(error) from error

    def rows(
        self, statement: str, /, *, at_once: int = 2_000, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """The same rows one by one as dictionaries, never more than `at_once` of them in memory."""
        with self._cursor() as cursor:
            relation = self._ask(cursor, statement, parameters)
            if relation is None:
                return
            try:
                for batch in relation.to_arrow_reader(at_once):
                    yield from batch.to_pylist()
            except duckdb.Error as error:
                raise _ours(error) from error

    def keep(self, *names: str) -> None:
        """Work out derived relations now, and what they are made of, so that later questions to them cost little.

        Answers do not change: a generation is pinned and what is derived from it follows. `refresh` lets them go.
        """
        wanted = [name for name in asked_for(" ".join(names)) if name not in self._kept]
        self._define(" ".join(names))
        with self._keeping, self._cursor() as cursor:
            for name in wanted:
                if name not in self._kept:
                    keep(cursor, name)
                    self._kept.add(name)

    def select(self, condition: str) -> None:
        """Let the relation `selected` be the records for which the condition holds, for everybody who has this object.

        Args:
            condition: SQL over the columns of `records`.

        Raises:
            UsageError: DuckDB does not accept it; `selected` stays as it was.
        """
        self._define(condition)
        with self._selecting, self._cursor() as cursor:
            try:
                cursor.execute(
                    f"create or replace view selected as from records where ({condition}\n)"
                )
            except duckdb.Error as error:
                raise _ours(error) from error

    def coverage(self) -> pl.DataFrame:
        """What was read and what was not.

        Returns:
            One row per source, partition and touching span, sorted by them: `source_arn, partition_id, from_at, to_at,
            state` (`read`, `sealed`, `assumed`, `hole`), `cause` (of a hole).
        """
        return self.sql("from settled_coverage order by all")

    def production_positions(self) -> pl.DataFrame:
        """Where production stands beside what was captured, for each lease table that was named to the capture.

        Returns:
            One row per shard and application: `source_arn, partition_id, application, observed_at, captured_to,
            processed_to, processed_sub_sequence, lease_owner, stored_after` (stored records after its checkpoint).
        """
        return self.sql(load_statement(__package__, "production_positions").text)

    def info(self) -> dict[str, Any]:
        """What the trace holds, as one document: format, sources with counts and coverage, captures, results."""
        book = self.sql("select format_version, trace_id, created_at, generation from trace").row(
            0, named=True
        )
        sources = self.sql(load_statement(__package__, "sources").text).to_dicts()
        captures = self.sql(
            "select capture_id, kind, sources, state, started_at, ended_at from captures order by started_at"
        )
        return {
            "trace": str(self.path),
            **book,
            "records": self.sql("select count(*) from records").item(),
            "sources": [_json_ready(source) for source in sources],
            "captures": [
                {**row, "sources": json.loads(row["sources"])} for row in captures.to_dicts()
            ],
            "results": self.sql(load_statement(__package__, "result_counts").text).row(
                0, named=True
            ),
            "settings": self.settings(),
        }

    def settings(self) -> dict[str, str]:
        """The business fields kept with the trace: `key`, `sequence` (JSONPaths into the body)."""
        return dict(self.sql("select name, value from settings").iter_rows())

    def run(self, statements: Iterable[str]) -> None:
        """Run statements one after the other on one connection; `export` seals a file with them."""
        with self._cursor() as cursor:
            for statement in statements:
                self._define(statement)
                cursor.execute(statement)

    def close(self) -> None:
        """Let the trace go; queries after this fail."""
        self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _facts(self) -> dict[str, Any]:
        """What is in it and how much of it is known; of a closed or damaged trace, why that cannot be said."""
        try:
            return facts_of(self.info())
        except WorkbenchError as error:
            return {"trace": self.path, "not readable": error}

    def _sentences(self) -> tuple[str, ...]:
        """Whether it is empty, still being captured, or not all that there was."""
        try:
            return condition(self.info())
        except WorkbenchError:
            return ()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of one's own: DuckDB refuses a connection that is busy, and widgets call from any thread."""
        try:
            return self._connection.cursor()
        except duckdb.ConnectionException as error:
            raise UsageError(
                f"wanted an open trace, found {self.path} closed; open it again"
            ) from error

    def _ask(
        self, cursor: duckdb.DuckDBPyConnection, statement: str, parameters: dict[str, Any]
    ) -> duckdb.DuckDBPyRelation | None:
        try:
            self._define(statement)
            return cursor.sql(statement, params=parameters or None)
        except duckdb.Error as error:
            raise _ours(error) from error

    def _define(self, statement: str) -> None:
        """Define the derived relations that a statement asks; all of them where it may ask which there are."""
        lists = may_list(statement)
        told = not self._has_told and (lists or is_told(statement))
        asked = DERIVED if lists else asked_for(" ".join([statement, *(TOLD if told else ())]))
        if not told and self._undefined.isdisjoint(asked):
            return
        with self._defining, self._cursor() as cursor:
            missing = tuple(name for name in asked if name in self._undefined)
            define_derived(cursor, missing)
            self._undefined.difference_update(missing)
            if told:
                define_told(cursor, self._held_fields)
                self._has_told = True

    def _pin_folder(self) -> None:
        catalog = Catalog.open(self.path)
        try:
            catalog.rows("begin")
            generation = catalog.generation()
            captures = catalog.rows("select capture_id, state from captures order by capture_id")
            if (generation, captures) != (self.generation, self._captures):
                with self._cursor() as cursor:
                    again = tuple(name for name in DERIVED if name in self._kept)
                    self._held_fields = define_relations(cursor, catalog, again)
                    if self._has_told:
                        define_told(cursor, self._held_fields)
                self._kept.clear()
                self.generation, self._captures = generation, captures
        except (
            sqlite3.Error,
            ValueError,
            TypeError,
        ) as error:  # also rows that are not what was written
            raise TraceError(
                f"cannot read the catalog of {self.path}: {error}; `workbench verify` says more"
            ) from error
        finally:
            catalog.close()

    def _pin_sealed(self) -> None:
        if self.generation >= 0:
            return
        with self._cursor() as cursor:
            try:
                cursor.execute(f"attach {literal(str(self.path))} as sealed (read_only)")
                for name in BOOKS:
                    cursor.execute(f"create view {name} as from sealed.{name}")
                there = set(
                    cursor.execute(
                        "select table_name from duckdb_tables() where database_name = 'sealed'"
                    ).fetchall()
                )
                for name, schema in (SEGMENT_RELATIONS | CATALOG_RELATIONS).items():
                    if (name,) in there:
                        cursor.execute(f"create view {name} as from sealed.{name}")
                    else:
                        define_empty(cursor, name, schema)
                define_whole(cursor)
                kept = [name for name in DERIVED if (name,) in there]
                for name in kept:
                    cursor.execute(f"create view {name} as from sealed.{name}")
                self._undefined.difference_update(kept)
            except duckdb.Error as error:
                raise TraceError(
                    f"wanted an export of a trace, found {_first_line(error)} in {self.path}"
                ) from error
        self.generation = self.sql("select generation from trace").item()


def open_trace(path: str | Path) -> Trace:
    """The trace at `path`: a trace folder, or the `.duckdb` file that `export` sealed.

    Raises:
        TraceError: no trace there, a damaged or a newer one.
    """
    return Trace(path)


def named_parameters(statement: str) -> set[str]:
    """The `$names` that a statement is bound with; those in its texts are none.

    Raises:
        UsageError: it is not one statement that DuckDB can read.

    Example:
        >>> named_parameters("select '$a', $b")
        {'b'}
    """
    try:
        found = duckdb.extract_statements(statement)
    except duckdb.Error as error:
        raise _ours(error) from error
    if len(found) != 1:
        raise UsageError(f"wanted one statement, found {len(found)}; run them one after the other")
    return set(found[0].named_parameters)


def _json_ready(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: instant_text(value.astimezone(UTC)) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _ours(error: duckdb.Error) -> WorkbenchError:
    if no_room := exhausted(error):
        return TraceError(no_room)
    if isinstance(error, duckdb.IOException):
        return TraceError(
            f"wanted the segments that were live when the trace was opened, found {_first_line(error)}; "
            "where they were purged since, or merged long ago, refresh the trace or open it again; "
            "`workbench verify` says more"
        )
    return UsageError(f"DuckDB does not accept the statement: {_first_line(error)}")
