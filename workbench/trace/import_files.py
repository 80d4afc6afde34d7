"""Importing what people already have on disk into a trace."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.files import ImportedFile, read_files
from workbench.trace.logged_deliveries import logged_deliveries
from workbench.trace.redaction.redactor import Redactor
from workbench.trace.writer import TraceWriter

QUOTED = re.compile(r"'[^']{20,}'?")
"""A reason may quote the beginning of something, too short for a detector to know it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import took in, and what it did not."""

    files: int
    records: int
    resources: int
    skipped: tuple[tuple[str, str], ...]
    """Pairs of file and reason; a file may be taken in part."""
    sources: dict[str, int]
    """Records by source."""

    def document(self) -> dict[str, Any]:
        """The result as `import --json` prints it."""
        return {
            "files": self.files,
            "records": self.records,
            "resources": self.resources,
            "skipped": [{"file": file, "reason": reason} for file, reason in self.skipped],
            "sources": self.sources,
        }


def import_files(
    trace: Path,
    paths: Sequence[Path],
    *,
    now: Callable[[], datetime],
    source_arn: str | None = None,
    partition_id: str | None = None,
    redactor: Redactor | None = None,
    progress: Callable[[str, int], None] = lambda file, records: None,
) -> Imported:
    """Take Lambda events, saved CLI answers, notifications and log exports into a trace, made when not there.

    Args:
        trace: the trace's folder.
        paths: files or folders; several files of one partition are its pages, in the order given.
        now: the clock.
        source_arn: whose records they are, where a file does not say.
        partition_id: which partition, where a file does not say.
        redactor: redacts records, configuration and reasons before anything is stored or shown; None: as they are.
        progress: called with each file's name and the records so far.

    Raises:
        UnrecognisedError: a path that is not there.
        TraceError: the trace cannot be written; what was imported before is safe.
    """
    read = read_files(paths, source_arn=source_arn, partition_id=partition_id, now=now)
    found = map(_with_logged_deliveries, read)
    taken = found if redactor is None else (_redacted(each, redactor) for each in found)
    first = next(taken, None)
    described = redactor.described if redactor else None
    asked = [str(path) for path in paths]
    writer = TraceWriter(trace, "import", asked, now, redaction=described)
    files, sources, skipped, resources = set(), Counter[str](), list[tuple[str, str]](), 0
    state = "interrupted"
    try:
        while first is not None:
            writer.append_records(first.records, first.resources)
            files.add(first.path)
            sources.update(record.source_arn for record in first.records)
            resources += len(first.resources)
            skipped += [(str(skip.path), skip.reason) for skip in first.skipped]
            progress(str(first.path), sources.total())
            first = next(taken, None)
        state = "done"
    finally:
        writer.close(state)
    return Imported(len(files), sources.total(), resources, tuple(skipped), dict(sources))


def _with_logged_deliveries(file: ImportedFile) -> ImportedFile:
    return replace(file, records=(*file.records, *logged_deliveries(file.records)))


def _redacted(file: ImportedFile, redactor: Redactor) -> ImportedFile:
    return replace(
        file,
        records=tuple(redactor.records(file.records)),
        resources=redactor.resources(file.resources),
        skipped=tuple(
            replace(skip, reason=redactor.text(QUOTED.sub("'[dropped]'", skip.reason)))
            for skip in file.skipped
        ),
    )
