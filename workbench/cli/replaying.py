"""replay: what a handler does with the captured traffic."""

import json as json_text
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from workbench.cli import replay_options as options
from workbench.cli.interrupts import stopping_on_signals
from workbench.cli.options import AsJson, TracePath
from workbench.cli.terminal import print_json, print_table, progress, say
from workbench.errors import UsageError

INTERRUPTED = 130
REPLAY_EXAMPLE = "Example: workbench replay incident.trace handlers.py:handle --source sqs:orders-dlq --batch-size 10"
TEMPLATE_EXAMPLE = (
    "workbench replay incident.trace --template template.yaml --function Charge --source sqs:orders"
)


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(epilog=f"{REPLAY_EXAMPLE}\n\n{TEMPLATE_EXAMPLE}")(replay)


def replay(
    trace: TracePath,
    handler: options.Handler = None,
    *,
    source: options.Source,
    runtime: options.Runtime = None,
    python: options.Python = None,
    recorded: options.Recorded = False,
    template: options.Template = None,
    parameter: options.Parameters = None,
    function: options.Functions = None,
    event_invoke_config: options.InvokeFile = None,
    timeout: options.Timeout = None,
    memory_size: options.Memory = None,
    answers: options.Answers = None,
    answers_of: options.AnswersOf = None,
    local_aws: options.LocalAws = None,
    mapping: options.MappingFile = None,
    queue_attributes: options.AttributesFile = None,
    batch_size: options.BatchSize = None,
    maximum_batching_window_in_seconds: options.Window = None,
    function_response_types: options.ResponseTypes = None,
    filters: options.Filters = None,
    maximum_concurrency: options.Concurrency = None,
    maximum_retry_attempts: options.Retries = None,
    maximum_record_age_in_seconds: options.RecordAge = None,
    bisect_batch_on_function_error: options.Bisect = None,
    parallelization_factor: options.Factor = None,
    tumbling_window_in_seconds: options.TumblingWindow = None,
    where: options.Where = None,
    failed: options.Failed = False,
    since: options.Since = None,
    until: options.Until = None,
    limit: options.Limit = None,
    what_if: options.WhatIfs = None,
    pace: options.Pace = None,
    resume: options.Resume = None,
    clock: options.Clock = None,
    parallel: options.Parallel = 1,
    cold: options.Cold = False,
    seed: options.Seed = 0,
    stop_after_crashes: options.Crashes = None,
    allow_cooperative: options.Cooperative = False,
    json: AsJson = False,
) -> int:
    """Run a handler over captured records as Lambda would, in a sandbox that reaches nothing."""
    from workbench.replay import replay as run
    from workbench.replay.effects.answers import in_turn, recorded_in, scripts_of
    from workbench.replay.effects.stateful import stateful
    from workbench.replay.invokers.breaker import STOP_AFTER_CRASHES
    from workbench.replay.opening import Environments
    from workbench.replay.pace import pace_factor
    from workbench.replay.selection import Selection
    from workbench.trace import open_trace
    from workbench.trace.instants import parse_since

    _check_code(handler or template, runtime, recorded, clock)
    answer, logical_id = _named_function(function or [], template)
    now = datetime.now(UTC)
    said = {
        "BatchSize": batch_size,
        "MaximumBatchingWindowInSeconds": maximum_batching_window_in_seconds,
        "FunctionResponseTypes": function_response_types or None,
        "FilterCriteria": {"Filters": [{"Pattern": each} for each in filters]} if filters else None,
        "ScalingConfig": {"MaximumConcurrency": maximum_concurrency}
        if maximum_concurrency
        else None,
        "MaximumRetryAttempts": maximum_retry_attempts,
        "MaximumRecordAgeInSeconds": maximum_record_age_in_seconds,
        "BisectBatchOnFunctionError": bisect_batch_on_function_error,
        "ParallelizationFactor": parallelization_factor,
        "TumblingWindowInSeconds": tumbling_window_in_seconds,
    }
    stop = threading.Event()
    with open_trace(trace) as opened, progress("replayed") as shown, stopping_on_signals(stop):
        told = _template(opened, template, source, logical_id, parameter or [])
        task = shown.add_task("records", total=None) if shown else None
        made = run(
            opened,
            handler,
            source=source,
            runtime=runtime,
            python=python,
            environments=Environments(
                parallel=parallel,
                cold=cold,
                event_clock=clock is not None,
                answers=in_turn(
                    *([scripts_of(answers)] if answers else []),
                    *([recorded_in(opened, answers_of)] if answers_of else []),
                    *([stateful(local_aws)] if local_aws else []),
                ),
            ),
            mapping=answer_in(mapping) | _said(said),
            queue_attributes=answer_in(queue_attributes),
            function=answer_in(answer) | _said({"Timeout": timeout, "MemorySize": memory_size}),
            event_invoke_config=answer_in(event_invoke_config),
            template=told,
            allow_cooperative=allow_cooperative,
            now=lambda: datetime.now(UTC),
            seed=seed,
            what_if=what_if or (),
            pace=pace_factor(pace),
            stop=stop,
            resume=resume,
            selection=Selection(
                where=where,
                failed=failed,
                since=parse_since(since, now) if since else None,
                until=parse_since(until, now) if until else None,
                limit=limit,
            ),
            stop_after_crashes=stop_after_crashes or STOP_AFTER_CRASHES,
            progress=lambda done, of: (
                shown.update(task, completed=done, total=of) if shown and task is not None else None
            ),
        )
        document, errors = made.document(), made.errors()
    if json:
        print_json(document | ({"template": told.document()} if told else {}))
    else:
        _tell(document, errors)
    return INTERRUPTED if document["interrupted"] else 0


