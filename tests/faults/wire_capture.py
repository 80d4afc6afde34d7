"""Captures of one source under one fault on the wire, several at a time, each with a server of its own."""

import queue
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pyarrow import parquet

from connectors import Budgets, Mode, open_connector
from connectors.answers import instant
from tests.faults.wire_access import Wire, on_the_wire
from tests.faults.wire_aws import AT_ONCE, READS, RECORDS, Asked, Sender, Sent, record_id
from tests.faults.wire_faults import WireFault
from tests.scripted_aws.clock import START, VirtualClock
from workbench.trace.capture import Captured, capture
from workbench.trace.limits import Limits

SOURCES = {
    "kinesis": ("kinesis:orders", None),
    "dynamodb": ("dynamodb:orders", None),
    "logs": ("logs:orders", None),
    "sns": ("sns:orders", None),
    "sqs": ("sqs:orders", Mode.DRAIN),
}
AT_A_TIME = 4
LONGEST_S = 60
"""Of real time: all waits are virtual, so whatever takes longer hangs."""
LONGEST = timedelta(hours=1)
"""Of virtual time: whatever is not done by then goes round in circles."""


@dataclass(frozen=True)
class Case:
    """One source under one fault."""

    source: str
    fault: WireFault
    page: int | None
    """The answer that first brings this page goes wrong; None: every answer that brings `STUCK`."""

    def __str__(self) -> str:
        when = "always" if self.page is None else f"page {self.page}"
        return f"{self.source}-{self.fault.name}-{when}"


STUCK = AT_ONCE + 1
"""The record that can never be brought: in the middle, so that there is something before and behind it."""


@dataclass(frozen=True)
class Hole:
    """A span of the source's own time that is known not to have been read."""

    from_at: datetime
    to_at: datetime


@dataclass(frozen=True)
class Outcome:
    """What a capture left; `ended` is False where it hung or went round in circles."""

    ended: bool
    complete: bool
    error: str | None
    stored: Counter[str]
    holes: tuple[Hole, ...]
    last_asked: tuple[str, ...]

    def missing(self, source: str) -> list[int]:
        """The records that are not in the trace."""
        return [n for n in range(RECORDS) if record_id(source, n) not in self.stored]


class Injected:
    """The fault of a case, asked by the server before each answer."""

    def __init__(self, case: Case, clock: VirtualClock, stop: threading.Event) -> None:
        self._case, self._clock, self._stop, self._left = case, clock, stop, True

    def __call__(self, asked: Asked, sent: Sent) -> Sender | None:
        case = self._case
        if self._clock.now() > START + LONGEST:
            self._stop.set()
        wanted = STUCK if case.page is None else case.page * AT_ONCE
        if not self._left or asked.operation != READS[case.source] or wanted not in sent.records:
            return None
        self._left = case.page is None
        return case.fault.send


def captured(case: Case, wire: Wire, trace: Path) -> Outcome:
    """A capture of the case's source, to its tip."""
    clock, stop = wire.aws.clock, threading.Event()
    wire.aws.begin(case.source, Injected(case, clock, stop))
    text, mode = SOURCES[case.source]
    since = None if case.source == "sns" else START - timedelta(hours=1)  # a tap starts now
    connector = open_connector(text, wire.access(case.fault), now=clock.now, mode=mode, since=since)
    found: list[Captured] = []

    def run() -> None:
        ended = capture(
            trace,
            [connector],
            limits=Limits(since=since),
            clock=clock.for_capture(),
            budgets=Budgets(calls_per_second=50),
            stop=stop,
        )
        found.append(ended)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LONGEST_S)
    stop.set()
    return Outcome(
        bool(found) and found[0].state == "done",
        bool(found) and found[0].complete,
        found[0].sources[0].error if found else None,
        Counter(_stored_in(trace)),
        tuple(_holes_in(trace)),
        tuple(wire.aws.seen[-5:]),
    )


@contextmanager
def captures(cases: Iterable[Case], folder: Path) -> Iterator[dict[Case, "Future[Outcome]"]]:
    """All cases on their way, a few at a time."""
    with ExitStack() as stack:
        wires: queue.Queue[Wire] = queue.Queue()
        for _ in range(AT_A_TIME):
            wires.put(stack.enter_context(on_the_wire()))
        pool = stack.enter_context(ThreadPoolExecutor(AT_A_TIME))

        def run(number: int, case: Case) -> Outcome:
            wire = wires.get()
            try:
                return captured(case, wire, folder / f"{number}.trace")
            finally:
                wires.put(wire)

        yield {case: pool.submit(run, number, case) for number, case in enumerate(cases)}


def _stored_in(trace: Path) -> list[str]:
    """The ids of all records; a reader's relations would take longer to define than the capture ran."""
    with closing(sqlite3.connect(trace / "catalog.sqlite")) as catalog:
        live = "select path from segments where relation = 'records' and removed_in is null"
        paths = [trace / path for (path,) in catalog.execute(live)]
    return [
        record
        for path in paths
        for record in parquet.read_table(path, columns=["record_id"])["record_id"].to_pylist()
    ]


def _holes_in(trace: Path) -> Iterator[Hole]:
    with closing(sqlite3.connect(trace / "catalog.sqlite")) as catalog:
        rows = catalog.execute("select from_at, to_at from coverage where state = 'hole'")
        for from_at, to_at in rows:
            yield Hole(instant(from_at), instant(to_at))
