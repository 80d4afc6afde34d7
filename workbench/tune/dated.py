"""What AWS allows or charges, as rows that hold for a time: an incident is judged by what held on its day."""

import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Any

from workbench.errors import UsageError
from workbench.summary import Summary

COLUMNS = (
    "service",
    "name",
    "region",
    "mode",
    "value",
    "unit",
    "valid_from",
    "valid_to",
    "source",
    "confidence",
)
CONFIDENCES = ("documented", "third_party", "remembered", "derived", "own")
"""AWS's own word; somebody else's; written down from memory, dates too; reckoned from others; a user's own file."""
DEFAULT_REGION = "us-east-1"

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Dated:
    """One figure, and the days on which it holds."""

    service: str
    name: str
    region: str
    """Where it holds; empty: everywhere."""
    mode: str
    """For which variant (`fifo`, `provisioned`, `arm64` …); empty: for all."""
    value: float | None
    """None: AWS has such a figure, but it is not known here; `source` says what is missing."""
    unit: str
    valid_from: date | None
    """First day; None: since before anything is known of it."""
    valid_to: date | None
    """The day from which it no longer holds (exclusive: the next figure's first day); None: it still holds."""
    source: str
    """AWS's document or operation."""
    confidence: str

    @property
    def key(self) -> Key:
        """What has one figure a day: service, name, region, mode."""
        return (self.service, self.name, self.region, self.mode)

    def holds(self, at: date) -> bool:
        """Whether it holds on that day.

        Example:
            >>> quota = Dated("lambda", "timeout_max", "", "", 300, "seconds", None, date(2018, 10, 11), "", "own")
            >>> quota.holds(date(2018, 10, 10)), quota.holds(date(2018, 10, 11))
            (True, False)
        """
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_to is None or at < self.valid_to
        )

    def document(self) -> dict[str, Any]:
        """The row as `--json` prints it; a whole value as a whole number, days as ISO 8601."""
        found: dict[str, Any] = {name: getattr(self, name) for name in COLUMNS}
        if self.value is not None and self.value.is_integer():
            found["value"] = int(self.value)
        for name in ("valid_from", "valid_to"):
            found[name] = found[name] and found[name].isoformat()
        return found


@dataclass(frozen=True, slots=True, repr=False)
class DatedTable(Summary):
    """Figures by service, name, mode, Region and day; no day has two of one of them."""

    entries: tuple[Dated, ...]

    def services(self) -> tuple[str, ...]:
        """The services that have figures, sorted."""
        return tuple(sorted({entry.service for entry in self.entries}))

    def rows(
        self, service: str | None = None, at: date | None = None, region: str | None = None
    ) -> tuple[Dated, ...]:
        """The figures of a service, on a day, in a Region; each of them: None for all.

        With a Region, what holds everywhere gives way to the Region's own figure of the same day.

        Example:
            >>> from workbench.tune.quotas import quotas
            >>> [row.value for row in quotas().rows("lambda", date(2016, 12, 1)) if row.name == "memory_max"]
            [1536.0]
        """
        day = _day(at)
        found = [
            entry
            for entry in self.entries
            if (service is None or entry.service == service)
            and (day is None or entry.holds(day))
            and (region is None or entry.region in ("", region))
        ]
        if region and day:
            own = {(each.service, each.name, each.mode) for each in found if each.region}
            found = [
                each
                for each in found
                if each.region or (each.service, each.name, each.mode) not in own
            ]
        return tuple(found)

    def row(
        self, service: str, name: str, at: date, mode: str = "", region: str = DEFAULT_REGION
    ) -> Dated | None:
        """The figure that holds on a day: the mode's and the Region's own before what holds for all; None: none does.

        Raises:
            UsageError: a name or a mode that has no figure on any day.
        """
        there = [entry for entry in self.entries if (entry.service, entry.name) == (service, name)]
        self._refuse_unknown(service, name, mode, there)
        day = _day(at)
        assert day is not None
        holding = {(each.mode, each.region): each for each in there if each.holds(day)}
        for wanted in ((mode, region), (mode, ""), ("", region), ("", "")):
            if wanted in holding:
                return holding[wanted]
        return None

    def value(
        self, service: str, name: str, at: date, mode: str = "", region: str = DEFAULT_REGION
    ) -> float | None:
        """The value that holds on a day.

        Args:
            service: `sqs`, `lambda` …
            name: what is limited or charged, such as `memory_max`.
            at: the day: of the capture to explain it, today to recommend.
            mode: variant, such as `fifo`; what holds for all modes answers for each.
            region: where; what holds everywhere answers for each.

        Returns:
            The value in the row's unit; None where there was no such thing on that day, or it is not known.

        Raises:
            UsageError: a name or a mode that has no figure on any day.

        Example:
            >>> from workbench.tune.quotas import quotas
            >>> quotas().value("lambda", "timeout_max", date(2016, 12, 1))
            300.0
        """
        found = self.row(service, name, at, mode, region)
        return found.value if found else None

    def _refuse_unknown(self, service: str, name: str, mode: str, there: list[Dated]) -> None:
        modes = {entry.mode for entry in there}
        if not there:
            raise UsageError(
                f"wanted a figure of {service}, found none called {name!r}"
                + _near(name, {entry.name for entry in self.entries if entry.service == service})
            )
        if mode not in modes and "" not in modes:
            raise UsageError(
                f"wanted a mode of {service} {name}, found {mode!r}; there are {', '.join(sorted(modes))}"
            )

    def _facts(self) -> dict[str, Any]:
        """How many figures there are, and of what."""
        return {"figures": len(self.entries), "services": self.services()}


