"""What invokes a function, as its template has it: mappings of queues and streams, and events of other services."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.errors import UsageError
from workbench.replay.functions.template_document import Document
from workbench.replay.functions.template_names import RESOURCE_TYPES
from workbench.replay.functions.template_values import (
    UNRESOLVED,
    Values,
    named_in,
    pointed_at,
    properties_of,
)

_SAM_SOURCES = {
    "SQS": ("sqs", "Queue"),
    "Kinesis": ("kinesis", "Stream"),
    "DynamoDB": ("dynamodb", "Stream"),
}
_KINDS = {
    "AWS::SQS::Queue": "sqs",
    "AWS::Kinesis::Stream": "kinesis",
    "AWS::DynamoDB::Table": "dynamodb",
    "AWS::DynamoDB::GlobalTable": "dynamodb",
    "AWS::Serverless::SimpleTable": "dynamodb",
}
_NUMBERS = {
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "MaximumRetryAttempts",
    "MaximumRecordAgeInSeconds",
    "ParallelizationFactor",
    "TumblingWindowInSeconds",
    "MaximumConcurrency",
    "MinimumPollers",
    "MaximumPollers",
}
_MEMBERS = {
    *(_NUMBERS - {"MaximumConcurrency", "MinimumPollers", "MaximumPollers"}),
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "Enabled",
    "FilterCriteria",
    "FunctionResponseTypes",
    "ProvisionedPollerConfig",
    "ScalingConfig",
    "StartingPosition",
    "StartingPositionTimestamp",
}


@dataclass(frozen=True, slots=True)
class EventSource:
    """One thing that invokes the function."""

    path: str
    """Where the template says it."""
    kind: str
    """`sqs`, `kinesis`, `dynamodb`; else the type of SAM's event; `""` where the source is not known."""
    source: Any
    """As the template names it, not resolved."""
    members: Document
    """Of the mapping, not resolved."""
    logical_id: str | None = None
    """Of the source, where it is a resource of the template."""


def event_sources(values: Values, function_id: str, function: Document) -> tuple[EventSource, ...]:
    """Everything of the template that invokes a function.

    Args:
        values: of the template.
        function_id: its logical id.
        function: its properties, not resolved.

    Source: SAM developer guide, "EventSource"; CloudFormation template reference, "AWS::Lambda::EventSourceMapping".
    """
    return (*_sam_events(values, function_id, function), *_mappings(values, function_id, function))


def source_of(
    values: Values, sources: Iterable[EventSource], source_arn: str
) -> tuple[EventSource | None, str]:
    """The mapping that hands the replayed source to the function, and what a person should know of the choice.

    A source is recognised by its ARN, by its name, by the name that CloudFormation makes of its logical id
    (`STACK-LOGICALID-SUFFIX`), or by its logical id as its name; else the only one of its kind is taken.

    Raises:
        UsageError: several could be meant.
    """
    kind = source_arn.split(":")[2]
    if kind not in ("sqs", "kinesis", "dynamodb"):
        return None, ""
    candidates = [each for each in sources if each.kind in (kind, "")]
    for recognised in (_by_arn, _by_logical_id):
        found = [each for each in candidates if recognised(values, each, source_arn)]
        if found:
            return found[0], ""
    name = named_in(source_arn)
    if len(candidates) > 1:
        choices = ", ".join(each.logical_id or each.path for each in candidates)
        raise UsageError(
            f"wanted the mapping of {name} in the template, found {choices}; "
            f"say which it is with --parameter LOGICAL_ID.Arn={source_arn}"
        )
    if not candidates:
        return None, f"the template maps no {kind} source to this function; AWS's defaults hold"
    (only,) = candidates
    return (
        only,
        f"{name} is taken for {only.logical_id or only.path}, the template's only {kind} source",
    )


def stack_name(logical_id: str | None, source_arn: str) -> str | None:
    """The stack that a name made by CloudFormation tells.

    Example:
        >>> stack_name("Orders", "arn:aws:sqs:eu-west-1:111111111111:shop-prod-Orders-1A2B3C4D5E6F")
        'shop-prod'
    """
    name = named_in(source_arn).removesuffix(".fifo")
    stack, _, logical = name.rpartition("-")[0].rpartition("-")
    return stack if stack and logical == logical_id else None


def mapping_document(values: Values, source: EventSource, source_arn: str) -> Document:
    """The mapping as `get-event-source-mapping` would answer it, as far as it is known."""
    said = {
        name: _typed(name, value)
        for name, node in source.members.items()
        if name in _MEMBERS
        and (value := values.at(node, f"{source.path}.{name}")) is not UNRESOLVED
        and type(value) is not object
    }
    return {"EventSourceArn": source_arn, **said}


