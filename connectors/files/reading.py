"""Reads the files that people name: walks folders, cuts long files into parts, tells what was skipped."""

import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from connectors.errors import UnrecognisedError
from connectors.files.documents import UNREADABLE, Broken, Document, TextLines, documents
from connectors.files.json_text import TOO_DEEP
from connectors.files.log_events import (
    group_of,
    json_line,
    text_lines,
)
from connectors.files.origin import Origin, Skip, storable
from connectors.files.recognise import Found, found_in
from connectors.record import Record, Resource

PART_RECORDS = 10_000
_SKIPS_TOLD = 1_000
"""Of one file; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in a file, or all of it, that was not taken."""

    path: Path
    reason: str
    """One line: where in the file, what was wanted, what was found."""


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What one file gave, or one part of a long file."""

    path: Path
    records: tuple[Record, ...] = ()
    """In the file's order; at most 10,000."""
    resources: tuple[Resource, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    """All of the file's, with its last part."""
    part: int = 1


def read_files(
    paths: Iterable[Path],
    *,
    source_arn: str | None,
    partition_id: str | None,
    now: Callable[[], datetime],
) -> Iterator[ImportedFile]:
    """What the files hold: Lambda events, answers of the CLI, failure records, logs, configuration.

    Formats are found by content. Files are read in the order given, folders in the order of names without
    hidden files, gzip or plain; at most one part (and one document) is in memory.

    Args:
        paths: Files and folders.
        source_arn: Says whose records a file holds, where it does not say so itself.
        partition_id: Likewise the shard or log stream.
        now: Clock; its instant is the records' `received_at`.

    Returns:
        At least one `ImportedFile` for each file; what could not be taken stands in its `skipped`.

    Raises:
        UnrecognisedError: A path does not exist; nothing was read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "event.json")
        ...     _ = path.write_text('{"Records": [{"messageId": "1", "body": "hello"}]}')
        ...     queue = "arn:aws:sqs:us-east-1:111122223333:orders"
        ...     files = read_files([path], source_arn=queue, partition_id=None, now=datetime.now)
        ...     [record.body for file in files for record in file.records]
        [b'hello']

    Source: the shapes are AWS's; each module of this package names its documents.
    """
    named = [Path(path) for path in paths]
    for path in named:
        if not os.path.lexists(path):
            raise UnrecognisedError(f"a file or folder to import was wanted, {path} does not exist")
    return _read_all(named, source_arn, partition_id, now)


def _read_all(
    named: list[Path],
    source_arn: str | None,
    partition_id: str | None,
    now: Callable[[], datetime],
) -> Iterator[ImportedFile]:
    for path in itertools.chain.from_iterable(map(_files_of, named)):
        if isinstance(path, Skipped):
            yield ImportedFile(path.path, skipped=(path,))
        else:
            yield from _read_file(path, Origin(source_arn, partition_id, now()))


def _files_of(named: Path) -> Iterator[Path | Skipped]:
    if not named.is_dir():
        yield named
        return
    unreadable: list[OSError] = []
    is_empty = True
    for folder, folders, names in os.walk(named, onerror=unreadable.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            is_empty = False
            path = Path(folder, name)
            yield path if path.is_file() else Skipped(path, "not a regular file")
    for error in unreadable:
        yield Skipped(Path(error.filename), f"cannot be read: {error.strerror}")
    if is_empty and not unreadable:
        yield Skipped(named, "a folder without files (hidden ones are left out)")


def _read_file(path: Path, origin: Origin) -> Iterator[ImportedFile]:
    skips = _Skips(path)
    records: list[Record] = []
    resources: list[Resource] = []
    part = 1
    for found in _found(path, origin):
        if isinstance(found, Skip):
            skips.add(found)
        elif isinstance(found, Resource):
            resources.append(found)
        else:
            if len(records) == PART_RECORDS:
                yield ImportedFile(path, tuple(records), tuple(resources), part=part)
                part, records, resources = part + 1, [], []
            records.append(found)
    yield ImportedFile(path, tuple(records), tuple(resources), skips.told(), part)


def _found(path: Path, origin: Origin) -> Iterator[Found]:
    try:
        with path.open("rb") as stream:
            for item in documents(stream):
                yield from _in_item(item, origin)
    except UNREADABLE as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        yield Skip(f"cannot be read on: {reason}")


def _in_item(item: Document | Broken | TextLines, origin: Origin) -> Iterator[Found]:
    if isinstance(item, TextLines):
        yield from text_lines(item.lines, origin)
        return
    place = f"line {item.line_number}" if item.line_number else ""
    if isinstance(item, Document):
        try:
            yield from found_in(item, origin)
        except RecursionError:
            yield Skip(TOO_DEEP, place)
    elif item.line is not None and group_of(origin.source_arn):
        yield json_line(item.line_number, item.line, None, origin)
    else:
        yield Skip(item.reason, place)


class _Skips:
    """What was skipped of one file: alike reasons once, and no more lines than a person reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told: list[Skip] = []
        self._counts: Counter[str] = Counter()
        self._untold = 0

    def add(self, skip: Skip) -> None:
        self._counts[skip.reason] += skip.alike
        if skip.alike and self._counts[skip.reason] > 1:
            return
        if len(self._told) < _SKIPS_TOLD:
            self._told.append(skip)
        else:
            self._untold += 1

    def told(self) -> tuple[Skipped, ...]:
        lines = [self._line(skip) for skip in self._told]
        if self._untold:
            lines.append(f"{self._untold:,} more were skipped")
        return tuple(Skipped(self._path, line) for line in lines)

    def _line(self, skip: Skip) -> str:
        place = f"{skip.place}: " if skip.place else ""
        more = self._counts[skip.reason] - 1 if skip.alike else 0
        line = f"{place}{skip.reason}" + (f" (and {more:,} alike)" if more > 0 else "")
        return storable(" ".join(line.split()))
