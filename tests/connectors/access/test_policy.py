"""The policy that is printed is what the guard obeys."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.access.allowlist import ALLOW, Resource, rules_for
from connectors.access.policy import policy, policy_of_all, sweeping_policy
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


def test_several_sources_share_equal_statements_and_grant_what_each_alone_does() -> None:
    wanted: list[tuple[str, Mode | None]] = [
        ("kinesis:orders", None),
        ("kinesis:payments", None),
        ("lambda:pay", None),
        (QUEUE, Mode.PEEK),
        ("sns:orders", None),
    ]
    together = policy_of_all(wanted, lease_table="orders-app")
    alone = [policy(source, mode) for source, mode in wanted[1:]]
    alone.append(policy("kinesis:orders", lease_table="orders-app"))

    def grants(document: dict[str, Any]) -> set[tuple[str, str, str]]:
        return {
            (statement["Effect"], action, json.dumps(statement.get("Condition", {})))
            for statement in document["Statement"]
            for action in statement["Action"]
        }

    assert grants(together) == set().union(*map(grants, alone))
    resources = [s["Effect"] + json.dumps(s["Resource"]) for s in together["Statement"]]
    assert len(set(resources)) == len(resources)
    assert len({s["Sid"] for s in together["Statement"]}) == len(together["Statement"])


@given(st.lists(st.sampled_from([*CASES, ("kinesis:payments", Mode.OBSERVE)]), max_size=6))
def test_merging_grants_no_action_on_a_resource_that_no_source_alone_needs(
    wanted: list[tuple[str, Mode]],
) -> None:
    def pairs(document: dict[str, Any], effect: str) -> set[tuple[str, str]]:
        return {
            (action, resource)
            for s in document["Statement"]
            if s["Effect"] == effect
            for action in s["Action"]
            for resource in ([s["Resource"]] if isinstance(s["Resource"], str) else s["Resource"])
        }

    together = policy_of_all(wanted)
    for effect in ("Allow", "Deny"):
        alone = {pair for case in wanted for pair in pairs(policy(*case), effect)}
        merged = pairs(together, effect)
        assert merged <= alone
        for action, resource in alone - merged:  # another's star stands for it
            assert any(a == action and fnmatchcase(resource, r) for a, r in merged)


def test_listing_log_groups_is_granted_where_aws_looks_for_it() -> None:
    statements = policy("arn:aws:logs:eu-west-1:123456789012:log-group:orders")["Statement"]
    found = {a: s["Resource"] for s in statements for a in s["Action"]}

    assert found["logs:DescribeLogGroups"] == "arn:aws:logs:eu-west-1:123456789012:log-group:*"
    assert found["logs:FilterLogEvents"].endswith(":log-group:orders:*")


def test_the_search_for_forgotten_taps_may_touch_nothing_but_taps_and_subscriptions() -> None:
    for statement in sweeping_policy()["Statement"]:
        changing = [a for a in statement["Action"] if not a.split(":")[1].startswith("List")]
        assert (
            not changing
            or "workbench-tap-" in statement["Resource"]
            or (statement["Action"] == ["sns:Unsubscribe"])
        )
