"""Whatever boto3 raises becomes one of our errors, in one line."""

import binascii
import re
from typing import Any

import botocore.exceptions as boto
import pytest

from connectors.access.failures import aws_code, call, classify, raise_or_note
from connectors.errors import (
    AccessDeniedError,
    ConnectorError,
    CorruptAnswerError,
    OperationRefusedError,
    SourceNotFoundError,
    ThrottledError,
    UnavailableError,
)
from tests.connectors.fakes import aws_error


@pytest.mark.parametrize(
    ("error", "kind", "advice"),
    [
        (aws_error("AccessDeniedException"), AccessDeniedError, "grant the right"),
        (aws_error("AuthorizationError"), AccessDeniedError, "grant the right"),
        (aws_error("ExpiredTokenException"), AccessDeniedError, "log in again"),
        (aws_error("InvalidClientTokenId"), AccessDeniedError, "does not know this key"),
        (aws_error("InvalidSignatureException"), AccessDeniedError, "clock"),
        (aws_error("AWS.SimpleQueueService.NonExistentQueue"), SourceNotFoundError, "Region"),
        (aws_error("QueueDoesNotExist"), SourceNotFoundError, "Region"),
        (aws_error("ResourceNotFoundException"), SourceNotFoundError, "Region"),
        (aws_error("NotFound"), SourceNotFoundError, "Region"),
        (aws_error("ProvisionedThroughputExceededException"), ThrottledError, "lower the rate"),
        (aws_error("ThrottlingException"), ThrottledError, "lower the rate"),
        (aws_error("KmsThrottled"), ThrottledError, "lower the rate"),
        (aws_error("SomethingNew"), ConnectorError, "try again"),
        (boto.NoCredentialsError(), AccessDeniedError, "profile"),
        (boto.ProfileNotFound(profile="x"), ConnectorError, "list-profiles"),
        (boto.NoRegionError(), ConnectorError, "--region"),
        (
            boto.EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
            UnavailableError,
            "Region, the network",
        ),
        (boto.ReadTimeoutError(endpoint_url="http://x"), UnavailableError, "in time"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), CorruptAnswerError, "between us"),
        (AttributeError("'list' object has no attribute 'get'"), CorruptAnswerError, "between"),
        (RecursionError("too deep"), CorruptAnswerError, "between us"),
        (binascii.Error("Incorrect padding"), CorruptAnswerError, "between us"),
    ],
)
def test_an_error_says_what_was_wanted_found_and_to_do(
    error: Exception, kind: type[ConnectorError], advice: str
) -> None:
    ours = classify(error, "records of orders")
    assert type(ours) is kind
    assert re.match(r"records of orders: .+; .*" + advice, str(ours))
    assert "\n" not in str(ours)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (307, CorruptAnswerError),
        (418, ConnectorError),
        (429, ThrottledError),
        (500, UnavailableError),
        (504, UnavailableError),
    ],
)
def test_an_error_without_a_code_of_aws_is_told_by_its_status(
    status: int, kind: type[ConnectorError]
) -> None:
    response: Any = {
        "Error": {"Code": str(status), "Message": "?"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    assert type(classify(boto.ClientError(response, "GetRecords"), "x")) is kind


def test_a_wrong_clock_is_told_by_the_clock_of_aws() -> None:
    response = {
        "Error": {"Code": "InvalidSignatureException", "Message": "Signature expired"},
        "ResponseMetadata": {"HTTPHeaders": {"date": "Tue, 24 Nov 2026 02:09:04 GMT"}},
    }
    error = boto.ClientError(response, "GetRecords")  # type: ignore[arg-type]
    assert "AWS's clock says Tue, 24 Nov 2026 02:09:04 GMT" in str(classify(error, "x"))


def test_a_long_message_of_many_lines_becomes_one_short_line() -> None:
    ours = classify(aws_error("Odd", message="a\nb " * 1000), "x")
    assert "\n" not in str(ours)
    assert len(str(ours)) < 600


def test_the_code_of_aws_stays_known_behind_our_error() -> None:
    def refuse() -> None:
        raise aws_error("AWS.SimpleQueueService.NonExistentQueue")

    with pytest.raises(SourceNotFoundError) as caught:
        call("the queue", refuse)
    assert aws_code(caught.value) == "NonExistentQueue"


def test_our_own_refusal_passes_unchanged() -> None:
    def refuse() -> None:
        raise OperationRefusedError("no")

    with pytest.raises(OperationRefusedError, match=r"^no$"):
        call("the queue", refuse)


@pytest.mark.parametrize("answer", [None, [1, 2], "text"])
def test_an_answer_that_is_no_document_is_damaged(answer: object) -> None:
    with pytest.raises(CorruptAnswerError, match="an answer was wanted"):
        call("the queue", lambda: answer)


def test_cleaning_up_never_hides_the_error_that_came_first() -> None:
    first = ValueError("first")
    raise_or_note(ConnectorError("left behind"), first)
    assert first.__notes__ == ["left behind"]
    with pytest.raises(ConnectorError, match="left behind"):
        raise_or_note(ConnectorError("left behind"), None)
