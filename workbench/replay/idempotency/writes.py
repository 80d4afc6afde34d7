"""What an AWS call leaves behind, and whether doing it twice leaves more."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.replay.engine.invocation import Effect

STATE, ADDS, DEDUPLICATED = "state", "adds", "deduplicated"
UNSURE, UNKNOWN, READ = "unsure", "unknown", "read"
"""Natures: twice is as once; twice is more; twice is as once because a token says so; depends on a condition that is
not evaluated; in no table; leaves nothing behind."""

TARGETS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("dynamodb", "DeleteItem"): ("TableName", "Key"),
    ("events", "PutRule"): ("EventBusName", "Name"),
    ("events", "PutTargets"): ("EventBusName", "Rule"),
    ("s3", "CopyObject"): ("Bucket", "Key"),
    ("s3", "DeleteObject"): ("Bucket", "Key"),
    ("s3", "PutObject"): ("Bucket", "Key"),
    ("s3", "PutObjectTagging"): ("Bucket", "Key"),
    ("secretsmanager", "PutSecretValue"): ("SecretId",),
    ("sqs", "ChangeMessageVisibility"): ("QueueUrl", "ReceiptHandle"),
    ("sqs", "DeleteMessage"): ("QueueUrl", "ReceiptHandle"),
    ("ssm", "PutParameter"): ("Name",),
    ("stepfunctions", "SendTaskFailure"): ("taskToken",),
    ("stepfunctions", "SendTaskHeartbeat"): ("taskToken",),
    ("stepfunctions", "SendTaskSuccess"): ("taskToken",),
}
"""Operations that set a state, and the members that say whose: the last one wins."""
ADDING: Mapping[tuple[str, str], str | None] = {
    ("cloudwatch", "PutMetricData"): None,
    ("events", "PutEvents"): None,
    ("firehose", "PutRecord"): None,
    ("kinesis", "PutRecord"): None,
    ("lambda", "Invoke"): None,
    ("lambda", "InvokeAsync"): None,
    ("logs", "PutLogEvents"): None,
    ("pinpoint", "SendMessages"): None,
    ("ses", "SendEmail"): None,
    ("ses", "SendRawEmail"): None,
    ("ses", "SendTemplatedEmail"): None,
    ("sesv2", "SendEmail"): None,
    ("sns", "Publish"): "MessageDeduplicationId",
    ("sqs", "SendMessage"): "MessageDeduplicationId",
    ("stepfunctions", "StartExecution"): "name",
    ("stepfunctions", "StartSyncExecution"): None,
}
"""Operations that add to what is there, and the member that keeps a second one from doing so.

Source: SQS and SNS, MessageDeduplicationId (within five minutes); Step Functions StartExecution, for the same name and
input of a standard workflow.
"""
TOKENS = ("ClientToken", "clientToken", "ClientRequestToken", "clientRequestToken")
"""Members by which AWS knows a repeated request. Source: EC2, "Ensuring idempotency in API requests"."""
_READS = re.compile(
    r"(Get|List|Describe|Head|Query|Scan|BatchGet|TransactGet|Receive|Lookup|Search|Filter|Validate|Verify|Test"
    r"|Simulate|AssumeRole|Decrypt|Encrypt|GenerateDataKey|Sign)"
)
_DELETES = re.compile(r"(Delete|Remove|Tag|Untag)[A-Z]")
_BATCHES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("sqs", "SendMessageBatch"): ("SendMessage", "Entries"),
    ("sqs", "DeleteMessageBatch"): ("DeleteMessage", "Entries"),
    ("sqs", "ChangeMessageVisibilityBatch"): ("ChangeMessageVisibility", "Entries"),
    ("sns", "PublishBatch"): ("Publish", "PublishBatchRequestEntries"),
    ("kinesis", "PutRecords"): ("PutRecord", "Records"),
    ("firehose", "PutRecordBatch"): ("PutRecord", "Records"),
    ("events", "PutEvents"): ("PutEvents", "Entries"),
    ("cloudwatch", "PutMetricData"): ("PutMetricData", "MetricData"),
    ("logs", "PutLogEvents"): ("PutLogEvents", "logEvents"),
}
"""Many in one call: which one each of them is, and the member that holds them."""
_TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
_ARITHMETIC = re.compile(r"[+]|\s-\s|list_append\s*\(", re.IGNORECASE)
_ADD = re.compile(r"\bADD\s+(.*?)(?=\b(?:SET|REMOVE|DELETE)\b|$)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Write:
    """One thing that a call leaves behind; a call of many is many."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    nature: str


