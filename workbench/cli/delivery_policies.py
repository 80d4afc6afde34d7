"""tune delivery-policy: when Amazon SNS tries again, and what an outage leaves."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import AsJson
from workbench.cli.terminal import print_json, print_table, say
from workbench.errors import UsageError


def delivery_policy(
    trace: Annotated[
        Path | None, typer.Argument(metavar="TRACE", help="A trace with attempts to look at.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="SOURCE", help="The topic: sns:NAME.")
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="A delivery policy as AWS's JSON."),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option("--protocol", help="AWS's own policy of it: sqs, lambda, email, sms, http …"),
    ] = None,
    outage: Annotated[
        str | None, typer.Option("--outage", metavar="TIME", help="How long nobody answers: 30m.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", metavar="RATE", help="Messages published a second.")
    ] = None,
    json: AsJson = False,
) -> int:
    """Show the retries of a delivery policy, tell the policy from captured attempts, drain an outage."""
    from workbench.trace import open_trace
    from workbench.trace.instants import parse_age
    from workbench.tune import delivery_policy as find
    from workbench.tune.sns_retries.policy import MANAGED

    if protocol is not None and protocol not in MANAGED:
        raise UsageError(f"wanted a protocol, found {protocol!r}; there are {', '.join(MANAGED)}")
    given = _read(policy) if policy else protocol
    outage_s = parse_age(outage).total_seconds() if outage else None
    if trace is not None:
        with open_trace(trace) as opened:
            found = find(opened, source, policy=given, outage_s=outage_s, rate_per_second=rate)
    elif given is not None:
        found = find(given, outage_s=outage_s, rate_per_second=rate)
    else:
        raise UsageError("wanted a policy, found none: give --policy FILE, --protocol, or a TRACE")
    if json:
        print_json(found.document())
    else:
        rows = found.to_frame().head(120).iter_rows()
        print_table(
            ["attempt", "phase", "delay, s", "at, s"],
            [[n, phase, f"{delay:.4g}", f"{at:,.1f}"] for n, phase, delay, at in rows],
        )
        for fit in found.fits:
            say(f"{fit.name}: misfit {fit.residual:.3f}, jitter {fit.jitter:.3f}")
        if (left := found.outage) is not None:
            drained = "never" if left.drain_s is None else f"after {left.drain_s:,.0f} s"
            say(
                f"{left.waiting:,.0f} messages wait, {left.given_up:,.0f} are given up; drained {drained}"
            )
        for note in found.notes:
            say(note)
    return 0 if found.is_complete else 3


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"wanted a delivery policy in a file, found {path}: {error}") from error
