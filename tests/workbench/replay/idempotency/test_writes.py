"""What a call leaves behind: the natures of operations, as the table and the parameters have them."""

import pytest

from workbench.replay.engine.invocation import Effect
from workbench.replay.idempotency.writes import nature, writes

NUMBER = {"ExpressionAttributeValues": {":n": {"N": "1"}}}
SET = {"ExpressionAttributeValues": {":s": {"SS": ["a"]}}}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "told"),
    [
        ("sqs", "SendMessage", {"MessageBody": "a"}, "adds"),
        ("sqs", "SendMessage", {"MessageDeduplicationId": "a"}, "deduplicated"),
        ("sns", "Publish", {}, "adds"),
        ("stepfunctions", "StartExecution", {"name": "order-7"}, "deduplicated"),
        ("stepfunctions", "StartExecution", {}, "adds"),
        ("ec2", "RunInstances", {"ClientToken": "t"}, "deduplicated"),
        ("ec2", "RunInstances", {}, "unknown"),
        ("s3", "PutObject", {"Bucket": "b", "Key": "k"}, "state"),
        ("s3", "GetObject", {}, "read"),
        ("s3", "DeleteObject", {}, "state"),
        ("dynamodb", "Query", {}, "read"),
        ("dynamodb", "PutItem", {"Item": {}}, "state"),
        ("dynamodb", "PutItem", {"ConditionExpression": "attribute_not_exists(id)"}, "state"),
        ("dynamodb", "PutItem", {"ConditionExpression": "version = :v"}, "unsure"),
        ("dynamodb", "UpdateItem", {"UpdateExpression": "SET #a = :a REMOVE b"}, "state"),
        ("dynamodb", "UpdateItem", {"UpdateExpression": "SET a = a + :one"}, "adds"),
        ("dynamodb", "UpdateItem", {"UpdateExpression": "SET a = if_not_exists(a, :z) - :one"}, "adds"),
        ("dynamodb", "UpdateItem", {"UpdateExpression": "SET a = list_append(a, :l)"}, "adds"),
        ("dynamodb", "UpdateItem", {"UpdateExpression": "ADD n :n", **NUMBER}, "adds"),
        ("dynamodb", "UpdateItem", {"UpdateExpression": "ADD s :s", **SET}, "state"),
        ("dynamodb", "UpdateItem", {"UpdateExpression": "SET a = a + :o", "ConditionExpression": "v = :v"}, "unsure"),
        ("dynamodb", "UpdateItem", {"AttributeUpdates": {"n": {"Action": "ADD", "Value": {"N": "1"}}}}, "adds"),
        ("http", "POST partner.example.com", {}, "adds"),
        ("http", "GET partner.example.com", {}, "read"),
        ("iot", "RejectCertificateTransfer", {}, "unknown"),
    ],
)  # fmt: skip
def test_the_nature_of_an_operation(service, operation, parameters, told):
    assert nature(service, operation, parameters) == told


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "singles"),
    [
        ("sqs", "SendMessageBatch", {"QueueUrl": "q", "Entries": [{"Id": "1", "MessageBody": "a"}]},
         [("SendMessage", {"QueueUrl": "q", "MessageBody": "a"})]),
        ("dynamodb", "BatchWriteItem", {"RequestItems": {"t": [{"PutRequest": {"Item": {"a": 1}}},
                                                               {"DeleteRequest": {"Key": {"a": 2}}}]}},
         [("PutItem", {"TableName": "t", "Item": {"a": 1}}), ("DeleteItem", {"TableName": "t", "Key": {"a": 2}})]),
        ("dynamodb", "TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "t", "Item": {}}},
                                                              {"ConditionCheck": {}}]},
         [("PutItem", {"TableName": "t", "Item": {}})]),
        ("events", "PutEvents", {"Entries": [{"Source": "a"}, {"Source": "b"}]},
         [("PutEvents", {"Source": "a"}), ("PutEvents", {"Source": "b"})]),
    ],
)  # fmt: skip
def test_a_call_of_many_leaves_what_as_many_calls_would(service, operation, parameters, singles):
    found = list(writes(Effect(service, operation, parameters, {"means": "minimal"})))
    assert [(each.operation, each.parameters) for each in found] == singles


def test_a_call_that_was_refused_leaves_nothing():
    refused = {"means": "stateful", "error": {"code": "ConditionalCheckFailedException"}}
    assert list(writes(Effect("dynamodb", "PutItem", {}, refused))) == []
