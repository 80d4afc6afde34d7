"""Options that several commands share, spelt once."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.errors import UsageError

TracePath = Annotated[
    Path, typer.Argument(metavar="TRACE", help="A trace folder, or the .duckdb file export made.")
]
NewTrace = Annotated[
    Path, typer.Argument(metavar="TRACE", help="The trace folder; made when not there.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source", metavar="SOURCE", help="Only this source: sqs:NAME, kinesis:NAME … or an ARN."
    ),
]
PricesOption = Annotated[
    Path | None,
    typer.Option("--prices", metavar="FILE", help="CSV of prices in place of ours."),
]
QuotasOption = Annotated[
    Path | None,
    typer.Option("--quotas", metavar="FILE", help="CSV of quotas in place of ours."),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="WHEN", help="From an instant (2026-11-20T10:00Z) or an age (2h)."
    ),
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="WHEN", help="Up to an instant or an age.")
]
KeyOption = Annotated[
    str | None,
    typer.Option("--key", metavar="JSONPATH", help="Business key in the payload: $.order.id"),
]
SequenceOption = Annotated[
    str | None,
    typer.Option(
        "--sequence",
        metavar="JSONPATH",
        help="Whole number that counts up per key: $.order.version",
    ),
]
EventTimeOption = Annotated[
    str | None,
    typer.Option(
        "--event-time", metavar="JSONPATH", help="When the event itself happened: $.placed_at"
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="A threshold instead of its default; may be repeated."
    ),
]


def thresholds_of(chosen: list[str] | None) -> dict[str, str]:
    """What `--set NAME=VALUE` sets.

    Raises:
        UsageError: not of that form.

    Example:
        >>> thresholds_of(["window_ms=500"])
        {'window_ms': '500'}
    """
    parted = [each.partition("=") for each in chosen or ()]
    for name, equals, value in parted:
        if not (name and equals and value):
            raise UsageError(f"wanted --set NAME=VALUE, found {name + equals + value!r}")
    return {name: value for name, _, value in parted}
