"""Whether a capture may begin, asked with describe calls alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest
from botocore import xform_name

from connectors import Access, Mode, SourceNotFoundError, local_client, preflight
from connectors.access.preflight import Grant, Preflight
from connectors.errors import AccessDeniedError
from tests.connectors.fakes import START, aws_error
from tests.connectors.local import access_to, now, unique
from workbench.local_aws import LocalAws

STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
TABLE_STREAM = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:pay"
PLACE = "arn:aws:logs:eu-west-1:123456789012:log-group"
ANSWERS: dict[str, dict[str, Any]] = {
    "DescribeStreamSummary": {
        "StreamDescriptionSummary": {
            "StreamARN": STREAM,
            "StreamCreationTimestamp": START - timedelta(days=9),
            "RetentionPeriodHours": 24,
            "StreamStatus": "ACTIVE",
        }
    },
    "DescribeTable": {"Table": {"LatestStreamArn": TABLE_STREAM}},
    "DescribeStream": {"StreamDescription": {"StreamArn": TABLE_STREAM, "StreamStatus": "ENABLED"}},
    "ListShards": {"Shards": []},
    "ListStreamConsumers": {"Consumers": [{"ConsumerName": "fan-out"}]},
    "ListEventSourceMappings": {
        "EventSourceMappings": [
            {"UUID": "1", "FunctionArn": FUNCTION, "State": "Enabled"},
            {"UUID": "2", "FunctionArn": f"{FUNCTION}:blue", "State": "Disabled"},
        ]
    },
    "GetQueueUrl": {"QueueUrl": "https://sqs/123456789012/orders"},
    "GetQueueAttributes": {
        "Attributes": {
            "QueueArn": QUEUE,
            "MessageRetentionPeriod": "345600",
            "RedrivePolicy": '{"maxReceiveCount":2}',
        }
    },
    "ListDeadLetterSourceQueues": {"queueUrls": ["https://sqs/123456789012/source"]},
    "GetTopicAttributes": {"Attributes": {"TopicArn": TOPIC}},
    "ListSubscriptionsByTopic": {
        "Subscriptions": [
            {"SubscriptionArn": f"{TOPIC}:1", "Protocol": "sqs", "Endpoint": QUEUE},
            {"SubscriptionArn": "PendingConfirmation", "Protocol": "email", "Endpoint": "a@b"},
        ]
    },
    "GetCallerIdentity": {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:root"},
    "DescribeLogGroups": {
        "logGroups": [
            {
                "logGroupName": "/aws/lambda/pay",
                "arn": f"{PLACE}:/aws/lambda/pay:*",
                "creationTime": 0,
            }
        ]
    },
}


@dataclass
class FakeAccess:
    """Answers describe calls; some are refused, and everything that is asked is remembered."""

    refused: dict[str, str] = field(default_factory=dict)
    endpoint_url: str | None = None
    region: str | None = None
    asked: list[str] = field(default_factory=list)

    def client(self, service: str, mode: Mode) -> Any:
        assert mode == Mode.OBSERVE
        return self

    @property
    def meta(self) -> Any:
        return type("Meta", (), {"region_name": "eu-west-1"})

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        (operation,) = (o for o in OPERATIONS if xform_name(o) == method)

        def call(**parameters: Any) -> dict[str, Any]:
            self.asked.append(operation)
            if operation in self.refused:
                raise aws_error(self.refused[operation], operation)
            return ANSWERS.get(operation, {})

        return call


OPERATIONS = {
    *ANSWERS,
    "GetFunctionConfiguration",
    "ListAliases",
    "ListVersionsByFunction",
    "GetSubscriptionAttributes",
}


def looked(source: str, access: FakeAccess | None = None, **more: Any) -> Preflight:
    return preflight(source, cast(Access, access or FakeAccess()), now=lambda: START, **more)


def grants(found: Preflight, grant: Grant) -> set[str]:
    return {right.action for right in found.rights if right.grant == grant}


def test_a_stream_with_all_rights_is_ready_and_says_what_only_reading_would_tell() -> None:
    found = looked("kinesis:orders")

    assert found.ready
    assert grants(found, Grant.NOT_TESTED) == {"kinesis:GetRecords", "kinesis:GetShardIterator"}
    assert grants(found, Grant.GRANTED) == {
        "kinesis:DescribeStreamSummary",
        "kinesis:ListShards",
        "kinesis:ListStreamConsumers",
        "lambda:GetFunctionConfiguration",
        "lambda:ListAliases",
        "lambda:ListEventSourceMappings",
        "lambda:ListVersionsByFunction",
    }
    assert {r.why for r in found.rights if r.grant == Grant.NOT_TESTED} == {
        "only reading would tell"
    }


def test_who_else_reads_is_told_and_who_takes_of_the_same_quota() -> None:
    found = looked("kinesis:orders", lease_table="orders-app")

    assert [(r.kind, r.name, r.polls) for r in found.readers] == [
        ("registered consumer", "fan-out", False),
        ("Lambda mapping", "pay", True),
        ("Kinesis Client Library", "orders-app", True),
    ]


@pytest.mark.parametrize(
    "source", ["kinesis:orders", "dynamodb:orders", "lambda:pay", "sns:orders", "sqs:orders"]
)
def test_nothing_but_describing_and_listing_is_ever_asked(source: str) -> None:
    access = FakeAccess()
    looked(source, access, mode=Mode.DRAIN if source.startswith("sqs") else None)

    assert access.asked
    assert {
        operation
        for operation in access.asked
        if not operation.startswith(("Describe", "List", "GetQueue", "GetTopic"))
    } <= {"GetFunctionConfiguration", "GetSubscriptionAttributes", "GetCallerIdentity"}


@pytest.mark.parametrize(
    ("source", "operation", "action"),
    [
        ("kinesis:orders", "ListShards", "kinesis:ListShards"),
        ("kinesis:orders", "ListStreamConsumers", "kinesis:ListStreamConsumers"),
        ("kinesis:orders", "ListEventSourceMappings", "lambda:ListEventSourceMappings"),
        ("dynamodb:orders", "GetFunctionConfiguration", "lambda:GetFunctionConfiguration"),
        ("lambda:pay", "ListAliases", "lambda:ListAliases"),
        ("sns:orders", "ListSubscriptionsByTopic", "sns:ListSubscriptionsByTopic"),
        ("sns:orders", "GetSubscriptionAttributes", "sns:GetSubscriptionAttributes"),
    ],
)
def test_a_right_that_is_missing_is_named_and_the_others_are_asked_all_the_same(
    source: str, operation: str, action: str
) -> None:
    found = looked(source, FakeAccess({operation: "AccessDeniedException"}))

    assert grants(found, Grant.MISSING) == {action}
    assert not found.ready
    assert grants(found, Grant.GRANTED)


@pytest.mark.parametrize(
    ("source", "operation", "action"),
    [
        ("kinesis:orders", "DescribeStreamSummary", "kinesis:DescribeStreamSummary"),
        ("dynamodb:orders", "DescribeTable", "dynamodb:DescribeTable"),
        ("dynamodb:orders", "DescribeStream", "dynamodb:DescribeStream"),
        ("sns:orders", "GetTopicAttributes", "sns:GetTopicAttributes"),
        ("lambda:pay", "DescribeLogGroups", "logs:DescribeLogGroups"),
    ],
)
def test_a_source_that_may_not_even_be_described_says_so(
    source: str, operation: str, action: str
) -> None:
    found = looked(source, FakeAccess({operation: "AccessDeniedException"}))

    assert grants(found, Grant.MISSING) == {action}
    assert found.available is None


def test_a_server_that_does_not_know_an_operation_leaves_its_right_untested() -> None:
    found = looked("kinesis:orders", FakeAccess({"ListStreamConsumers": "InvalidAction"}))

    assert "kinesis:ListStreamConsumers" in grants(found, Grant.NOT_TESTED)


@pytest.mark.parametrize("code", ["ExpiredTokenException", "InvalidSignatureException"])
def test_credentials_that_are_no_good_are_no_missing_right(code: str) -> None:
    with pytest.raises(AccessDeniedError, match=code):
        looked("kinesis:orders", FakeAccess({"DescribeStreamSummary": code}))
    with pytest.raises(AccessDeniedError, match=code):
        looked("kinesis:orders", FakeAccess({"ListShards": code}))


def test_a_queue_says_who_feeds_it_and_what_a_look_costs() -> None:
    found = looked("sqs:orders", mode=Mode.PEEK)

    assert ("sends its dead letters here", "source") in [(r.kind, r.name) for r in found.readers]
    assert any("pay reads this queue" in line for line in found.warnings)
    assert any("maxReceiveCount is 2" in line for line in found.warnings)
    assert "sqs:ReceiveMessage" in grants(found, Grant.NOT_TESTED)


def test_every_right_of_the_policy_is_accounted_for() -> None:
    from connectors import policy

    for source, mode in [
        ("kinesis:orders", None),
        ("sns:orders", None),
        ("sqs:orders", Mode.DRAIN),
    ]:
        allowed = {
            action
            for statement in policy(source, mode)["Statement"]
            if statement["Effect"] == "Allow"
            for action in statement["Action"]
        }
        assert {right.action for right in looked(source, mode=mode).rights} == allowed


@pytest.mark.parametrize("word", ["kinesis", "sqs", "sns", "dynamodb", "lambda"])
def test_it_works_against_a_running_server(word: str, local_aws: LocalAws) -> None:
    name = unique("ready")
    _make(word, name, lambda service: local_client(service, local_aws.endpoint_url))
    mode = Mode.PEEK if word == "sqs" else None

    found = preflight(f"{word}:{name}", access_to(local_aws), now=now, mode=mode)

    assert found.source_arn is not None
    assert name in found.source_arn
    assert not grants(found, Grant.MISSING)


@pytest.mark.parametrize("word", ["kinesis", "sqs", "sns", "dynamodb", "lambda"])
def test_a_source_that_is_not_there_is_not_found(word: str, local_aws: LocalAws) -> None:
    mode = Mode.PEEK if word == "sqs" else None
    with pytest.raises(SourceNotFoundError):
        preflight(f"{word}:{unique('nothing')}", access_to(local_aws), now=now, mode=mode)


def _make(word: str, name: str, client: Callable[[str], Any]) -> None:
    match word:
        case "kinesis":
            client("kinesis").create_stream(StreamName=name, ShardCount=1)
        case "sqs":
            client("sqs").create_queue(QueueName=name)
        case "sns":
            client("sns").create_topic(Name=name)
        case "lambda":
            client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
        case _:
            client("dynamodb").create_table(
                TableName=name,
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            )
