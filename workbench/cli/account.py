"""policy, preflight, gc: what a capture may do in an account, would meet there, and left there."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import AsJson
from workbench.cli.preflight_tables import show_preflight
from workbench.cli.terminal import print_json, print_table, say

if TYPE_CHECKING:
    from connectors import Access, Mode

NOT_READY = 3

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
KclOption = Annotated[
    str | None,
    typer.Option(
        "--kcl-application",
        metavar="NAME",
        help="Kinesis Client Library application: its lease table tells where production stands.",
    ),
]
AssumeRole = Annotated[
    str | None,
    typer.Option(
        "--assume-role",
        metavar="ARN",
        help="Take this role, held by AWS to the rights that these sources need, whatever else it may.",
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
    app.command(
        "preflight",
        epilog="Example: workbench preflight kinesis:orders lambda:charge --profile prod",
    )(preflight)
    app.command(epilog="Example: workbench gc --profile prod --region eu-west-1 --dry-run")(gc)


def policy(sources: Sources, mode: ModeOption = None, kcl_application: KclOption = None) -> None:
    """Print the IAM policy that capturing these sources needs, and nothing more."""
    from connectors import policy_of_all
    from connectors.access.role import LONGEST_POLICY, session_policy

    wanted = [(source, mode_of(source, mode)) for source in sources]
    document = policy_of_all(wanted, lease_table=kcl_application)
    print_json(document)
    length = len(session_policy(document))
    if length > LONGEST_POLICY:
        say(
            f"workbench: {length:,} characters are more than the {LONGEST_POLICY:,} of a session "
            "policy: with --assume-role capture fewer sources at a time"
        )


def preflight(
    sources: Sources,
    mode: ModeOption = None,
    kcl_application: KclOption = None,
    profile: Profile = None,
    region: Region = None,
    endpoint_url: Endpoint = None,
    assume_role: AssumeRole = None,
    json: AsJson = False,
) -> int:
    """Ask, with describe calls alone, what a capture would meet: rights, other readers, its share, what to mind."""
    from connectors import preflight as ask

    access = access_to(profile, region, endpoint_url, mode, assume_role, sources, kcl_application)
    found = [
        ask(
            source,
            access,
            now=lambda: datetime.now(UTC),
            mode=mode_of(source, mode),
            lease_table=kcl_application,
        )
        for source in sources
    ]
    ready = all(each.ready for each in found)
    if json:
        print_json({"ready": ready, "sources": [each.document() for each in found]})
    else:
        for source, each in zip(sources, found, strict=True):
            show_preflight(source, each)
    return 0 if ready else NOT_READY


def gc(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List them and remove nothing.")
    ] = False,
    profile: Profile = None,
    region: Region = None,
    endpoint_url: Endpoint = None,
    assume_role: AssumeRole = None,
    json: AsJson = False,
) -> None:
    """Remove queues and subscriptions of taps whose capture was killed before it could."""
    from connectors import sweeping_policy
    from connectors.sns.forgotten_taps import forgotten_taps, remove_forgotten_taps

    access, now = access_to(profile, region, endpoint_url, None), datetime.now(UTC)
    if assume_role:
        access = access.assuming(assume_role, sweeping_policy())
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
    profile: str | None,
    region: str | None,
    endpoint_url: str | None,
    mode: str | None,
    assume_role: str | None = None,
    sources: Sequence[str] = (),
    kcl_application: str | None = None,
) -> "Access":
    """Whose AWS is read, and how far the user agrees to go; a role can do no more than these sources need."""
    from connectors import Access, Mode, policy_of_all

    agreed = frozenset({Mode.OBSERVE, Mode.TAP}) | (
        {Mode(mode)} if mode in tuple(Mode) else frozenset()
    )
    access = Access(
        profile=profile,
        region=region,
        endpoint_url=endpoint_url,
        modes=agreed,
        lease_tables=frozenset({kcl_application} if kcl_application else ()),
    )
    if assume_role is None:
        return access
    wanted = [(source, mode_of(source, mode)) for source in sources]
    return access.assuming(assume_role, policy_of_all(wanted, lease_table=kcl_application))