def read_table(shipped: str, own: Path | None = None) -> DatedTable:
    """A table that comes with the workbench, and a user's own rows in place of its rows on the days they hold.

    Args:
        shipped: file beside this module.
        own: CSV of the same columns; rows of the same service, name, region and mode give way on the days that a row
            here holds, and keep the others. A Region of its own may be added, a service, name or mode not.

    Raises:
        UsageError: the file cannot be read, or a row cannot be right; the message names row and column.
    """
    table = _shipped(shipped)
    if own is None:
        return table
    entries = list(table.entries)
    taken: list[Dated] = []
    for where, entry in _own_rows(own):
        _refuse_stranger(where, entry, table.entries)
        if any(entry.key == other.key and _overlap(entry, other) for other in taken):
            raise UsageError(
                f"wanted one figure a day, found a second in {where}, column valid_from: {' '.join(entry.key[:2])}; "
                "end the earlier row where this one begins (valid_to is exclusive)"
            )
        taken.append(entry)
        entries = [piece for each in entries for piece in _outside(each, entry)]
    return DatedTable(tuple(sorted((*entries, *taken), key=_order)))


def parse_row(row: dict[str, str], where: str) -> Dated:
    """One row of a CSV file.

    Args:
        row: column to text.
        where: what to call the row in a message.

    Raises:
        UsageError: a column cannot be right.
    """
    text = {name: row[name].strip() for name in COLUMNS}
    for name in ("service", "name", "unit"):
        if not text[name] or len(text[name].split()) > 1:
            raise _bad(where, name, "one word", text[name])
    if text["confidence"] not in CONFIDENCES:
        raise _bad(where, "confidence", " or ".join(CONFIDENCES), text["confidence"])
    entry = Dated(
        text["service"],
        text["name"],
        text["region"],
        text["mode"],
        _number(text["value"], where),
        text["unit"],
        _date(text, "valid_from", where),
        _date(text, "valid_to", where),
        text["source"],
        text["confidence"],
    )
    if entry.valid_from and entry.valid_to and entry.valid_from >= entry.valid_to:
        raise _bad(where, "valid_to", f"a day after {entry.valid_from}", text["valid_to"])
    return entry


