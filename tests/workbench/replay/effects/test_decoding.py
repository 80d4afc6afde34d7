"""What an AWS client sends, decoded, is what it was called with."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.model import OperationModel, Shape
from botocore.serialize import create_serializer
from botocore.utils import is_json_value_header

from workbench.replay.effects.decoding import UndecodableError, parameters_of
from workbench.replay.effects.models import service_model, services_called
from workbench.replay.effects.request import Request, identified, scope_of

SERVICES = [
    "sqs",
    "sns",
    "kinesis",
    "dynamodb",
    "dynamodbstreams",
    "events",
    "stepfunctions",
    "logs",
    "ssm",
    "secretsmanager",
    "firehose",
    "kms",
    "swf",
    "cloudwatch",
    "s3",
    "lambda",
    "sts",
    "iam",
    "ses",
    "sesv2",
    "scheduler",
    "apigateway",
    "ec2",
]
TWINS = {f"{verb}Bucket{what}" for verb in ("Get", "Put") for what in ("Lifecycle", "Notification")}
TWINS.add("ListDirectoryBuckets")
"""Operations of S3 that look like others on the wire: deprecated ones, and a listing at another host."""
HOST = "http://127.0.0.1:1"


def generated(shape: Shape, chance: random.Random, depth: int = 0) -> Any:  # noqa: C901
    """Any value of a shape that the wire can carry: no empty structures, no lower-cased header names."""
    match shape.type_name:
        case "structure":
            return dict(members(shape, chance, depth))
        case "list":
            return [generated(shape.member, chance, depth + 1) for _ in range(1 + (depth < 3))]
        case "map":
            return {
                str(generated(shape.key, chance)).lower()
                if not shape.key.enum
                else shape.key.enum[0]: generated(shape.value, chance, depth + 1)
            }
        case "string" if is_json_value_header(shape):
            return {"a": [1, "é"]}
        case "string":
            plain = f"{chance.choice(['abc', 'x-y', 'z.'])}{chance.randint(0, 99)}"
            return chance.choice(shape.enum) if shape.enum else plain
        case "integer" | "long":
            return chance.randint(0, 10**6)
        case "float" | "double":
            return chance.randint(0, 99) / 4
        case "boolean":
            return chance.random() < 0.5
        case "timestamp":
            return datetime.fromtimestamp(chance.randint(0, 2 * 10**9), UTC)
        case "blob":
            return chance.randbytes(5)
    raise AssertionError(shape.type_name)


def members(shape: Shape, chance: random.Random, depth: int) -> Iterator[tuple[str, Any]]:
    usable = {
        name: member
        for name, member in shape.members.items()
        if not member.serialization.get("eventstream")
        and member.serialization.get("name") != "Content-Length"
    }
    chosen = [
        name
        for name in usable
        if name in shape.required_members or (depth <= 4 and chance.random() < 0.6)
    ]
    if shape.is_tagged_union or (depth and not chosen and depth < 9):
        chosen = list(usable)[:1]
    for name in chosen:
        yield name, generated(usable[name], chance, depth + 1)


def sent(operation: OperationModel, parameters: dict[str, Any]) -> Request:
    """What botocore makes of a call."""
    model = operation.service_model
    wire = create_serializer(model.resolved_protocol, False).serialize_to_request(
        parameters, operation
    )
    prepare_request_dict(wire, HOST, context={})
    prepared = create_request_object(wire).prepare()
    body = prepared.body or b""
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for name, value in prepared.headers.items()
    }
    scope = f"AK/20260101/eu-west-1/{model.signing_name}/aws4_request"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0"
    data = body.encode() if isinstance(body, str) else bytes(body)
    return Request(prepared.method, prepared.url.removeprefix(HOST), headers, data)


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_of_a_service_is_decoded_to_what_its_client_was_called_with(
    service: str,
) -> None:
    model = service_model(service)
    equal = 0
    for name in model.operation_names:
        if service == "s3" and name in TWINS:
            continue
        operation = model.operation_model(name)
        shape = operation.input_shape
        parameters = generated(shape, random.Random(name)) if shape else {}
        request = sent(operation, parameters)

        target = identified(request)

        assert target is not None, name
        assert (target.service, target.operation.name, target.region) == (
            service,
            name,
            "eu-west-1",
        )
        assert parameters_of(request, target) == parameters, name
        equal += 1
    print(f"service={service} operations={len(model.operation_names)} equal={equal}")
    assert equal >= len(model.operation_names) - len(TWINS)


def test_a_presigned_url_and_a_proxied_host_tell_the_service_too() -> None:
    presigned = Request(
        "GET", "/b/k?X-Amz-Credential=AK%2F20260101%2Feu-west-1%2Fs3%2Faws4_request", {}
    )
    proxied = Request("POST", "http://sqs.eu-west-1.amazonaws.com/", {}, b"")
    bucket = Request("GET", "/k", {"host": "b.s3.eu-west-1.amazonaws.com"})

    assert (scope_of(presigned).service, scope_of(presigned).region) == ("s3", "eu-west-1")
    assert (scope_of(proxied).service, scope_of(proxied).region) == ("sqs", "eu-west-1")
    target = identified(bucket)
    assert target is not None
    assert parameters_of(bucket, target) == {"Bucket": "b", "Key": "k"}


def test_two_services_that_sign_alike_are_told_apart() -> None:
    assert {each.name for each in services_called("ses")} >= {"ses", "sesv2"}


def test_a_body_that_is_not_of_its_shape_is_named_so() -> None:
    headers = {"x-amz-target": "AmazonSQS.SendMessage"}
    for body in (b"{", b"[1]", b"\xff", b"[" * 100_000):
        request = Request("POST", "/", headers, body)
        target = identified(request)
        assert target is not None
        with pytest.raises(UndecodableError):
            parameters_of(request, target)
