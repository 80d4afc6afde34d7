"""The policy that is printed is what the guard obeys."""

from typing import Any

import pytest

from connectors.access.allowlist import ALLOW, Resource, rules_for
from connectors.access.policy import policy
from connectors.errors import ConnectorError
from connectors.record import Mode

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders"
CASES = [
    ("kinesis:orders", Mode.OBSERVE),
    ("dynamodb:orders", Mode.OBSERVE),
    ("lambda:pay", Mode.OBSERVE),
    ("sns:orders", Mode.TAP),
    (QUEUE, Mode.PEEK),
    (QUEUE, Mode.DRAIN),
]


def actions(document: dict[str, Any], effect: str) -> set[str]:
    return {
        action
        for statement in document["Statement"]
        if statement["Effect"] == effect
        for action in statement["Action"]
    }


@pytest.mark.parametrize(("source", "mode"), CASES)
def test_every_right_that_is_granted_is_one_the_guard_lets_through(source: str, mode: Mode) -> None:
    by_action = {rule.action: rule for rule in ALLOW if rule.action}
    for action in actions(policy(source, mode), "Allow"):
        rule = by_action[action]
        assert rules_for(rule.service, rule.operation, mode)


def test_every_row_of_the_list_is_granted_by_some_policy() -> None:
    granted = actions(policy("kinesis:orders", lease_table="orders-app"), "Allow")
    granted = granted.union(*(actions(policy(*case), "Allow") for case in CASES))
    assert granted == {
        rule.action
        for rule in ALLOW
        if rule.action and rule.resource != Resource.ACCOUNT  # for `workbench gc` alone
    }


def test_observing_a_stream_needs_five_rights_on_that_stream() -> None:
    arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
    stream = policy(arn)["Statement"][0]
    assert stream["Resource"] == arn
    assert stream["Action"] == [
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
        "kinesis:ListStreamConsumers",
    ]


def test_a_lease_table_is_read_only_when_it_is_named_and_nothing_else_of_dynamodb() -> None:
    document = policy("kinesis:orders", lease_table="orders-app")
    tables = [s for s in document["Statement"] if "dynamodb:Scan" in s["Action"]]

    assert [s["Resource"] for s in tables] == ["arn:aws:dynamodb:*:*:table/orders-app"]
    assert "dynamodb:Scan" not in actions(policy("kinesis:orders"), "Allow")


def test_peeking_denies_what_would_lose_messages() -> None:
    document = policy(QUEUE, Mode.PEEK)
    assert {
        "sqs:DeleteMessage",
        "sqs:DeleteQueue",
        "sqs:PurgeQueue",
        "sqs:SendMessage",
        "sqs:StartMessageMoveTask",
    } <= actions(document, "Deny")
    assert not actions(document, "Deny") & actions(document, "Allow")


def test_draining_may_delete_messages_but_never_the_queue() -> None:
    document = policy(QUEUE, Mode.DRAIN)
    assert "sqs:DeleteMessage" in actions(document, "Allow")
    assert "sqs:DeleteQueue" in actions(document, "Deny")
    assert not actions(document, "Deny") & actions(document, "Allow")


def test_a_tap_may_change_nothing_but_queues_of_its_own() -> None:
    document = policy("arn:aws:sns:eu-west-1:123456789012:orders")
    for statement in document["Statement"]:
        if any(action.startswith("sqs:") for action in statement["Action"]):
            assert statement["Resource"] == "arn:aws:sqs:eu-west-1:*:workbench-tap-*"
        if "sns:Subscribe" in statement["Action"]:
            condition = statement["Condition"]
            assert condition["StringEqualsIfExists"] == {"sns:Protocol": "sqs"}
            assert "workbench-tap-*" in condition["StringLikeIfExists"]["sns:Endpoint"]


def test_a_queue_without_a_mode_has_no_policy() -> None:
    with pytest.raises(ConnectorError, match="peek"):
        policy(QUEUE)


def test_what_the_name_does_not_say_is_a_star() -> None:
    assert policy("kinesis:orders")["Statement"][0]["Resource"] == (
        "arn:aws:kinesis:*:*:stream/orders"
    )
