"""import: taking in what people already have on disk."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.keeping import RedactKeyOption, RedactOption, redactor_of, storing_lines
from workbench.cli.options import AsJson, NewTrace
from workbench.cli.terminal import print_json, print_table, progress, say

INCOMPLETE = 3
EXAMPLE = "Example: workbench import incident.trace dlq.json --source arn:aws:sqs:eu-west-1:111111111111:dlq"


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command("import", epilog=EXAMPLE)(import_)


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
    redact: RedactOption = None,
    redact_key: RedactKeyOption = None,
    json: AsJson = False,
) -> int:
    """Take in Lambda events, saved `aws … --output json` answers, notifications, log exports."""
    from workbench.trace.import_files import import_files
    from workbench.trace.sources import source_name

    redactor = redactor_of(redact, redact_key, trace)
    lines = storing_lines(redactor, trace)
    with progress("imported") as shown:
        task = shown.add_task("records", total=None) if shown else None
        imported = import_files(
            trace,
            files,
            now=lambda: datetime.now(UTC),
            source_arn=source,
            partition_id=partition,
            redactor=redactor,
            progress=lambda file, records: (
                shown.update(task, completed=records)  # type: ignore[arg-type]
                if shown
                else None
            ),
        )
    for line in lines:
        say(f"workbench: {line}")
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
