"""Answers are checked before use and lose nothing on their way to text."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.answers import (
    attributes_json,
    compact_json,
    encoded,
    instant,
    instant_of_ms,
    iso,
    ms_of,
    required,
    without,
)
from connectors.errors import CorruptAnswerError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON)
def test_any_answer_reads_back_as_it_was(value: Any) -> None:
    assert json.loads(compact_json(value)) == value


def test_half_a_surrogate_pair_and_a_very_large_number_survive() -> None:
    value = {"a": "\ud800", "n": 2**200}
    assert json.loads(compact_json(value)) == value
    assert encoded("\ud800").decode("utf-8", "surrogatepass") == "\ud800"


def test_instants_become_utc_and_bytes_base64() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone(timedelta(hours=2)))
    assert compact_json({"at": at, "b": b"\x00\xff"}) == (
        '{"at":"2026-01-02T01:04:05.678000Z","b":"AP8="}'
    )


def test_what_stands_in_no_answer_is_not_spelled() -> None:
    with pytest.raises(TypeError, match="no answer"):
        compact_json(object())


@given(st.integers(0, 4_000_000_000_000))
def test_milliseconds_are_exact_both_ways(ms: int) -> None:
    at = instant_of_ms(ms)
    assert ms_of(at) == ms
    assert instant(iso(at)) == at
    assert at.tzinfo is UTC


@pytest.mark.parametrize(
    ("answer", "kind"),
    [({}, list), ({"m": None}, list), ({"m": "x"}, list), ({"m": True}, int), ({"m": "1"}, int)],
)
def test_a_member_that_is_absent_or_something_else_is_damage(
    answer: dict[str, Any], kind: type
) -> None:
    with pytest.raises(CorruptAnswerError, match=rf"x: m of type {kind.__name__} was wanted"):
        required(answer, "m", kind, "x")


def test_what_a_service_sends_is_passed_on_even_when_empty() -> None:
    assert required({"m": []}, "m", list, "x") == []
    assert required({"m": 0}, "m", int, "x") == 0


def test_attributes_say_who_added_what() -> None:
    text = attributes_json({"a": "1"}, {"b": {}}, workbench={"mode": "peek"})
    assert json.loads(text) == {
        "system": {"a": "1"},
        "user": {"b": {}},
        "workbench": {"mode": "peek"},
    }
    assert without({"a": 1, "b": 2}, "a") == {"b": 2}
