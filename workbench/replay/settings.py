"""What a run is set to: the trace's configuration snapshots, overlaid field by field with what the user says."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from workbench.errors import UsageError
from workbench.mapping import EventSourceMapping, SourceKind
from workbench.replay.functions.template import TemplateFunction
from workbench.trace import Trace
from workbench.trace.sql import load_statement

Document = Mapping[str, Any]
TIMEOUT_S = 30
MEMORY_SIZE_MB = 512
"""Lambda's own 3 s and 128 MB would kill imports on a person's machine."""
NOT_CAPTURED = "(not captured)"
"""What a snapshot has in place of an environment variable's value."""


@dataclass(frozen=True, slots=True)
class QueueAttributes:
    """What of a queue's attributes decides how its messages come again.

    Source: SQS GetQueueAttributes.
    """

    visibility_timeout: timedelta = timedelta(seconds=30)
    message_retention_period: timedelta = timedelta(days=4)
    max_receive_count: int | None = None
    """Receives before a message goes to the dead-letter queue; None: there is no redrive policy."""
    fifo_queue: bool = False

    @classmethod
    def from_aws(cls, attributes: Document, source_arn: str) -> "QueueAttributes":
        """The attributes of a `get-queue-attributes` answer; members may be left out.

        Raises:
            UsageError: a number that is none.
        """
        redrive = attributes.get("RedrivePolicy") or {}
        policy = _object("RedrivePolicy", redrive)
        fifo = str(attributes.get("FifoQueue", source_arn.endswith(".fifo"))).lower() == "true"
        return cls(
            _seconds(attributes, "VisibilityTimeout", 30),
            _seconds(attributes, "MessageRetentionPeriod", 345_600),
            _number(policy, "maxReceiveCount", 1) if "maxReceiveCount" in policy else None,
            fifo,
        )


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """What of a function's configuration its handler can see or feel.

    Source: Lambda GetFunctionConfiguration.
    """

    name: str
    version: str = "$LATEST"
    timeout_s: int = TIMEOUT_S
    memory_size_mb: int = MEMORY_SIZE_MB
    environment: Document = field(default_factory=dict)

    @classmethod
    def from_aws(cls, configuration: Document, name: str) -> "FunctionSettings":
        """The settings of a `get-function-configuration` answer; members may be left out.

        Raises:
            UsageError: a number that is none, or that Lambda does not take.
        """
        variables = (configuration.get("Environment") or {}).get("Variables") or {}
        timeout_s = _number(configuration, "Timeout", TIMEOUT_S)
        memory_size_mb = _number(configuration, "MemorySize", MEMORY_SIZE_MB)
        if not 1 <= timeout_s <= 900:
            raise UsageError(f"wanted a Timeout from 1 to 900 seconds, found {timeout_s}")
        if not 128 <= memory_size_mb <= 10_240:
            raise UsageError(f"wanted a MemorySize from 128 to 10240 MB, found {memory_size_mb}")
        return cls(
            str(configuration.get("FunctionName") or name),
            str(configuration.get("Version") or "$LATEST"),
            timeout_s,
            memory_size_mb,
            {str(key): str(value) for key, value in variables.items()},
        )


