"""The records that somebody looks at: named conditions that all views of a trace share, each leaving out its own.

A view that shows how records fall over time must show what the other views choose, not what it chose itself, or the
first brush would empty it. So each condition has the name of the view it comes from.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from workbench.markup import el
from workbench.summary import Summary
from workbench.trace import Trace
from workbench.trace.instants import instant_text
from workbench.trace.sql import literal
from workbench.trace.where import as_sql

Listener = Callable[["CrossFilter"], None]


@dataclass(frozen=True, slots=True)
class Clause(Summary):
    """One condition: for the database, and for people."""

    sql: str
    """An expression over the columns of `records`."""
    words: str

    @classmethod
    def between(cls, from_at: datetime, to_at: datetime) -> "Clause":
        """Deliveries of a stretch of time, its end left out; by `source_at`, or `received_at` where there is none.

        Example:
            >>> Clause.between(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)).words
            'from 2026-01-01T00:00:00.000000Z to 2026-01-02T00:00:00.000000Z'
        """
        low, high = sorted((from_at.astimezone(UTC), to_at.astimezone(UTC)))
        at = "coalesce(source_at, received_at)"
        return cls(
            f"{at} >= {literal(low)} and {at} < {literal(high)}",
            f"from {instant_text(low)} to {instant_text(high)}",
        )

    @classmethod
    def one_of(cls, column: str, values: Iterable[Any]) -> "Clause":
        """Records whose column has one of these values; None is a value.

        Args:
            column: a column of `records`, one of ours, never a reader's text.
            values: any; they are written as literals.

        Example:
            >>> Clause.one_of("partition_id", ["shardId-000000000001"]).sql
            "(partition_id in ('shardId-000000000001'))"
        """
        wanted = list(dict.fromkeys(values))
        known = [value for value in wanted if value is not None]
        parts = [f"{column} in ({', '.join(literal(value) for value in known)})"] if known else []
        parts += [f"{column} is null"] if None in wanted else []
        said = ", ".join("none" if value is None else str(value) for value in wanted)
        return cls(f"({' or '.join(parts) or 'false'})", f"{column} {said or 'nothing'}")

    @classmethod
    def rows_of(cls, sql: str, words: str) -> "Clause":
        """The deliveries that a statement with a column `delivery_id` returns, such as a finding's witness."""
        inner = f"({sql.strip().rstrip(';')}\n)"
        return cls(f"delivery_id in (select delivery_id from {inner})", words)  # noqa: S608 - a finding's own

    @classmethod
    def typed(cls, expression: str) -> "Clause":
        """What somebody typed: SQL over `records`, JSONPaths into the payload in it.

        Raises:
            UsageError: a JSONPath that names no single value.

        Example:
            >>> Clause.typed("receive_count > 1").sql
            'receive_count > 1'
        """
        return cls(as_sql(expression), expression.strip())


class CrossFilter:
    """The conditions of one trace; safe to use from any thread. `crossfilter` gives the one that all views share.

    Example:
        >>> chosen = crossfilter(trace)                                         # doctest: +SKIP
        >>> chosen.set("grid", Clause.typed("$.order.id == 42"))                # doctest: +SKIP
        >>> trace.sql("select count(*) from selected").item()                   # doctest: +SKIP
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._lock = threading.RLock()
        self._clauses: dict[str, Clause] = {}
        self._listeners: list[Listener] = []

    @property
    def clauses(self) -> dict[str, Clause]:
        """The conditions by name, as they were set."""
        with self._lock:
            return dict(self._clauses)

    def set(self, name: str, clause: Clause | None) -> None:
        """Set the condition of this name; None takes it away. Listeners are told when something has changed.

        Raises:
            UsageError: DuckDB does not accept it; everything stays as it was.
        """
        with self._lock:
            wanted = {each: kept for each, kept in self._clauses.items() if each != name}
            if clause is not None:
                wanted[name] = clause
            if wanted == self._clauses:
                return
            self.trace.select(_all_of(wanted))
            self._clauses = wanted
        self._tell()

    def reset(self) -> None:
        """Take all conditions away."""
        with self._lock:
            if not self._clauses:
                return
            self.trace.select(_all_of({}))
            self._clauses = {}
        self._tell()

    def where(self, leaving_out: str | None = None) -> str:
        """All conditions as one SQL expression, but for the one of a view's own name."""
        return _all_of(
            {name: clause for name, clause in self.clauses.items() if name != leaving_out}
        )

    @property
    def sql(self) -> str:
        """The statement that returns what is selected, on any open trace."""
        return f"from records where {self.where()}"

    def to_frame(self, limit: int = 1_000) -> pl.DataFrame:
        """The first selected deliveries, by time; columns of `records`."""
        return self.trace.sql(
            f"from records where {self.where()} order by coalesce(source_at, received_at), delivery_id"
            f" limit {int(limit)}"
        )

    def words(self) -> str:
        """What is selected, for people."""
        clauses = self.clauses
        return "; ".join(each.words for each in clauses.values()) if clauses else "everything"

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each change, on the thread of whoever changed something.

        Returns:
            What ends it.
        """
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop

    def __repr__(self) -> str:
        return f"<CrossFilter {self.words()}>"

    def _repr_html_(self) -> str:
        return el("p", "Selected: ", el("b", self.words()), " ", el("code", self.sql))

    def _tell(self) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener(self)


def crossfilter(trace: Trace) -> CrossFilter:
    """The conditions that all views of this open trace share; `trace.sql` sees the outcome as `selected`.

    Example:
        >>> crossfilter(wb.open("incident.trace")).words()  # doctest: +SKIP
        'everything'
    """
    made: CrossFilter = trace.companions.setdefault(CrossFilter, CrossFilter(trace))
    return made


def _all_of(clauses: dict[str, Clause]) -> str:
    """Each on lines of its own, so that a comment at a condition's end hides nothing behind it."""
    return " and ".join(f"({each.sql}\n)" for each in clauses.values()) or "true"
