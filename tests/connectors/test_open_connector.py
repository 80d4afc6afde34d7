"""One way in: the source says what it is, the mode what may be done."""

import doctest
import importlib
from typing import Any

import pytest

import connectors
from connectors import (
    Access,
    ConnectorError,
    Mode,
    OperationRefusedError,
    local_client,
    open_connector,
)
from connectors.identity import arn_of
from tests.connectors.local import access_to, now
from workbench.local_aws import LocalAws

LOCAL = Access(endpoint_url="http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("source", "mode"),
    [
        ("kinesis:orders", Mode.DRAIN),
        ("sns:orders", Mode.PEEK),
        ("sqs:orders", Mode.OBSERVE),
        ("logs:orders", Mode.TAP),
    ],
)
def test_a_mode_that_a_service_has_not_is_answered_with_those_it_has(
    source: str, mode: Mode
) -> None:
    with pytest.raises(ConnectorError, match=rf"mode {mode} was wanted .* which has"):
        open_connector(source, LOCAL, now=now, mode=mode)


def test_a_queue_is_not_peeked_at_by_an_access_that_did_not_agree() -> None:
    with pytest.raises(OperationRefusedError, match="--mode peek"):
        open_connector("sqs:orders", LOCAL, now=now, mode=Mode.PEEK)


def test_a_server_that_is_not_there_is_one_line_of_advice() -> None:
    with pytest.raises(ConnectorError, match=r"the stream orders: .*that a server runs"):
        open_connector("kinesis:orders", LOCAL, now=now)


def test_the_region_of_an_arn_goes_before_that_of_the_access(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []

    def open_stream(name: Any, access: Access, **more: Any) -> None:
        seen.append(access.region)

    monkeypatch.setattr(connectors, "open_stream", open_stream)
    arn = "arn:aws:kinesis:ap-south-1:123456789012:stream/orders"
    open_connector(arn, Access(region="eu-west-1"), now=now)
    open_connector("kinesis:orders", Access(region="eu-west-1"), now=now)
    assert seen == ["ap-south-1", "eu-west-1"]


def test_a_name_in_another_partition_stays_there() -> None:
    identity = {"Account": "1", "Arn": "arn:aws-cn:iam::1:root"}
    assert arn_of(identity, "cn-north-1", "sns", "t") == "arn:aws-cn:sns:cn-north-1:1:t"


def test_public_names_are_sorted_and_there() -> None:
    assert list(connectors.__all__) == sorted(connectors.__all__)
    assert all(hasattr(connectors, name) for name in connectors.__all__)


MODULES = (
    "connectors",
    *(
        f"connectors.{name}"
        for name in (
            "access.allowlist",
            "access.clients",
            "access.failures",
            "access.guard",
            "access.policy",
            "access.preflight",
            "access.role",
            "answers",
            "budget",
            "described",
            "dynamodb_streams.changes",
            "dynamodb_streams.position",
            "horizon",
            "identity",
            "kinesis.holes",
            "kinesis.kpl",
            "kinesis.pages",
            "lambda_logs.losses",
            "lambda_logs.passes",
            "lambda_logs.position",
            "readiness",
            "shards",
            "snapshots",
            "sns.forgotten_taps",
            "source",
            "sqs.settings",
            "stream_position",
            "stream_readers",
        )
    ),
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_documentation_run(name: str, local_aws: LocalAws) -> None:
    kinesis = local_client("kinesis", local_aws.endpoint_url)
    if "orders" not in kinesis.list_streams()["StreamNames"]:
        kinesis.create_stream(StreamName="orders", ShardCount=1)
    results = doctest.testmod(
        importlib.import_module(name),
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
        extraglobs={"access": access_to(local_aws), "now": now},
    )
    assert results.attempted > 0
    assert results.failed == 0