def _sam_events(values: Values, function_id: str, function: Document) -> Iterator[EventSource]:
    events = function.get("Events")
    for name, event in (events if isinstance(events, Mapping) else {}).items():
        if not isinstance(event, Mapping):
            continue
        kind, members = str(event.get("Type", "")), event.get("Properties") or {}
        path = f"Resources.{function_id}.Properties.Events.{name}.Properties"
        if not isinstance(members, Mapping):
            continue
        if kind in _SAM_SOURCES:
            kind, member = _SAM_SOURCES[kind]
            source = members.get(member)
            yield EventSource(path, kind, source, members, _logical_id(values, source))
        elif kind == "SNS" and members.get("SqsSubscription"):
            yield _subscribed_queue(values, path, members, f"{function_id}{name}Queue")
        else:
            yield EventSource(path, kind, None, members)


def _subscribed_queue(values: Values, path: str, members: Document, made_id: str) -> EventSource:
    """The queue that SAM puts between a topic and a function; it makes one where none is named."""
    said = members["SqsSubscription"]
    said = said if isinstance(said, Mapping) else {}
    source = said.get("QueueArn")
    logical_id = made_id if source is None else _logical_id(values, source)
    return EventSource(f"{path}.SqsSubscription", "sqs", source, said, logical_id)


def _mappings(values: Values, function_id: str, function: Document) -> Iterator[EventSource]:
    resources = values.resources()
    for logical_id, resource in resources.items():
        members = properties_of(resource)
        if resource.get("Type") != "AWS::Lambda::EventSourceMapping":
            continue
        target = members.get("FunctionName")
        if not _is_function(values, target, function_id, function) or not values.is_there(
            logical_id
        ):
            continue
        source = members.get("EventSourceArn")
        source_id = _logical_id(values, source)
        kind = _KINDS.get(str(resources.get(source_id or "", {}).get("Type")), "")
        arn = values.quietly(source)
        if not kind and isinstance(arn, str) and arn.count(":") >= 5:
            kind = arn.split(":")[2]
        yield EventSource(f"Resources.{logical_id}.Properties", kind, source, members, source_id)


def _is_function(values: Values, target: Any, function_id: str, function: Document) -> bool:
    """Whether a mapping's FunctionName is this function: SAM calls its alias by the logical id and the alias's name."""
    pointed = pointed_at(target)
    if pointed is not None:
        alias = values.resources().get(pointed, {})
        if alias.get("Type") in ("AWS::Lambda::Alias", "AWS::Lambda::Version"):
            return pointed_at(properties_of(alias).get("FunctionName")) == function_id
        return pointed in (function_id, f"{function_id}{function.get('AutoPublishAlias')}")
    match target:
        case {"Fn::Sub": str(text)} if (
            f"${{{function_id}}}" in text or f"${{{function_id}.Arn}}" in text
        ):
            return True
    named = values.quietly(target)
    name = values.quietly(function.get("FunctionName"))
    return isinstance(named, str) and isinstance(name, str) and _function_name(named) == name


def _function_name(text: str) -> str:
    """Of a name, a name with a qualifier, or an ARN."""
    return named_in(text) if text.startswith("arn:") else text.split(":")[0]


def _logical_id(values: Values, source: Any) -> str | None:
    """The resource of the template that a source is; a consumer of a stream is the stream."""
    pointed = pointed_at(source)
    resource = values.resources().get(pointed or "")
    if resource is not None and resource.get("Type") == "AWS::Kinesis::StreamConsumer":
        return _logical_id(values, properties_of(resource).get("StreamARN"))
    return pointed


def _by_arn(values: Values, source: EventSource, source_arn: str) -> bool:
    """By the ARN, or by the name: the stream of a table has a label that no template knows."""
    arn = values.quietly(source.source)
    if isinstance(arn, str) and arn.startswith("arn:"):
        return arn == source_arn or (
            source.kind == "dynamodb" and named_in(arn) == named_in(source_arn)
        )
    resource = values.resources().get(source.logical_id or "", {})
    kind = RESOURCE_TYPES.get(str(resource.get("Type")))
    name = properties_of(resource).get(kind.property) if kind else None
    return name is not None and bool(values.quietly(name) == named_in(source_arn))


def _by_logical_id(values: Values, source: EventSource, source_arn: str) -> bool:
    if source.logical_id is None:
        return False
    return source.logical_id == named_in(source_arn) or bool(
        stack_name(source.logical_id, source_arn)
    )


def _typed(name: str, value: Any) -> Any:
    """A parameter's value is always text; AWS's document has numbers and booleans."""
    if isinstance(value, Mapping):
        return {inner: _typed(inner, each) for inner, each in value.items()}
    if not isinstance(value, str):
        return value
    if name in _NUMBERS:
        return int(value) if value.lstrip("-").isascii() and value.lstrip("-").isdigit() else value
    if name in ("BisectBatchOnFunctionError", "Enabled") and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value
