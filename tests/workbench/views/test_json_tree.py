"""JSON as a tree: what was sent, number by number, member by member, and never more than was asked for."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.views.json_tree import DEEPEST, Node, exact_json, json_tree

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=30,
)


def nodes(root: Node) -> int:
    return 1 + (sum(map(nodes, root[2])) if isinstance(root[2], list) else 0)


def values(value: Any) -> int:
    match value:
        case dict():
            return 1 + sum(map(values, value.values()))
        case list():
            return 1 + sum(map(values, value))
    return 1


def test_numbers_stay_as_they_were_written_and_members_of_one_name_stay_both() -> None:
    root, is_cut = json_tree(exact_json('{"n": 18446744073709551617, "n": 1.10, "x": NaN}'))

    assert root[2] == [
        ["n", "number", "18446744073709551617"],
        ["n", "number", "1.10"],
        ["x", "number", "NaN"],
    ]
    assert not is_cut


def test_a_text_that_looks_like_a_number_is_a_text() -> None:
    assert json_tree(exact_json('["1", null, true]'))[0][2] == [
        ["0", "string", "1"],
        ["1", "word", "null"],
        ["2", "word", "true"],
    ]


@given(VALUES)
def test_every_value_has_its_node(value: Any) -> None:
    root, is_cut = json_tree(exact_json(json.dumps(value)))

    assert nodes(root) == values(value)
    assert not is_cut


@pytest.mark.parametrize(
    "value", [["a" * 50] * 50, {f"k{n}" * 9: {} for n in range(99)}, "b" * 999]
)
def test_what_is_long_is_cut_and_says_so(value: Any) -> None:
    root, is_cut = json_tree(value, 100)

    assert is_cut
    assert len(json.dumps(root)) < 600
    assert not json_tree(value)[1]


def test_what_nests_deeper_than_anybody_looks_is_said_to_be_there() -> None:
    root, is_cut = json_tree(exact_json("[" * (DEEPEST + 9) + "]" * (DEEPEST + 9)))

    assert is_cut
    assert "nested deeper" in json.dumps(root)


def test_every_character_can_be_seen() -> None:
    assert json_tree({"a\u202e": "b\x00"})[0][2] == [["a\\u202e", "string", "b\\x00"]]
