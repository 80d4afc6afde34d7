"""What a payload is taken for."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.trace.payload import body_hash, parse_status

STATUSES = [
    (b'{"a": 1}', "json"),
    (b" \r\n\t[1]", "json"),
    (b'"text"', "json"),
    (b"12.5e3", "json"),
    (b"true", "json"),
    (b"null", "json"),
    (b"NaN", "json"),
    (b"-Infinity", "json"),
    (b'"\\ud800"', "json"),
    (b'{"a": 1, "a": 2}', "json"),
    (b"9" * 4_000, "json"),
    (b"", "empty"),
    (b" \n", "empty"),
    (b"hello", "text"),
    (b"true story", "text"),
    (b"12 monkeys", "text"),
    (b"REPORT RequestId: 1", "text"),
    ("größer".encode(), "text"),
    (b'{"a": 1', "broken_json"),
    (b'{"a": 1} {"b": 2}', "broken_json"),
    (b"{'a': 1}", "broken_json"),
    (b"[1, 2", "broken_json"),
    (b"\xff\xfe\x00", "binary"),
    (b'{"a": "\xff"}', "binary"),
    (b"hello \x80", "binary"),
    (b"\xf3\x89\x9a\xc2aggregate", "binary"),
    (b"[" * 100_000, "too_deep"),
    (b'{"a":' * 500 + b"1" + b"}" * 500, "json"),
    (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "too_deep"),
]


@pytest.mark.parametrize(("body", "status"), STATUSES, ids=[repr(b[:20]) for b, _ in STATUSES])
def test_a_payload_is_taken_for(body: bytes, status: str) -> None:
    assert parse_status(body) == status


@given(st.binary(max_size=200))
def test_any_bytes_have_a_status(body: bytes) -> None:
    assert parse_status(body) in {"json", "text", "binary", "empty", "broken_json", "too_deep"}


def python_reads(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


@given(
    st.binary(max_size=40)
    | st.text(alphabet='{}[]",:0123456789.eE+-aNn \\u', max_size=20).map(str.encode)
)
def test_json_is_what_a_python_handler_can_read(body: bytes) -> None:
    # json.loads takes UTF-16 and UTF-32 as well; nobody sends those as JSON, and a queue cannot hold them.
    if json.detect_encoding(body) in ("utf-8", "utf-8-sig") and not body.startswith(
        b"\xef\xbb\xbf"
    ):
        assert (parse_status(body) == "json") == python_reads(body)


def test_equal_payloads_have_equal_hashes_of_sixteen_bytes() -> None:
    assert body_hash(b"a") == body_hash(b"a") != body_hash(b"b")
    assert len(body_hash(b"")) == 16
