"""policy, gc: what a capture may do in an account, and what an interrupted one left there."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import AsJson
from workbench.cli.terminal import print_json, print_table, say

if TYPE_CHECKING:
    from connectors import Access, Mode

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
    app.command(epilog="Example: workbench policy kinesis:orders sqs:orders-dlq --mode peek")(
        policy
    )
    app.command(epilog="Example: workbench gc --profile prod --region eu-west-1 --dry-run")(gc)


def policy(sources: Sources, mode: ModeOption = None) -> None:
    """Print the IAM policy that capturing these sources needs, and nothing more."""
    from connectors import policy as policy_of

    statements = [
        {**statement, "Sid": f"{statement['Sid']}{number}"}
        for number, source in enumerate(sources, 1)
        for statement in policy_of(source, mode_of(source, mode))["Statement"]
    ]
    print_json({"Version": "2012-10-17", "Statement": statements})


def gc(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List them and remove nothing.")
    ] = False,
    profile: Profile = None,
    region: Region = None,
    endpoint_url: Endpoint = None,
    json: AsJson = False,
) -> None:
    """Remove queues and subscriptions of taps whose capture was killed before it could."""
    from connectors.forgotten_taps import forgotten_taps, remove_forgotten_taps

    access, now = access_to(profile, region, endpoint_url, None), datetime.now(UTC)
    taps = (forgotten_taps if dry_run else remove_forgotten_taps)(access, now)
    if json:
        print_json(
            [{"queue_url": t.queue_url, "owner": t.owner, "expires_at": t.expires_at} for t in taps]
        )
        return
    print_table(
        ["queue", "owner", "expired at"], ([t.queue_url, t.owner, t.expires_at] for t in taps)
    )
    say(f"{len(taps)} forgotten taps {'found' if dry_run else 'removed'}")


def mode_of(source: str, mode: str | None) -> "Mode | None":
    """The mode for a source: `--mode` speaks of the queues; everything else has only one."""
    from connectors import Mode, Service, parse_source
    from workbench.errors import UsageError

    if mode is not None and mode not in tuple(Mode):
        raise UsageError(f"wanted a mode of {', '.join(Mode)}, found {mode!r}")
    return Mode(mode) if mode and parse_source(source).service == Service.SQS else None


def access_to(
    profile: str | None, region: str | None, endpoint_url: str | None, mode: str | None
) -> "Access":
    """Whose AWS is read, and how far the user agrees to go."""
    from connectors import Access, Mode

    agreed = frozenset({Mode.OBSERVE, Mode.TAP}) | (
        {Mode(mode)} if mode in tuple(Mode) else frozenset()
    )
    return Access(profile=profile, region=region, endpoint_url=endpoint_url, modes=agreed)
