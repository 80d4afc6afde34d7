"""Options that several commands share, spelt once."""

from pathlib import Path
from typing import Annotated

import typer

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
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="WHEN", help="From an instant (2026-11-20T10:00Z) or an age (2h)."
    ),
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="WHEN", help="Up to an instant or an age.")
]
