"""The fields of a payload: SQL and Python see the same."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.factories import clock
from workbench.errors import UsageError
from workbench.trace import TraceWriter, open_trace
from workbench.trace.functions.fields import field_value, parse_path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fields") / "t.trace"
    TraceWriter(folder, "import", [], clock).close()
    return folder


def in_sql(folder: Path, bodies: list[bytes], path: str) -> list[str | None]:
    statement = "select field(body, $path) as found from (select unnest($bodies::BLOB[]) as body)"
    with open_trace(folder) as trace:
        return trace.sql(statement, bodies=bodies, path=path)["found"].to_list()


NAMES = st.sampled_from(["v", "id", "a", "v2", "order", "é", "x y", 'q"', "b\\s", ""])
PLAIN = (
    "0",
    "-0",
    "1",
    "1.0",
    "1.10",
    "0.1",
    "123456789012345678",
    "12345678901234567890123456789",
)
ODD = (
    "1e2",
    "1E+2",
    "-0.0",
    "1e400",
    "-1e400",
    "1e-400",
    "1.7976931348623157e308",
    "1" + "0" * 20 + ".0",
)
NO_JSON_BUT_PYTHON_READS_IT = ("NaN", "Infinity", "-Infinity")
NUMBERS = st.sampled_from([*PLAIN, *ODD, *NO_JSON_BUT_PYTHON_READS_IT])
LEAVES = st.one_of(
    NUMBERS,
    st.sampled_from(
        [
            "true",
            "false",
            "null",
            '""',
            '"v"',
            '"\\u00e9"',
            '"\\ud800"',
            '"\\ud83d\\ude00"',
            '"a\\/b"',
        ]
    ),
    st.text(max_size=5).map(json.dumps),
    st.text(max_size=5, alphabet=st.characters(exclude_categories=("Cs",))).map(
        lambda text: json.dumps(text, ensure_ascii=False)
    ),
)


def containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Objects and lists as text, so that keys may stand twice."""
    names = st.tuples(NAMES, st.booleans()).map(
        lambda pair: json.dumps(pair[0], ensure_ascii=pair[1])
    )
    gap = st.sampled_from(["", " ", "\n"])
    members = st.lists(
        st.tuples(names, gap, inner).map(lambda m: f"{m[0]}{m[1]}:{m[1]}{m[2]}"), max_size=4
    )
    return members.map(lambda each: "{" + ",".join(each) + "}") | st.lists(inner, max_size=3).map(
        lambda each: "[" + ", ".join(each) + "]"
    )


DOCUMENTS = st.recursive(LEAVES, containers, max_leaves=8)
PATHS = st.sampled_from(
    [
        "$.v",
        "$.id",
        "$.a.v",
        "$.order.id",
        "$.v.v",
        "$.v[0]",
        "$[0]",
        "$[1].v",
        '$."x y"',
        '$."é"',
        "$.a",
        "$.v2",
    ]
)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(DOCUMENTS, max_size=20), path=PATHS)
@example(texts=['{"v": 1, "v": 2}'], path="$.v")
@example(texts=['{"a": {"v": 1}, "a": {"v": 2}}'], path="$.a.v")
@example(texts=['{"a": {"v": 1}, "a": {}}'], path="$.a.v")
@example(texts=['{"a": {"v": 1}, "a": 5}'], path="$.a.v")
@example(texts=['{"v": {"x": 1, "x": 2}}'], path="$.v")
@example(texts=['{"v": {"x": 1.0}}'], path="$.v")
@example(texts=['{"v": [1e2, "é"]}'], path="$.v")
@example(texts=['{"v": "é"}'], path="$.v")
@example(texts=['{"v": ["é"]}'], path="$.v")
@example(texts=['{"v": "12345678901234567890.0"}'], path="$.v")
@example(texts=['{"v": -0}'], path="$.v")
@example(texts=['{"\\u0076": 2, "v": 1}'], path="$.v")
@example(texts=['{"v": [1, 2]}'], path="$.v")
@example(texts=['{"v": NaN}'], path="$.v")
@example(texts=['{"v": "\\u0000"}'], path="$.v")
@example(texts=["[[1]]"], path="$[0]")
def test_sql_sees_what_a_python_handler_sees(folder: Path, texts: list[str], path: str) -> None:
    bodies = [text.encode("utf-8", "surrogatepass") for text in texts]

    assert in_sql(folder, bodies, path) == [field_value(body, path) for body in bodies]


