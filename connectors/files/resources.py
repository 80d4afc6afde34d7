"""Configuration answers of the CLI: which operation an answer is of, and whose configuration it is.

An answer about several sources becomes one resource a source. The values of a function's environment
variables are withheld: production keeps its secrets there.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from connectors.answers import compact_json
from connectors.files.log_events import group_of
from connectors.files.members import object_of, text_of
from connectors.files.origin import Origin, Skip, storable
from connectors.files.streams import stream_of
from connectors.record import Resource

_WITHHELD = "(not captured)"
_FUNCTION = re.compile(r"(arn:[^:]*:lambda:[^:]*:[^:]*:function:[^:]+)(?::[^:]+)?")
_QUEUE_ATTRIBUTES = frozenset(
    (
        "ApproximateNumberOfMessages",
        "DelaySeconds",
        "FifoQueue",
        "MaximumMessageSize",
        "MessageRetentionPeriod",
        "ReceiveMessageWaitTimeSeconds",
        "RedriveAllowPolicy",
        "VisibilityTimeout",
    )
)
_FUNCTION_MEMBERS = frozenset(("Handler", "Runtime", "Timeout", "MemorySize", "PackageType"))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What tells an answer: a member, and the ARN in it (or in each of its elements)."""

    kind: str
    member: str
    arn_of: Callable[[dict[str, Any]], str | None]
    service: str
    """As ARNs name it, for the user's word where the answer has none."""
    told_by: str = ""
    """What each element of the list has, and the elements of other operations' lists have not."""


def _one_of(*members: str) -> Callable[[dict[str, Any]], str | None]:
    return lambda about: next(filter(None, (text_of(about, name) for name in members)), None)


def _function_arn(member: str) -> Callable[[dict[str, Any]], str | None]:
    def unqualified(about: dict[str, Any]) -> str | None:
        function = _FUNCTION.fullmatch(text_of(about, member) or "")
        return function[1] if function else None

    return unqualified


def _mapped_source(mapping: dict[str, Any]) -> str | None:
    source: str | None = stream_of(text_of(mapping, "EventSourceArn"))
    return source


def _consumed_stream(consumer: dict[str, Any]) -> str | None:
    stream: str | None = stream_of(text_of(consumer, "ConsumerARN"))
    return stream


def _group(group: dict[str, Any]) -> str | None:
    return group_of(text_of(group, "arn"))


_OBJECTS = (
    _Answer("describe-stream-summary", "StreamDescriptionSummary", _one_of("StreamARN"), "kinesis"),
    _Answer("describe-stream", "StreamDescription", _one_of("StreamARN", "StreamArn"), "kinesis"),
    _Answer("describe-table", "Table", _one_of("TableArn"), "dynamodb"),
)
_LISTS = (
    _Answer("list-event-source-mappings", "EventSourceMappings", _mapped_source, "sqs", "UUID"),
    _Answer("list-subscriptions-by-topic", "Subscriptions", _one_of("TopicArn"), "sns", "TopicArn"),
    _Answer(
        "list-versions-by-function",
        "Versions",
        _function_arn("FunctionArn"),
        "lambda",
        "FunctionArn",
    ),
    _Answer("list-aliases", "Aliases", _function_arn("AliasArn"), "lambda", "FunctionVersion"),
    _Answer("describe-log-groups", "logGroups", _group, "logs", "logGroupName"),
    _Answer("list-stream-consumers", "Consumers", _consumed_stream, "kinesis", "ConsumerName"),
    _Answer("list-shards", "Shards", lambda shard: None, "kinesis", "ShardId"),
)
_STREAM_SERVICES = ("kinesis", "dynamodb", "sqs")


def resources_in(answer: dict[str, Any], origin: Origin) -> Iterator[Resource | Skip] | None:
    """The configuration in an answer.

    Args:
        answer: A JSON object.
        origin: The user's word counts where the answer does not say whose it is.

    Returns:
        Resources with the CLI's spelling of the operation as `kind`, or None where it is no such answer.

    Source: the CLI reference's output sections of the operations.
    """
    for known in _LISTS:
        elements = answer.get(known.member)
        if isinstance(elements, list) and all(text_of(e, known.told_by) for e in elements):
            return _listed(known, elements, answer, origin)
    for known in _OBJECTS:
        if isinstance(answer.get(known.member), dict):
            arn = known.arn_of(answer[known.member])
            return _one(known.kind, answer, arn, known.service, origin)
    if isinstance(answer.get("queueUrls"), list):
        return _one("list-dead-letter-source-queues", answer, None, "sqs", origin)
    flat = _flat(answer)
    return _one(*flat, origin) if flat else None


def _flat(answer: dict[str, Any]) -> tuple[str, dict[str, Any], str | None, str] | None:
    """Answers that are themselves what they describe, not a member; of get-function the member that is."""
    if text_of(object_of(answer, "Configuration"), "FunctionArn") and "Code" in answer:
        answer = object_of(answer, "Configuration")  # `Code` holds a signed address of the program
    if attributes := object_of(answer, "Attributes"):
        return _attributes(answer, attributes)
    if text_of(answer, "UUID") and ("EventSourceArn" in answer or "FunctionArn" in answer):
        return "get-event-source-mapping", answer, _mapped_source(answer), "sqs"
    if text_of(answer, "FunctionArn") and answer.keys() & _FUNCTION_MEMBERS:
        arn = text_of(answer, "FunctionArn")
        return "get-function-configuration", _withheld(answer), arn, "lambda"
    if ":rule/" in (text_of(answer, "Arn") or "") and text_of(answer, "Name"):
        return "describe-rule", answer, text_of(answer, "Arn"), "events"
    return None


def _attributes(
    answer: dict[str, Any], attributes: dict[str, Any]
) -> tuple[str, dict[str, Any], str | None, str] | None:
    topic_arn = text_of(attributes, "TopicArn")
    if text_of(attributes, "SubscriptionArn"):
        return "get-subscription-attributes", answer, topic_arn, "sns"
    if topic_arn:
        return "get-topic-attributes", answer, topic_arn, "sns"
    if text_of(attributes, "QueueArn") or attributes.keys() & _QUEUE_ATTRIBUTES:
        return "get-queue-attributes", answer, text_of(attributes, "QueueArn"), "sqs"
    return None


def _listed(
    known: _Answer, listed: list[dict[str, Any]], answer: dict[str, Any], origin: Origin
) -> Iterator[Resource | Skip]:
    by_source: dict[str | None, list[Any]] = {}
    for element in listed:
        by_source.setdefault(known.arn_of(element), []).append(_withheld(element))
    for arn, elements in (by_source or {None: []}).items():
        part = {**answer, known.member: elements}
        yield from _one(known.kind, part, arn, known.service, origin)


def _one(
    kind: str, answer: dict[str, Any], said_arn: str | None, service: str, origin: Origin
) -> Iterator[Resource | Skip]:
    services = _STREAM_SERVICES if service in _STREAM_SERVICES else (service,)
    arn = origin.arn(said_arn, *services)
    if arn is None:
        yield Skip(f"an answer of {kind} that does not say whose it is: pass --source ARN")
        return
    document = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    yield Resource(storable(arn), kind, origin.received_at, compact_json(document))


def _withheld(function: dict[str, Any]) -> dict[str, Any]:
    variables = object_of(object_of(function, "Environment"), "Variables")
    if not variables:
        return function
    withheld = {**function["Environment"], "Variables": dict.fromkeys(variables, _WITHHELD)}
    return {**function, "Environment": withheld}
