"""What may set a record apart, read off one row."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.explain.dimensions import dimensions_of


def fields_of(payload: Any) -> dict[str, Any]:
    return dimensions_of({"body": json.dumps(payload).encode()})


def test_a_nested_field_is_named_by_its_path() -> None:
    assert fields_of({"order": {"tier": "gold", "odd name": 1}}) == {
        "$.order.tier": "gold",
        '$.order."odd name"': 1,
    }


def test_a_list_is_its_length_and_its_first_element() -> None:
    assert fields_of({"items": [{"sku": "a"}, {"sku": "b"}]}) == {
        "$.items.length": 2,
        "$.items[0].sku": "a",
    }


def test_an_sns_envelope_is_opened() -> None:
    envelope = {"Type": "Notification", "TopicArn": "arn:t", "Message": '{"tier":"gold"}'}

    assert fields_of(envelope) == {"$.tier": "gold"}


def test_attributes_count_under_any_spelling_but_ids_of_single_messages_do_not() -> None:
    attributes = {
        "system": {"SenderId": "AIDA", "SentTimestamp": "1"},
        "user": {"a": {"StringValue": "1"}, "b": {"Value": "2"}, "c": {"stringValue": "3"}},
    }

    assert dimensions_of({"attributes": json.dumps(attributes)}) == {
        "attribute a": "1",
        "attribute b": "2",
        "attribute c": "3",
        "system SenderId": "AIDA",
    }


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[" * 100_000, b"NaN", b'"text"', b'{"a":', b"9" * 5_000]
)
def test_no_payload_breaks_it(body: bytes) -> None:
    assert isinstance(dimensions_of({"body": body}), dict)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_every_dimension_has_a_plain_value(payload: Any) -> None:
    assert all(
        isinstance(value, str | int | float | bool) and value == value
        for value in fields_of(payload).values()
    )
