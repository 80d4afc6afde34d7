"""What a source is set to, by the name a person types."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from connectors import Access, SourceNotFoundError, local_client, parse_source
from connectors.described import describe
from connectors.errors import AccessDeniedError
from connectors.record import Mode
from tests.connectors.fakes import aws_error
from tests.connectors.local import access_to, unique
from workbench.local_aws import LocalAws

PLACE = "arn:aws:logs:eu-west-1:123456789012:log-group"


@dataclass
class FakeAccess:
    """A function that logs to a group of its own choice, among groups of like names."""

    refused: tuple[str, ...] = ()
    region: str | None = None
    asked: list[str] = field(default_factory=list)

    def client(self, service: str, mode: Mode) -> Any:
        return self

    def get_function_configuration(self, **asked: str) -> dict[str, Any]:
        if "function" in self.refused:
            raise aws_error("AccessDeniedException", "GetFunctionConfiguration")
        return {"LoggingConfig": {"LogGroup": "/shared"}}

    def describe_log_groups(self, **asked: str) -> dict[str, Any]:
        if "groups" in self.refused:
            raise aws_error("AccessDeniedException", "DescribeLogGroups")
        prefix = asked["logGroupNamePrefix"]
        self.asked.append(prefix)
        last = asked.get("nextToken") == "2"
        names = [prefix] if last else [f"{prefix}-other"]
        groups = [{"logGroupName": name, "arn": f"{PLACE}:{name}:*"} for name in names]
        return {"logGroups": groups} | ({} if last else {"nextToken": "2"})


def described(source: str, access: FakeAccess) -> Any:
    return describe(parse_source(source), cast(Access, access))


def test_a_function_is_described_by_the_group_it_logs_to() -> None:
    found = described("lambda:pay", FakeAccess())

    assert (found.address, found.source_arn) == ("/shared", f"{PLACE}:/shared")


def test_its_usual_group_is_taken_where_we_may_not_ask_the_function() -> None:
    assert described("lambda:pay", FakeAccess(("function",))).address == "/aws/lambda/pay"


def test_a_right_that_is_missing_is_told() -> None:
    with pytest.raises(AccessDeniedError, match="the log group /aws/lambda/pay"):
        described("logs:/aws/lambda/pay", FakeAccess(("groups",)))


@pytest.mark.parametrize("word", ["kinesis", "sqs", "dynamodb", "lambda", "sns"])
def test_a_source_that_is_not_there_is_not_found(word: str, local_aws: LocalAws) -> None:
    with pytest.raises(SourceNotFoundError):
        describe(parse_source(f"{word}:{unique('nothing')}"), access_to(local_aws))


def test_a_table_without_a_stream_is_told_what_to_do(local_aws: LocalAws) -> None:
    table = unique("streamless")
    local_client("dynamodb", local_aws.endpoint_url).create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    with pytest.raises(SourceNotFoundError, match="enable one"):
        describe(parse_source(f"dynamodb:{table}"), access_to(local_aws))
