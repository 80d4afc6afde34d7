"""Conditions hold, do not hold, or depend on what nobody told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.permissions.conditions import Context, arn_matches, holds, matches, unknown_keys

TOPIC = "arn:aws:sns:eu-west-1:111111111111:orders"


@pytest.mark.parametrize(
    ("operator", "wanted", "found", "answer"),
    [
        ("StringEquals", ["a", "b"], ["b"], True),
        ("StringEquals", ["a"], ["A"], False),
        ("StringEqualsIgnoreCase", ["a"], ["A"], True),
        ("StringNotEquals", ["a", "b"], ["b"], False),
        ("StringNotEquals", ["a"], ["c"], True),
        ("StringLike", ["a*c"], ["abbc"], True),
        ("StringNotLike", ["a*c"], ["abbc"], False),
        ("NumericLessThan", ["10"], ["9.5"], True),
        ("NumericGreaterThanEquals", ["10"], ["9.5"], False),
        ("NumericEquals", ["10"], ["ten"], False),
        ("DateGreaterThan", ["2026-01-01T00:00:00Z"], ["2026-11-20T10:00:00Z"], True),
        ("DateLessThan", ["1767225600"], ["2026-11-20T10:00:00Z"], False),
        ("Bool", ["true"], ["True"], True),
        ("IpAddress", ["10.0.0.0/8"], ["10.1.2.3"], True),
        ("NotIpAddress", ["10.0.0.0/8"], ["10.1.2.3"], False),
        ("ArnEquals", [TOPIC], [TOPIC], True),
        ("ArnLike", ["arn:aws:sns:*:111111111111:*"], [TOPIC], True),
        ("ArnNotLike", ["arn:aws:sns:*:222222222222:*"], [TOPIC], True),
        ("Null", ["true"], None, True),
        ("Null", ["false"], None, False),
        ("Null", ["false"], ["a"], True),
        ("StringEquals", ["a"], None, False),
        ("StringNotEquals", ["a"], None, True),
        ("StringEqualsIfExists", ["a"], None, True),
        ("ForAnyValue:StringEquals", ["a"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a"], ["a", "b"], False),
        ("ForAllValues:StringEquals", ["a"], None, True),
        ("NoSuchOperator", ["a"], ["a"], None),
        ("StringEquals", ["${aws:username}"], ["a"], None),
    ],
)
def test_operators_answer_as_the_guide_says(
    operator: str, wanted: list[str], found: list[str] | None, answer: bool | None
) -> None:
    assert holds({operator: {"Some:Key": wanted}}, {"some:key": found}) is answer


def test_all_conditions_must_hold_and_one_that_fails_decides() -> None:
    context: Context = {"a": ["1"]}
    assert holds({"StringEquals": {"a": ["1"]}}, context) is True
    assert holds({"StringEquals": {"a": ["1"], "b": ["2"]}}, context) is None
    assert holds({"StringEquals": {"a": ["2"], "b": ["2"]}}, context) is False
    assert list(unknown_keys({"StringEquals": {"a": ["1"], "b": ["2"]}}, context)) == ["b"]


def test_wildcards_can_be_meant_as_themselves() -> None:
    assert matches("a${*}c", "a*c")
    assert not matches("a${*}c", "abc")
    assert matches("a.c", "a.c")
    assert not matches("a.c", "abc")


@given(st.text(), st.text(), st.text())
def test_a_star_is_anything(before: str, between: str, behind: str) -> None:
    pattern = f"{before}*{behind}"
    if not any(each in before + behind for each in "*?$"):
        assert matches(pattern, before + between + behind)


def test_a_wildcard_of_an_arn_reaches_over_no_colon_before_the_resource() -> None:
    assert not arn_matches("arn:aws:*:orders", TOPIC)
    assert arn_matches("arn:aws:sns:*:*:*", TOPIC)
    assert arn_matches("*", TOPIC)
