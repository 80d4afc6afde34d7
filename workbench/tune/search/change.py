"""A change of settings as what one would type or deploy: AWS CLI commands and a CloudFormation snippet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from json import dumps
from shlex import quote
from typing import Any

from workbench.mapping import MEMBER_PATHS, EventSourceMapping
from workbench.tune.search.candidates import ON_MAPPING
from workbench.tune.simulate.settings import Settings

NO_SCALING = "{}"
"""An empty ScalingConfig takes MaximumConcurrency away. Source: Lambda UpdateEventSourceMapping."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a configuration is set; a name that was not captured is the placeholder that stands in the commands."""

    source_arn: str
    function: str = "FUNCTION"
    mapping_uuid: str = "UUID"
    dead_letter_arn: str = "DEAD_LETTER_QUEUE_ARN"


def commands(place: Place, settings: Settings, changes: Mapping[str, Any]) -> tuple[str, ...]:
    """The commands that make the change, in an order in which AWS takes them: the queue before the mapping.

    Example:
        >>> from workbench.mapping import EventSourceMapping
        >>> settings = Settings(kind="sqs", mapping=EventSourceMapping(batch_size=5).completed("sqs"))
        >>> commands(Place("arn:aws:sqs:eu-west-1:1:orders"), settings, {"batch_size": 5})
        ('aws lambda update-event-source-mapping --uuid UUID --batch-size 5',)

    Source: AWS CLI reference: lambda update-event-source-mapping, lambda put-function-concurrency,
    lambda update-function-configuration, sqs set-queue-attributes.
    """
    return (
        *_queue(place, changes),
        *_mapping(place, settings, changes),
        *_function(place, changes),
    )


def cloudformation(place: Place, settings: Settings, changes: Mapping[str, Any]) -> str:
    """The properties that change, as YAML to merge into a template; empty where nothing does.

    Example:
        >>> from workbench.mapping import EventSourceMapping
        >>> settings = Settings(kind="sqs", mapping=EventSourceMapping(batch_size=5).completed("sqs"))
        >>> print(cloudformation(Place("arn:aws:sqs:eu-west-1:1:orders"), settings, {"batch_size": 5}))
        Resources:
          Mapping:
            Type: AWS::Lambda::EventSourceMapping
            Properties:
              BatchSize: 5

    Source: CloudFormation template reference: AWS::Lambda::EventSourceMapping, AWS::SQS::Queue, AWS::Lambda::Function.
    """
    resources: dict[str, Any] = {}
    properties: dict[str, Any] = _mapping_document(settings, changes)
    if properties:
        resources["Mapping"] = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}
    if attributes := _queue_document(place, changes):
        resources["Queue"] = {"Type": "AWS::SQS::Queue", "Properties": attributes}
    names = {
        "memory_mb": "MemorySize",
        "timeout_s": "Timeout",
        "reserved_concurrency": "ReservedConcurrentExecutions",
    }
    function = {
        member: changes[name] for name, member in names.items() if changes.get(name) is not None
    }
    if function:
        resources["Function"] = {"Type": "AWS::Lambda::Function", "Properties": function}
    return "\n".join(_yaml({"Resources": resources})) if resources else ""


def _mapping_document(settings: Settings, changes: Mapping[str, Any]) -> dict[str, Any]:
    said = {
        name: getattr(settings.mapping, name)
        for name in ON_MAPPING
        if name in changes and changes[name] is not None
    }
    return replace(EventSourceMapping(), **said).to_aws()


def _mapping(place: Place, settings: Settings, changes: Mapping[str, Any]) -> Iterator[str]:
    options: list[str] = []
    for name in ON_MAPPING:
        if name not in changes:
            continue
        member = MEMBER_PATHS[name]
        value = changes[name]
        if len(member) == 1:
            options.append(f"--{name.replace('_', '-')} {value}")
        else:
            config = NO_SCALING if value is None else f"{member[1]}={value}"
            options.append(f"--scaling-config {quote(config)}")
    if options:
        uuid = place.mapping_uuid
        yield f"aws lambda update-event-source-mapping --uuid {uuid} {' '.join(options)}"


def _queue_document(place: Place, changes: Mapping[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if "visibility_timeout_s" in changes:
        document["VisibilityTimeout"] = int(changes["visibility_timeout_s"])
    if changes.get("max_receive_count") is not None:
        document["RedrivePolicy"] = {
            "deadLetterTargetArn": place.dead_letter_arn,
            "maxReceiveCount": int(changes["max_receive_count"]),
        }
    return document


def _queue(place: Place, changes: Mapping[str, Any]) -> Iterator[str]:
    attributes = {
        name: value
        if isinstance(value, str)
        else dumps(value)
        if isinstance(value, dict)
        else str(value)
        for name, value in _queue_document(place, changes).items()
    }
    if "max_receive_count" in changes and changes["max_receive_count"] is None:
        attributes["RedrivePolicy"] = ""
    if attributes:
        url = queue_url(place.source_arn)
        yield f"aws sqs set-queue-attributes --queue-url {url} --attributes {quote(dumps(attributes))}"


def queue_url(source_arn: str) -> str:
    """The URL of a queue.

    Example:
        >>> queue_url("arn:aws:sqs:eu-west-1:123456789012:orders")
        'https://sqs.eu-west-1.amazonaws.com/123456789012/orders'
    """
    _, partition, _, region, account, name = source_arn.split(":", 5)
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"https://sqs.{region}.{suffix}/{account}/{name}"


def _function(place: Place, changes: Mapping[str, Any]) -> Iterator[str]:
    name = quote(place.function)
    sizes = [
        f"--{option} {changes[each]}"
        for each, option in (("memory_mb", "memory-size"), ("timeout_s", "timeout"))
        if each in changes
    ]
    if sizes:
        yield f"aws lambda update-function-configuration --function-name {name} {' '.join(sizes)}"
    if "reserved_concurrency" not in changes:
        return
    reserved = changes["reserved_concurrency"]
    if reserved is None:
        yield f"aws lambda delete-function-concurrency --function-name {name}"
    else:
        yield (
            f"aws lambda put-function-concurrency --function-name {name} "
            f"--reserved-concurrent-executions {reserved}"
        )


def _yaml(document: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield f"{'  ' * depth}{name}:"
            yield from _yaml(value, depth + 1)
        else:
            yield f"{'  ' * depth}{name}: {value}"
