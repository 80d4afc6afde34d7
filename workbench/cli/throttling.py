"""tune throttle: what token buckets in front of a source refuse."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import AsJson
from workbench.cli.terminal import print_json, print_table, say
from workbench.errors import UsageError

if TYPE_CHECKING:
    from workbench.tune.token_buckets.buckets import Limit


def throttle(
    trace: Annotated[
        Path,
        typer.Argument(
            metavar="TRACE", help="A trace, or a CSV: requested_at,status,client,method."
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="SOURCE", help="An API, its access log, or any source."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", help="Requests a second of the account's bucket.")
    ] = None,
    burst: Annotated[float | None, typer.Option("--burst", help="Its size; else the rate.")] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            "--limit",
            metavar="SCOPE=RATE,BURST",
            help="Another bucket: client_method, method or region; may be repeated.",
        ),
    ] = None,
    json: AsJson = False,
) -> int:
    """Say which requests API Gateway's throttle would refuse, and tell the throttle from captured answers."""
    from workbench.trace import open_trace
    from workbench.tune import throttle as hold
    from workbench.tune.token_buckets.advice import read_requests

    limits = [_limit(each) for each in limit or ()]
    if trace.suffix == ".csv":
        try:
            text = trace.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"wanted a CSV of requests, found {trace}: {error}") from error
        found = hold(read_requests(text), rate_per_second=rate, burst=burst, limits=limits)
    else:
        with open_trace(trace) as opened:
            found = hold(opened, source, rate_per_second=rate, burst=burst, limits=limits)
    document = found.document()
    if json:
        print_json(document)
        return 0 if found.is_complete else 3
    captured = document["captured"] or {}
    print_table(
        ["", "requests", "refused", "share"],
        [
            ["predicted", document["requests"], document["refused"], _share(document)],
            [
                "captured",
                captured.get("known", "?"),
                captured.get("refused", "?"),
                _share(captured),
            ],
        ],
    )
    for scope, count in document["refused_by"].items():
        say(f"{scope}: {count:,} refused")
    if document["burst_needed"] is not None:
        say(f"a burst of {document['burst_needed']:,} refuses none at the least of the rates")
    if (fit := found.fit) is not None:
        say(
            f"the answers tell {fit.rate_per_second:,.1f} a second ({fit.rate_low:,.1f} to {fit.rate_high:,.1f}),"
            f" burst {fit.burst:,.0f} ({fit.burst_low:,.0f} to {fit.burst_high:,.0f})"
        )
    for note in found.notes:
        say(note)
    return 0 if found.is_complete else 3


def _share(document: dict[str, object]) -> str:
    share = document.get("refused_share")
    return f"{share:.2%}" if isinstance(share, float) else "?"


def _limit(text: str) -> "Limit":
    from workbench.tune.token_buckets.buckets import SCOPES, Limit

    scope, _, numbers = text.partition("=")
    rate, _, burst = numbers.partition(",")
    known = next((each for each in SCOPES if each == scope), None)
    try:
        if known is None:
            raise ValueError(scope)
        return Limit(known, float(rate), float(burst or rate))
    except ValueError as error:
        raise UsageError(
            f"wanted --limit SCOPE=RATE,BURST with one of {', '.join(SCOPES)}, found {text!r}"
        ) from error
