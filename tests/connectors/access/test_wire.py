"""Between boto3 and the wire: whole answers only, no hammering, no receive that is lost unseen."""

import json
import zlib
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest

from connectors.access.wire import check_whole, leave_to_the_budget, never_again
from connectors.errors import CorruptAnswerError

CORE = botocore.session.Session()


def operation(service: str, name: str) -> Any:
    return CORE.get_service_model(service).operation_model(name)


def arrived(
    body: bytes,
    service: str = "sqs",
    name: str = "ReceiveMessage",
    status: int = 200,
    **headers: str,
) -> None:
    spelled = {header.replace("_", "-"): value for header, value in headers.items()}
    check_whole(
        operation_model=operation(service, name),
        response_dict={"body": body, "headers": spelled, "status_code": status},
    )


@pytest.mark.parametrize("body", [b"", b"null", b"[1]", b'"text"', b'{"Messages":[', b"<html>"])
def test_what_is_no_json_object_is_no_answer(body: bytes) -> None:
    with pytest.raises(CorruptAnswerError, match="ReceiveMessage: a whole answer was wanted"):
        arrived(body)


def test_an_empty_object_is_a_queue_without_messages_and_half_a_surrogate_is_text() -> None:
    arrived(b"{}")
    arrived(rb'{"Messages":[{"Body":"\ud800"}]}')


def test_an_operation_that_answers_nothing_may_answer_with_nothing() -> None:
    arrived(b"", name="TagQueue")


def test_errors_and_xml_are_left_to_botocore() -> None:
    arrived(b"<html>", status=500)
    arrived(b"<a/>", service="sns", name="Subscribe")


def test_a_checksum_that_aws_sends_must_be_right() -> None:
    body = json.dumps({"Records": []}).encode()
    arrived(body, "dynamodbstreams", "GetRecords", x_amz_crc32=str(zlib.crc32(body)))
    with pytest.raises(CorruptAnswerError, match="checksum is not 1"):
        arrived(body, "dynamodbstreams", "GetRecords", x_amz_crc32="1")
    arrived(body, "dynamodbstreams", "GetRecords", x_amz_crc32="1", content_encoding="gzip")


def test_only_a_throttle_is_left_to_the_budget() -> None:
    def answer(code: str) -> tuple[None, dict[str, Any]]:
        return None, {"Error": {"Code": code}}

    assert leave_to_the_budget(response=answer("ThrottlingException")) is False
    assert leave_to_the_budget(response=answer("InternalFailure")) is None
    assert leave_to_the_budget(response=(None, {"Records": []})) is None
    assert leave_to_the_budget(response=None) is None


def test_a_receive_that_failed_in_any_way_is_not_made_again_unseen() -> None:
    def answered(status: int) -> tuple[Any, dict[str, Any]]:
        return SimpleNamespace(status_code=status), {}

    assert never_again(response=None, caught_exception=TimeoutError()) is False
    assert never_again(response=answered(503)) is False
    assert never_again(response=answered(200)) is None
