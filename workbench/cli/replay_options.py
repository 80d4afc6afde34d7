"""Options of replay, in the groups that its help shows."""

from pathlib import Path
from typing import Annotated

import typer

_CODE = "The function"
_MAPPING = "The mapping, over what the trace and --mapping say"
_RECORDS = "Which records"
_RUN = "The run"

Handler = Annotated[
    str | None,
    typer.Argument(
        metavar="[HANDLER]",
        help="file.py:function, module:function, index.mjs:function; what --runtime finds in _HANDLER. "
        "Left out with --recorded, and with --template for the one it names.",
    ),
]
Source = Annotated[
    str, typer.Option("--source", metavar="SOURCE", help="sqs:NAME, kinesis:NAME or an ARN.")
]
Runtime = Annotated[
    str | None,
    typer.Option(
        "--runtime",
        metavar="COMMAND",
        help="A program that speaks the Lambda Runtime API: ./bootstrap, 'node index.mjs'.",
        rich_help_panel=_CODE,
    ),
]
Python = Annotated[
    str | None,
    typer.Option(
        "--python",
        metavar="PATH",
        help="Another Python, or a virtual environment, for the handler.",
        rich_help_panel=_CODE,
    ),
]
Recorded = Annotated[
    bool,
    typer.Option(
        "--recorded",
        help="No handler: each batch takes and ends as production's log says.",
        rich_help_panel=_CODE,
    ),
]
Template = Annotated[
    Path | None,
    typer.Option(
        "--template",
        metavar="FILE",
        help="A SAM, CloudFormation or synthesised CDK template: handler, code, environment, mapping, queue.",
        rich_help_panel=_CODE,
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter",
        metavar="NAME=VALUE",
        help="Of the template; also AWS::StackName, and what a resource is: Orders=NAME, Orders.Arn=ARN.",
        rich_help_panel=_CODE,
    ),
]
Functions = Annotated[
    list[str] | None,
    typer.Option(
        "--function",
        metavar="FILE|ID",
        help="What `aws lambda get-function-configuration` answers; with --template, what is no file is the "
        "function's logical id. Both may be given.",
        rich_help_panel=_CODE,
    ),
]
InvokeFile = Annotated[
    Path | None,
    typer.Option(
        "--event-invoke-config",
        metavar="FILE",
        help="What `aws lambda get-function-event-invoke-config` answers.",
        rich_help_panel=_CODE,
    ),
]
Timeout = Annotated[int | None, typer.Option("--timeout", help="Seconds.", rich_help_panel=_CODE)]
Memory = Annotated[int | None, typer.Option("--memory-size", help="MB.", rich_help_panel=_CODE)]
Answers = Annotated[
    Path | None,
    typer.Option(
        "--answers",
        metavar="FILE",
        help="JSON list of {service, operation, match, answer or error, times}: what AWS answers to the handler.",
        rich_help_panel=_CODE,
    ),
]

AnswersOf = Annotated[
    str | None,
    typer.Option(
        "--answers-of",
        metavar="RUN",
        help="AWS answers equal calls as it did in this run.",
        rich_help_panel=_CODE,
    ),
]
LocalAws = Annotated[
    str | None,
    typer.Option(
        "--local-aws",
        metavar="URL",
        help="A local AWS on this machine that answers what --answers does not.",
        rich_help_panel=_CODE,
    ),
]