def writes(effect: Effect) -> Iterator[Write]:
    """What a call leaves behind: nothing where it reads, or was answered with an error.

    Example:
        >>> sent = Effect("sqs", "SendMessageBatch", {"QueueUrl": "q", "Entries": [{"MessageBody": "a"}]}, {})
        >>> [(each.operation, each.nature) for each in writes(sent)]
        [('SendMessage', 'adds')]
    """
    if "error" in effect.answered_with and effect.service != "http":
        return
    for operation, parameters in _single(effect):
        told = nature(effect.service, operation, parameters)
        if told != READ:
            yield Write(effect.service, operation, parameters, told)


def nature(service: str, operation: str, parameters: Mapping[str, Any]) -> str:
    """Whether doing it twice leaves more than doing it once.

    Example:
        >>> nature("sqs", "SendMessage", {}), nature("s3", "PutObject", {})
        ('adds', 'state')
        >>> nature("dynamodb", "UpdateItem", {"UpdateExpression": "SET n = n + :one"})
        'adds'
    """
    if service == "http":
        method = operation.split(" ")[0]
        reads, states = ("GET", "HEAD", "OPTIONS", "CONNECT"), ("PUT", "DELETE")
        return READ if method in reads else STATE if method in states else ADDS
    if (service, operation) in ADDING:
        token = ADDING[service, operation]
        return DEDUPLICATED if token and parameters.get(token) else ADDS
    if service == "dynamodb" and operation in ("PutItem", "UpdateItem"):
        return _of_item(operation, parameters)
    if any(parameters.get(token) for token in TOKENS):
        return DEDUPLICATED
    if (service, operation) in TARGETS or _DELETES.match(operation):
        return UNSURE if "ConditionExpression" in parameters else STATE
    return READ if _READS.match(operation) else UNKNOWN


def _of_item(operation: str, parameters: Mapping[str, Any]) -> str:
    """What a condition lets through is known only where whoever answers has evaluated it."""
    adds = operation == "UpdateItem" and _adds(parameters)
    condition = parameters.get("ConditionExpression") or parameters.get("Expected")
    if not condition:
        return ADDS if adds else STATE
    return STATE if is_first_only(parameters) else UNSURE


def is_first_only(parameters: Mapping[str, Any]) -> bool:
    """Whether the condition is that the item is not there yet, which is evaluated here.

    Example:
        >>> is_first_only({"ConditionExpression": "attribute_not_exists(#id)"})
        True
    """
    pattern = (
        r"\s*attribute_not_exists\s*\([^()]+\)(\s+AND\s+attribute_not_exists\s*\([^()]+\))*\s*"
    )
    told = str(parameters.get("ConditionExpression", ""))
    return re.fullmatch(pattern, told, re.IGNORECASE) is not None


def _adds(parameters: Mapping[str, Any]) -> bool:
    expression = str(parameters.get("UpdateExpression", ""))
    values = parameters.get("ExpressionAttributeValues") or {}
    for clause in _ADD.findall(expression):
        # To a set an element is added once, to a number each time.
        if any("N" in values.get(name, {"N": ""}) for name in re.findall(r":\w+", clause)):
            return True
    legacy = (parameters.get("AttributeUpdates") or {}).values()
    return _ARITHMETIC.search(expression) is not None or any(
        each.get("Action") == "ADD" and not each.get("Value", {}).keys() & {"SS", "NS", "BS"}
        for each in legacy
    )


def _single(effect: Effect) -> Iterator[tuple[str, Mapping[str, Any]]]:
    key = effect.service, effect.operation
    if key in _BATCHES:
        return _entries(effect.parameters, *_BATCHES[key])
    if key == ("dynamodb", "BatchWriteItem"):
        return _requests(effect.parameters)
    if key == ("dynamodb", "TransactWriteItems"):
        return _transacted(effect.parameters)
    return iter([(effect.operation, effect.parameters)])


def _entries(
    parameters: Mapping[str, Any], operation: str, member: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    rest = {name: value for name, value in parameters.items() if name != member}
    for entry in parameters.get(member) or ():
        yield operation, {**rest, **{name: entry[name] for name in entry if name != "Id"}}


def _requests(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for table, requests in (parameters.get("RequestItems") or {}).items():
        for member, each in (pair for request in requests for pair in request.items()):
            yield member.replace("Request", "Item"), {"TableName": table, **each}


def _transacted(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    token = {name: parameters[name] for name in TOKENS if name in parameters}
    for entry in parameters.get("TransactItems") or ():
        for member, each in entry.items():
            if member in _TRANSACTED:
                yield _TRANSACTED[member], {**each, **token}


def opened(value: Any) -> Any:
    """A value whose texts that are JSON are opened, so that one can look into them.

    Example:
        >>> opened({"MessageBody": '{"id": 7}'})
        {'MessageBody': {'id': 7}}
    """
    if isinstance(value, Mapping):
        return {key: opened(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [opened(each) for each in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return opened(json.loads(value))
        except (ValueError, RecursionError):
            return value
    return value
