"""shrink: from a run to the fewest records that fail as it did."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import AsJson, TracePath
from workbench.cli.replaying import answer_in
from workbench.cli.terminal import print_json, print_table, progress, say

SHRINK_EXAMPLE = "Example: workbench shrink incident.trace --save tests/reproduced"


def add_to(app: typer.Typer) -> None:
    """Put this room's command on the command line."""
    app.command(epilog=SHRINK_EXAMPLE)(shrink)


def shrink(
    trace: TracePath,
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="A run's id; the last one with a failure.")
    ] = None,
    error: Annotated[
        str | None,
        typer.Option("--error", metavar="TEXT", help="Of the failure; the most frequent one."),
    ] = None,
    record: Annotated[
        str | None, typer.Option("--record", metavar="ID", help="Whose failure is meant.")
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save", metavar="DIR", help="Write a test, its events and AWS commands there."
        ),
    ] = None,
    queue_attributes: Annotated[
        Path | None, typer.Option("--queue-attributes", metavar="FILE", help="As for the run.")
    ] = None,
    function: Annotated[
        Path | None, typer.Option("--function", metavar="FILE", help="As for the run.")
    ] = None,
    allow_cooperative: Annotated[
        bool, typer.Option("--allow-cooperative", help="As for replay.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Find the fewest records of a run that still fail, and keep them as a test and as AWS commands."""
    from workbench.replay.shrink import last_failed_run
    from workbench.replay.shrink import shrink as find_fewest
    from workbench.trace import open_trace

    with open_trace(trace) as opened, progress("shrinking") as shown:
        task = shown.add_task("trials", total=None) if shown else None
        found = find_fewest(
            run or last_failed_run(opened),
            opened,
            error=error,
            record=record,
            queue_attributes=answer_in(queue_attributes),
            function=answer_in(function),
            allow_cooperative=allow_cooperative,
            progress=lambda trials, records: (
                shown.update(task, completed=trials, description=f"trials, {records} records")
                if shown and task is not None
                else None
            ),
        )
    written = found.save(save) if save else []
    if json:
        print_json(found.document() | {"saved": [str(path) for path in written]})
        return
    columns = ("record_id", "partition_id", "delivery_id")
    rows = found.document()["records"]
    print_table(columns, ([row[name] for name in columns] for row in rows))
    say(
        f"{len(rows)} of {found.records_before} records fail with {found.signature}: {found.verdict}, "
        f"after {found.trials} trials"
    )
    for path in written:
        say(f"wrote {path}")