MappingFile = Annotated[
    Path | None,
    typer.Option(
        "--mapping",
        metavar="FILE",
        help="What `aws lambda get-event-source-mapping` answers.",
        rich_help_panel=_MAPPING,
    ),
]
AttributesFile = Annotated[
    Path | None,
    typer.Option(
        "--queue-attributes",
        metavar="FILE",
        help="What `aws sqs get-queue-attributes` answers.",
        rich_help_panel=_MAPPING,
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option("--batch-size", help="Records in a batch at most.", rich_help_panel=_MAPPING),
]
Window = Annotated[
    int | None,
    typer.Option(
        "--maximum-batching-window-in-seconds",
        help="How long a batch may fill.",
        rich_help_panel=_MAPPING,
    ),
]
ResponseTypes = Annotated[
    list[str] | None,
    typer.Option(
        "--function-response-types",
        metavar="TYPE",
        help="ReportBatchItemFailures.",
        rich_help_panel=_MAPPING,
    ),
]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter", metavar="PATTERN", help="JSON; may be repeated.", rich_help_panel=_MAPPING
    ),
]
Concurrency = Annotated[
    int | None,
    typer.Option("--maximum-concurrency", help="Of a queue.", rich_help_panel=_MAPPING),
]
Retries = Annotated[
    int | None,
    typer.Option(
        "--maximum-retry-attempts",
        help="Of a stream's batch; -1 until its records expire.",
        rich_help_panel=_MAPPING,
    ),
]
RecordAge = Annotated[
    int | None,
    typer.Option(
        "--maximum-record-age-in-seconds",
        help="Of a stream's record; -1 for its retention.",
        rich_help_panel=_MAPPING,
    ),
]
Bisect = Annotated[
    bool | None,
    typer.Option(
        "--bisect-batch-on-function-error/--no-bisect-batch-on-function-error",
        help="Of streams.",
        rich_help_panel=_MAPPING,
    ),
]
Factor = Annotated[
    int | None,
    typer.Option("--parallelization-factor", help="Of streams.", rich_help_panel=_MAPPING),
]
TumblingWindow = Annotated[
    int | None,
    typer.Option("--tumbling-window-in-seconds", help="Of streams.", rich_help_panel=_MAPPING),
]

Where = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="SQL",
        help="A condition over the columns of records.",
        rich_help_panel=_RECORDS,
    ),
]
Failed = Annotated[
    bool,
    typer.Option(
        "--failed",
        help="Those of failure records and dead-letter messages that were imported.",
        rich_help_panel=_RECORDS,
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="WHEN", help="From an instant or an age.", rich_help_panel=_RECORDS
    ),
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until", metavar="WHEN", help="Up to an instant or an age.", rich_help_panel=_RECORDS
    ),
]
Limit = Annotated[
    int | None, typer.Option("--limit", help="The first so many.", rich_help_panel=_RECORDS)
]

WhatIfs = Annotated[
    list[str] | None,
    typer.Option(
        "--what-if",
        metavar="KIND[:SHARE]",
        help="duplicate, reorder, split, crash-after-effect, throttle or throttle-invocation; may be repeated.",
        rich_help_panel=_RUN,
    ),
]
Pace = Annotated[
    str | None,
    typer.Option(
        "--pace",
        metavar="PACE",
        help="original, 10x, 0.5x; as fast as it goes without it.",
        rich_help_panel=_RUN,
    ),
]
Resume = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="RUN",
        help="Go on where this interrupted run of the same call ended.",
        rich_help_panel=_RUN,
    ),
]
Clock = Annotated[
    str | None,
    typer.Option(
        "--clock",
        metavar="event",
        help="The handler sees the time at which its events came.",
        rich_help_panel=_RUN,
    ),
]
Parallel = Annotated[
    int,
    typer.Option(
        "--parallel", min=1, help="Execution environments at the same time.", rich_help_panel=_RUN
    ),
]
Cold = Annotated[
    bool,
    typer.Option(
        "--cold", help="A new execution environment for each invocation.", rich_help_panel=_RUN
    ),
]
Seed = Annotated[
    int,
    typer.Option("--seed", help="Of request ids and of chance.", rich_help_panel=_RUN),
]
Crashes = Annotated[
    int | None,
    typer.Option(
        "--stop-after-crashes",
        min=1,
        help="In a row; 25 without it.",
        rich_help_panel=_RUN,
    ),
]
Cooperative = Annotated[
    bool,
    typer.Option(
        "--allow-cooperative",
        help="Where no sandbox can be had: a clean environment, and your word.",
        rich_help_panel=_RUN,
    ),
]