@cache
def _shipped(name: str) -> DatedTable:
    text = (files(__package__) / name).read_text("utf-8")
    entries = (parse_row(row, f"{name} row {n}") for n, row in enumerate(_rows(text), 2))
    return DatedTable(tuple(sorted(entries, key=_order)))


def _rows(text: str) -> Iterator[dict[str, str]]:
    return csv.DictReader(StringIO(text))


def _own_rows(own: Path) -> Iterator[tuple[str, Dated]]:
    try:
        text = own.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no UTF-8 text"
        raise UsageError(
            f"wanted a CSV file, found {own}: {reason}; name one that is there"
        ) from error
    reader = csv.DictReader(StringIO(text), strict=True)
    if sorted(reader.fieldnames or ()) != sorted(COLUMNS):
        found = ",".join(reader.fieldnames or ()) or "none"
        raise UsageError(
            f"wanted the columns {','.join(COLUMNS)} in {own} row 1, found {found[:200]}"
        )
    try:
        for number, row in enumerate(reader, 2):
            where = f"{own} row {number}"
            if None in row or None in row.values():
                raise UsageError(f"wanted {len(COLUMNS)} columns in {where}, found another number")
            stated = {**row, "confidence": row["confidence"].strip() or "own"}
            yield where, parse_row(stated, where)
    except csv.Error as error:
        raise UsageError(f"wanted a CSV file, found {own}: {error}; mend its quotes") from error


def _refuse_stranger(where: str, entry: Dated, known: Iterable[Dated]) -> None:
    """A row that nothing would ever ask for, or that would be taken in another unit than it is written in."""
    known = list(known)
    for column, within in (("service", ()), ("name", ("service",)), ("mode", ("service", "name"))):
        there = {
            getattr(each, column)
            for each in known
            if all(getattr(each, name) == getattr(entry, name) for name in within)
        }
        if getattr(entry, column) not in there:
            there_are = ", ".join(sorted(map(repr, there))) if column != "name" else "its own names"
            raise UsageError(
                f"wanted a known {column} in {where}, column {column}, found {getattr(entry, column)!r}; "
                f"there are {there_are}{_near(getattr(entry, column), there)}"
            )
    [unit] = {
        each.unit for each in known if (each.service, each.name) == (entry.service, entry.name)
    }
    if entry.unit != unit:
        raise _bad(where, "unit", unit, entry.unit)


def _outside(entry: Dated, own: Dated) -> Iterator[Dated]:
    """What is left of a row on the days that an own row does not hold."""
    if entry.key != own.key or not _overlap(entry, own):
        yield entry
        return
    if own.valid_from and (entry.valid_from is None or entry.valid_from < own.valid_from):
        yield replace(entry, valid_to=own.valid_from)
    if own.valid_to and (entry.valid_to is None or own.valid_to < entry.valid_to):
        yield replace(entry, valid_from=own.valid_to)


def _overlap(one: Dated, other: Dated) -> bool:
    return (one.valid_from or date.min) < (other.valid_to or date.max) and (
        other.valid_from or date.min
    ) < (one.valid_to or date.max)


def _order(entry: Dated) -> tuple[Key, date]:
    return (entry.key, entry.valid_from or date.min)


def _day(at: date | None) -> date | None:
    return at.date() if isinstance(at, datetime) else at


def _number(text: str, where: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise _bad(where, "value", "a number from 0, or nothing where it is not known", text)
    return value


def _date(text: dict[str, str], column: str, where: str) -> date | None:
    try:
        return date.fromisoformat(text[column]) if text[column] else None
    except ValueError:
        raise _bad(where, column, "a day such as 2020-12-01, or nothing", text[column]) from None


def _bad(where: str, column: str, wanted: str, found: str) -> UsageError:
    return UsageError(f"wanted {wanted} in {where}, column {column}, found {found!r}")


def _near(name: str, there: Iterable[str]) -> str:
    near = get_close_matches(name, list(there), n=1)
    return f"; did you mean {near[0]}?" if near else ""
