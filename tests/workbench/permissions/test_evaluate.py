"""A deny wins, then an allow; what is not known is said."""

import pytest

from workbench.permissions.evaluate import Decision, Request, decide
from workbench.permissions.policy import read_policy

QUEUE = "arn:aws:sqs:eu-west-1:111111111111:orders"
TOPIC = "arn:aws:sns:eu-west-1:111111111111:orders"


def decided(request: Request, *statements: dict[str, object]) -> Decision:
    named = [each | {"Sid": f"s{number}"} for number, each in enumerate(statements)]
    return decide(request, [read_policy({"Statement": named}, "p")])


def allow(action: str, resource: object = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str, resource: object = "*", **more: object) -> dict[str, object]:
    return allow(action, resource, **more) | {"Effect": "Deny"}


SEND = Request("sqs:SendMessage", QUEUE)


def test_nothing_is_allowed_that_no_statement_allows() -> None:
    assert decided(SEND, allow("sqs:ReceiveMessage")) == Decision("not_allowed", None)
    assert decided(SEND, allow("sqs:send*")) == Decision("allowed", "p s0")
    assert decided(SEND, allow("sqs:*", f"{QUEUE}-dlq")).verdict == "not_allowed"
    assert decided(SEND, allow("sqs:*", "arn:aws:sqs:*:111111111111:ord*")).verdict == "allowed"


def test_a_deny_wins_wherever_it_stands() -> None:
    assert decided(SEND, deny("sqs:SendMessage"), allow("*")).statement == "p s0"
    assert decided(SEND, allow("*"), deny("*", QUEUE)) == Decision("denied", "p s1")


def test_not_action_and_not_resource_mean_all_others() -> None:
    others: dict[str, object] = {"Effect": "Deny", "NotAction": "sqs:Receive*", "Resource": "*"}
    assert decided(SEND, allow("*"), others).verdict == "denied"
    elsewhere: dict[str, object] = {"Effect": "Deny", "Action": "*", "NotResource": QUEUE}
    assert decided(SEND, allow("*"), elsewhere).verdict == "allowed"


def test_what_depends_on_an_unknown_condition_is_unknown_and_says_on_which() -> None:
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    assert decided(SEND, allow("*", Condition=condition)) == Decision(
        "unknown", "p s0", ("aws:PrincipalOrgID",)
    )
    assert decided(SEND, allow("*"), deny("*", Condition=condition)).verdict == "unknown"
    assert decided(SEND, allow("*", Condition=condition), allow("*")).verdict == "allowed"


def test_a_resource_that_is_known_in_part_may_be_one_of_those_listed() -> None:
    anything = Request("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:111111111111:table/*")
    table = "arn:aws:dynamodb:eu-west-1:111111111111:table/orders"
    assert decided(anything, allow("dynamodb:*", table)).verdict == "unknown"
    assert decided(anything, allow("dynamodb:*", f"{table[:-6]}*")).verdict == "allowed"


@pytest.mark.parametrize(
    ("principal", "verdict"),
    [
        ("*", "allowed"),
        ({"Service": "sns.amazonaws.com"}, "allowed"),
        ({"Service": "s3.amazonaws.com"}, "not_allowed"),
        ({"AWS": "111111111111"}, "not_allowed"),
    ],
)
def test_a_queue_admits_whom_its_policy_names(principal: object, verdict: str) -> None:
    request = Request(
        "sqs:SendMessage",
        QUEUE,
        {"aws:sourcearn": [TOPIC]},
        {"Service": "sns.amazonaws.com"},
    )
    condition = {"ArnEquals": {"aws:SourceArn": TOPIC}}
    statement = allow("sqs:SendMessage", QUEUE, Principal=principal, Condition=condition)

    assert decided(request, statement).verdict == verdict


def test_an_account_is_named_by_its_number_its_root_or_one_of_its_own() -> None:
    role = "arn:aws:iam::222222222222:role/charge"
    request = Request("sqs:SendMessage", QUEUE, {}, {"AWS": role})
    for named in ("222222222222", "arn:aws:iam::222222222222:root", role):
        statement = allow("sqs:*", QUEUE, Principal={"AWS": named})
        assert decided(request, statement).verdict == "allowed"
    statement = allow("sqs:*", QUEUE, Principal={"AWS": "333333333333"})
    assert decided(request, statement).verdict == "not_allowed"
