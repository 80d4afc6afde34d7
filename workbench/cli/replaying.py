"""replay, compare: what a handler does with the captured traffic, and whether the new one does better."""

import json as json_text
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.interrupts import stopping_on_signals
from workbench.cli.options import AsJson, TracePath
from workbench.cli.terminal import print_json, print_table, progress, say
from workbench.errors import UsageError

INTERRUPTED = 130
REPLAY_EXAMPLE = "Example: workbench replay incident.trace handlers.py:handle --source sqs:orders-dlq --batch-size 10"

Handler = Annotated[
    str, typer.Argument(metavar="HANDLER", help="file.py:function or module:function.")
]
Source = Annotated[
    str, typer.Option("--source", metavar="SOURCE", help="sqs:NAME, kinesis:NAME or an ARN.")
]
MappingFile = Annotated[
    Path | None,
    typer.Option(
        "--mapping", metavar="FILE", help="What `aws lambda get-event-source-mapping` answers."
    ),
]
AttributesFile = Annotated[
    Path | None,
    typer.Option(
        "--queue-attributes", metavar="FILE", help="What `aws sqs get-queue-attributes` answers."
    ),
]
FunctionFile = Annotated[
    Path | None,
    typer.Option(
        "--function", metavar="FILE", help="What `aws lambda get-function-configuration` answers."
    ),
]
BatchSize = Annotated[int | None, typer.Option("--batch-size", help="Records in a batch at most.")]
Window = Annotated[
    int | None,
    typer.Option(
        "--maximum-batching-window-in-seconds", help="How long a batch may fill, seconds."
    ),
]
ResponseTypes = Annotated[
    list[str] | None,
    typer.Option("--function-response-types", metavar="TYPE", help="ReportBatchItemFailures."),
]
Retries = Annotated[
    int | None,
    typer.Option(
        "--maximum-retry-attempts", help="Of a stream's batch; -1 until its records expire."
    ),
]
RecordAge = Annotated[
    int | None,
    typer.Option(
        "--maximum-record-age-in-seconds", help="Of a stream's record; -1 for its retention."
    ),
]
Bisect = Annotated[
    bool | None,
    typer.Option(
        "--bisect-batch-on-function-error/--no-bisect-batch-on-function-error", help="Of streams."
    ),
]
Timeout = Annotated[int | None, typer.Option("--timeout", help="Of the function, seconds.")]
Memory = Annotated[int | None, typer.Option("--memory-size", help="Of the function, MB.")]
Pace = Annotated[
    str | None,
    typer.Option(
        "--pace", metavar="PACE", help="original, 10x, 0.5x; as fast as it goes without it."
    ),
]
Resume = Annotated[
    str | None,
    typer.Option(
        "--resume", metavar="RUN", help="Go on where this interrupted run of the same call ended."
    ),
]
Cooperative = Annotated[
    bool,
    typer.Option(
        "--allow-cooperative",
        help="Where no sandbox can be had: a clean environment, and your word.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(epilog=REPLAY_EXAMPLE)(replay)
    app.command(epilog="Example: workbench compare incident.trace")(compare)


def replay(
    trace: TracePath,
    handler: Handler,
    source: Source,
    mapping: MappingFile = None,
    queue_attributes: AttributesFile = None,
    function: FunctionFile = None,
    batch_size: BatchSize = None,
    maximum_batching_window_in_seconds: Window = None,
    function_response_types: ResponseTypes = None,
    maximum_retry_attempts: Retries = None,
    maximum_record_age_in_seconds: RecordAge = None,
    bisect_batch_on_function_error: Bisect = None,
    timeout: Timeout = None,
    memory_size: Memory = None,
    pace: Pace = None,
    resume: Resume = None,
    allow_cooperative: Cooperative = False,
    json: AsJson = False,
) -> int:
    """Run a handler over captured records as Lambda would, in a sandbox that reaches nothing."""
    from workbench.replay import replay as run
    from workbench.replay.pace import pace_factor
    from workbench.trace import open_trace

    said = {
        "BatchSize": batch_size,
        "MaximumBatchingWindowInSeconds": maximum_batching_window_in_seconds,
        "FunctionResponseTypes": function_response_types or None,
        "MaximumRetryAttempts": maximum_retry_attempts,
        "MaximumRecordAgeInSeconds": maximum_record_age_in_seconds,
        "BisectBatchOnFunctionError": bisect_batch_on_function_error,
    }
    stop = threading.Event()
    with open_trace(trace) as opened, progress("replayed") as shown, stopping_on_signals(stop):
        task = shown.add_task("records", total=None) if shown else None
        document = run(
            opened,
            handler,
            source=source,
            mapping=_answer(mapping) | _said(said),
            queue_attributes=_answer(queue_attributes),
            function=_answer(function) | _said({"Timeout": timeout, "MemorySize": memory_size}),
            allow_cooperative=allow_cooperative,
            pace=pace_factor(pace),
            stop=stop,
            resume=resume,
            now=lambda: datetime.now(UTC),
            progress=lambda done, of: (
                shown.update(task, completed=done, total=of) if shown and task is not None else None
            ),
        ).document()
    if json:
        print_json(document)
    else:
        print_table(["verdict", "records"], document["records"].items())
        isolation = document["isolation"]
        say(
            f"run {document['run_id']}: {document['invocations']} invocations, isolation {isolation['tier']}"
        )
    if document["interrupted"]:
        say(f"stopped; what was done is kept, go on with --resume {document['run_id']}")
        return INTERRUPTED
    return 0


def compare(
    trace: TracePath,
    run_a: Annotated[
        str | None, typer.Argument(metavar="[RUN_A]", help="A run's id; the last but one.")
    ] = None,
    run_b: Annotated[
        str | None, typer.Argument(metavar="[RUN_B]", help="A run's id; the last.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Set two runs side by side: which records ended otherwise, grouped by how."""
    from workbench.replay import compare as set_side_by_side
    from workbench.trace import open_trace

    with open_trace(trace) as opened:
        document = set_side_by_side(*_two_runs(opened, run_a, run_b), opened).document()
    if json:
        print_json(document)
        return
    columns = ("verdict_a", "error_a", "verdict_b", "error_b", "count", "examples")
    print_table(columns, ([change[name] for name in columns] for change in document["changes"]))
    say(
        f"{document['differing']} of {document['records']} records fare otherwise in {document['run_b']}"
    )


def _two_runs(trace: Any, run_a: str | None, run_b: str | None) -> tuple[str, str]:
    """The two runs that are named, or the last two."""
    if run_a and run_b:
        return run_a, run_b
    runs = trace.sql("select run_id from runs order by started_at desc limit 2")["run_id"].to_list()
    if run_a or len(runs) < 2:
        raise UsageError(
            f"wanted two runs to compare, found {'one named' if run_a else len(runs)}; replay or name two"
        )
    return runs[1], runs[0]


def _said(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _answer(file: Path | None) -> dict[str, Any]:
    """The saved answer of an AWS CLI command."""
    if file is None:
        return {}
    try:
        answer = json_text.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(
            f"wanted the JSON answer of an AWS CLI command in {file}, found {error}"
        ) from error
    if not isinstance(answer, dict):
        raise UsageError(f"wanted a JSON object in {file}, found {type(answer).__name__}")
    return answer