@dataclass(frozen=True, slots=True)
class InvokeSettings:
    """How Lambda treats events that a function is handed asynchronously.

    Source: Lambda GetFunctionEventInvokeConfig, GetFunctionConfiguration.
    """

    maximum_retry_attempts: int = 2
    maximum_event_age: timedelta = timedelta(hours=6)
    on_success_arn: str | None = None
    on_failure_arn: str | None = None
    dead_letter_arn: str | None = None
    """The function's own dead-letter queue or topic, which gets the bare event."""

    @classmethod
    def from_aws(cls, document: Document, function: Document) -> "InvokeSettings":
        """From the answers of `get-function-event-invoke-config` and `get-function-configuration`.

        Raises:
            UsageError: a number that is none, or that Lambda does not take.
        """
        retries = _number(document, "MaximumRetryAttempts", 2)
        age_s = _number(document, "MaximumEventAgeInSeconds", 21_600)
        if not 0 <= retries <= 2:
            raise UsageError(f"wanted a MaximumRetryAttempts from 0 to 2, found {retries}")
        if not 60 <= age_s <= 21_600:
            raise UsageError(f"wanted a MaximumEventAgeInSeconds from 60 to 21600, found {age_s}")
        destinations = document.get("DestinationConfig") or {}
        return cls(
            retries,
            timedelta(seconds=age_s),
            (destinations.get("OnSuccess") or {}).get("Destination"),
            (destinations.get("OnFailure") or {}).get("Destination"),
            (function.get("DeadLetterConfig") or {}).get("TargetArn"),
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run is set to."""

    mapping: EventSourceMapping
    """Completed with AWS's defaults."""
    function: FunctionSettings
    queue: QueueAttributes = field(default_factory=QueueAttributes)
    invoke: InvokeSettings = field(default_factory=InvokeSettings)
    """Of sources that hand over one event at a time."""
    retention: timedelta = timedelta(hours=24)
    """How long the stream keeps its records."""
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Shards that end before a shard begins."""


def settle(
    trace: Trace,
    source_arn: str,
    function_name: str,
    mapping: EventSourceMapping | Document | None = None,
    queue_attributes: Document | None = None,
    function: Document | None = None,
    event_invoke_config: Document | None = None,
    template: TemplateFunction | None = None,
) -> Settings:
    """The settings of a run: what the user says, else the template, else what the trace has, else AWS's defaults.

    Args:
        trace: whose newest snapshots count.
        source_arn: what is replayed.
        function_name: where no configuration names the function.
        mapping: as `get-event-source-mapping` answers it.
        queue_attributes: as `get-queue-attributes` answers it, or its `Attributes`.
        function: as `get-function-configuration` answers it.
        event_invoke_config: as `get-function-event-invoke-config` answers it.
        template: what a template says of the function and the source; over the trace, member by member.

    Raises:
        UsageError: a value of the wrong type, or a mapping that AWS would refuse.
    """
    snapshots = Snapshots.of(trace, source_arn)
    told = template or TemplateFunction(logical_id=function_name, configuration={}, mapping={})
    seen_mapping = {**snapshots.mapping(), **told.mapping}
    seen_function = snapshots.function(seen_mapping.get("FunctionArn"))
    said = queue_attributes or {}
    queue = QueueAttributes.from_aws(
        {**snapshots.queue(), **told.queue_attributes, **said.get("Attributes", said)}, source_arn
    )
    configuration = _overlaid(_overlaid(seen_function, told.configuration), function or {})
    invoke = {
        **snapshots.document("get-function-event-invoke-config"),
        **told.invoke_config,
        **(event_invoke_config or {}),
    }
    return Settings(
        _mapping(mapping, seen_mapping).completed(_kind(source_arn, queue)),
        FunctionSettings.from_aws(configuration, told.logical_id),
        queue,
        InvokeSettings.from_aws(invoke, configuration),
        timedelta(hours=snapshots.retention_hours(told.stream)),
        {shard["ShardId"]: _parents(shard) for shard in snapshots.shards()},
    )


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The newest configuration answers about one source."""

    source_arn: str
    documents: Mapping[str, tuple[Document, ...]]
    """By kind, the newest first; functions of other sources too."""

    @classmethod
    def of(cls, trace: Trace, source_arn: str) -> "Snapshots":
        """What the trace has."""
        statement = load_statement(__package__, "configuration")
        documents: dict[str, list[Document]] = {}
        for row in trace.rows(statement.text, source_arn=source_arn):
            documents.setdefault(row["kind"], []).append(json.loads(row["document"]))
        return cls(source_arn, {kind: tuple(found) for kind, found in documents.items()})

    def document(self, kind: str) -> Document:
        """The newest answer of a kind, an empty one where there is none."""
        return next(iter(self.documents.get(kind, ())), {})

    def mapping(self) -> Document:
        """The source's mapping: an enabled one before others."""
        found = [m for m in self._mappings() if m.get("EventSourceArn") == self.source_arn]
        found.sort(key=lambda each: each.get("State", "Enabled") != "Enabled")
        return found[0] if found else {}

    def function(self, function_arn: Any) -> Document:
        """The configuration of the mapping's function, whether asked for with a qualifier or without."""
        name = _function_name(function_arn)
        for document in self.documents.get("get-function-configuration", ()):
            if name and _function_name(document.get("FunctionArn")) == name:
                return document
        return {"FunctionName": name.rpartition(":")[2]} if name else {}

    def queue(self) -> Document:
        """The queue's attributes."""
        attributes: Document = self.document("get-queue-attributes").get("Attributes", {})
        return attributes

    def retention_hours(self, said: Document) -> int:
        """How long the stream keeps its records; `said` counts over the trace."""
        summary = self.document("describe-stream-summary").get("StreamDescriptionSummary", {})
        description = self.document("describe-stream").get("StreamDescription", {})
        return _number({**description, **summary, **said}, "RetentionPeriodHours", 24)

    def shards(self) -> Sequence[Document]:
        """The stream's shards."""
        description = self.document("describe-stream").get("StreamDescription", {})
        found: Sequence[Document] = self.document("list-shards").get("Shards") or description.get(
            "Shards", ()
        )
        return found

    def _mappings(self) -> Iterator[Document]:
        yield from self.documents.get("get-event-source-mapping", ())
        for listing in self.documents.get("list-event-source-mappings", ()):
            yield from listing.get("EventSourceMappings", ())


def function_arn(source_arn: str, name: str) -> str:
    """The function of a source's region and account; synthetic where the source's ARN has none.

    Example:
        >>> function_arn("arn:aws:s3:::photos", "resize")
        'arn:aws:lambda:us-east-1:000000000000:function:resize'
    """
    _, partition, _, region, account, _ = source_arn.split(":", 5)
    place = f"{region or 'us-east-1'}:{account or '000000000000'}"
    return f"arn:{partition}:lambda:{place}:function:{name}"


def _mapping(said: EventSourceMapping | Document | None, seen: Document) -> EventSourceMapping:
    if isinstance(said, EventSourceMapping):
        return said.over(EventSourceMapping.from_aws(seen))
    # One document: a member that is not replayed yet may be switched off by the user's word.
    return EventSourceMapping.from_aws({**seen, **(said or {})})


def _overlaid(seen: Document, said: Document) -> Document:
    variables = {
        **((seen.get("Environment") or {}).get("Variables") or {}),
        **((said.get("Environment") or {}).get("Variables") or {}),
    }
    return {**seen, **said, "Environment": {"Variables": variables}}


def _kind(source_arn: str, queue: QueueAttributes) -> SourceKind:
    match source_arn.split(":")[2:3]:
        case ["kinesis"]:
            return "kinesis"
        case ["dynamodb"]:
            return "dynamodb"
        case ["sqs"]:
            return "sqs_fifo" if queue.fifo_queue else "sqs"
        case _:
            return "event"


def _function_name(arn: Any) -> str:
    """The ARN without a qualifier; `""` where there is none."""
    return ":".join(arn.split(":")[:7]) if isinstance(arn, str) else ""


def _parents(shard: Document) -> tuple[str, ...]:
    members = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
    return tuple(parent for parent in members if parent)


def _object(name: str, value: Any) -> Document:
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if isinstance(found, Mapping):
        return found
    raise UsageError(f"wanted a JSON object as {name}, found {value!r}")


def _number(document: Document, name: str, default: int) -> int:
    value = document.get(name)
    try:
        return default if value is None else int(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"wanted a whole number as {name}, found {value!r}") from error


def _seconds(attributes: Document, name: str, default: int) -> timedelta:
    return timedelta(seconds=_number(attributes, name, default))
