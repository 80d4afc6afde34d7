"""The fields of a payload: SQL and Python see the same."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.factories import clock
from workbench.errors import UsageError
from workbench.trace import Trace, TraceWriter, open_trace
from workbench.trace.fields import field_value, parse_path


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trace]:
    folder: Path = tmp_path_factory.mktemp("fields") / "t.trace"
    TraceWriter(folder, "import", [], clock).close()
    with open_trace(folder) as opened:
        yield opened


def in_sql(trace: Trace, body: bytes, path: str) -> str | None:
    value: str | None = trace.sql(
        "select field($body, $path) as found", body=body, path=path
    ).item()
    return value


NAMES = st.sampled_from(["v", "id", "a", "v2", "order", "é", "x y", 'q"', "b\\s", ""])
NUMBERS = st.sampled_from(
    "0 -0 1 1.0 1.10 1e2 1E+2 -0.0 1e400 -1e400 1e-400 0.1 123456789012345678 100000000000000000000.0"
    " 12345678901234567890123456789 1.7976931348623157e308 NaN Infinity -Infinity".split()
)
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


@settings(max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=DOCUMENTS, path=PATHS)
@example(text='{"v": 1, "v": 2}', path="$.v")
@example(text='{"a": {"v": 1}, "a": {"v": 2}}', path="$.a.v")
@example(text='{"a": {"v": 1}, "a": {}}', path="$.a.v")
@example(text='{"a": {"v": 1}, "a": 5}', path="$.a.v")
@example(text='{"v": {"x": 1, "x": 2}}', path="$.v")
@example(text='{"v": {"x": 1.0}}', path="$.v")
@example(text='{"v": [1e2, "é"]}', path="$.v")
@example(text='{"v": "é"}', path="$.v")
@example(text='{"v": ["é"]}', path="$.v")
@example(text='{"v": "12345678901234567890.0"}', path="$.v")
@example(text='{"v": -0}', path="$.v")
@example(text='{"\\u0076": 2, "v": 1}', path="$.v")
@example(text='{"v": [1, 2]}', path="$.v")
@example(text='{"v": NaN}', path="$.v")
@example(text='{"v": "\\u0000"}', path="$.v")
@example(text="[[1]]", path="$[0]")
def test_sql_sees_what_a_python_handler_sees(trace: Trace, text: str, path: str) -> None:
    body = text.encode("utf-8", "surrogatepass")

    assert in_sql(trace, body, path) == field_value(body, path)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=40))
@example(body=b'{"v": "\xff"}')
@example(body=b"\xef\xbb\xbf{}")
@example(body=b"[" * 2_000)
def test_hostile_bytes_have_the_same_field_or_none(trace: Trace, body: bytes) -> None:
    assert in_sql(trace, body, "$.v") == field_value(body, "$.v")


def test_a_column_of_payloads_is_read_row_by_row(trace: Trace) -> None:
    statement = """select field(body, '$.v') as v from (values
        ('{"v": 1}'::BLOB), ('{"v": 1, "v": 2}'::BLOB), (null), ('no'::BLOB), ('{"v": null}'::BLOB)) rows(body)"""

    assert trace.sql(statement).equals(pl.DataFrame({"v": ["1", "2", None, None, None]}))


def test_a_path_is_read_step_by_step() -> None:
    assert parse_path('$.order."odd name"[10].id-2') == ("order", "odd name", 10, "id-2")


@pytest.mark.parametrize(
    "path", ["", "$", "order", "$.", "$.*", "$..id", "$[*]", "$[-1]", "$.a b", "$[?(@.x)]", "$.a."]
)
def test_a_path_that_names_no_single_value_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="wanted a JSONPath"):
        parse_path(path)
