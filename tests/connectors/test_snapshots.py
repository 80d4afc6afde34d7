"""Configuration as AWS tells it, without the secrets that stand in it."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from connectors.errors import AccessDeniedError, ConnectorError
from connectors.record import Resource
from connectors.snapshots import consumers_of, function_of, paged, snapshot, where_allowed
from tests.connectors.fakes import START, Clock, aws_error

ARN = "arn:aws:sqs:eu-west-1:123456789012:orders"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:pay"


class FakeLambda:
    """Two pages of mappings and of versions, and functions with secrets."""

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

    def list_versions_by_function(self, **asked: Any) -> dict[str, Any]:
        self._check("versions", asked)
        version = "2" if "Marker" in asked else "1"
        found = self.get_function_configuration() | {"Version": version}
        return {"Versions": [found]} | ({} if "Marker" in asked else {"NextMarker": "m"})

    def list_aliases(self, **asked: Any) -> dict[str, Any]:
        self._check("aliases", asked)
        return {"Aliases": [{"AliasArn": f"{FUNCTION}:blue", "FunctionVersion": "1"}]}

    def _check(self, word: str, asked: dict[str, Any]) -> None:
        assert asked["FunctionName"] in (FUNCTION, "pay"), "versions and aliases have no qualifier"
        if word in self.refused:
            raise aws_error("AccessDeniedException")


def kinds(taken: Sequence[Resource]) -> list[str]:
    return [each.kind for each in taken]


def test_an_answer_is_kept_as_it_is_with_its_instant() -> None:
    taken = snapshot(ARN, "describe-x", Clock(), lambda **_: {"A": 1, "ResponseMetadata": {}})
    assert (taken.kind, taken.observed_at, taken.document) == ("describe-x", START, '{"A":1}')


def test_all_pages_of_mappings_and_each_function_once() -> None:
    listing, function, *_ = consumers_of(ARN, FakeLambda(), Clock())
    assert [m["UUID"] for m in json.loads(listing.document)["EventSourceMappings"]] == ["1", "2"]
    assert function.kind == "get-function-configuration"


def test_a_function_is_kept_with_its_versions_and_aliases_all_pages_of_them() -> None:
    kinds = {
        taken.kind: json.loads(taken.document)
        for taken in function_of(ARN, "pay", FakeLambda(), Clock())
    }

    assert list(kinds) == [
        "get-function-configuration",
        "list-versions-by-function",
        "list-aliases",
        "list-event-source-mappings",
    ]
    assert [v["Version"] for v in kinds["list-versions-by-function"]["Versions"]] == ["1", "2"]
    assert kinds["list-aliases"]["Aliases"][0]["FunctionVersion"] == "1"


def test_versions_are_asked_of_the_function_behind_an_alias() -> None:
    taken = function_of(ARN, f"{FUNCTION}:blue", FakeLambda(), Clock())

    assert {each.kind for each in taken} >= {"list-versions-by-function", "list-aliases"}


def test_values_of_a_functions_environment_are_not_kept() -> None:
    (_, function, versions, _) = consumers_of(ARN, FakeLambda(), Clock())
    assert "hunter2" not in function.document + versions.document
    assert "DB_PASSWORD" in versions.document
    variables = json.loads(function.document)["Environment"]["Variables"]
    assert sorted(variables) == ["DB_PASSWORD", "STAGE"]
    assert json.loads(function.document)["Timeout"] == 3


def test_a_refused_right_costs_only_what_it_was_for() -> None:
    assert consumers_of(ARN, FakeLambda("list"), Clock()) == ()
    assert kinds(consumers_of(ARN, FakeLambda("function", "versions"), Clock())) == [
        "list-event-source-mappings",
        "list-aliases",
    ]
    assert kinds(function_of(ARN, "pay", FakeLambda("list", "versions", "aliases"), Clock())) == [
        "get-function-configuration"
    ]


def test_an_error_that_is_no_refusal_is_not_swallowed() -> None:
    def refused() -> list[Any]:
        raise AccessDeniedError("no")

    def broken() -> list[Any]:
        raise ConnectorError("broken")

    def unknown() -> list[Any]:
        raise ConnectorError("what?") from aws_error("UnknownOperationException")

    assert where_allowed(refused) == where_allowed(unknown) == ()
    with pytest.raises(ConnectorError, match="broken"):
        where_allowed(broken)


def test_a_listing_that_names_the_same_page_again_is_no_endless_loop() -> None:
    with pytest.raises(ConnectorError, match="found the same"):
        list(paged("x", lambda **_: {"NextToken": "t"}, "NextToken", "NextToken"))
