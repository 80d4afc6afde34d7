"""Configuration answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.files.shapes import (
    FUNCTION,
    GROUP,
    NOW,
    QUEUE,
    STREAM,
    TABLE,
    TABLE_STREAM,
    TOPIC,
    reasons_of,
    resources_of,
)

MAPPING = {"UUID": "u", "BatchSize": 10, "EventSourceArn": QUEUE, "FunctionArn": FUNCTION}
SUBSCRIPTION = {"SubscriptionArn": f"{TOPIC}:s", "Protocol": "sqs", "TopicArn": TOPIC}
RULE = "arn:aws:events:us-east-1:111122223333:rule/nightly"
SHARDS = [{"ShardId": "shardId-000000000000", "SequenceNumberRange": {}}]

ANSWERS: list[tuple[str, str, dict[str, Any]]] = [
    ("get-queue-attributes", QUEUE, {"Attributes": {"QueueArn": QUEUE, "FifoQueue": "true"}}),
    ("get-topic-attributes", TOPIC, {"Attributes": {"TopicArn": TOPIC, "Owner": "1"}}),
    (
        "get-subscription-attributes",
        TOPIC,
        {"Attributes": SUBSCRIPTION | {"RawMessageDelivery": "true"}},
    ),
    ("list-subscriptions-by-topic", TOPIC, {"Subscriptions": [SUBSCRIPTION]}),
    ("get-event-source-mapping", QUEUE, MAPPING),
    ("list-event-source-mappings", QUEUE, {"EventSourceMappings": [MAPPING]}),
    (
        "get-function-configuration",
        FUNCTION,
        {"FunctionName": "orders", "FunctionArn": FUNCTION, "Timeout": 3},
    ),
    (
        "list-versions-by-function",
        FUNCTION,
        {"Versions": [{"FunctionArn": f"{FUNCTION}:$LATEST"}, {"FunctionArn": f"{FUNCTION}:1"}]},
    ),
    (
        "list-aliases",
        FUNCTION,
        {"Aliases": [{"AliasArn": f"{FUNCTION}:prod", "FunctionVersion": "1"}]},
    ),
    ("describe-stream", STREAM, {"StreamDescription": {"StreamARN": STREAM, "Shards": SHARDS}}),
    (
        "describe-stream",
        TABLE_STREAM,
        {"StreamDescription": {"StreamArn": TABLE_STREAM, "Shards": []}},
    ),
    (
        "list-stream-consumers",
        STREAM,
        {"Consumers": [{"ConsumerName": "c", "ConsumerARN": f"{STREAM}/consumer/c:1"}]},
    ),
    ("describe-stream-summary", STREAM, {"StreamDescriptionSummary": {"StreamARN": STREAM}}),
    ("describe-table", TABLE, {"Table": {"TableArn": TABLE, "LatestStreamArn": TABLE_STREAM}}),
    ("describe-rule", RULE, {"Name": "nightly", "Arn": RULE, "ScheduleExpression": "rate(1 day)"}),
    (
        "describe-log-groups",
        GROUP,
        {"logGroups": [{"logGroupName": "/aws/lambda/orders", "arn": f"{GROUP}:*"}]},
    ),
]


@pytest.mark.parametrize(("kind", "arn", "answer"), ANSWERS)
def test_an_answer_that_names_its_source_becomes_its_resource(
    tmp_path: Path, kind: str, arn: str, answer: dict[str, Any]
) -> None:
    (resource,) = resources_of(tmp_path, answer | {"ResponseMetadata": {}})
    assert (resource.kind, resource.source_arn, resource.observed_at) == (kind, arn, NOW)
    assert json.loads(resource.document) == answer


@pytest.mark.parametrize(
    ("answer", "arn"),
    [
        ({"Shards": SHARDS}, STREAM),
        ({"Attributes": {"VisibilityTimeout": "30"}}, QUEUE),
        ({"EventSourceMappings": []}, QUEUE),
        ({"Consumers": []}, STREAM),
        ({"queueUrls": ["https://sqs.us-east-1.amazonaws.com/111122223333/orders"]}, QUEUE),
    ],
)
def test_an_answer_that_names_no_source_needs_the_users_word(
    tmp_path: Path, answer: dict[str, Any], arn: str
) -> None:
    assert "pass --source" in reasons_of(tmp_path, answer)[0]
    assert "pass --source" in reasons_of(tmp_path, answer, source_arn=TOPIC)[0]
    (resource,) = resources_of(tmp_path, answer, arn)
    assert resource.source_arn == arn


def test_an_answer_about_several_sources_becomes_one_resource_each(tmp_path: Path) -> None:
    other = MAPPING | {"EventSourceArn": f"{STREAM}/consumer/reader:1"}
    answer = {"EventSourceMappings": [MAPPING, other, MAPPING], "NextMarker": "m"}
    queue, stream = resources_of(tmp_path, answer)
    assert (queue.source_arn, stream.source_arn) == (QUEUE, STREAM)
    assert json.loads(queue.document)["EventSourceMappings"] == [MAPPING, MAPPING]
    assert json.loads(stream.document)["EventSourceMappings"] == [other]


def test_values_of_environment_variables_are_withheld(tmp_path: Path) -> None:
    function = {
        "FunctionArn": FUNCTION,
        "Runtime": "python3.12",
        "Environment": {"Variables": {"DB_PASSWORD": "hunter2"}},
    }
    resources = [
        *resources_of(tmp_path, function),
        *resources_of(tmp_path, {"Versions": [function]}),
    ]
    assert len(resources) == 2
    for resource in resources:
        assert "DB_PASSWORD" in resource.document
        assert "hunter2" not in resource.document


@pytest.mark.parametrize(
    "answer",
    [
        {"Aliases": [{"AliasArn": "arn:aws:kms:us-east-1:111122223333:alias/a"}]},
        {"Versions": [{"Key": "a", "VersionId": "1"}]},
        {"Attributes": {"Color": "red"}},
    ],
)
def test_answers_of_other_operations_are_not_taken_for_ours(
    tmp_path: Path, answer: dict[str, Any]
) -> None:
    assert "not known" in reasons_of(tmp_path, answer)[0]


def test_of_get_function_the_configuration_is_kept_and_not_the_signed_address_of_the_code(
    tmp_path: Path,
) -> None:
    configuration = {"FunctionName": "orders", "FunctionArn": FUNCTION, "Timeout": 3}
    code = {"RepositoryType": "S3", "Location": "https://bucket/x?X-Amz-Signature=secret"}

    (resource,) = resources_of(tmp_path, {"Configuration": configuration, "Code": code})

    assert (resource.kind, resource.source_arn) == ("get-function-configuration", FUNCTION)
    assert json.loads(resource.document) == configuration


CONTRACTED = """
sqs get-queue-attributes, sns get-topic-attributes, sns list-subscriptions-by-topic,
sns get-subscription-attributes, lambda get-event-source-mapping, lambda list-event-source-mappings,
lambda get-function-configuration, lambda list-versions-by-function, lambda list-aliases,
kinesis describe-stream, kinesis describe-stream-summary, kinesis list-shards,
dynamodb describe-table, dynamodbstreams describe-stream, events describe-rule,
logs describe-log-groups
"""


def test_every_answer_that_is_promised_has_its_example() -> None:
    promised = {each.split()[1] for each in CONTRACTED.split(",")}
    without_a_source = {"list-shards"}

    assert promised - without_a_source <= {kind for kind, _, _ in ANSWERS}
