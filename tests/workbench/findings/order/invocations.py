"""Log lines of invocations that name the records they were given."""

from collections.abc import Iterator

from connectors.record import Record
from tests.factories import log_event


def invocation(
    number: int, seconds: float, *given: Record, stream: str = "a", group: str = ""
) -> Iterator[Record]:
    """The log events of one invocation, half a second from START to REPORT; each record's id stands in a line."""
    request = f"00000000-0000-4000-9000-{number:012d}"
    ids = [
        record.sequence_number if ":" in record.record_id else record.record_id for record in given
    ]
    lines = [
        f"START RequestId: {request} Version: $LATEST",
        *(f"[INFO]\t2026-11-20T10:00:00.490Z\t{request}\thandled {each}" for each in ids),
        f"END RequestId: {request}",
        f"REPORT RequestId: {request}\tDuration: 500.00 ms\tBilled Duration: 500 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 64 MB\t",
    ]
    for place, line in enumerate(lines):
        yield log_event(
            number * 100 + place,
            line,
            seconds=seconds + (0.5 if place >= len(lines) - 2 else 0),
            log_stream=f"2026/11/20/[$LATEST]{stream}",
            **({"group": group} if group else {}),
        )
