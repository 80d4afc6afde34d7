"""The least policy allows what is needed and nothing else that was asked."""

from hypothesis import given
from hypothesis import strategies as st

from workbench.permissions.calls import Need, Place
from workbench.permissions.evaluate import Request, decide
from workbench.permissions.least import least_policy, role_needs
from workbench.permissions.policy import read_policy

PLACE = Place("eu-west-1", "111111111111")
NAMES = st.sampled_from([f"arn:aws:s3:::bucket/{folder}/{n}" for folder in "ab" for n in range(20)])
NEEDS = st.builds(Need, st.sampled_from(["s3:GetObject", "s3:PutObject", "sqs:SendMessage"]), NAMES)


@given(st.lists(NEEDS, min_size=1, max_size=60))
def test_it_allows_all_that_is_needed_and_no_other_action(needed: list[Need]) -> None:
    policy = read_policy(least_policy(needed))

    for need in needed:
        assert decide(Request(need.action, need.resource), [policy]).verdict == "allowed"
        assert decide(Request("s3:DeleteObject", need.resource), [policy]).verdict == "not_allowed"


def test_few_resources_are_named_many_are_folded() -> None:
    few = [Need("s3:GetObject", f"arn:aws:s3:::b/{n}") for n in range(10)]
    assert len(least_policy(few)["Statement"][0]["Resource"]) == 10
    many = [*few, Need("s3:GetObject", "arn:aws:s3:::b/10")]
    assert least_policy(many)["Statement"][0]["Resource"] == ["arn:aws:s3:::b/*"]


def test_a_role_writes_its_log_and_reads_its_source() -> None:
    queue = "arn:aws:sqs:eu-west-1:111111111111:orders"
    actions = {need.action: need.resource for need in role_needs(queue, PLACE)}
    assert actions["sqs:ReceiveMessage"] == queue
    assert actions["logs:PutLogEvents"].endswith(":log-group:/aws/lambda/*:*")
    assert "sqs:ReceiveMessage" not in {each.action for each in role_needs("rule", PLACE)}
