from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import AsJson, TracePath

REPLAY_EXAMPLE = "Example: workbench replay incident.trace handlers.py:handle --source sqs:orders-dlq --batch-size 10"


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(epilog=REPLAY_EXAMPLE)(replay)


def replay(
    trace: TracePath,
    handler: Annotated[
        str, typer.Argument(metavar="HANDLER", help="file.py:function or module:function.")
    ],
    source: Annotated[
        str,
        typer.Option(
            "--source", metavar="SOURCE", help="Whose records: sqs:NAME, kinesis:NAME, an ARN."
        ),
    ],
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping", metavar="FILE", help="Answer of `aws lambda get-event-source-mapping`."
        ),
    ] = None,
    queue_attributes: Annotated[
        Path | None,
        typer.Option(
            "--queue-attributes", metavar="FILE", help="Answer of `aws sqs get-queue-attributes`."
        ),
    ] = None,
    function: Annotated[
        Path | None,
        typer.Option(
            "--function", metavar="FILE", help="Answer of `aws lambda get-function-configuration`."
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", help="Records in a batch at most.")
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            "--maximum-batching-window-in-seconds", help="Time a batch may wait, seconds."
        ),
    ] = None,
    response_types: Annotated[
        str | None,
        typer.Option("--function-response-types", metavar="TYPE", help="ReportBatchItemFailures."),
    ] = None,
    retries: Annotated[
        int | None,
        typer.Option("--maximum-retry-attempts", help="Of streams; -1 until the records expire."),
    ] = None,
    timeout: Annotated[
        int | None, typer.Option("--timeout", help="Of the function, seconds.")
    ] = None,
    memory: Annotated[
        int | None, typer.Option("--memory-size", help="Of the function, MB.")
    ] = None,
    allow_cooperative: Annotated[
        bool,
        typer.Option(
            "--allow-cooperative",
            help="Run without a sandbox where none can be had: clean environment only.",
        ),
    ] = False,
    json: AsJson = False,
) -> None:
    """Run a handler over the captured records as Lambda would, in a sandbox without network."""
