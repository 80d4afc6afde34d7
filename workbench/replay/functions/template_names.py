"""What Ref and GetAtt give of a resource whose name is known: by its type, as AWS's resource reference has it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ResourceType:
    """How resources of one type are named."""

    property: str
    """That holds the name, where the template gives one."""
    arn: str
    """With `{name}` for it, behind `arn:PARTITION:`; `{place}` is `REGION:ACCOUNT`."""
    ref: str = "{name}"
    """What Ref gives: `{name}`, `{arn}`, `{url}`."""
    attributes: tuple[str, ...] = ()
    """Of GetAtt, besides Arn: those that give the name, the ARN or the URL."""


_QUEUE = ResourceType("QueueName", "sqs:{place}:{name}", "{url}", ("QueueName", "QueueUrl"))
_TABLE = ResourceType("TableName", "dynamodb:{place}:table/{name}")
_FUNCTION = ResourceType("FunctionName", "lambda:{place}:function:{name}")
_MACHINE = ResourceType(
    "StateMachineName", "states:{place}:stateMachine:{name}", "{arn}", ("Name",)
)
RESOURCE_TYPES: Mapping[str, ResourceType] = {
    "AWS::SQS::Queue": _QUEUE,
    "AWS::SNS::Topic": ResourceType(
        "TopicName", "sns:{place}:{name}", "{arn}", ("TopicName", "TopicArn")
    ),
    "AWS::Kinesis::Stream": ResourceType("Name", "kinesis:{place}:stream/{name}"),
    "AWS::DynamoDB::Table": _TABLE,
    "AWS::DynamoDB::GlobalTable": _TABLE,
    "AWS::Serverless::SimpleTable": _TABLE,
    "AWS::S3::Bucket": ResourceType("BucketName", "s3:::{name}"),
    "AWS::Lambda::Function": _FUNCTION,
    "AWS::Serverless::Function": _FUNCTION,
    "AWS::Logs::LogGroup": ResourceType("LogGroupName", "logs:{place}:log-group:{name}:*"),
    "AWS::Events::EventBus": ResourceType(
        "Name", "events:{place}:event-bus/{name}", attributes=("Name",)
    ),
    "AWS::StepFunctions::StateMachine": _MACHINE,
    "AWS::Serverless::StateMachine": _MACHINE,
}
_SPELLINGS = {"QueueUrl": "{url}", "TopicArn": "{arn}"}


def resource_attribute(
    kind: ResourceType, name: str, attribute: str, pseudo: Mapping[str, str]
) -> str | None:
    """What Ref (`attribute` is `""`) or GetAtt gives; None: it is not known before the deployment.

    Args:
        kind: of the resource.
        name: of the resource at AWS.
        attribute: of GetAtt; `""` for Ref.
        pseudo: AWS::Partition, AWS::Region, AWS::AccountId, AWS::URLSuffix.

    Example:
        >>> pseudo = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "1", "AWS::URLSuffix": "x"}
        >>> resource_attribute(RESOURCE_TYPES["AWS::SQS::Queue"], "orders", "Arn", pseudo)
        'arn:aws:sqs:eu-west-1:1:orders'

    Source: CloudFormation template reference, "Return values" of each resource.
    """
    if attribute == "":
        spelling = kind.ref
    elif attribute == "Arn":
        spelling = "{arn}"
    elif attribute in kind.attributes:
        spelling = _SPELLINGS.get(attribute, "{name}")
    else:
        return None
    region, account = pseudo["AWS::Region"], pseudo["AWS::AccountId"]
    arn = kind.arn.format(place=f"{region}:{account}", name=name)
    return spelling.format(
        name=name,
        arn=f"arn:{pseudo['AWS::Partition']}:{arn}",
        url=f"https://sqs.{region}.{pseudo['AWS::URLSuffix']}/{account}/{name}",
    )
