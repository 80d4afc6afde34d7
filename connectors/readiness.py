"""Asks AWS, with describe calls alone, whether a capture may begin and what it would meet."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar

from connectors.access.allowlist import Rule
from connectors.access.clients import Access, is_loopback
from connectors.access.failures import aws_code, call, is_unknown_operation
from connectors.access.policy import LEASED, rules_of
from connectors.access.preflight import Grant, Preflight, Reader, Right, loads_of, warnings_of
from connectors.answers import Clock
from connectors.budget import share_of
from connectors.described import Described, describe
from connectors.errors import AccessDeniedError, ConnectorError, SourceNotFoundError
from connectors.horizon import available
from connectors.record import Mode, Service
from connectors.snapshots import paged
from connectors.source import SourceName, default_mode, parse_source

_T = TypeVar("_T")
_DESCRIBED_BY: Mapping[Service, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        Service.KINESIS: (("kinesis", "DescribeStreamSummary"),),
        Service.DYNAMODB: (("dynamodbstreams", "DescribeStream"),),
        Service.SQS: (("sqs", "GetQueueUrl"), ("sqs", "GetQueueAttributes")),
        Service.SNS: (("sns", "GetTopicAttributes"),),
        Service.LOGS: (("logs", "DescribeLogGroups"),),
    }
)
_ENABLED = ("Enabled", "Enabling", "Updating", "Creating")


def preflight(
    source: str,
    access: Access,
    *,
    now: Clock,
    mode: Mode | None = None,
    lease_table: str | None = None,
) -> Preflight:
    """What a capture of a source would meet; nothing of the source is read, nothing changed.

    Args:
        source: As `parse_source` takes it.
        access: Whose AWS.
        now: Clock.
        mode: None: the service's default, which a queue has not.
        lease_table: Where a Kinesis Client Library application keeps its leases, where it is named;
            of streams only.

    Raises:
        SourceNotFoundError: No such source.
        ConnectorError: No form of a source; AWS was not reached.

    Example:
        >>> preflight("kinesis:orders", access, now=now).ready
        True

    Permissions: none is needed: what is missing is told.
    Effect: none; a handful of describe and list calls.
    Source: Service Authorization Reference; each operation's page.
    """
    name = parse_source(source)
    used = default_mode(name.service) if mode is None else mode
    access = replace(access, region=name.region) if name.region else access
    leases = lease_table if name.service in LEASED else None
    rules = rules_of(name.service, used, with_leases=leases is not None)
    asked = _Questions(access)
    share = share_of(name.service, local=is_loopback(access.endpoint_url))
    try:
        described = describe(name, access)
    except AccessDeniedError as error:
        asked.denied(error)
        return Preflight(
            source_arn=name.arn,
            service=name.service,
            mode=used,
            available=None,
            rights=asked.rights(rules),
            readers=(),
            loads=loads_of(share),
            warnings=(),
        )
    asked.answered.update(_DESCRIBED_BY[name.service])
    readers = tuple(_readers(asked, name, described, leases))
    kept = available(described, now(), mode=used)
    return Preflight(
        source_arn=described.source_arn,
        service=described.service,
        mode=used,
        available=kept,
        rights=asked.rights(rules),
        readers=readers,
        loads=loads_of(share),
        warnings=warnings_of(described, used, readers, share, kept),
    )


@dataclass(slots=True)
class _Questions:
    """Describe calls, and what became of the right to each."""

    access: Access
    answered: set[tuple[str, str]] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    """AWS's words by operation."""

    def ask(self, service: str, operation: str, deed: Callable[[Any], _T]) -> _T | None:
        """The answer; None where there is no right to it or nothing to tell."""
        try:
            answer = deed(self.access.client(service, Mode.OBSERVE))
        except AccessDeniedError as error:
            self.denied(error, operation)
            return None
        except SourceNotFoundError:
            self.answered.add((service, operation))
            return None
        except ConnectorError as error:
            if not is_unknown_operation(error):
                raise
            return None
        self.answered.add((service, operation))
        return answer

    def denied(self, error: AccessDeniedError, operation: str | None = None) -> None:
        """Note which call a refusal was for; credentials that are no good are another matter.

        Raises:
            AccessDeniedError: The same: it does not speak of a right.
        """
        code = aws_code(error)
        named = operation or getattr(error.__cause__, "operation_name", None)
        if named is None or not ("Denied" in code or "uthoriz" in code):
            raise error
        self.refused[named] = str(error)

    def rights(self, rules: list[Rule]) -> tuple[Right, ...]:
        """Each action that the rules need, once."""
        found: dict[str, Right] = {}
        for rule in rules:
            right = self._right(rule)
            known = found.get(rule.action or "")
            if rule.action and (known is None or known.grant == Grant.NOT_TESTED):
                found[rule.action] = right
        return tuple(found[action] for action in sorted(found))

    def _right(self, rule: Rule) -> Right:
        action = rule.action or ""
        if rule.operation in self.refused:
            return Right(action, Grant.MISSING, self.refused[rule.operation])
        if (rule.service, rule.operation) in self.answered:
            return Right(action, Grant.GRANTED)
        return Right(action, Grant.NOT_TESTED, _why_not(rule))


