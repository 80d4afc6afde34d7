"""What was typed becomes connectors: all of them or none, and each with what concerns it."""

from datetime import UTC, datetime
from typing import Any

import pytest

import connectors
from connectors import Access, ConnectorError
from workbench.cli.opening import Asked, budgets_of
from workbench.errors import UsageError


class Opened:
    def __init__(self, source_arn: str) -> None:
        self.source_arn = source_arn
        self.closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[Opened, dict[str, Any]]]:
    """What was opened, and with what; `kinesis:nope` is not there."""
    found: dict[str, tuple[Opened, dict[str, Any]]] = {}

    def open_connector(source: str, access: Access, **said: Any) -> Opened:
        if source == "kinesis:nope":
            raise ConnectorError("no such stream")
        found[source] = (Opened(source.split(":")[-1]), said)
        return found[source][0]

    monkeypatch.setattr(connectors, "open_connector", open_connector)
    return found


def test_where_one_is_not_there_the_others_are_let_go(
    opened: dict[str, tuple[Opened, dict[str, Any]]],
) -> None:
    with pytest.raises(ConnectorError, match="no such stream"):
        Asked(["kinesis:orders", "kinesis:nope"], None).open(Access())

    assert opened["kinesis:orders"][0].closed


def test_two_names_of_one_source_are_refused_and_the_same_name_twice_is_one(
    opened: dict[str, tuple[Opened, dict[str, Any]]],
) -> None:
    with pytest.raises(UsageError, match="under two names"):
        Asked(["lambda:charge", "logs:charge"], None).open(Access())

    assert all(connector.closed for connector, _ in opened.values())
    assert len(Asked(["lambda:charge", "lambda:charge"], None).open(Access())) == 1


def test_an_application_of_the_kcl_concerns_streams_alone(
    opened: dict[str, tuple[Opened, dict[str, Any]]],
) -> None:
    sources = ["kinesis:orders", "dynamodb:table", "sqs:dlq", "lambda:charge"]

    Asked(sources, "peek", kcl_application="orders-app").open(Access())

    assert {source: said.get("lease_table") for source, (_, said) in opened.items()} == {
        "kinesis:orders": "orders-app",
        "dynamodb:table": "orders-app",
        "sqs:dlq": None,
        "lambda:charge": None,
    }
    assert opened["sqs:dlq"][1]["mode"] == "peek"


def test_a_topic_is_tapped_from_when_that_can_be_where_no_beginning_was_asked_for(
    opened: dict[str, tuple[Opened, dict[str, Any]]],
) -> None:
    sources = ["sns:orders", "kinesis:orders"]
    at = datetime(2026, 11, 20, 10, tzinfo=UTC)

    Asked(sources[:1], None, at, from_tip=True).open(Access())
    Asked(sources[1:], None, at, from_tip=True).open(Access())
    assert [opened[source][1]["since"] for source in sources] == [None, at]

    Asked(sources[:1], None, at).open(Access())
    assert opened["sns:orders"][1]["since"] == at


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [("http://127.0.0.1:4566", True), (None, False), ("http://10.0.0.1", False)],
)
def test_only_a_server_of_this_machine_is_read_at_full_speed(
    endpoint: str | None, local: bool
) -> None:
    assert budgets_of(Access(endpoint_url=endpoint)).local is local
