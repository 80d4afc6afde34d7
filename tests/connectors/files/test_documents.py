"""Files taken apart into documents."""

import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files import documents as subject
from connectors.files.documents import Broken, Document, TextLines, documents


def parts(content: bytes) -> list[Document | Broken | TextLines]:
    return list(documents(io.BufferedReader(io.BytesIO(content))))


def values(content: bytes) -> list[Any]:
    return [part.value for part in parts(content) if isinstance(part, Document)]


def broken(content: bytes) -> list[tuple[int, str]]:
    return [(p.line_number, p.reason) for p in parts(content) if isinstance(p, Broken)]


@pytest.mark.parametrize("wrap", [lambda b: b, gzip.compress, lambda b: b"\xef\xbb\xbf" + b])
@pytest.mark.parametrize("indent", [None, 4])
def test_one_document_is_read_however_it_is_written(wrap: Any, indent: int | None) -> None:
    document = {"a": [1, {"b": "ä"}], "c": []}
    assert values(wrap(json.dumps(document, indent=indent).encode())) == [document]


def test_json_lines_are_read_one_by_one_and_know_their_numbers() -> None:
    found = parts(b'{"a":1}\n\n{"a":2}')
    assert found == [Document(1, {"a": 1}, b'{"a":1}'), Document(3, {"a": 2}, b'{"a":2}')]


def test_a_broken_line_costs_no_other_line() -> None:
    content = b'{"a":\n{"a":2}\n{"a":\xff}\nnot json\n{"a":3}\n'
    assert values(content) == [{"a": 2}, {"a": 3}]
    (first, _), (second, why), (third, _) = broken(content)
    assert (first, second, third) == (1, 3, 4)
    assert "not UTF-8: byte 0xff" in why


def test_documents_appended_to_each_other_are_several() -> None:
    one = json.dumps({"a": 1}, indent=4)
    assert values(f"{one}\n{one}{one}\n".encode()) == [{"a": 1}] * 3


def test_an_empty_answer_before_a_longer_one_makes_no_json_lines() -> None:
    assert values(b'{}\n{\n    "a": 1\n}\n') == [{}, {"a": 1}]


def test_a_broken_document_between_others_costs_only_itself() -> None:
    content = b'{\n  "a": 1\n}\n{\n  "a": oops\n}\n{\n  "a": 3\n}\n'
    assert values(content) == [{"a": 1}, {"a": 3}]
    ((line, reason),) = broken(content)
    assert (line, reason.split(":")[0]) == (4, "not JSON at line 5, column 8")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty file"),
        (b" \n\n", "empty file"),
        (b"\xef\xbb\xbf", "empty file"),
        (gzip.compress(b""), "empty file"),
        (b'{\n  "Records": [\n    {"a":', "JSON is cut off at line 3"),
        (b'{"Records": "hel', "JSON is cut off at line 1"),
        ('{"a": 1}'.encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04\x00\x00", "a binary file (it starts with 50 4b 03 04)"),
        (b"caf\xe9 au lait", "not UTF-8: byte 0xe9"),
        (b'{\n"a": "caf\xe9"}', "not UTF-8: byte 0xe9"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": ' * 100_000, "nested too deeply"),
        (b'{"n": ' + b"7" * 5000 + b"}", "more than 4,300 digits"),
        (b'{"n": NaN}', "NaN, which JSON does not have"),
        (b'{"n": 1e999}', "beyond what a double holds"),
    ],
)
def test_what_is_no_document_is_told_in_plain_words(content: bytes, told: str) -> None:
    ((_, reason),) = broken(content)
    assert told in reason


def test_text_is_lines_whatever_stands_in_its_brackets() -> None:
    (text,) = parts(b"[INFO] one\r\n{}\nthree")
    assert isinstance(text, TextLines)
    assert list(text.lines) == [b"[INFO] one", b"{}", b"three"]


def test_gzip_that_is_cut_off_gives_what_it_had_and_then_fails() -> None:
    packed = gzip.compress(b'{"a":1}\n' * 50_000, mtime=0)[:-20]
    stream = documents(io.BufferedReader(io.BytesIO(packed)))
    assert isinstance(next(stream), Document)
    with pytest.raises(subject.UNREADABLE):
        list(stream)


def test_gzip_inflates_only_up_to_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "INFLATED_BYTES_MAX", 100_000)
    with pytest.raises(OSError, match="inflates to more than 100,000 bytes"):
        parts(gzip.compress(b'{"a":1}\n' * 50_000))


def test_a_document_or_line_beyond_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "DOCUMENT_BYTES_MAX", 1000)
    with pytest.raises(OSError, match="a line of more than 1,000 bytes"):
        parts(b"x" * 2000)
    with pytest.raises(OSError, match="one JSON document of more than 1,000 bytes"):
        parts(b"[\n" + b"1,\n" * 1000 + b"1]")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)  # fmt: skip


@given(st.lists(st.dictionaries(st.text(), JSON), min_size=1, max_size=5), st.booleans())
def test_every_json_document_is_read_as_python_reads_it(
    written: list[dict[str, Any]], is_pretty: bool
) -> None:
    indent = 2 if is_pretty else None
    content = "\n".join(json.dumps(value, indent=indent) for value in written).encode()
    assert repr(values(content)) == repr([json.loads(json.dumps(value)) for value in written])


@given(st.binary(max_size=200))
def test_no_bytes_raise_but_what_reading_raises(content: bytes) -> None:
    try:
        found = parts(content)
    except subject.UNREADABLE:
        return
    assert found
