"""Field by field: nothing between equal values, everything between others, and an answer to whatever comes."""

import json
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.replay.comparison.fields import (
    ABSENT,
    MOST_FIELDS,
    MOST_TEXT,
    canonical,
    field_changes,
    leaves,
    read_json,
    shown,
)
from workbench.replay.comparison.places import spelled

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
OTHER = {"added": "removed", "removed": "added"}


def changes(a, b):
    return [(spelled(each.place), each.change) for each in field_changes(a, b)]


@given(JSON)
def test_a_value_does_not_differ_from_itself(value):
    assert changes(value, value) == []
    assert changes(value, read_json(json.dumps(value))) == []


@given(JSON, JSON)
def test_two_values_differ_just_where_their_texts_do_and_alike_from_either_side(a, b):
    found = list(field_changes(a, b))
    back = list(field_changes(b, a))
    if canonical(a) == canonical(b):
        assert not found
    assert [(each.place, OTHER.get(each.change, each.change)) for each in found] == [
        (each.place, each.change) for each in back
    ]
    assert bool(found) == (sorted(leaves(a, ())) != sorted(leaves(b, ()))) or not (a and b)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ({"n": 1}, {"n": 2}, [("$.n", "changed")]),
        ({"n": 1}, {"n": 1.0}, []),
        ({"n": 1}, {"n": True}, [("$.n", "type")]),
        ({"n": 1}, {"n": "1"}, [("$.n", "type")]),
        ({"n": None}, {}, [("$.n", "removed")]),
        ({}, {"a.b'c": 0}, [("$['a.b\\'c']", "added")]),
        ([1, 2, 3], [0, 1, 2, 3], [("$[0]", "added")]),
        ([1, 2, 3], [1, 3], [("$[1]", "removed")]),
        ([{"id": 1}, {"id": 2}], [{"id": 1}, {"id": 9}], [("$[1].id", "changed")]),
        ({"body": '{"id": 1}'}, {"body": '{ "id": 2 }'}, [("$.body.$.id", "changed")]),
        ({"body": '{"id": 1}'}, {"body": '{ "id": 1 }'}, []),
        ({"body": '{"id": 1}'}, {"body": "oops"}, [("$.body", "changed")]),
        (float("nan"), float("nan"), []),
    ],
)
def test_what_differs_is_named(a, b, expected):
    assert changes(a, b) == expected


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 900 + "]" * 900,
        '{"a":' * 50_000 + "1" + "}" * 50_000,
        "9" * 10_000,
        "NaN",
        '"\\ud800"',
        "{oops",
        "",
        json.dumps({"\x00'\"].[": ["$", None]}),
        json.dumps("[" * 5_000),
    ],
)
def test_no_response_is_too_strange(text):
    value = read_json(text)
    assert changes(value, value) == []
    for each in field_changes(value, {"a": 1}):
        spelled(each.place)
        assert len(shown(each.value_a) or "") <= MOST_TEXT
        (shown(each.value_a) or "").encode()


def test_what_differs_everywhere_is_cut_and_says_so():
    found = changes([0] * 5_000, [1] * 5_000)
    assert len(found) == MOST_FIELDS + 1
    assert found[-1] == ("$", "further")
    assert (
        len(list(islice(field_changes({}, {str(n): 0 for n in range(MOST_FIELDS)}), 2_000)))
        == MOST_FIELDS
    )


def test_no_value_is_told_from_null():
    assert (shown(ABSENT), shown(None)) == (None, "null")
