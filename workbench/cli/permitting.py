"""permissions: what a replayed handler needs to be allowed, and what its role's policy would deny."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import AsJson, TracePath
from workbench.cli.terminal import print_json, print_table, say
from workbench.errors import UsageError

if TYPE_CHECKING:
    from workbench.permissions import HandlerAccess
    from workbench.permissions.evaluate import Decision
    from workbench.permissions.policy import Policy

REFUSED = 3


def add_to(app: typer.Typer) -> None:
    """Put this room's command on the command line."""
    app.command(epilog="Example: workbench permissions incident.trace --policy role-policy.json")(
        permissions
    )


def permissions(
    trace: TracePath,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="The replay; else the latest.")
    ] = None,
    policy: Annotated[
        list[Path] | None,
        typer.Option(
            "--policy",
            metavar="FILE",
            help="A policy of the function's role, as IAM prints it; may be repeated.",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Say what a replayed handler needs to be allowed, and which of its calls the role's policies would refuse."""
    from workbench.permissions import handler_access
    from workbench.trace import open_trace

    policies = [_read(path) for path in policy or ()]
    with open_trace(trace) as opened:
        access = handler_access(opened, run, policies)
    if json:
        print_json(access.document())
    else:
        _show(access, is_judged=bool(policies))
    if access.refused:
        raise typer.Exit(REFUSED)


def _read(path: Path) -> "Policy":
    from workbench.permissions.policy import read_policy

    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"wanted a policy in {path}, found: {getattr(error, 'strerror', None) or error}"
        ) from error
    return read_policy(text, path.stem)


def _show(access: "HandlerAccess", *, is_judged: bool) -> None:
    print_table(
        ["action", "resource", "calls", *(["verdict", "by"] if is_judged else [])],
        (
            [
                each.need.action,
                each.need.resource,
                str(each.times) if each.times else "by the service",
                *(_judgement(each.decision) if each.decision else ()),
            ]
            for each in access.needed
        ),
    )
    for name, count in access.not_told.items():
        say(f"{name} ({count}): no AWS service, so that nothing of IAM decides it")
    if is_judged:
        say(
            f"{len(access.refused)} of {len(access.needed)} would be refused,"
            f" {len(access.unknown)} depend on conditions that are not known here"
        )
    else:
        say("the least policy that allows all of it; check a role's own with --policy FILE")
        print_json(access.least_policy())


def _judgement(decision: "Decision") -> list[str]:
    keys = f" (depends on {', '.join(decision.depends_on)})" if decision.depends_on else ""
    return [decision.verdict.replace("_", " "), (decision.statement or "no statement") + keys]
