"""Subscription filter policies: the guide's examples, what was recorded from SNS, and where nothing can be told."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.patterns import FilterPolicy, PatternError, check_policy
from workbench.patterns.filter_policy import sns_admits

PREFIX = "Invalid parameter: FilterPolicy: "


def text(value: str) -> dict[str, str]:
    return {"Type": "String", "Value": value}


def number(value: Any) -> dict[str, Any]:
    return {"Type": "Number", "Value": value}


def array(*values: Any) -> dict[str, str]:
    return {"Type": "String.Array", "Value": json.dumps(values)}


@pytest.mark.parametrize(
    ("policy", "admitted", "kept_out"),
    [
        (
            ["rugby", "tennis"],
            [text("rugby"), array("rugby", "tennis")],
            [text("baseball"), array("baseball")],
        ),
        (
            [{"anything-but": ["rugby", "tennis"]}],
            [text("baseball"), array("rugby", "baseball")],
            [text("rugby"), array("rugby"), array("rugby", "tennis")],
        ),
        ([{"anything-but": {"prefix": "order-"}}], [text("data-entry")], [text("order-cancelled")]),
        ([{"equals-ignore-case": "tennis"}], [text("TENNIS")], [text("golf")]),
        ([{"cidr": "10.0.0.0/24"}], [text("10.0.0.0"), text("10.0.0.255")], [text("10.1.1.0")]),
        ([{"prefix": "bas"}], [text("baseball"), text("basketball")], [text("rugby")]),
        ([{"suffix": "ball"}], [text("baseball")], [text("rugby")]),
        ([{"wildcard": "*ball*"}], [text("baseballs")], [text("rugby")]),
        (
            [{"numeric": ["=", 301.5]}],
            [number("301.5"), number("3.015e2"), number(301.5)],
            [number("300"), text("301.5")],
        ),
        (
            [{"anything-but": [100, 500]}],
            [number("101"), number("100.1"), {"Type": "Number.Array", "Value": "[100, 50]"}],
            [number("100")],
        ),
        ([{"numeric": [">", 0, "<=", 150]}], [number("150")], [number("0"), number("151")]),
        ([{"exists": True}], [text("fans"), array("a")], [array()]),
        ([None, {"anything-but": "whatever"}], [text("x"), array(None)], [text("whatever")]),
        ([True], [array(True)], [text("true"), array("true")]),
    ],
)
def test_the_guides_examples_hold_for_attributes(
    policy: list[Any], admitted: list[Any], kept_out: list[Any]
) -> None:
    compiled = FilterPolicy.of({"interest": policy})

    assert [each for each in admitted if not compiled.admits(b"", {"interest": each})] == []
    assert [each for each in kept_out if compiled.admits(b"", {"interest": each})] == []


def test_the_spelling_of_publish_is_as_good_as_that_of_a_notification() -> None:
    policy = FilterPolicy.of({"sum": [{"numeric": [">", 1]}]})

    assert policy.admits(b"", {"sum": {"DataType": "Number", "StringValue": "2"}})


def test_a_missing_attribute_is_admitted_by_absence_alone_and_only_beside_another() -> None:
    absent = FilterPolicy.of({"store": [{"exists": False}]})

    assert absent.admits(b"", {"other": text("x")})
    assert not absent.admits(b"", {"store": text("x")})
    assert not absent.admits(b"", {})
    assert not FilterPolicy.of({"store": ["x"]}).admits(b"", {"other": text("x")})


def test_binary_attributes_and_broken_arrays_are_not_looked_at() -> None:
    policy = FilterPolicy.of({"a": [{"exists": True}]})

    assert not policy.admits(b"", {"a": {"Type": "Binary", "Value": "eA=="}})
    assert not policy.admits(b"", {"a": {"Type": "String.Array", "Value": "[broken"}})
    assert not policy.admits(b"", {"a": "no attribute"})


def test_all_keys_must_hold_and_alternatives_need_one() -> None:
    policy = FilterPolicy.of(
        {"source": ["cloudwatch"], "$or": [{"metric": ["cpu"]}, {"namespace": ["ec2"]}]}
    )

    assert policy.admits(b"", {"source": text("cloudwatch"), "namespace": text("ec2")})
    assert not policy.admits(b"", {"source": text("cloudwatch"), "namespace": text("es")})
    assert not policy.admits(b"", {"namespace": text("ec2")})


NESTED = {
    "object": {"key": [{"prefix": "auto-"}, "hardcodedvalue"], "nested_key": [{"exists": False}]},
    "test": [{"exists": False}],
}


@pytest.mark.parametrize(
    ("body", "admitted"),
    [
        ({"object": {"key": "auto-test"}}, True),
        ({"object": {"key": "hardcodedvalue"}}, True),
        ({"object": {"key": "test-auto"}}, False),
        ({"object": {"key": "auto-test"}, "test": "just-exists"}, False),
        ({"object": {"key": "auto-test", "nested_key": "just-exists"}}, False),
        ({"object": {"test": "auto-test"}}, False),
        ("Regular string message", False),
        ([1], False),
    ],
)
def test_a_policy_on_the_body_admits_what_sns_was_seen_to_admit(body: Any, admitted: bool) -> None:
    assert (
        sns_admits(json.dumps(NESTED), "MessageBody", "{}", json.dumps(body).encode()) is admitted
    )


def test_a_body_that_is_no_json_is_kept_out() -> None:
    assert sns_admits('{"a": [1]}', "MessageBody", "{}", b"Regular string message") is False
    assert sns_admits('{"a": [{"exists": true}]}', "MessageBody", "{}", b'{"a": null}') is False
    assert sns_admits('{"a": [{"exists": true}]}', "MessageBody", "{}", b'{"a": ""}') is False


def test_without_a_policy_everything_is_admitted() -> None:
    assert sns_admits(None, "MessageAttributes", "{}", b"\xff") is True
    assert sns_admits("", "MessageAttributes", "{}", b"") is True


@pytest.mark.parametrize(
    ("policy", "scope", "attributes", "body"),
    [
        ("{", "MessageAttributes", "{}", b""),
        ('{"a": ["x"]}', "Elsewhere", "{}", b""),
        ('{"a": ["x"]}', "MessageAttributes", "{", b""),
        ('{"a": ["x"]}', "MessageAttributes", "[]", b""),
        ('{"a": [{"regex": "x"}]}', "MessageAttributes", "{}", b""),
        ('{"a": ["x"]}', "MessageBody", "{}", b"[" * 100_000),
    ],
)
def test_what_cannot_be_told_is_not_guessed(
    policy: str, scope: str, attributes: str, body: bytes
) -> None:
    assert sns_admits(policy, scope, attributes, body) is None


@pytest.mark.parametrize(
    ("policy", "scope", "reason"),
    [
        ({"key_a": "value_one"}, "MessageBody", '"key_a" must be an object or an array'),
        (
            {"key": [["value"]]},
            "MessageAttributes",
            "Match value must be String, number, true, false, or null",
        ),
        (
            {"key": [{"wrong-operator": True}]},
            "MessageAttributes",
            "Unrecognized match type wrong-operator",
        ),
        (
            {"key": [{"suffix": "v", "prefix": "w"}]},
            "MessageAttributes",
            "Only one key allowed in match expression",
        ),
        ({"key": [{"suffix": 100}]}, "MessageAttributes", "suffix match pattern must be a string"),
        ({"key": [{"numeric": []}]}, "MessageAttributes", "Invalid member in numeric match: ]"),
        (
            {"key": [{"numeric": [1, "<="]}]},
            "MessageAttributes",
            "Invalid member in numeric match: 1",
        ),
        (
            {"key": [{"numeric": ["operator"]}]},
            "MessageAttributes",
            "Unrecognized numeric range operator: operator",
        ),
        (
            {"key": [{"numeric": ["=", "000"]}]},
            "MessageAttributes",
            "Value of equals must be numeric",
        ),
        ({"key": [{"numeric": [">="]}]}, "MessageAttributes", "Value of >= must be numeric"),
        (
            {"key": [{"numeric": ["<", 100, ">", 10]}]},
            "MessageAttributes",
            "Too many elements in numeric expression",
        ),
        (
            {"key": [{"numeric": [">=", 1, ">", 2]}]},
            "MessageAttributes",
            "Bad numeric range operator: >",
        ),
        (
            {"key": [{"numeric": [">", 3, "<", 1]}]},
            "MessageAttributes",
            "Bottom must be less than top",
        ),
        (
            {"key": [{"numeric": [">", 20, "<="]}]},
            "MessageAttributes",
            "Value of <= must be numeric",
        ),
        (
            {"key": [{"numeric": [">", 20, 30]}]},
            "MessageAttributes",
            "Bad value in numeric range: 30",
        ),
        (
            {"key": [{"numeric": [">", 20, "test"]}]},
            "MessageAttributes",
            "Bad numeric range operator: test",
        ),
        (
            {"key": [{"numeric": [">", 20, "<", 30, "<", 50]}]},
            "MessageAttributes",
            "Too many terms in numeric range expression",
        ),
        (
            {"key": [{"exists": None}]},
            "MessageAttributes",
            "exists match pattern must be either true or false.",
        ),
        (
            {"key": [{"anything-but": {"suffix": "x"}}]},
            "MessageAttributes",
            "Unsupported anything-but pattern: suffix",
        ),
        (
            {"key": [str(n) for n in range(151)]},
            "MessageAttributes",
            "Filter policy is too complex",
        ),
        (
            {f"key{n}": ["x"] for n in range(6)},
            "MessageAttributes",
            "Filter policy can not have more than 5 keys",
        ),
        (
            {"a": {"b": {"c": [1, 2, 3, 4]}}, "d": {"e": [1, 2, 3]}, "f": [1, 2, 3]},
            "MessageBody",
            "Filter policy is too complex",
        ),
        (
            NESTED,
            "MessageAttributes",
            "Filter policy scope MessageAttributes does not support nested filter policy",
        ),
        (
            {"a": ["x"]},
            "RandomValue",
            "Invalid value [RandomValue]. Please use either MessageBody or MessageAttributes",
        ),
    ],
)
def test_a_policy_that_sns_refused_is_refused_with_its_words(
    policy: Any, scope: str, reason: str
) -> None:
    assert check_policy(policy, scope) == [PREFIX + reason]


def test_the_combinations_of_alternatives_add_up() -> None:
    four, six = [1, 2, 3, 4], [1, 2, 3, 4, 5, 6]
    inner = [{"metricId": four}, {"spaceId": four}]
    policy = {"source": four, "$or": [{"metricName": six}, {"metricType": four, "$or": inner}]}

    assert check_policy(policy) == [PREFIX + "Filter policy is too complex"]
    assert check_policy(policy | {"source": [1, 2, 3]}) == []


def test_a_policy_that_sns_keeps_is_evaluated_however_big_it_is() -> None:
    assert sns_admits(
        json.dumps({"k": [str(n) for n in range(500)]}),
        "MessageAttributes",
        json.dumps({"k": text("499")}),
        b"",
    )


def test_a_refused_policy_cannot_be_compiled() -> None:
    with pytest.raises(PatternError, match="does not support nested"):
        FilterPolicy.of(NESTED)


@given(st.dictionaries(st.sampled_from("ab"), st.text(min_size=1), min_size=1))
def test_a_publish_passes_the_policy_that_lists_its_own_attributes(values: dict[str, str]) -> None:
    policy = FilterPolicy.of({name: [value] for name, value in values.items()})
    attributes = {name: text(value) for name, value in values.items()}

    assert policy.admits(b"", attributes)
    assert not policy.admits(
        b"", {name: text(value["Value"] + "x") for name, value in attributes.items()}
    )
