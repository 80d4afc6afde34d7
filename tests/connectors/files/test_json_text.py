"""JSON text read exactly."""

import json

import pytest

from connectors.files.json_text import parse_json, why_not


@pytest.mark.parametrize(
    "text",
    [
        "184467440737095516160",
        "[-9223372036854775809]",
        '{"a": 12345678901234567890123 , "b": 1}',
        '"\\ud800"',
        '{"a": 1, "a": 2}',
        "[1545084650.987, 1e300, -0.0]",
    ],
)
def test_values_are_those_of_pythons_own_parser(text: str) -> None:
    assert repr(parse_json(text.encode())) == repr(json.loads(text))


@pytest.mark.parametrize("text", [b"", b"{", b'{"a" 1}', b"\xff", b"[NaN]", b"[-Infinity]"])
def test_what_is_no_json_is_a_value_error_with_a_reason_of_one_line(text: bytes) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - any of its classes
        parse_json(text)
    assert "\n" not in why_not(raised.value)
