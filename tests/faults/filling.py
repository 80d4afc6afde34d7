"""A small capture on a disk that fills up: `python -m tests.faults.filling DISK` tries every amount of room."""

import os
import sys
from pathlib import Path

from connectors.record import Page, Resource, Span
from tests.factories import SHARD, STREAM, clock, instant, kinesis_record, page
from workbench.errors import TraceError
from workbench.trace import TraceWriter, open_trace
from workbench.trace.catalog import FILE_NAME, Catalog
from workbench.trace.verify import verify

RECORDS = 4
AT_ONCE = 2
STEP_BYTES = 16_384


def capture(folder: Path) -> None:
    """Read the stream from where the trace says to its end, two records a page."""
    writer = TraceWriter(folder, "capture", ["kinesis:orders"], clock)
    state = "failed"
    try:
        writer.hold(STREAM)
        checkpoint = writer.checkpoints(STREAM).get(SHARD)
        first = int(checkpoint.position) + 1 if checkpoint else 1
        for number in range(first, RECORDS + 1, AT_ONCE):
            writer.append_pages([(STREAM, numbered(range(number, number + AT_ONCE)))])
        writer.append_resources([Resource(STREAM, "list-shards", instant(9), "{}")])
        state = "done"
    finally:
        writer.close(state)


def numbered(numbers: range) -> Page:
    """One page; its position is its last number."""
    records = [kinesis_record(number, seconds=number) for number in numbers]
    span = Span(instant(0), instant(numbers[-1]))
    return page(*records, position=str(numbers[-1]), spans=[span])


def stored(folder: Path) -> list[int]:
    """The records in the trace, in the order they came; none where the trace was never made."""
    if not (folder / FILE_NAME).exists():
        return []
    with open_trace(folder) as trace:
        rows = trace.sql(
            "select field(body, '$.order')::int as n from records order by delivery_id"
        )
    return rows["n"].to_list()


def is_whole(folder: Path) -> bool:
    """What is there is a beginning of the stream, the position stands behind it, and every byte is as committed."""
    numbers = stored(folder)
    if not (folder / FILE_NAME).exists():
        return True
    catalog = Catalog.open(folder)
    checkpoint = catalog.checkpoints(STREAM).get(SHARD)
    catalog.close()
    position = int(checkpoint.position) if checkpoint else 0
    return numbers == list(range(1, position + 1)) and verify(folder).problems == ()


def fails_in_one_line(folder: Path) -> bool:
    """Whether the capture failed because there was no room, and said so in one line."""
    try:
        capture(folder)
    except TraceError as error:
        return "\n" not in str(error)
    return False


def main(disk: Path) -> None:
    """From a full disk upwards, until a whole capture fits."""
    ballast, failures = disk / "ballast", 0
    while True:
        folder = disk / f"{failures}.trace"
        leave_free(ballast, failures * STEP_BYTES)
        if not fails_in_one_line(folder):
            break
        failures += 1
        leave_free(ballast, None)
        assert is_whole(folder), stored(folder)
        capture(folder)
        assert is_whole(folder)
        assert stored(folder) == list(range(1, RECORDS + 1)), stored(folder)
        remove(folder)
    print(failures)


def leave_free(ballast: Path, free_bytes: int | None) -> None:
    """Fill the disk but for so much; None empties it."""
    ballast.unlink(missing_ok=True)
    if free_bytes is not None:
        disk = os.statvfs(ballast.parent)
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - free_bytes)


def remove(folder: Path) -> None:
    """Delete the trace."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
