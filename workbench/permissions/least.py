"""The least policy that some needs ask for, as a document that IAM takes."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from workbench.permissions.calls import Need, Place

RESOURCES_MOST = 10
"""Of one action and service; more are written with `*` behind what they have in common."""
_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
_POLLING = {
    "sqs": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "kinesis": (
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
    ),
    "dynamodb": (
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
    ),
}
"""What a mapping asks of the function's role."""


def role_needs(source_arn: str, place: Place) -> tuple[Need, ...]:
    """What a function's role needs besides its handler's calls: its log, and its source where a mapping reads that.

    Source: Lambda developer guide, "Defining Lambda function permissions with an execution role": the managed policies
        AWSLambdaBasicExecutionRole, AWSLambdaSQSQueueExecutionRole, AWSLambdaKinesisExecutionRole and
        AWSLambdaDynamoDBExecutionRole, without what they allow besides.
    """
    log = f"arn:aws:logs:{place.region}:{place.account}:log-group:/aws/lambda/*:*"
    service = source_arn.split(":")[2] if source_arn.count(":") >= 5 else ""
    return (
        *(Need(action, log) for action in _LOGS),
        *(Need(action, source_arn) for action in _POLLING.get(service, ())),
    )


def least_policy(needs: Iterable[Need]) -> dict[str, Any]:
    """A policy that allows the needs, and little else.

    Actions with the same resources are one statement. Where an action has more than ten resources, those that share a
    beginning up to a `/`, `:` or `-` are written as that and `*`.

    Example:
        >>> least_policy([Need("sqs:SendMessage", "arn:aws:sqs:eu-west-1:1:a")])["Statement"][0]["Resource"]
        ['arn:aws:sqs:eu-west-1:1:a']
    """
    of_action: defaultdict[str, set[str]] = defaultdict(set)
    for need in needs:
        of_action[need.action].add(need.resource)
    together: defaultdict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for action, resources in sorted(of_action.items()):
        together[action.split(":")[0], _shortened(resources)].append(action)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": f"{re.sub(r'[^A-Za-z0-9]', '', service).title()}{number}",
                "Effect": "Allow",
                "Action": actions,
                "Resource": list(resources),
            }
            for number, ((service, resources), actions) in enumerate(together.items(), 1)
        ],
    }


def _shortened(resources: set[str]) -> tuple[str, ...]:
    if len(resources) <= RESOURCES_MOST:
        return tuple(sorted(resources))
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for each in sorted(resources):
        groups[re.sub(r"[^/:-]*$", "", each)].append(each)
    if len(groups) == len(resources):
        return tuple(sorted(resources))
    return tuple(
        sorted(f"{beginning}*" if len(each) > 1 else each[0] for beginning, each in groups.items())
    )
