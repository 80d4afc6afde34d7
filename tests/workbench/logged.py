"""Invocations as Lambda logs them in text: INIT_START, START, END, REPORT, each line at its instant."""

from collections.abc import Iterator

from connectors.record import Record
from tests.factories import LOG_GROUP, log_event

REQUEST = "{:08x}-0000-4000-8000-000000000000"


def invocation(
    number: int,
    seconds: float,
    duration_ms: float = 100,
    *,
    init_ms: float | None = None,
    idle_ms: float = 0,
    instance: str = "aa",
    version: str = "$LATEST",
    more: str = "",
    lines: tuple[str, ...] = (),
    group: str = LOG_GROUP,
) -> Iterator[Record]:
    """The lines of one invocation; `init_ms` makes it cold, `idle_ms` lies between its initialisation and START."""
    request = REQUEST.format(number)
    stream = f"2026/11/20/[{version}]{instance}"
    ended = seconds + duration_ms / 1_000
    told = [
        (seconds, f"START RequestId: {request} Version: {version}"),
        *((seconds, line) for line in lines),
        (ended, f"END RequestId: {request}"),
        (
            ended,
            f"REPORT RequestId: {request}\tDuration: {duration_ms} ms\tBilled Duration: {round(duration_ms) + 1} ms\t"
            f"Memory Size: 128 MB\tMax Memory Used: 64 MB\t"
            + (f"Init Duration: {init_ms} ms\t" if init_ms is not None else "")
            + more,
        ),
    ]
    if init_ms is not None:
        ready = seconds - idle_ms / 1_000
        told.insert(0, (ready - init_ms / 1_000, "INIT_START Runtime Version: python:3.12.v1"))
    for place, (at_second, line) in enumerate(told):
        yield log_event(
            number * 100 + place, line, seconds=at_second, log_stream=stream, group=group
        )
