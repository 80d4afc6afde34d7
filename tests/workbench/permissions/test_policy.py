"""Policies are read as IAM, Lambda and SQS give them, and refused where AWS would refuse them."""

import json
from urllib.parse import quote

import pytest

from workbench.errors import UsageError
from workbench.permissions.policy import read_policy

SEND = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
PLAIN = {"Version": "2012-10-17", "Statement": [SEND]}


@pytest.mark.parametrize(
    "document",
    [
        PLAIN,
        {"Statement": SEND},
        json.dumps(PLAIN),
        {"RoleName": "r", "PolicyDocument": PLAIN},
        {"PolicyVersion": {"Document": quote(json.dumps(PLAIN)), "VersionId": "v1"}},
        {"Policy": json.dumps(PLAIN), "RevisionId": "1"},
        {"Attributes": {"Policy": json.dumps(PLAIN)}},
    ],
)
def test_a_policy_is_found_in_every_answer_around_it(document: object) -> None:
    policy = read_policy(document, "mine")  # type: ignore[arg-type]

    (statement,) = policy.statements
    assert (statement.name, statement.actions, statement.allows) == (
        "mine 1",
        ("sqs:SendMessage",),
        True,
    )


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "as JSON"),
        ("[]", "found list"),
        ({"a": 1}, "found a"),
        ({}, "found nothing"),
        ({"Statement": []}, "wanted statements"),
        ({"Statement": [7]}, "wanted a statement"),
        ({"Statement": [SEND | {"Effect": "allow"}]}, "Effect 'allow'"),
        ({"Statement": [SEND | {"Colour": 1}]}, "found Colour"),
        ({"Statement": [SEND | {"NotAction": "*"}]}, "both or none"),
        ({"Statement": [SEND | {"Action": {"a": 1}}]}, "wanted text"),
        ({"Statement": [SEND | {"Condition": []}]}, "wanted an object"),
    ],
)
def test_what_is_no_policy_is_refused_in_a_line(document: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_policy(document)  # type: ignore[arg-type]


def test_everybody_is_everybody_however_it_is_written() -> None:
    for principal in ("*", {"AWS": "*"}):
        (statement,) = read_policy({"Statement": SEND | {"Principal": principal}}).statements
        assert "*" in next(iter((statement.principals or {}).values()))
