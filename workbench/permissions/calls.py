"""The permissions that a recorded call asks for: IAM's action and the ARN it is done to.

Most operations are their own action. Where IAM calls it otherwise, or asks for several, the table says so.

Source: Service Authorization Reference, "Actions, resources, and condition keys" of each service.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PREFIXES = {
    "apigatewaymanagementapi": "execute-api",
    "cloudwatch": "cloudwatch",
    "eventbridge": "events",
    "iot-data": "iot",
    "sesv2": "ses",
    "stepfunctions": "states",
    "dynamodbstreams": "dynamodb",
}
"""Services whose actions do not begin with botocore's name of them."""
ACTIONS: Mapping[tuple[str, str], str] = {
    ("apigatewaymanagementapi", "PostToConnection"): "execute-api:ManageConnections",
    ("apigatewaymanagementapi", "GetConnection"): "execute-api:ManageConnections",
    ("apigatewaymanagementapi", "DeleteConnection"): "execute-api:ManageConnections",
    ("dynamodb", "TransactGetItems"): "dynamodb:GetItem",
    ("lambda", "Invoke"): "lambda:InvokeFunction",
    ("lambda", "InvokeAsync"): "lambda:InvokeFunction",
    ("lambda", "InvokeWithResponseStream"): "lambda:InvokeFunction",
    ("s3", "AbortMultipartUpload"): "s3:AbortMultipartUpload",
    ("s3", "CompleteMultipartUpload"): "s3:PutObject",
    ("s3", "CreateMultipartUpload"): "s3:PutObject",
    ("s3", "DeleteObjects"): "s3:DeleteObject",
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "HeadObject"): "s3:GetObject",
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("s3", "ListMultipartUploads"): "s3:ListBucketMultipartUploads",
    ("s3", "ListObjectVersions"): "s3:ListBucketVersions",
    ("s3", "ListObjects"): "s3:ListBucket",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "ListParts"): "s3:ListMultipartUploadParts",
    ("s3", "UploadPart"): "s3:PutObject",
    ("sns", "PublishBatch"): "sns:Publish",
    ("sqs", "ChangeMessageVisibilityBatch"): "sqs:ChangeMessageVisibility",
    ("sqs", "DeleteMessageBatch"): "sqs:DeleteMessage",
    ("sqs", "SendMessageBatch"): "sqs:SendMessage",
}
FREE = frozenset({("sts", "GetCallerIdentity")})
"""Allowed to everybody."""
_TRANSACT = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}
_QUEUE_URL = re.compile(r"https?://[^/]+/(?P<account>\d{12}|[^/]+)/(?P<name>[^/]+)/?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the handler runs: what an ARN has that the call does not say."""

    region: str
    account: str


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """One action on one resource."""

    action: str
    resource: str
    """ARN; `*` where the call does not tell."""


def needs(
    service: str, operation: str, parameters: Mapping[str, Any], place: Place
) -> tuple[Need, ...]:
    """What a call needs.

    Args:
        service: as botocore names it; `http` needs nothing of AWS.
        operation: AWS's name.
        parameters: by AWS's member names.
        place: where the handler runs.

    Example:
        >>> url = "https://sqs.eu-west-1.amazonaws.com/111111111111/orders"
        >>> needs("sqs", "SendMessageBatch", {"QueueUrl": url}, Place("eu-west-1", "111111111111"))
        (Need(action='sqs:SendMessage', resource='arn:aws:sqs:eu-west-1:111111111111:orders'),)
    """
    if service == "http" or (service, operation) in FREE:
        return ()
    if (service, operation) == ("dynamodb", "TransactWriteItems"):
        return tuple(dict.fromkeys(_transaction(parameters, place)))
    if (service, operation) == ("s3", "CopyObject"):
        return (
            Need("s3:GetObject", f"arn:aws:s3:::{_source(parameters)}"),
            *(Need("s3:PutObject", each) for each in _s3(operation, parameters, place)),
        )
    action = ACTIONS.get((service, operation), f"{PREFIXES.get(service, service)}:{operation}")
    found = _RESOURCES.get(service, _anything)(operation, parameters, place)
    return tuple(dict.fromkeys(Need(action, resource) for resource in found))


def _source(parameters: Mapping[str, Any]) -> str:
    source = parameters.get("CopySource", "*")
    if isinstance(source, Mapping):
        return f"{source.get('Bucket', '*')}/{source.get('Key', '*')}"
    return str(source).lstrip("/").partition("?")[0]


def _transaction(parameters: Mapping[str, Any], place: Place) -> Iterator[Need]:
    for item in parameters.get("TransactItems", ()):
        for kind, action in _TRANSACT.items():
            if kind in item:
                yield Need(action, _table(item[kind].get("TableName", "*"), place))


def _table(name: str, place: Place) -> str:
    if name.startswith("arn:"):
        return name
    return f"arn:aws:dynamodb:{place.region}:{place.account}:table/{name}"


def _dynamodb(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[str]:
    if "RequestItems" in parameters:
        yield from (_table(name, place) for name in parameters["RequestItems"])
    elif "TransactItems" in parameters:
        for item in parameters["TransactItems"]:
            yield _table(item.get("Get", {}).get("TableName", "*"), place)
    elif "StreamArn" in parameters:
        yield parameters["StreamArn"]
    else:
        table = _table(parameters.get("TableName", "*"), place)
        yield f"{table}/index/{parameters['IndexName']}" if "IndexName" in parameters else table


def _s3(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[str]:
    bucket = parameters.get("Bucket", "*")
    if operation == "ListBuckets":
        yield "*"
    elif operation == "DeleteObjects":
        for each in parameters.get("Delete", {}).get("Objects", ()):
            yield f"arn:aws:s3:::{bucket}/{each.get('Key', '*')}"
    elif "Key" in parameters:
        yield f"arn:aws:s3:::{bucket}/{parameters['Key']}"
    else:
        yield f"arn:aws:s3:::{bucket}"


def _sqs(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[str]:
    found = _QUEUE_URL.fullmatch(str(parameters.get("QueueUrl", "")))
    name = found["name"] if found else parameters.get("QueueName", "*")
    account = found["account"] if found else place.account
    yield f"arn:aws:sqs:{place.region}:{account}:{name}"


def _sns(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[str]:
    yield parameters.get("TopicArn") or parameters.get("TargetArn") or "*"


def _kinesis(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[str]:
    name = parameters.get("StreamName", "*")
    yield parameters.get("StreamARN") or (
        f"arn:aws:kinesis:{place.region}:{place.account}:stream/{name}"
    )


def _firehose(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[str]:
    name = parameters.get("DeliveryStreamName", "*")
    yield f"arn:aws:firehose:{place.region}:{place.account}:deliverystream/{name}"


def _lambda(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[str]:
    name = str(parameters.get("FunctionName", "*"))
    if not name.startswith("arn:"):
        short = name.rpartition("function:")[2]
        qualifier = parameters.get("Qualifier")
        name = f"arn:aws:lambda:{place.region}:{place.account}:function:{short}"
        name += f":{qualifier}" if qualifier else ""
    yield name


def _events(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[str]:
    for entry in parameters.get("Entries", [{}]):
        bus = entry.get("EventBusName") or "default"
        here = f"arn:aws:events:{place.region}:{place.account}:event-bus/{bus}"
        yield bus if bus.startswith("arn:") else here


def _logs(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[str]:
    group = parameters.get("logGroupName", "*")
    stream = parameters.get("logStreamName")
    arn = f"arn:aws:logs:{place.region}:{place.account}:log-group:{group}"
    yield f"{arn}:log-stream:{stream}" if stream else f"{arn}:*"


def _named(service: str, member: str, kind: str) -> Callable[..., Iterator[str]]:
    """Resources named by one member: an ARN, or the name in one."""

    def resource(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[str]:
        name = str(parameters.get(member, "*"))
        here = f"arn:aws:{service}:{place.region}:{place.account}:{kind}{name.lstrip('/')}"
        yield name if name.startswith("arn:") else here

    return resource


def _secret(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[str]:
    name = str(parameters.get("SecretId", "*"))
    # Secrets Manager puts six characters of its own behind the name.
    here = f"arn:aws:secretsmanager:{place.region}:{place.account}:secret:{name}-??????"
    yield name if name.startswith("arn:") else here


def _anything(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[str]:
    yield "*"


_RESOURCES: Mapping[str, Callable[[str, Mapping[str, Any], Place], Iterator[str]]] = {
    "dynamodb": _dynamodb,
    "dynamodbstreams": _dynamodb,
    "events": _events,
    "eventbridge": _events,
    "firehose": _firehose,
    "kinesis": _kinesis,
    "kms": _named("kms", "KeyId", "key/"),
    "lambda": _lambda,
    "logs": _logs,
    "s3": _s3,
    "secretsmanager": _secret,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _named("ssm", "Name", "parameter/"),
    "stepfunctions": _named("states", "stateMachineArn", "stateMachine:"),
    "sts": _named("iam", "RoleArn", "role/"),
}
