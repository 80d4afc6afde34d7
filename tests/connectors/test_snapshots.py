"""Configuration as AWS tells it, without the secrets that stand in it."""

import json
from typing import Any

import pytest

from connectors.errors import AccessDeniedError, ConnectorError
from connectors.snapshots import consumers_of, function_of, paged, snapshot, where_allowed
from tests.connectors.fakes import START, Clock, aws_error

ARN = "arn:aws:sqs:eu-west-1:123456789012:orders"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:pay"


class FakeLambda:
    """Two pages of mappings, and functions with secrets."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused

    def list_event_source_mappings(self, **asked: Any) -> dict[str, Any]:
        if "list" in self.refused:
            raise aws_error("AccessDeniedException")
        if "Marker" in asked:
            return {"EventSourceMappings": [{"UUID": "2", "FunctionArn": FUNCTION}]}
        return {"EventSourceMappings": [{"UUID": "1", "FunctionArn": FUNCTION}], "NextMarker": "2"}

    def get_function_configuration(self, **asked: Any) -> dict[str, Any]:
        if "function" in self.refused:
            raise aws_error("AccessDeniedException")
        variables = {"DB_PASSWORD": "hunter2", "STAGE": "prod"}
        return {"FunctionArn": FUNCTION, "Timeout": 3, "Environment": {"Variables": variables}}


def test_an_answer_is_kept_as_it_is_with_its_instant() -> None:
    taken = snapshot(ARN, "describe-x", Clock(), lambda **_: {"A": 1, "ResponseMetadata": {}})
    assert (taken.kind, taken.observed_at, taken.document) == ("describe-x", START, '{"A":1}')


def test_all_pages_of_mappings_and_each_function_once() -> None:
    listing, function = consumers_of(ARN, FakeLambda(), Clock())
    assert [m["UUID"] for m in json.loads(listing.document)["EventSourceMappings"]] == ["1", "2"]
    assert function.kind == "get-function-configuration"


def test_values_of_a_functions_environment_are_not_kept() -> None:
    (_, function) = consumers_of(ARN, FakeLambda(), Clock())
    assert "hunter2" not in function.document
    variables = json.loads(function.document)["Environment"]["Variables"]
    assert sorted(variables) == ["DB_PASSWORD", "STAGE"]
    assert json.loads(function.document)["Timeout"] == 3


def test_a_refused_right_costs_only_what_it_was_for() -> None:
    assert consumers_of(ARN, FakeLambda("list"), Clock()) == ()
    assert len(consumers_of(ARN, FakeLambda("function"), Clock())) == 1
    assert [r.kind for r in function_of(ARN, "pay", FakeLambda("list"), Clock())] == [
        "get-function-configuration"
    ]


def test_an_error_that_is_no_refusal_is_not_swallowed() -> None:
    def refused() -> list[Any]:
        raise AccessDeniedError("no")

    def broken() -> list[Any]:
        raise ConnectorError("broken")

    assert where_allowed(refused) == ()
    with pytest.raises(ConnectorError, match="broken"):
        where_allowed(broken)


def test_a_listing_that_names_the_same_page_again_is_no_endless_loop() -> None:
    with pytest.raises(ConnectorError, match="found the same"):
        list(paged("x", lambda **_: {"NextToken": "t"}, "NextToken", "NextToken"))
