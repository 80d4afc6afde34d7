"""JSON is taken apart where it stands: what matches goes, every other byte stays, however broken the document is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.trace.redaction.actions import Action
from workbench.trace.redaction.edits import Edits
from workbench.trace.redaction.keys import Key
from workbench.trace.redaction.profile import Profile
from workbench.trace.redaction.rules import Rules
from workbench.trace.redaction.structure import Structure, TooDeepError

KEY = Key(bytes(32))


def walked(text: str, payload: bool = True, **rules: Any) -> str:
    edits = Edits(text)
    Structure(
        edits,
        Rules(Profile("x", **rules), KEY),
        lambda value, stands: None,
        lambda text, name: None,
        payload=payload,
    ).walk()
    return edits.applied()


def masked(*paths: str) -> dict[str, Action]:
    return dict.fromkeys(paths, Action.MASK)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_a_document_that_nothing_matches_stays_byte_for_byte(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)

    assert walked(text, detect=False, paths=masked("$.no.such.place")) == text


@given(st.dictionaries(st.text(min_size=1), VALUES), VALUES)
def test_all_that_stands_under_a_matched_name_is_replaced_and_nothing_else(
    rest: dict[str, Any], value: Any
) -> None:
    document = {**rest, "hidden": value}

    redacted = json.loads(walked(json.dumps(document), detect=False, names={"hidden": Action.MASK}))

    assert json.dumps(redacted["hidden"]) == json.dumps(emptied(value))
    same = {
        name: each
        for name, each in redacted.items()
        if "".join(filter(str.isalnum, name.lower())) != "hidden"
    }
    wanted = {name: each for name, each in document.items() if name in same}
    assert json.dumps(same) == json.dumps(wanted)


def emptied(value: Any) -> Any:
    """The value with everything masked, names aside."""
    match value:
        case dict():
            return {name: emptied(each) for name, each in value.items()}
        case list():
            return [emptied(each) for each in value]
        case bool() | None:
            return None
        case int():
            return 0
        case float():
            return 0 if value == value and abs(value) != float("inf") else None
        case "":
            return ""
    return "****"


def test_both_of_two_equal_names_are_replaced() -> None:
    assert walked('{"a": "x", "a": "y"}', paths=masked("$.a")) == '{"a": "****", "a": "****"}'


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ('{"a": 1' + "0" * 5_000 + "}", '{"a": 0}'),
        ('{"a": 1e400, "b": 1e400}', '{"a": 0, "b": 1e400}'),
        ('{"a": "x', '{"a": "****'),
        ('{"a": "x\\', '{"a": "****\\'),
        ('{"b": [1, 2, "a": "x"]}', '{"b": [1, 2, "a": "x"]}'),
        ('log line {"a": "x"} and {"a": "y"}', 'log line {"a": "****"} and {"a": "****"}'),
        ('{"b": "\\ud800", "a": "\\ud800"}', '{"b": "\\ud800", "a": "****"}'),
        ('{"\\u0061": "x"}', '{"\\u0061": "****"}'),
        ('\ufeff{"a": "x"}', '\ufeff{"a": "****"}'),
        ('{"a": ["x", {"b": "y"}], "c": "z"}', '{"a": ["****", {"b": "****"}], "c": "z"}'),
        ('{"a": true, "b": true}', '{"a": null, "b": true}'),
        ("}}]] {\"a\": \"x\"}", "}}]] {\"a\": \"****\"}"),
    ],
)  # fmt: skip
def test_what_a_parser_refuses_is_redacted_too(text: str, redacted: str) -> None:
    assert walked(text, paths=masked("$.a")) == redacted


def test_dropping_leaves_a_null() -> None:
    text = '{"a": "x", "b": 1}'

    assert walked(text, paths={"$.a": Action.DROP, "$.b": Action.DROP}) == '{"a": null, "b": null}'


def test_keeping_wins_over_names() -> None:
    text = '{"password": "x", "q": {"password": "y", "z": "w"}}'

    assert walked(
        text, paths={"$.password": Action.KEEP, "$.q": Action.KEEP, "$.q.z": Action.MASK}
    ) == ('{"password": "x", "q": {"password": "y", "z": "****"}}')


def test_only_what_is_listed_stays() -> None:
    text = '{"order": {"id": 7, "note": "n"}, "x": ["y", true, null], "z": 1.5}'

    assert json.loads(walked(text, only=("$.order.id",))) == {
        "order": {"id": 7, "note": None},
        "x": [None, None, None],
        "z": None,
    }
    assert json.loads(walked(text, only=("$.order",)))["order"] == {"id": 7, "note": "n"}


def test_a_card_in_a_number_becomes_a_number() -> None:
    redacted = json.loads(
        walked('{"card": 4111111111111111, "n": {"N": "4111111111111111"}, "t": 1795168800000}')
    )

    assert redacted["card"] == int(KEY.number("pan", "4111111111111111"))
    assert redacted["n"]["N"] == KEY.number("pan", "4111111111111111")
    assert redacted["t"] == 1795168800000


def test_a_message_attribute_keeps_its_type() -> None:
    text = '{"password":{"DataType":"String","StringValue":"x"}}'

    assert json.loads(walked(text, payload=False))["password"]["DataType"] == "String"
    assert json.loads(walked(text, payload=False))["password"]["StringValue"].startswith(
        "tok_value_"
    )


def test_paths_do_not_count_around_a_payload() -> None:
    assert walked('{"a": "x"}', payload=False, paths=masked("$.a")) == '{"a": "x"}'


def test_a_document_deeper_than_anyone_means_is_not_looked_into() -> None:
    walked("[" * 200 + "]" * 200)
    with pytest.raises(TooDeepError):
        walked("[" * 201)
