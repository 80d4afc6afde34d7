"""Requests by way of API Gateway, function URLs and load balancers."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.files.shapes import reasons_of, rebuilt, records_of, rest_request

TARGETS = "arn:aws:elasticloadbalancing:us-east-2:111122223333:targetgroup/orders/49e9d65c45c6791a"


def v2_request(domain: str, account: str = "111122223333") -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {},
        "requestContext": {
            "accountId": account,
            "apiId": "abc123",
            "domainName": domain,
            "http": {"method": "GET", "path": "/"},
            "requestId": "id=",
            "stage": "$default",
            "timeEpoch": 1583348638390,
        },
        "isBase64Encoded": False,
    }


def test_a_rest_request_is_identified_by_its_request_id(tmp_path: Path) -> None:
    (record,) = records_of(tmp_path, rest_request())
    assert record.service == "aws:apigateway"
    assert record.source_arn == "arn:aws:execute-api:eu-west-1:111122223333:abc123/prod"
    assert record.record_id == "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    assert record.source_at == datetime(2020, 3, 4, 19, 15, 17, 135000, tzinfo=UTC)
    assert record.body == b"hello"
    assert rebuilt(record) == rest_request()


@pytest.mark.parametrize(
    ("domain", "account", "arn"),
    [
        (
            "abc123.execute-api.us-gov-west-1.amazonaws.com",
            "111122223333",
            "arn:aws-us-gov:execute-api:us-gov-west-1:111122223333:abc123/$default",
        ),
        (
            "abc123.lambda-url.us-east-1.on.aws",
            "anonymous",
            "arn:aws:lambda:us-east-1::function-url/abc123",
        ),
        ("shop.example.com", "111122223333", "arn:aws:execute-api::111122223333:abc123/$default"),
    ],
)
def test_the_arn_of_an_api_is_derived_from_its_parts(
    tmp_path: Path, domain: str, account: str, arn: str
) -> None:
    event = v2_request(domain, account)
    (record,) = records_of(tmp_path, event)
    assert (record.source_arn, record.body) == (arn, b"")
    assert json.loads(record.envelope)["body_encoding"] == "absent"
    assert rebuilt(record) == event


@pytest.mark.parametrize("body", [None, "", "text", "aGVsbG8=", {"written": "by hand"}])
@pytest.mark.parametrize("is_base64", [True, False])
def test_any_body_is_rebuilt_exactly(tmp_path: Path, body: Any, is_base64: bool) -> None:
    event = rest_request(body=body, isBase64Encoded=is_base64)
    (record,) = records_of(tmp_path, event)
    assert rebuilt(record) == event
    if body == "aGVsbG8=":
        assert record.body == (b"hello" if is_base64 else b"aGVsbG8=")


def test_a_web_socket_message_is_told_by_its_connection(tmp_path: Path) -> None:
    context = rest_request()["requestContext"] | {"connectionId": "c", "eventType": "MESSAGE"}
    (record,) = records_of(tmp_path, {"requestContext": context, "body": "ping"})
    assert (record.service, record.body) == ("aws:apigateway", b"ping")


@pytest.mark.parametrize("members", ["headers", "multiValueHeaders"])
def test_a_load_balancers_request_takes_id_and_instant_from_its_trace(
    tmp_path: Path, members: str
) -> None:
    trace = "Root=1-5c536348-3d683b8b04734faae651f476"
    headers = {"X-Amzn-Trace-Id": trace if members == "headers" else [trace]}
    event = {
        "requestContext": {"elb": {"targetGroupArn": TARGETS}},
        "httpMethod": "GET",
        "path": "/",
        members: headers,
        "body": "",
        "isBase64Encoded": False,
    }
    (record,) = records_of(tmp_path, event)
    assert (record.service, record.source_arn) == ("aws:elasticloadbalancing", TARGETS)
    assert record.record_id == trace
    assert record.source_at == datetime(2019, 1, 31, 21, 6, 16, tzinfo=UTC)
    assert rebuilt(record) == event


def test_requests_without_identity_are_told(tmp_path: Path) -> None:
    event = rest_request(requestContext={"apiId": "a"})
    assert "without requestId" in reasons_of(tmp_path, event)[0]
    event = rest_request(requestContext={"requestId": "a"})
    assert "pass --source" in reasons_of(tmp_path, event)[0]
    event = rest_request(requestContext={"elb": {"targetGroupArn": TARGETS}})
    assert "without an X-Amzn-Trace-Id" in reasons_of(tmp_path, event)[0]


def test_an_authorizers_request_is_no_delivery(tmp_path: Path) -> None:
    (reason,) = reasons_of(tmp_path, rest_request(type="REQUEST", methodArn="arn"))
    assert "authorizer" in reason