def _check_code(
    handler: str | Path | None, runtime: str | None, recorded: bool, clock: str | None
) -> None:
    if clock not in (None, "event"):
        raise UsageError(f"wanted --clock event, found {clock!r}")
    if recorded and (handler or runtime):
        raise UsageError("wanted --recorded or a handler, found both; leave one out")
    if not (handler or runtime or recorded):
        raise UsageError(
            "wanted a handler, found none; name one, or pass --template, --runtime or --recorded"
        )


def _tell(document: dict[str, Any], errors: list[dict[str, Any]]) -> None:
    """What became of the records, what they failed with, and where to look next."""
    print_table(["verdict", "records"], document["records"].items())
    if errors:
        columns = ("signature", "deliveries", "records", "example")
        print_table(columns, ([each[name] for name in columns] for each in errors))
    isolation, run_id = document["isolation"], document["run_id"]
    effects = document["effects"]
    heard = "" if effects is None else f", {effects} AWS calls"
    shut_in = f"isolation {isolation['tier']} ({isolation['means']})"
    for each in document["what_if"]:
        say(f"what if {each['kind']}: injected {each['injected']:,} times")
    say(f"run {run_id}: {document['invocations']} invocations{heard}, {shut_in}")
    if document["interrupted"]:
        say(f"stopped; what was done is kept, go on with --resume {run_id}")
    elif errors:
        say(f"the fewest records that fail so: workbench shrink TRACE {run_id}")


def _template(
    trace: Any, file: Path | None, source: str, logical_id: str | None, parameters: list[str]
) -> Any:
    """What the template says; a person is told what it does not."""
    from workbench.replay import template_function
    from workbench.trace.sources import source_in_trace

    if file is None:
        if parameters:
            raise UsageError("wanted a --template for --parameter, found none")
        return None
    pairs = [each.partition("=") for each in parameters]
    if odd := [name for name, equals, _ in pairs if not (name and equals)]:
        raise UsageError(f"wanted --parameter NAME=VALUE, found {odd[0]!r}")
    told = template_function(
        file,
        source_in_trace(trace, source),
        function=logical_id,
        parameters={name: value for name, _, value in pairs},
    )
    for line in (*told.notes, *told.unresolved):
        say(f"template: {line}")
    return told


def _named_function(named: list[str], template: Path | None) -> tuple[Path | None, str | None]:
    """The file and the logical id among what is said of the function."""
    files = [each for each in named if template is None or Path(each).is_file()]
    logical_ids = [each for each in named if each not in files]
    if len(files) > 1 or len(logical_ids) > 1:
        raise UsageError(
            "wanted one file and, with a --template, one logical id as --function, "
            f"found {', '.join(named)}"
        )
    return (Path(files[0]) if files else None), (logical_ids[0] if logical_ids else None)


def _said(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def answer_in(file: Path | None) -> dict[str, Any]:
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