def _why_not(rule: Rule) -> str:
    if rule.operation in ("GetRecords", "GetShardIterator", "FilterLogEvents", "Scan"):
        return "only reading would tell"
    if rule.operation == "ReceiveMessage":
        return "only a receive would tell, and it hides messages"
    if rule.operation.startswith(("Get", "List", "Describe")):
        return "there was nothing to ask it of"
    return "only a change would tell"


def _readers(
    asked: _Questions, name: SourceName, described: Described, lease_table: str | None
) -> Iterator[Reader]:
    if described.service == Service.SNS:
        yield from _subscriptions(asked, described.source_arn)
        return
    if described.service == Service.SQS:
        yield from _sources_of_dead_letters(asked, described)
    if described.service == Service.KINESIS:
        yield from _stream_consumers(asked, described.source_arn)
    if described.service == Service.DYNAMODB:
        table = name.name
        asked.ask("dynamodb", "DescribeTable", lambda c: _one(c.describe_table, TableName=table))
    yield from _mappings(asked, name, described)
    if lease_table is not None:
        leases = asked.ask(
            "dynamodb", "DescribeTable", lambda c: _one(c.describe_table, TableName=lease_table)
        )
        if leases is not None:
            yield Reader("Kinesis Client Library", lease_table, polls=True)


def _mappings(asked: _Questions, name: SourceName, described: Described) -> Iterator[Reader]:
    """Enabled mappings; of a log group the mappings of its function, which read other sources."""
    which = {"EventSourceArn": described.source_arn}
    function = name.function or _function_of(described.address)
    if described.service == Service.LOGS:
        if function is None:
            return
        which = {"FunctionName": function}
    mappings = asked.ask(
        "lambda",
        "ListEventSourceMappings",
        lambda c: _all(c.list_event_source_mappings, "EventSourceMappings", "Marker", **which),
    )
    functions = [m.get("FunctionArn", "") for m in mappings or ()] or [function]
    _ask_of_function(asked, next((each for each in functions if each), None))
    if described.service == Service.LOGS:
        return
    for mapping in mappings or ():
        if mapping.get("State") in _ENABLED:
            consumer = mapping.get("FunctionArn", mapping.get("UUID", "?"))
            yield Reader("Lambda mapping", consumer.rsplit(":function:", 1)[-1], polls=True)


def _ask_of_function(asked: _Questions, function: str | None) -> None:
    if function is None:
        return
    which = {"FunctionName": function}
    asked.ask(
        "lambda", "GetFunctionConfiguration", lambda c: _one(c.get_function_configuration, **which)
    )
    asked.ask("lambda", "ListAliases", lambda c: _one(c.list_aliases, MaxItems=1, **which))
    asked.ask(
        "lambda",
        "ListVersionsByFunction",
        lambda c: _one(c.list_versions_by_function, MaxItems=1, **which),
    )


def _stream_consumers(asked: _Questions, arn: str) -> Iterator[Reader]:
    asked.ask("kinesis", "ListShards", lambda c: _one(c.list_shards, StreamARN=arn, MaxResults=1))
    consumers = asked.ask(
        "kinesis",
        "ListStreamConsumers",
        lambda c: _all(c.list_stream_consumers, "Consumers", "NextToken", StreamARN=arn),
    )
    for consumer in consumers or ():  # each has its own 2 MB/s
        yield Reader("registered consumer", consumer.get("ConsumerName", "?"), polls=False)


def _sources_of_dead_letters(asked: _Questions, queue: Described) -> Iterator[Reader]:
    urls = asked.ask(
        "sqs",
        "ListDeadLetterSourceQueues",
        lambda c: _all(
            c.list_dead_letter_source_queues,
            "queueUrls",
            "NextToken",
            QueueUrl=queue.address,
            MaxResults=1000,
        ),
    )
    for url in urls or ():
        yield Reader("sends its dead letters here", str(url).rsplit("/", 1)[-1], polls=False)


def _subscriptions(asked: _Questions, arn: str) -> Iterator[Reader]:
    found = asked.ask(
        "sns",
        "ListSubscriptionsByTopic",
        lambda c: _all(c.list_subscriptions_by_topic, "Subscriptions", "NextToken", TopicArn=arn),
    )
    confirmed = [s for s in found or () if str(s.get("SubscriptionArn")).startswith("arn:")]
    if confirmed:
        first = confirmed[0]["SubscriptionArn"]
        asked.ask(
            "sns",
            "GetSubscriptionAttributes",
            lambda c: _one(c.get_subscription_attributes, SubscriptionArn=first),
        )
    for subscription in found or ():
        kind = f"{subscription.get('Protocol', '?')} subscription"
        yield Reader(kind, str(subscription.get("Endpoint", "?")), polls=False)


def _one(operation: Callable[..., Any], **parameters: Any) -> Mapping[str, Any]:
    return call("a description", operation, **parameters)


def _all(operation: Callable[..., Any], member: str, token: str, **parameters: Any) -> list[Any]:
    next_token = "NextMarker" if token == "Marker" else token
    pages = paged(member, operation, token, next_token, **parameters)
    return [each for page in pages for each in page.get(member, ())]


def _function_of(group: str) -> str | None:
    prefix, _, function = group.rpartition("/")
    return function if prefix == "/aws/lambda" else None