@settings(max_examples=20, deadline=None)
@given(bodies=st.lists(st.binary(max_size=40)))
@example(
    bodies=[
        b'{"v": "\xff"}',
        b"\xef\xbb\xbf{}",
        b"[" * 2_000,
        b'{"v":' + b"[" * 900 + b"]" * 900 + b"}",
    ]
)
def test_hostile_bytes_have_the_same_field_or_none(folder: Path, bodies: list[bytes]) -> None:
    assert in_sql(folder, bodies, "$.v") == [field_value(body, "$.v") for body in bodies]


def test_what_is_not_there_or_null_has_no_value(folder: Path) -> None:
    bodies = [b'{"v": 1}', b'{"w": 1}', b'{"v": null}', b"no JSON", b"", b"[1]"]

    assert in_sql(folder, bodies, "$.v") == ["1", None, None, None, None, None]


def test_a_path_is_read_step_by_step() -> None:
    assert parse_path('$.order."odd name"[10].id-2') == ("order", "odd name", 10, "id-2")


@pytest.mark.parametrize(
    "path", ["", "$", "order", "$.", "$.*", "$..id", "$[*]", "$[-1]", "$.a b", "$[?(@.x)]", "$.a."]
)
def test_a_path_that_names_no_single_value_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="wanted a JSONPath"):
        parse_path(path)


def signatures(folder: Path, failures: list[tuple[str | None, str | None]]) -> list[str | None]:
    statement = """select signature(error_type, message) as found
        from (select unnest($types::VARCHAR[]) as error_type, unnest($messages::VARCHAR[]) as message)"""
    types, messages = [kind for kind, _ in failures], [message for _, message in failures]
    with open_trace(folder) as trace:
        return trace.sql(statement, types=types, messages=messages)["found"].to_list()


@pytest.mark.parametrize(
    ("error_type", "message", "expected"),
    [
        ("ValueError", "order 17 has no amount\nTraceback", "ValueError: order # has no amount"),
        (None, "Task timed out after 3.00 seconds", "Task timed out after # seconds"),
        ("KeyError", "'amount'", "KeyError: *"),
        ("E", "can't parse \"a\\\"b\" of 'x' at 0xdeadBEEF", "E: can't parse * of * at #"),
        ("E", "s3://bucket1/key not found at 10.0.0.1:443", "E: # not found at #"),
        ("E", None, "E"),
        ("", "", None),
        (None, None, None),
    ],
)
def test_a_signature_is_what_failures_of_one_cause_say_alike(
    error_type: str | None, message: str | None, expected: str | None, folder: Path
) -> None:
    assert signatures(folder, [(error_type, message)]) == [expected]


VARYING = st.integers(0, 10**20).map(str) | st.uuids().map(str) | st.uuids().map(lambda u: u.hex)
SAID = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(VARYING, VARYING, SAID), max_size=20), SAID)
def test_numbers_ids_and_quoted_text_do_not_change_a_signature(
    folder: Path, varied: list[tuple[str, str, str]], words: str
) -> None:
    quoted = [said.replace('"', "").replace("\\", "") for *_, said in varied]
    failures = [
        ("E", f'at {a} by {b}: "{q}" {words}')
        for (a, b, _), q in zip(varied, quoted, strict=True)
        if not {"\r", "\n"} & set(q)
    ]
    assert len(set(signatures(folder, failures))) <= 1


@settings(max_examples=40, deadline=None)
@given(st.lists(SAID, max_size=30))
def test_the_signature_of_a_signature_is_itself_and_it_is_short(
    folder: Path, messages: list[str]
) -> None:
    once = signatures(folder, [(None, message) for message in messages])

    assert signatures(folder, [(None, each) for each in once]) == once
    assert all(each is None or len(each) <= 200 for each in once)
