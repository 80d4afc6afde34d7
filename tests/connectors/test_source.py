"""Every form of a source, and what is none."""

import pytest

from connectors.errors import ConnectorError
from connectors.record import Mode, Service
from connectors.source import SourceName, default_mode, parse_source

PLACE = ("eu-west-1", "123456789012", "aws")


@pytest.mark.parametrize(
    ("text", "service", "name"),
    [
        ("kinesis:orders", Service.KINESIS, "orders"),
        ("sqs:orders.fifo", Service.SQS, "orders.fifo"),
        ("sns:orders", Service.SNS, "orders"),
        ("dynamodb:orders", Service.DYNAMODB, "orders"),
        ("logs:/ecs/orders", Service.LOGS, "/ecs/orders"),
    ],
)
def test_a_short_form_names_service_and_source(text: str, service: Service, name: str) -> None:
    assert parse_source(text) == SourceName(service, name)


def test_a_function_is_read_through_its_log_group() -> None:
    expected = SourceName(Service.LOGS, "/aws/lambda/pay", function="pay")
    assert parse_source("lambda:pay") == expected


@pytest.mark.parametrize(
    ("tail", "service", "name"),
    [
        ("sqs:eu-west-1:123456789012:orders.fifo", Service.SQS, "orders.fifo"),
        ("sns:eu-west-1:123456789012:orders", Service.SNS, "orders"),
        ("kinesis:eu-west-1:123456789012:stream/orders", Service.KINESIS, "orders"),
        (
            "dynamodb:eu-west-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000",
            Service.DYNAMODB,
            "orders",
        ),
        ("logs:eu-west-1:123456789012:log-group:/aws/x", Service.LOGS, "/aws/x"),
    ],
)
def test_an_arn_of_a_source_is_its_own_name(tail: str, service: Service, name: str) -> None:
    arn = f"arn:aws:{tail}"
    assert parse_source(arn) == SourceName(service, name, arn, None, *PLACE)


def test_the_arn_of_a_log_group_loses_its_star() -> None:
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/x"
    assert parse_source(f"{arn}:*").arn == arn


def test_the_arn_of_a_table_leaves_its_latest_stream_to_be_asked() -> None:
    name = parse_source("arn:aws:dynamodb:eu-west-1:123456789012:table/orders")
    assert (name.name, name.arn, name.region) == ("orders", None, "eu-west-1")


def test_the_arn_of_a_function_becomes_that_of_its_group() -> None:
    name = parse_source("arn:aws-cn:lambda:cn-north-1:123456789012:function:pay:live")
    assert name.function == "pay"
    assert name.arn == "arn:aws-cn:logs:cn-north-1:123456789012:log-group:/aws/lambda/pay"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "orders",
        "kinesis:",
        "arn:aws:s3:::bucket",
        "arn:aws:sns:eu-west-1:123456789012:orders:0d3b-subscription",
        "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/x:1",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/orders",
    ],
)
def test_anything_else_is_answered_with_the_forms(text: str) -> None:
    with pytest.raises(ConnectorError, match=r"kinesis:STREAM, sqs:QUEUE.*ARN"):
        parse_source(text)


def test_a_slip_of_the_pen_is_answered_with_the_nearest_form() -> None:
    with pytest.raises(ConnectorError, match="did you mean kinesis:orders"):
        parse_source("kineses:orders")


def test_a_queue_has_no_mode_of_its_own() -> None:
    with pytest.raises(ConnectorError, match=r"peek \(hides.*drain \(deletes"):
        default_mode(Service.SQS)


def test_streams_are_observed_and_topics_tapped() -> None:
    assert default_mode(Service.KINESIS) is Mode.OBSERVE
    assert default_mode(Service.LOGS) is Mode.OBSERVE
    assert default_mode(Service.SNS) is Mode.TAP
