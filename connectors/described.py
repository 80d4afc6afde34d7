"""What a source is set to, asked with describe calls alone: for whoever decides before anything is read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors.access.clients import Access
from connectors.access.failures import call
from connectors.answers import required
from connectors.errors import AccessDeniedError, SourceNotFoundError
from connectors.identity import arn_of, caller_identity
from connectors.record import Mode, Service
from connectors.snapshots import paged
from connectors.source import SourceName


@dataclass(frozen=True, slots=True)
class Described:
    """A source as AWS describes it."""

    source_arn: str
    service: Service
    settings: Mapping[str, Any]
    """In AWS's own members: a queue's or topic's `Attributes`, a StreamDescriptionSummary, a table
    stream's StreamDescription, a log group's entry of DescribeLogGroups."""
    address: str
    """What the service's other operations take: a queue's URL, a group's name, else the ARN."""


def describe(name: SourceName, access: Access) -> Described:
    """The settings of a source.

    Args:
        name: As `parse_source` gives it; its Region goes before the access's own.
        access: Whose AWS.

    Raises:
        SourceNotFoundError: No such source.
        AccessDeniedError: Not the right to describe it.
        ConnectorError: And its other classes.

    Example:
        >>> from connectors.source import parse_source
        >>> describe(parse_source("kinesis:orders"), access).settings["RetentionPeriodHours"]
        24

    Permissions: kinesis:DescribeStreamSummary; dynamodb:DescribeTable, dynamodb:DescribeStream;
        logs:DescribeLogGroups, lambda:GetFunctionConfiguration; sqs:GetQueueUrl,
        sqs:GetQueueAttributes; sns:GetTopicAttributes.
    Effect: none; no record is read.
    Source: the operations' pages in the service's API reference.
    """
    access = replace(access, region=name.region) if name.region else access
    match name.service:
        case Service.KINESIS:
            return _stream(name, access)
        case Service.DYNAMODB:
            return _table_stream(name, access)
        case Service.SQS:
            return _queue(name, access)
        case Service.SNS:
            return _topic(name, access)
        case _:
            return _log_group(name, access)


def _stream(name: SourceName, access: Access) -> Described:
    wanted = f"the stream {name.name}"
    operation = access.client("kinesis", Mode.OBSERVE).describe_stream_summary
    which = {"StreamARN": name.arn} if name.arn else {"StreamName": name.name}
    summary = required(call(wanted, operation, **which), "StreamDescriptionSummary", dict, wanted)
    arn = required(summary, "StreamARN", str, wanted)
    return Described(arn, Service.KINESIS, summary, arn)


def _table_stream(name: SourceName, access: Access) -> Described:
    arn = name.arn or _latest_stream(name.name, access)
    wanted = f"the stream {arn}"
    operation = access.client("dynamodbstreams", Mode.OBSERVE).describe_stream
    answer = call(wanted, operation, StreamArn=arn, Limit=1)
    description = required(answer, "StreamDescription", dict, wanted)
    return Described(arn, Service.DYNAMODB, description, arn)


def _latest_stream(table: str, access: Access) -> str:
    wanted = f"the table {table}"
    operation = access.client("dynamodb", Mode.OBSERVE).describe_table
    answer = call(wanted, operation, TableName=table)
    arn = required(answer, "Table", dict, wanted).get("LatestStreamArn")
    if not isinstance(arn, str):
        raise SourceNotFoundError(
            f"a stream of the table {table} was wanted, found none; enable one "
            "(NEW_AND_OLD_IMAGES), or give the ARN of a former one"
        )
    return arn


def _queue(name: SourceName, access: Access) -> Described:
    wanted = f"the queue {name.name}"
    client = access.client("sqs", Mode.OBSERVE)
    owner = {"QueueOwnerAWSAccountId": name.account} if name.account else {}
    answer = call(wanted, client.get_queue_url, QueueName=name.name, **owner)
    url = required(answer, "QueueUrl", str, wanted)
    answer = call(wanted, client.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
    attributes = required(answer, "Attributes", dict, wanted)
    return Described(
        required(attributes, "QueueArn", str, wanted), Service.SQS, attributes, address=url
    )


def _topic(name: SourceName, access: Access) -> Described:
    wanted = f"the topic {name.name}"
    client = access.client("sns", Mode.OBSERVE)
    region = client.meta.region_name
    arn = name.arn or arn_of(caller_identity(access), region, "sns", name.name)
    answer = call(wanted, client.get_topic_attributes, TopicArn=arn)
    return Described(arn, Service.SNS, required(answer, "Attributes", dict, wanted), arn)


def _log_group(name: SourceName, access: Access) -> Described:
    group = _group_of(name, access)
    wanted = f"the log group {group}"
    operation = access.client("logs", Mode.OBSERVE).describe_log_groups
    for page in paged(wanted, operation, "nextToken", "nextToken", logGroupNamePrefix=group):
        for described in required(page, "logGroups", list, wanted):
            if described.get("logGroupName") == group:
                arn = required(described, "arn", str, wanted).removesuffix(":*")
                return Described(arn, Service.LOGS, described, address=group)
    raise SourceNotFoundError(
        f"{wanted} was wanted, found none of this name; check it, the account and the Region "
        "(a function's group is made when it first logs)"
    )


def _group_of(name: SourceName, access: Access) -> str:
    """The group that a function logs to; its usual one where we may not ask."""
    if name.function is None:
        return name.name
    operation = access.client("lambda", Mode.OBSERVE).get_function_configuration
    try:
        answer = call(f"the function {name.function}", operation, FunctionName=name.function)
    except (AccessDeniedError, SourceNotFoundError):
        return name.name  # a deleted function's logs outlive it
    return str(answer.get("LoggingConfig", {}).get("LogGroup") or name.name)
