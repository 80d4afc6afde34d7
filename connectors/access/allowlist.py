"""The one table of what capture may ask of AWS; the guard and the IAM policy both come from it.

An operation that is not in the table is refused before anything is sent. What a row is for:
the service and operation as boto3 names them, the lowest mode that needs it, the IAM action,
and the kind of resource it touches.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from connectors.record import Mode

TAP_PREFIX = "workbench-tap-"
"""Every queue that capture makes for itself is named so; nothing else is ever changed."""


class Resource(StrEnum):
    """What an operation touches, as far as a policy can name it."""

    CALLER = "caller"
    """Nothing but the caller's own identity; needs no right."""
    QUEUE = "queue"
    TAP_QUEUE = "tap queue"
    """A queue of our own: its name begins with `TAP_PREFIX`."""
    TOPIC = "topic"
    SUBSCRIPTION = "subscription"
    STREAM = "stream"
    TABLE = "table"
    LEASE_TABLE = "lease table"
    """Where the Kinesis Client Library keeps how far production has read."""
    TABLE_STREAM = "table stream"
    LOG_GROUP = "log group"
    LOG_GROUPS = "log groups"
    """All of an account: AWS grants the listing of groups on no finer resource."""
    FUNCTION = "function"
    MAPPING = "mapping"
    ACCOUNT = "account"
    """Listings of an account that only the search for forgotten taps needs."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One operation that capture may call."""

    service: str
    """boto3's name of the client."""
    operation: str
    """AWS's name of the operation."""
    mode: Mode
    """The lowest mode that needs it."""
    action: str | None
    """The IAM action; None where AWS asks for none."""
    resource: Resource


INCLUDED: Mapping[Mode, frozenset[Mode]] = MappingProxyType(
    {
        Mode.OBSERVE: frozenset({Mode.OBSERVE}),
        Mode.TAP: frozenset({Mode.OBSERVE, Mode.TAP}),
        Mode.PEEK: frozenset({Mode.OBSERVE, Mode.PEEK}),
        Mode.DRAIN: frozenset({Mode.OBSERVE, Mode.PEEK, Mode.DRAIN}),
    }
)
"""Whose rows a mode may use: its own and those of the modes it builds on."""


def _rules(
    service: str, mode: Mode, resource: Resource, *operations: str, prefix: str | None = None
) -> tuple[Rule, ...]:
    actions = prefix or service
    return tuple(Rule(service, name, mode, f"{actions}:{name}", resource) for name in operations)


ALLOW: tuple[Rule, ...] = (
    Rule("sts", "GetCallerIdentity", Mode.OBSERVE, None, Resource.CALLER),
    *_rules(
        "sqs",
        Mode.OBSERVE,
        Resource.QUEUE,
        "GetQueueUrl",
        "GetQueueAttributes",
        "ListDeadLetterSourceQueues",
    ),
    *_rules("sqs", Mode.PEEK, Resource.QUEUE, "ReceiveMessage"),
    Rule(
        "sqs",
        "ChangeMessageVisibilityBatch",
        Mode.PEEK,
        "sqs:ChangeMessageVisibility",
        Resource.QUEUE,
    ),
    Rule("sqs", "DeleteMessageBatch", Mode.DRAIN, "sqs:DeleteMessage", Resource.QUEUE),
    *_rules(
        "sqs",
        Mode.TAP,
        Resource.TAP_QUEUE,
        "CreateQueue",
        "DeleteQueue",
        "GetQueueAttributes",
        "GetQueueUrl",  # whether a queue is there although making it was not answered
        "ListQueueTags",
        "ReceiveMessage",
        "SetQueueAttributes",
        "TagQueue",
    ),
    Rule("sqs", "DeleteMessageBatch", Mode.TAP, "sqs:DeleteMessage", Resource.TAP_QUEUE),
    *_rules("sns", Mode.OBSERVE, Resource.TOPIC, "GetTopicAttributes", "ListSubscriptionsByTopic"),
    *_rules("sns", Mode.OBSERVE, Resource.SUBSCRIPTION, "GetSubscriptionAttributes"),
    *_rules("sns", Mode.TAP, Resource.TOPIC, "Subscribe"),
    *_rules("sqs", Mode.TAP, Resource.ACCOUNT, "ListQueues"),
    *_rules("sns", Mode.TAP, Resource.ACCOUNT, "ListSubscriptions"),
    *_rules("sns", Mode.TAP, Resource.SUBSCRIPTION, "Unsubscribe"),
    *_rules(
        "kinesis",
        Mode.OBSERVE,
        Resource.STREAM,
        "DescribeStreamSummary",
        "GetRecords",
        "GetShardIterator",
        "ListShards",
        "ListStreamConsumers",
    ),
    *_rules("dynamodb", Mode.OBSERVE, Resource.TABLE, "DescribeTable"),
    *_rules("dynamodb", Mode.OBSERVE, Resource.LEASE_TABLE, "DescribeTable", "Scan"),
    *_rules(
        "dynamodbstreams",
        Mode.OBSERVE,
        Resource.TABLE_STREAM,
        "DescribeStream",
        "GetRecords",
        "GetShardIterator",
        "ListStreams",  # former streams of the table stay readable for a day
        prefix="dynamodb",
    ),
    *_rules("logs", Mode.OBSERVE, Resource.LOG_GROUP, "FilterLogEvents"),
    *_rules("logs", Mode.OBSERVE, Resource.LOG_GROUPS, "DescribeLogGroups"),
    *_rules(
        "lambda",
        Mode.OBSERVE,
        Resource.FUNCTION,
        "GetFunctionConfiguration",
        "ListAliases",
        "ListVersionsByFunction",
    ),
    *_rules("lambda", Mode.OBSERVE, Resource.MAPPING, "ListEventSourceMappings"),
)


def rules_for(service: str, operation: str, mode: Mode) -> tuple[Rule, ...]:
    """Every row that lets this mode call this operation; none means refused.

    Example:
        >>> rules_for("sqs", "PurgeQueue", Mode.DRAIN)
        ()
    """
    return tuple(
        rule
        for rule in ALLOW
        if (rule.service, rule.operation) == (service, operation) and rule.mode in INCLUDED[mode]
    )


def is_tap_queue(name_or_address: object) -> bool:
    """Whether a queue's name, URL or ARN is that of a queue that capture made for itself.

    Example:
        >>> is_tap_queue("https://sqs.eu-west-1.amazonaws.com/123456789012/workbench-tap-a-1f")
        True
        >>> is_tap_queue("https://sqs.eu-west-1.amazonaws.com/123456789012/orders")
        False
    """
    if not isinstance(name_or_address, str):
        return False
    return name_or_address.rsplit("/", 1)[-1].rsplit(":", 1)[-1].startswith(TAP_PREFIX)
