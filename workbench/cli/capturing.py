"""capture: recording sources into a trace."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.account import Endpoint, ModeOption, Profile, Region, Sources, access_to, mode_of
from workbench.cli.interrupts import stopping_on_signals
from workbench.cli.keeping import (
    RedactKeyOption,
    RedactOption,
    RetentionOption,
    note_capture,
    redactor_of,
    retain,
    storing_lines,
)
from workbench.cli.options import AsJson, NewTrace, SinceOption, UntilOption
from workbench.cli.terminal import print_json, print_table, progress, say

if TYPE_CHECKING:
    from connectors import Access, Connector

INCOMPLETE, INTERRUPTED = 3, 130


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(
        "capture",
        epilog="Example: workbench capture incident.trace kinesis:orders lambda:charge --since 2h --profile prod",
    )(capture)


def capture(
    trace: NewTrace,
    sources: Sources,
    since: SinceOption = None,
    until: UntilOption = None,
    for_: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help="Follow for so long (30s, 10m), then end."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on at the tip until interrupted.")
    ] = False,
    mode: ModeOption = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Peek also where it does harm (FIFO, few receives left)."),
    ] = False,
    redact: RedactOption = None,
    redact_key: RedactKeyOption = None,
    retention: RetentionOption = None,
    profile: Profile = None,
    region: Region = None,
    endpoint_url: Endpoint = None,
    json: AsJson = False,
) -> int:
    """Record sources into a trace; started again, it resumes where the trace ends."""
    from connectors import Budgets, is_loopback
    from workbench.trace.capture import capture as run
    from workbench.trace.instants import parse_age, parse_since
    from workbench.trace.redaction.connector import RedactedConnector
    from workbench.trace.source_reader import Clock, Limits
    from workbench.trace.sources import source_name

    now = datetime.now(UTC)
    limits = Limits(parse_since(until, now) if until else None, follow or for_ is not None)
    asked = _Asked(sources, mode, parse_since(since, now) if since else None, limits.until, force)
    access = access_to(profile, region, endpoint_url, mode)
    stop = threading.Event()
    timer = threading.Timer(parse_age(for_).total_seconds(), stop.set) if for_ else None
    redactor = redactor_of(redact, redact_key, trace)
    retain(trace, retention, now)
    connectors = asked.open(access)
    for line in storing_lines(redactor, trace):
        say(f"workbench: {line}")
    if redactor is not None:
        connectors = [RedactedConnector(each, redactor) for each in connectors]
    with stopping_on_signals(stop) as interrupted, progress("captured") as shown:
        task = shown.add_task("records", total=None) if shown else None
        if timer:
            timer.daemon = True
            timer.start()
        captured = run(
            trace,
            connectors,
            limits=limits,
            clock=Clock(lambda: datetime.now(UTC)),
            budgets=Budgets(local=is_loopback(access.endpoint_url)),
            stop=stop,
            prepare=redactor.page if redactor else lambda page: page,
            progress=lambda states: (
                shown.update(task, completed=sum(s.records for s in states))  # type: ignore[arg-type]
                if shown
                else None
            ),
        )
    if timer:
        timer.cancel()
    note_capture(trace, captured.capture_id, redactor)
    document = captured.document()
    if json:
        print_json(document)
    else:
        rows = [
            [source_name(s["source_arn"]), s["records"], s["holes"], s["error"]]
            for s in document["sources"]
        ]
        print_table(["source", "records", "holes", "what went wrong"], rows)
    if interrupted.is_set():
        say(
            f"workbench: interrupted; {document['records']:,} records are safe, the same command resumes"
        )
        return INTERRUPTED
    return _judge(captured.complete, document["records"], [s["error"] for s in document["sources"]])


@dataclass(frozen=True, slots=True)
class _Asked:
    sources: Sequence[str]
    mode: str | None
    since: datetime | None
    until: datetime | None
    force: bool

    def open(self, access: "Access") -> "list[Connector]":
        """All connectors or none: a name that is wrong is said before anything is read."""
        from connectors import Connector, open_connector

        opened: list[Connector] = []
        try:
            for source in self.sources:
                opened.append(
                    open_connector(
                        source,
                        access,
                        now=lambda: datetime.now(UTC),
                        mode=mode_of(source, self.mode),
                        since=self.since,
                        until=self.until,
                        force=self.force,
                    )
                )
        except BaseException:
            for connector in opened:
                connector.close()
            raise
        return opened


def _judge(complete: bool, records: int, errors: Sequence[str | None]) -> int:
    for error in filter(None, errors):
        say(f"workbench: {error}")
    if complete:
        return 0
    return INCOMPLETE if records or not all(errors) else 1
