"""Sources by the names that people give them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories import (
    ACCOUNT,
    LOG_GROUP,
    QUEUE,
    STREAM,
    TABLE_STREAM,
    dynamodb_change,
    kinesis_record,
    log_event,
    sns_notification,
    sqs_message,
    write_trace,
)
from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.trace.sources import source_in_trace, source_name

DLQ = f"arn:aws:sqs:{ACCOUNT}:orders-dlq"
OTHER_REGION = "arn:aws:sqs:eu-west-1:111111111111:orders-dlq"


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Trace]:
    records = [
        sqs_message(1),
        sqs_message(2, queue=DLQ),
        kinesis_record(3),
        dynamodb_change(4, {"v": {"N": "1"}}),
        sns_notification(5),
        log_event(6),
        log_event(7, group=f"arn:aws:logs:{ACCOUNT}:log-group:/ecs/shop"),
    ]
    with write_trace(tmp_path / "t.trace", records) as written:
        yield written


NAMES = [
    (QUEUE, "sqs:orders"),
    (STREAM, "kinesis:orders"),
    (f"{STREAM}/consumer/billing:1", "kinesis:orders"),
    (TABLE_STREAM, "dynamodb:orders"),
    (f"arn:aws:dynamodb:{ACCOUNT}:table/orders", "dynamodb:orders"),
    (LOG_GROUP, "lambda:charge"),
    (f"{LOG_GROUP}:*", "lambda:charge"),
    (f"arn:aws:logs:{ACCOUNT}:log-group:/ecs/shop:*", "logs:/ecs/shop"),
    (f"arn:aws:sns:{ACCOUNT}:orders", "sns:orders"),
    ("arn:aws:s3:::bucket", "s3:bucket"),
    ("orders", "orders"),
]


@pytest.mark.parametrize(("arn", "name"), NAMES, ids=[arn for arn, _ in NAMES])
def test_an_arn_has_a_short_name(arn: str, name: str) -> None:
    assert source_name(arn) == name


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        (QUEUE, QUEUE),
        ("sqs:orders", QUEUE),
        ("sqs:orders-dlq", DLQ),
        ("kinesis:orders", STREAM),
        ("dynamodb:orders", TABLE_STREAM),
        ("sns:orders", f"arn:aws:sns:{ACCOUNT}:orders"),
        ("lambda:charge", LOG_GROUP),
        ("logs:/aws/lambda/charge", LOG_GROUP),
        ("logs:/ecs/shop", f"arn:aws:logs:{ACCOUNT}:log-group:/ecs/shop"),
    ],
)
def test_a_source_is_found_by_its_arn_or_its_short_name(trace: Trace, name: str, arn: str) -> None:
    assert source_in_trace(trace, name) == arn


@pytest.mark.parametrize("name", ["orders", "sqs:order", "s3:orders", "sqs:", ""])
def test_a_source_that_is_not_there_is_refused_with_those_that_are(trace: Trace, name: str) -> None:
    with pytest.raises(UsageError, match=r"found none of that name: .*there are .*sqs:orders-dlq"):
        source_in_trace(trace, name)


def test_a_slip_of_the_pen_is_answered_with_what_was_meant(trace: Trace) -> None:
    with pytest.raises(UsageError, match=r"did you mean kinesis:orders\?$"):
        source_in_trace(trace, "kinesis:oders")


def test_a_name_that_two_sources_go_by_is_refused(tmp_path: Path) -> None:
    records = [sqs_message(1, queue=DLQ), sqs_message(2, queue=OTHER_REGION)]
    with write_trace(tmp_path / "t.trace", records) as trace:
        with pytest.raises(UsageError, match="found 2 that match"):
            source_in_trace(trace, "sqs:orders-dlq")

        assert source_in_trace(trace, OTHER_REGION) == OTHER_REGION


def test_a_trace_without_sources_says_so(tmp_path: Path) -> None:
    with (
        write_trace(tmp_path / "t.trace", []) as trace,
        pytest.raises(UsageError, match=r"there are none$"),
    ):
        source_in_trace(trace, "sqs:orders")
