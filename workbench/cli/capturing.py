"""capture: recording sources into a trace."""

import threading
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.account import (
    AssumeRole,
    Endpoint,
    ModeOption,
    Profile,
    Region,
    Sources,
    access_to,
)
from workbench.cli.capture_progress import capture_progress
from workbench.cli.incidents import (
    Offer,
    manifest,
    offers_of,
    open_offers,
    say_offers,
    window_of,
)
from workbench.cli.interrupts import Interrupted, stopping_after, stopping_on_signals
from workbench.cli.keeping import (
    RedactKeyOption,
    RedactOption,
    RetentionOption,
    redactor_of,
    retain,
    storing_lines,
)
from workbench.cli.opening import Asked, budgets_of, clock
from workbench.cli.options import AsJson, NewTrace, SinceOption, UntilOption
from workbench.cli.terminal import counted, print_json, print_table, say

if TYPE_CHECKING:
    from connectors import Access, Connector
    from workbench.trace.capture import Captured
    from workbench.trace.incident import Window
    from workbench.trace.redaction.redactor import Redactor

INCOMPLETE = 3

ForOption = Annotated[
    str | None,
    typer.Option("--for", metavar="TIME", help="Follow for so long (30s, 10m), then end."),
]


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
    for_: ForOption = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on at the tip until interrupted.")
    ] = False,
    around: Annotated[
        str | None,
        typer.Option(
            "--around", metavar="INSTANT", help="An incident: all that is still there around it."
        ),
    ] = None,
    window: Annotated[
        str | None,
        typer.Option("--window", metavar="TIME", help="So much before and after --around (30m)."),
    ] = None,
    mode: ModeOption = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Peek also where it does harm (FIFO, few receives left)."),
    ] = False,
    kcl_application: Annotated[
        str | None,
        typer.Option(
            "--kcl-application",
            metavar="NAME",
            help="Note also how far this Kinesis Client Library application has read.",
        ),
    ] = None,
    redact: RedactOption = None,
    redact_key: RedactKeyOption = None,
    retention: RetentionOption = None,
    profile: Profile = None,
    region: Region = None,
    endpoint_url: Endpoint = None,
    assume_role: AssumeRole = None,
    json: AsJson = False,
) -> int:
    """Record sources into a trace; started again, it resumes where the trace ends."""
    from workbench.trace.instants import parse_age, parse_since
    from workbench.trace.limits import Limits

    now = clock()
    ends = {"--since": since, "--until": until, "--for": for_, "--follow": follow}
    incident = window_of(around, window, now, ends)
    length = parse_age(for_) if for_ else None
    limits = Limits(
        until=parse_since(until, now) if until else None,
        follow=follow or for_ is not None,
        since=parse_since(since, now) if since else None,
    )
    asked = Asked(
        sources,
        mode,
        limits.since,
        limits.until,
        force,
        kcl_application,
    )
    access = access_to(profile, region, endpoint_url, mode, assume_role, sources, kcl_application)
    redactor = redactor_of(redact, redact_key, trace)
    retain(trace, retention, now)
    offers: list[Offer] = []
    if incident is None:
        connectors = asked.open(access)
    else:
        asked = replace(asked, since=incident.from_at, until=incident.to_at)
        limits = Limits(incident.to_at, follow=incident.to_at > now, since=incident.from_at)
        connectors, offers = _open_incident(asked, access, incident, now)
    for line in storing_lines(redactor, trace):
        say(f"workbench: {line}")
    stop = threading.Event()
    with stopping_after(length, stop), stopping_on_signals(stop) as interrupted:
        captured = _read(trace, connectors, limits, access, stop, redactor)
    document = _document(trace, captured, offers, incident)
    _print(document, json)
    if interrupted.is_set():
        raise Interrupted(
            f"interrupted; {counted(document['records'], 'record')} safe, the same command resumes"
        )
    return judge(document, {offer.error for offer in offers})


def judge(document: dict[str, Any], said: Collection[str | None] = ()) -> int:
    """What a capture's document means to a shell; what went wrong with a source is said in one line each, once."""
    errors = [source["error"] for source in document["sources"]]
    for error in errors:
        if error is not None and error not in said:
            say(f"workbench: {error}")
    if document["complete"]:
        return 0
    return INCOMPLETE if document["records"] or not all(errors) else 1


def _open_incident(
    asked: Asked, access: "Access", window: "Window", now: datetime
) -> "tuple[list[Connector], list[Offer]]":
    """What is still there is said before anything is read."""
    offers = offers_of(asked, access, window, now)
    say_offers(offers, window, now)
    return open_offers(offers, asked, access, window, now)


def _read(
    trace: Path,
    connectors: "list[Connector]",
    limits: Any,
    access: "Access",
    stop: threading.Event,
    redactor: "Redactor | None",
) -> "Captured":
    from workbench.trace.capture import capture as run
    from workbench.trace.limits import Clock
    from workbench.trace.redaction.connector import RedactedConnector

    if redactor is not None:
        connectors = [RedactedConnector(each, redactor) for each in connectors]
    with capture_progress([connector.source_arn for connector in connectors]) as shown:
        return run(
            trace,
            connectors,
            limits=limits,
            clock=Clock(clock),
            budgets=budgets_of(access),
            stop=stop,
            prepare=redactor.page if redactor else lambda page: page,
            redaction=redactor.described if redactor else None,
            progress=shown.states,
        )


def _document(
    trace: Path, captured: "Captured", offers: list[Offer], window: "Window | None"
) -> dict[str, Any]:
    """What the capture answers; of an incident the manifest."""
    document = captured.document()
    if window is None:
        return document
    from workbench.trace.incident import capture_coverage

    return manifest(document, capture_coverage(trace, captured.capture_id), offers, window)


def _print(document: dict[str, Any], json: bool) -> None:
    from workbench.trace.sources import source_name

    if json:
        print_json(document)
        return
    rows = [
        [source_name(s["source_arn"]), s["records"], _holes(s), s["error"]]
        for s in document["sources"]
    ]
    print_table(["source", "records", "holes", "what went wrong"], rows)
    holes = sum(source["holes"] for source in document["sources"])
    say(
        f"{counted(document['records'], 'record')}, {counted(holes, 'hole')} in {document['trace']}"
    )


def _holes(source: dict[str, Any]) -> str:
    """How many; of an incident by cause, and up to when logs are sealed."""
    causes = ", ".join(f"{n} {cause}" for cause, n in source.get("holes_by_cause", {}).items())
    sealed = source.get("sealed_until_at")
    return f"{causes or source['holes']}{f' (sealed to {sealed})' if sealed else ''}"
