"""capture, import, policy: getting traffic into a trace."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.interrupts import stopping_on_signals
from workbench.cli.options import AsJson, NewTrace, SinceOption, UntilOption
from workbench.cli.terminal import print_json, print_table, progress, say

if TYPE_CHECKING:
    from connectors import Access, Connector, Mode

INCOMPLETE, INTERRUPTED = 3, 130

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE…",
        help="kinesis:NAME sqs:NAME sns:NAME dynamodb:TABLE lambda:FUNCTION logs:GROUP, or an ARN.",
    ),
]
ModeOption = Annotated[
    str | None,
    typer.Option(
        "--mode",
        metavar="MODE",
        help="Of the queues: peek (receive, give back) or drain (delete once safe).",
    ),
]
Profile = Annotated[str | None, typer.Option("--profile", help="AWS profile.")]
Region = Annotated[str | None, typer.Option("--region", help="AWS Region.")]
Endpoint = Annotated[
    str | None, typer.Option("--endpoint-url", help="Another server than AWS, such as a local one.")
]


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(
        "capture",
        epilog="Example: workbench capture incident.trace kinesis:orders lambda:charge --since 2h --profile prod",
    )(capture)
    app.command(
        "import",
        epilog="Example: workbench import incident.trace events/ dlq.json --source arn:aws:sqs:eu-west-1:111111111111:orders-dlq",
    )(import_)
    app.command(
        "policy", epilog="Example: workbench policy kinesis:orders sqs:orders-dlq --mode peek"
    )(policy)


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
    profile: Profile = None,
    region: Region = None,
    endpoint_url: Endpoint = None,
    json: AsJson = False,
) -> int:
    """Record sources into a trace; started again, it resumes where the trace ends."""
    from workbench.trace.capture import Clock, Limits
    from workbench.trace.capture import capture as run
    from workbench.trace.instants import parse_age, parse_since

    now = datetime.now(UTC)
    limits = Limits(parse_since(until, now) if until else None, follow or for_ is not None)
    asked = _Asked(sources, mode, parse_since(since, now) if since else None, limits.until, force)
    access = _access(profile, region, endpoint_url, mode)
    stop = threading.Event()
    timer = threading.Timer(parse_age(for_).total_seconds(), stop.set) if for_ else None
    connectors = asked.open(access)
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
            calls_per_second=_budget(access),
            stop=stop,
            progress=lambda states: (
                shown.update(task, completed=sum(s.records for s in states))  # type: ignore[arg-type]
                if shown
                else None
            ),
        )
    if timer:
        timer.cancel()
    document = captured.document()
    if json:
        print_json(document)
    else:
        rows = [
            [s["source_arn"], s["records"], s["holes"], s["error"]] for s in document["sources"]
        ]
        print_table(["source", "records", "holes", "what went wrong"], rows)
    if interrupted.is_set():
        say(
            f"workbench: interrupted; {document['records']:,} records are safe, the same command resumes"
        )
        return INTERRUPTED
    return _judge(captured.complete, document["records"], [s["error"] for s in document["sources"]])


def import_(
    trace: NewTrace,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="JSON, JSON lines, gzip of either, or folders."),
    ],
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="ARN", help="Whose records, where a file does not say."),
    ] = None,
    partition: Annotated[
        str | None,
        typer.Option(
            "--partition", metavar="ID", help="Which shard or stream, where a file does not say."
        ),
    ] = None,
    json: AsJson = False,
) -> int:
    """Take in Lambda events, saved `aws … --output json` answers, notifications, log exports."""
    from workbench.trace.import_files import import_files
    from workbench.trace.sources import source_name

    with progress("imported") as shown:
        task = shown.add_task("records", total=None) if shown else None
        imported = import_files(
            trace,
            files,
            now=lambda: datetime.now(UTC),
            source_arn=source,
            partition_id=partition,
            progress=lambda file, records: (
                shown.update(task, completed=records)  # type: ignore[arg-type]
                if shown
                else None
            ),
        )
    if json:
        print_json(imported.document())
    else:
        print_table(
            ["source", "records"],
            ([source_name(arn), count] for arn, count in sorted(imported.sources.items())),
        )
        for file, reason in imported.skipped:
            say(f"skipped {file}: {reason}")
        say(
            f"{imported.records:,} records and {imported.resources} configuration answers from {imported.files} files"
        )
    return INCOMPLETE if imported.skipped else 0


def policy(sources: Sources, mode: ModeOption = None) -> None:
    """Print the IAM policy that capturing these sources needs, and nothing more."""
    from connectors import policy as policy_of

    statements = [
        {**statement, "Sid": f"{statement['Sid']}{number}"}
        for number, source in enumerate(sources, 1)
        for statement in policy_of(source, _mode_of(source, mode))["Statement"]
    ]
    print_json({"Version": "2012-10-17", "Statement": statements})


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
                        mode=_mode_of(source, self.mode),
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


def _mode_of(source: str, mode: str | None) -> "Mode | None":
    """`--mode` speaks of the queues; everything else has only one."""
    from connectors import Mode, Service, parse_source
    from workbench.errors import UsageError

    if mode is not None and mode not in tuple(Mode):
        raise UsageError(f"wanted a mode of {', '.join(Mode)}, found {mode!r}")
    return Mode(mode) if mode and parse_source(source).service == Service.SQS else None


def _access(
    profile: str | None, region: str | None, endpoint_url: str | None, mode: str | None
) -> "Access":
    from connectors import Access, Mode

    agreed = frozenset({Mode.OBSERVE, Mode.TAP}) | (
        {Mode(mode)} if mode in tuple(Mode) else frozenset()
    )
    return Access(profile=profile, region=region, endpoint_url=endpoint_url, modes=agreed)


def _budget(access: "Access") -> Callable[[str], float]:
    from connectors import budget_for, is_loopback

    local = is_loopback(access.endpoint_url)
    return lambda service: budget_for(service, local=local)


def _judge(complete: bool, records: int, errors: Sequence[str | None]) -> int:
    for error in filter(None, errors):
        say(f"workbench: {error}")
    if complete:
        return 0
    return INCOMPLETE if records or not all(errors) else 1
