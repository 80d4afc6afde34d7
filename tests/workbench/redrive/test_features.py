"""The feature that tells a cluster apart: the plainest test of one field, or none."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.redrive.features import telling_feature

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=2),
    max_leaves=5,
)  # fmt: skip
PAYLOADS = st.lists(
    st.one_of(VALUES.map(lambda v: json.dumps(v).encode()), st.binary(max_size=4)), max_size=5
)


def told(these, others):
    found = telling_feature(
        *([json.dumps(each).encode() for each in side] for side in (these, others))
    )
    return found and (found.path, found.seen)


def test_the_field_that_differs_is_named():
    assert told([{"n": 1, "tax": None}], [{"n": 2, "tax": 7}]) == ("$.tax", "= null")
    assert told([{"n": 1}], [{"n": 2, "tax": 7}, {"n": 3, "tax": 8}]) == ("$.tax", "is absent")
    assert told([{"a": {"country": "CH"}}] * 2, [{"a": {"country": "DE"}}] * 2) == (
        "$.a.country",
        '= "CH"',
    )
    assert told([{"amount": -1}, {"amount": -5}], [{"amount": 2}]) == ("$.amount", "is negative")
    assert told([{"lines": []}], [{"lines": [1]}]) == ("$.lines", "is empty")
    assert telling_feature([b"<xml>"], [b"{}"]).seen == "is no JSON"


def test_where_there_is_nothing_to_tell_there_is_no_feature():
    assert told([{"n": 1}], []) is None
    assert told([{"n": 1}], [{"n": 1}]) is None


@settings(max_examples=50)
@given(PAYLOADS, PAYLOADS)
def test_a_feature_holds_more_often_here_than_there(these, others):
    found = telling_feature(these, others)
    assert found is None or 0 <= found.of_others < found.of_these <= 1
