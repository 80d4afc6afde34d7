"""What a replay's calls need, and what a role's policies say to it."""

from pathlib import Path

import pytest

from tests.factories import QUEUE, write_trace
from tests.workbench.permissions.runs import Calls, replayed
from workbench.errors import UsageError
from workbench.permissions import HandlerAccess, handler_access
from workbench.permissions.policy import Policy, read_policy

TABLE = "arn:aws:dynamodb:us-east-1:111111111111:table/orders"
CALLS: Calls = [
    ("dynamodb", "PutItem", {"TableName": "orders", "Item": {"id": {"S": "1"}}}),
    ("dynamodb", "PutItem", {"TableName": "orders", "Item": {"id": {"S": "2"}}}),
    ("sns", "Publish", {"TopicArn": "arn:aws:sns:us-east-1:111111111111:paid"}),
    ("http", "GET", {"url": "https://example.com/"}),
]
ROLE = {
    "Statement": [
        {"Sid": "Own", "Effect": "Allow", "Action": ["sqs:*", "logs:*"], "Resource": "*"},
        {"Sid": "Table", "Effect": "Allow", "Action": "dynamodb:*Item", "Resource": TABLE},
        {"Sid": "NoBatch", "Effect": "Deny", "Action": "sqs:DeleteMessage", "Resource": QUEUE},
    ]
}


def test_the_least_policy_has_the_calls_the_log_and_the_source(tmp_path: Path) -> None:
    with replayed(tmp_path / "t.trace", CALLS) as trace:
        access = handler_access(trace)

    actions = {each.need.action: each for each in access.needed}
    assert actions["dynamodb:PutItem"].times == 2
    assert actions["dynamodb:PutItem"].need.resource == TABLE
    assert actions["sqs:ReceiveMessage"].times == 0
    assert access.not_told == {"GET": 1}
    judged = handler_access_of(tmp_path, read_policy(access.least_policy(), "least"))
    assert {each.decision.verdict for each in judged.needed if each.decision} == {"allowed"}


def handler_access_of(folder: Path, *policies: Policy) -> HandlerAccess:
    with replayed(folder / "again.trace", CALLS) as trace:
        return handler_access(trace, policies=policies)


def test_what_the_role_would_be_refused_is_named_with_who_refuses(tmp_path: Path) -> None:
    access = handler_access_of(tmp_path, read_policy(ROLE, "role"))

    verdicts = {each.need.action: each.decision for each in access.needed}
    assert verdicts["dynamodb:PutItem"].statement == "role Table"
    assert verdicts["sns:Publish"].verdict == "not_allowed"
    assert verdicts["sqs:DeleteMessage"].verdict == "denied"
    assert {each.need.action for each in access.refused} == {"sns:Publish", "sqs:DeleteMessage"}
    document = access.document()
    assert (document["refused"], document["unknown"]) == (2, 0)
    assert len(document["needed"]) == len(access.needed)


def test_the_latest_replay_is_meant_where_none_is_named(tmp_path: Path) -> None:
    with replayed(tmp_path / "t.trace", CALLS, []) as trace:
        assert handler_access(trace).run_id == "run-1"
        assert handler_access(trace, "run-0").not_told == {"GET": 1}


def test_a_replay_is_wanted(tmp_path: Path) -> None:
    with (
        write_trace(tmp_path / "t.trace", []) as trace,
        pytest.raises(UsageError, match="found none; replay it first"),
    ):
        handler_access(trace)
    with (
        replayed(tmp_path / "r.trace", CALLS) as trace,
        pytest.raises(UsageError, match="there are run-0"),
    ):
        handler_access(trace, "nope")
