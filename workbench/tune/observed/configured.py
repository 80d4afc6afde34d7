"""The configuration that a capture knows of: mapping, queue, function; AWS's defaults for the rest, and for what."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.errors import UsageError
from workbench.mapping import EventSourceMapping, SourceKind
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.tune.simulate.settings import Settings

LAMBDA_TIMEOUT_S, LAMBDA_MEMORY_MB = 3.0, 128
"""Of a function that says nothing. Source: CreateFunction."""
VISIBILITY_S, RETENTION_S, STREAM_RETENTION_S = 30.0, 345_600.0, 86_400.0
"""Of a queue and a stream that say nothing. Source: CreateQueue, CreateStream."""


@dataclass(frozen=True, slots=True)
class Configured:
    """What stands around a source."""

    settings: Settings
    function_name: str | None
    log_group: str
    assumed: tuple[str, ...]
    """What was not captured, and what is taken for it."""


def source_kind(trace: Trace, source_arn: str) -> SourceKind:
    """Which kind of mapping the source has.

    Raises:
        UsageError: it has none.
    """
    match source_arn.split(":")[2:3]:
        case ["sqs"]:
            fifo = trace.sql(
                "select bool_or(is_fifo) from queues where source_arn = $arn", arn=source_arn
            ).item()
            return "sqs_fifo" if fifo or source_arn.endswith(".fifo") else "sqs"
        case ["kinesis"]:
            return "kinesis"
        case ["dynamodb"]:
            return "dynamodb"
    raise UsageError(
        f"wanted a queue or a stream, found {source_name(source_arn)}, which has no event source mapping"
    )


def configured(trace: Trace, source_arn: str, function: str | None) -> Configured:
    """The newest configuration captured.

    Args:
        trace: the trace.
        source_arn: the source.
        function: name or ARN of the function meant; None where the source has one only.

    Raises:
        UsageError: several functions and none named, none of that name, or no log that tells of the source.
    """
    kind = source_kind(trace, source_arn)
    assumed: list[str] = []
    found = _mapping(trace, source_arn, function)
    if found is None:
        log_group, name = _group_by_logs(trace, source_arn, function), function
        mapping = EventSourceMapping().completed(kind)
        assumed.append(
            f"no event source mapping was captured: AWS's defaults, BatchSize {mapping.batch_size}"
        )
    else:
        log_group, name = found["log_group"], _function_name(found["function_arn"])
        mapping = EventSourceMapping.from_aws(json.loads(found["document"])).completed(kind)
    told = _function(trace, found["function_arn"] if found else name, assumed)
    queue = _queue(trace, source_arn, assumed) if kind in ("sqs", "sqs_fifo") else {}
    settings = Settings(
        kind=kind,
        mapping=mapping,
        timeout_s=float(told.get("Timeout", LAMBDA_TIMEOUT_S)),
        memory_mb=int(told.get("MemorySize", LAMBDA_MEMORY_MB)),
        reserved_concurrency=_reserved(trace, name),
        visibility_timeout_s=float(queue.get("visibility_timeout_s") or VISIBILITY_S),
        max_receive_count=queue.get("max_receive_count"),
        retention_s=float(queue.get("retention_s") or RETENTION_S)
        if kind in ("sqs", "sqs_fifo")
        else STREAM_RETENTION_S,
    )
    return Configured(settings, name, log_group, tuple(assumed))


def _mapping(trace: Trace, source_arn: str, function: str | None) -> dict[str, Any] | None:
    rows = trace.sql(
        "select function_arn, log_group, document from event_source_mappings where source_arn = $arn"
        " qualify row_number() over (partition by mapping_id order by observed_at desc) = 1 order by function_arn",
        arn=source_arn,
    ).to_dicts()
    names = {_function_name(row["function_arn"]): row for row in rows}
    if function is not None:
        wanted = _function_name(function)
        if rows and wanted not in names:
            raise UsageError(
                f"wanted a function of {source_name(source_arn)}, found {function!r}; there are {', '.join(names)}"
            )
        return names.get(wanted)
    if len(names) > 1:
        raise UsageError(
            f"wanted one function, found {', '.join(names)} on {source_name(source_arn)}; say which with --function"
        )
    return rows[0] if rows else None


def _group_by_logs(trace: Trace, source_arn: str, function: str | None) -> str:
    groups = trace.sql(
        "select log_group from handlings where source_arn = $arn and certainty = 1"
        " group by log_group order by count(*) desc",
        arn=source_arn,
    )["log_group"].to_list()
    if function is not None:
        groups = [each for each in groups if each.endswith(f"/{_function_name(function)}")]
    if groups:
        return str(groups[0])
    raise UsageError(
        f"wanted the function of {source_name(source_arn)}, found no mapping and no log line that names its records; "
        "capture lambda:FUNCTION and import `aws lambda list-event-source-mappings`"
    )


def _function(trace: Trace, function: str | None, assumed: list[str]) -> Mapping[str, Any]:
    rows = trace.sql(
        "select document from resources where kind = 'get-function-configuration' order by observed_at desc"
    )
    wanted = _function_name(function or "")
    for text in rows["document"]:
        document: dict[str, Any] = json.loads(text)
        if wanted in (
            document.get("FunctionName"),
            _function_name(document.get("FunctionArn", "")),
        ):
            return document
    assumed.append(
        f"no configuration of the function was captured: timeout {LAMBDA_TIMEOUT_S:.0f} s, memory as REPORT lines say"
    )
    return {}


def _reserved(trace: Trace, name: str | None) -> int | None:
    """ReservedConcurrentExecutions, where `get-function-concurrency` was captured."""
    rows = trace.sql(
        "select source_arn, document from resources where kind = 'get-function-concurrency' order by observed_at desc"
    )
    for source_arn, text in rows.iter_rows():
        if name and _function_name(source_arn or "") == name:
            said = json.loads(text).get("ReservedConcurrentExecutions")
            return None if said is None else int(said)
    return None


def _queue(trace: Trace, source_arn: str, assumed: list[str]) -> dict[str, Any]:
    rows = trace.sql(
        "from queues where source_arn = $arn order by observed_at desc limit 1", arn=source_arn
    ).to_dicts()
    if rows:
        return rows[0]
    assumed.append(
        f"no attributes of the queue were captured: VisibilityTimeout {VISIBILITY_S:.0f} s, no dead-letter queue"
    )
    return {}


def _function_name(arn: str) -> str:
    """The name in a function's ARN, whatever version or alias is behind it."""
    parts = arn.split(":")
    return parts[6] if len(parts) > 6 else arn
