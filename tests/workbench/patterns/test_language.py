"""Paths, absence, alternatives and arrays: how the fields of a pattern are held against an event."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.patterns import PatternError
from workbench.patterns.language import compile_rule, parsed


def passes(pattern: Any, event: Any) -> bool:
    return compile_rule(pattern).passes(event)


@pytest.mark.parametrize(
    "event", [{"a": {"b": {"c": 1}}}, {"a.b": {"c": 1}}, {"a": {"b.c": 1}}, {"a.b.c": 1}]
)
def test_a_dot_in_a_name_is_as_good_as_a_level(event: Any) -> None:
    assert passes({"a.b.c": [1]}, event)
    assert passes({"a": {"b": {"c": [1]}}}, event)
    assert not passes({"a": {"b": [1]}}, event)


def test_fields_of_one_array_must_hold_in_one_element() -> None:
    pattern = {"records": {"name": ["created"], "s3": {"key": [{"prefix": "auto-"}]}}}
    apart = [
        {"name": "created", "s3": {"key": "home"}},
        {"name": "removed", "s3": {"key": "auto-1"}},
    ]

    assert not passes(pattern, {"records": apart})
    assert passes(pattern, {"records": [*apart, {"name": "created", "s3": {"key": "auto-1"}}]})
    assert passes(pattern, {"records": [{"name": "created", "s3": [[{"key": "auto-1"}]]}]})


def test_values_of_different_arrays_need_no_agreement() -> None:
    assert passes(
        {"a": {"x": [2]}, "b": {"x": [1]}}, {"a": [{"x": 1}, {"x": 2}], "b": [{"x": 1}, {"x": 2}]}
    )


def test_alternatives_hold_within_the_element_that_the_rest_chose() -> None:
    pattern = {"r": {"k": [1], "$or": [{"x": [1]}, {"y": [1]}]}}

    assert passes(pattern, {"r": [{"k": 1, "y": 1}]})
    assert not passes(pattern, {"r": [{"k": 1}, {"k": 2, "y": 1}]})


def test_absence_is_of_leaves_alone() -> None:
    absent = {"a": {"b": [{"exists": False}]}}

    assert passes(absent, {})
    assert passes(absent, {"a": {"b": {"c": 1}}})
    assert passes(absent, {"a": {"b": []}})
    assert not passes(absent, {"a": {"b": None}})
    assert passes({"a": [{"exists": False}, "x"]}, {"a": "x"})
    assert not passes({"a": [{"exists": False}, "x"]}, {"a": "y"})


def test_two_big_arrays_side_by_side_cost_what_their_sum_costs() -> None:
    event = {name: [{"x": n} for n in range(20_000)] for name in "abc"}

    assert passes({name: {"x": [19_999]} for name in "abc"}, event)
    assert not passes(
        {name: {"x": [{"numeric": [">=", 0]}]} for name in "abc"} | {"d": ["x"]}, event
    )


def test_many_alternatives_are_not_multiplied_out() -> None:
    pattern = {f"k{n}": {"$or": [{"x": [1]}, {"y": [1]}]} for n in range(40)}

    assert passes(pattern, {f"k{n}": {"y": 1} for n in range(40)})


@pytest.mark.parametrize("text", ["NaN", '{"a": Infinity}', "{", b"\xff", "[" * 100_000])
def test_what_is_no_json_at_aws_is_none_here(text: str | bytes) -> None:
    with pytest.raises(PatternError, match="not valid JSON"):
        parsed(text)


def test_numbers_keep_all_their_digits() -> None:
    assert parsed("1e400") == Decimal("1e400")
    assert parsed("9" * 6_000) == Decimal("9" * 6_000)


@given(
    st.lists(st.dictionaries(st.sampled_from("xy"), st.integers(0, 2)), max_size=5), st.randoms()
)
def test_the_order_of_elements_and_names_changes_nothing(
    elements: list[dict[str, int]], random: Any
) -> None:
    pattern = {"r": {"x": [1], "y": [2, {"exists": False}]}}
    shuffled = random.sample(elements, len(elements))

    assert passes(pattern, {"r": elements}) == passes(
        {"r": dict(reversed(list(pattern["r"].items())))}, {"r": shuffled}
    )
