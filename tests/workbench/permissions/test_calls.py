"""Calls ask for IAM's actions, under IAM's names, on the resources that their parameters name."""

import pytest

from workbench.permissions.calls import Need, Place, needs

PLACE = Place("eu-west-1", "111111111111")
HERE = "eu-west-1:111111111111"
TABLE = f"arn:aws:dynamodb:{HERE}:table"
QUEUE = "arn:aws:sqs:eu-west-1:222222222222:orders"
URL = "https://sqs.eu-west-1.amazonaws.com/222222222222/orders"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "wanted"),
    [
        ("sqs", "SendMessage", {"QueueUrl": URL}, [("sqs:SendMessage", QUEUE)]),
        ("sqs", "DeleteMessageBatch", {"QueueUrl": URL}, [("sqs:DeleteMessage", QUEUE)]),
        ("sns", "PublishBatch", {"TopicArn": "arn:t"}, [("sns:Publish", "arn:t")]),
        ("sns", "Publish", {"PhoneNumber": "+1"}, [("sns:Publish", "*")]),
        ("dynamodb", "PutItem", {"TableName": "t"}, [("dynamodb:PutItem", f"{TABLE}/t")]),
        (
            "dynamodb",
            "Query",
            {"TableName": "t", "IndexName": "i"},
            [("dynamodb:Query", f"{TABLE}/t/index/i")],
        ),
        (
            "dynamodb",
            "BatchWriteItem",
            {"RequestItems": {"a": [], "b": []}},
            [("dynamodb:BatchWriteItem", f"{TABLE}/a"), ("dynamodb:BatchWriteItem", f"{TABLE}/b")],
        ),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "a"}}, {"Delete": {"TableName": "b"}}]},
            [("dynamodb:PutItem", f"{TABLE}/a"), ("dynamodb:DeleteItem", f"{TABLE}/b")],
        ),
        (
            "s3",
            "HeadObject",
            {"Bucket": "b", "Key": "k/x"},
            [("s3:GetObject", "arn:aws:s3:::b/k/x")],
        ),
        ("s3", "ListObjectsV2", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
        (
            "s3",
            "CopyObject",
            {"Bucket": "b", "Key": "k", "CopySource": "from/x?versionId=1"},
            [("s3:GetObject", "arn:aws:s3:::from/x"), ("s3:PutObject", "arn:aws:s3:::b/k")],
        ),
        (
            "s3",
            "DeleteObjects",
            {"Bucket": "b", "Delete": {"Objects": [{"Key": "x"}, {"Key": "y"}]}},
            [("s3:DeleteObject", "arn:aws:s3:::b/x"), ("s3:DeleteObject", "arn:aws:s3:::b/y")],
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "charge", "Qualifier": "live"},
            [("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:charge:live")],
        ),
        (
            "events",
            "PutEvents",
            {"Entries": [{"EventBusName": "bus"}, {}]},
            [
                ("events:PutEvents", f"arn:aws:events:{HERE}:event-bus/bus"),
                ("events:PutEvents", f"arn:aws:events:{HERE}:event-bus/default"),
            ],
        ),
        (
            "kinesis",
            "PutRecords",
            {"StreamName": "s"},
            [("kinesis:PutRecords", f"arn:aws:kinesis:{HERE}:stream/s")],
        ),
        (
            "stepfunctions",
            "StartExecution",
            {"stateMachineArn": "arn:m"},
            [("states:StartExecution", "arn:m")],
        ),
        (
            "ssm",
            "GetParameter",
            {"Name": "/a/b"},
            [("ssm:GetParameter", f"arn:aws:ssm:{HERE}:parameter/a/b")],
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": "s"},
            [("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HERE}:secret:s-??????")],
        ),
        (
            "logs",
            "PutLogEvents",
            {"logGroupName": "g", "logStreamName": "s"},
            [("logs:PutLogEvents", f"arn:aws:logs:{HERE}:log-group:g:log-stream:s")],
        ),
        ("sts", "GetCallerIdentity", {}, []),
        ("http", "GET", {"url": "x"}, []),
        ("textract", "DetectDocumentText", {}, [("textract:DetectDocumentText", "*")]),
    ],
)
def test_a_call_needs(
    service: str, operation: str, parameters: dict[str, object], wanted: list[tuple[str, str]]
) -> None:
    assert list(needs(service, operation, parameters, PLACE)) == [Need(*each) for each in wanted]
