"""Real AWS clients and raw bytes against the recorder, over loopback."""

import hashlib
import json
import socket
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from workbench.replay.effects.answers import Script, scripted
from workbench.replay.effects.call import CallError
from workbench.replay.effects.recorder import Recorder
from workbench.replay.engine.invocation import Effect

QUEUE = "https://sqs.eu-west-1.amazonaws.com/000000000000/q"
SIGNED = b"Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/%s/aws4_request, Signature=0\r\n"
ERRORS = {
    ("sqs", "SendMessage"): "QueueDoesNotExist",
    ("sns", "Publish"): "NotFoundException",
    ("dynamodb", "PutItem"): "ConditionalCheckFailedException",
    ("s3", "GetObject"): "NoSuchKey",
    ("lambda", "Invoke"): "ResourceNotFoundException",
    ("cloudwatch", "PutMetricData"): "InternalServiceFault",
    ("ec2", "RunInstances"): "InsufficientInstanceCapacity",
}


class Aws:
    """A recorder and clients that talk to it."""

    def __init__(self, recorder: Recorder, port: int) -> None:
        self.recorder, self.port = recorder, port
        self._session = boto3.Session("AK", "SK", region_name="eu-west-1")

    def client(self, service: str) -> Any:
        config = Config(retries={"total_max_attempts": 1}, read_timeout=10)
        return self._session.client(
            service, endpoint_url=f"http://127.0.0.1:{self.port}", config=config
        )

    def raw(self, data: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def one(self) -> Effect:
        (effect,) = self.recorder.take()
        return effect


def served(recorder: Recorder, listener: socket.socket) -> Iterator[Aws]:
    recorder.start()
    yield Aws(recorder, listener.getsockname()[1])
    recorder.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    listener = socket.create_server(("127.0.0.1", 0))
    yield from served(Recorder(listener), listener)


@pytest.fixture
def aws(shared: Aws) -> Aws:
    shared.recorder.take()
    return shared


@pytest.fixture(scope="module")
def failing() -> Iterator[Aws]:
    listener = socket.create_server(("127.0.0.1", 0))
    scripts = [
        Script(
            service=service, operation=operation, error=CallError(code=code, message="<no> & no")
        )
        for (service, operation), code in ERRORS.items()
    ]
    yield from served(Recorder(listener, scripted(scripts)), listener)


def test_a_call_is_kept_with_what_it_was_called_with_and_its_answer(aws: Aws) -> None:
    answer = aws.client("sqs").send_message(QueueUrl=QUEUE, MessageBody="hé")

    assert answer["MD5OfMessageBody"] == hashlib.md5("hé".encode()).hexdigest()
    effect = aws.one()
    assert (effect.service, effect.operation) == ("sqs", "SendMessage")
    assert effect.parameters == {"QueueUrl": QUEUE, "MessageBody": "hé"}
    assert effect.answered_with["means"] == "minimal"
    assert effect.answered_with["answer"]["MessageId"] == answer["MessageId"]


def test_the_digest_of_attributes_is_the_one_that_sqs_gives(aws: Aws) -> None:
    # One string attribute `a` = `x`, encoded by hand after AWS's description; not recorded from AWS.
    encoded = b"\0\0\0\1a\0\0\0\6String\1\0\0\0\1x"
    attributes = {"a": {"DataType": "String", "StringValue": "x"}}

    answer = aws.client("sqs").send_message(
        QueueUrl=QUEUE, MessageBody="m", MessageAttributes=attributes
    )

    assert answer["MD5OfMessageAttributes"] == hashlib.md5(encoded).hexdigest()


def test_a_batch_is_answered_entry_by_entry(aws: Aws) -> None:
    entries = [{"Id": str(number), "MessageBody": "m"} for number in range(3)]
    records = [{"Data": b"a", "PartitionKey": "k"}] * 2

    sent = aws.client("sqs").send_message_batch(QueueUrl=QUEUE, Entries=entries)
    put = aws.client("kinesis").put_records(StreamName="s", Records=records)

    assert [each["Id"] for each in sent["Successful"]] == ["0", "1", "2"]
    assert len({each["MessageId"] for each in sent["Successful"]}) == 3
    assert (put["FailedRecordCount"], len(put["Records"])) == (0, 2)


def test_clients_of_every_protocol_take_the_answers(aws: Aws) -> None:
    assert aws.client("sts").get_caller_identity()["Account"] == "000000000000"
    assert aws.client("sns").publish(TopicArn="arn:x", Message="m")["MessageId"]
    assert aws.client("s3").put_object(Bucket="b", Key="k/é x", Body=b"abc")["ETag"]
    assert aws.client("lambda").invoke(FunctionName="f")["Payload"].read() == b"null"
    assert "Item" not in aws.client("dynamodb").get_item(TableName="t", Key={"a": {"S": "1"}})
    aws.client("ec2").describe_instances()
    aws.client("cloudwatch").put_metric_data(
        Namespace="n", MetricData=[{"MetricName": "m", "Value": 1.0}] * 500
    )

    effects = aws.recorder.take()

    assert [each.operation for each in effects] == (
        [
            "GetCallerIdentity",
            "Publish",
            "PutObject",
            "Invoke",
            "GetItem",
            "DescribeInstances",
            "PutMetricData",
        ]
    )
    assert effects[2].parameters["Body"] == {"base64": "YWJj"}
    assert effects[2].parameters["Key"] == "k/é x"
    assert "finds nothing" in effects[4].answered_with["note"]
    assert len(effects[6].parameters["MetricData"]) == 500


@pytest.mark.parametrize("service", [service for service, _ in ERRORS])
def test_an_error_is_raised_as_the_class_that_aws_would_cause(failing: Aws, service: str) -> None:
    client = failing.client(service)
    calls = {
        "sqs": lambda: client.send_message(QueueUrl=QUEUE, MessageBody="m"),
        "sns": lambda: client.publish(TopicArn="arn:x", Message="m"),
        "dynamodb": lambda: client.put_item(TableName="t", Item={"a": {"S": "1"}}),
        "s3": lambda: client.get_object(Bucket="b", Key="k"),
        "lambda": lambda: client.invoke(FunctionName="f"),
        "cloudwatch": lambda: client.put_metric_data(Namespace="n", MetricData=[]),
        "ec2": lambda: client.run_instances(MinCount=1, MaxCount=1),
    }
    (code,) = (code for (name, _), code in ERRORS.items() if name == service)
    wanted = getattr(client.exceptions, code) if service != "ec2" else ClientError

    with pytest.raises(wanted, match="<no> & no"):
        calls[service]()

    assert failing.one().answered_with["error"]["code"] == code


def test_a_repeated_invocation_meets_the_same_ids(aws: Aws) -> None:
    client, found = aws.client("sqs"), []
    for request_id in ("r1", "r1", "r2"):
        aws.recorder.begin(request_id)
        found.append(client.send_message(QueueUrl=QUEUE, MessageBody="m")["MessageId"])

    assert found[0] == found[1] != found[2]


def test_secrets_are_kept_as_their_hash_alone(aws: Aws) -> None:
    aws.client("secretsmanager").put_secret_value(SecretId="s", SecretString="hush-hush")
    aws.client("ssm").put_parameter(Name="n", Value="hush-hush", Type="SecureString")
    aws.client("kms").encrypt(KeyId="k", Plaintext=b"hush-hush")

    kept = repr(aws.recorder.take())

    assert "hush" not in kept
    assert kept.count(hashlib.sha256(b"hush-hush").hexdigest()) == 3
    assert "Credential=" not in kept


def test_what_is_not_aws_is_kept_and_refused(aws: Aws) -> None:
    answer = aws.raw(
        b"POST http://u:p@partner.example/hook?token=t0p&a=1 HTTP/1.1\r\nHost: partner.example\r\n"
        b"Authorization: Bearer s3cret\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
    )

    assert answer.startswith(b"HTTP/1.1 502 ")
    effect = aws.one()
    assert (effect.service, effect.operation) == ("http", "POST partner.example")
    assert effect.parameters["url"] == "http://partner.example/hook?token=…&a=1"
    assert effect.parameters["body_bytes"] == 2
    assert effect.answered_with["means"] == "refused"
    assert "s3cret" not in repr(effect)


def test_a_tunnel_is_kept_and_refused(aws: Aws) -> None:
    answer = aws.raw(
        b"CONNECT api.partner.example:443 HTTP/1.1\r\nHost: api.partner.example:443\r\n\r\n"
    )

    assert answer.startswith(b"HTTP/1.1 502 ")
    effect = aws.one()
    assert effect.operation == "CONNECT api.partner.example:443"
    assert effect.answered_with["means"] == "refused"


def test_chunks_and_their_trailers_are_put_together(aws: Aws) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonSQS.SendMessage\r\nConnection: close\r\n"
    body = json.dumps({"QueueUrl": QUEUE, "MessageBody": "m"}).encode()
    chunks = b"%x;a=b\r\n%s\r\n%x\r\n%s\r\n0\r\nT: 1\r\n\r\n" % (
        9,
        body[:9],
        len(body) - 9,
        body[9:],
    )

    answer = aws.raw(
        head
        + b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"
        + SIGNED % b"sqs"
        + b"\r\n"
        + chunks
    )

    assert answer.startswith(b"HTTP/1.1 100 ")
    assert b"HTTP/1.1 200 " in answer
    assert aws.one().parameters["MessageBody"] == "m"


def test_an_object_signed_chunk_by_chunk_is_kept_without_its_signatures(aws: Aws) -> None:
    body = b"3;chunk-signature=00\r\nabc\r\n0;chunk-signature=00\r\n\r\n"
    aws.raw(
        b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Encoding: aws-chunked\r\nConnection: close\r\n"
        b"X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\nContent-Length: %d\r\n"
        % len(body)
        + SIGNED % b"s3"
        + b"\r\n"
        + body
    )

    assert aws.one().parameters["Body"] == {"base64": "YWJj"}


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET",
        b"\r\n" * 50,
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST http://[/ HTTP/1.1\r\nHost: [\r\n\r\n",
        b"GET //[ HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nX-Amz-Target: AmazonSQS.Nothing\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_garbage_ends_its_own_connection_alone(aws: Aws, garbage: bytes) -> None:
    aws.raw(garbage)
    aws.recorder.take()

    aws.client("sqs").send_message(QueueUrl=QUEUE, MessageBody="m")

    assert aws.one().operation == "SendMessage"
