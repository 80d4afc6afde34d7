"""How a payload can be read: where it is called plain, DuckDB and Python see the same at every path."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.factories import clock
from tests.workbench.trace.functions.test_fields import DOCUMENTS, NAMES, PATHS
from workbench.trace import Trace, TraceWriter, open_trace
from workbench.trace.functions.fields import field_value
from workbench.trace.functions.readings import NO_JSON, ODD, PLAIN, SCALARS, reading


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trace]:
    folder = tmp_path_factory.mktemp("readings") / "t.trace"
    TraceWriter(folder, "import", [], clock).close()
    with open_trace(folder) as opened:
        yield opened


OURS = st.recursive(  # as most writers write: these are to be called plain
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=6))
    | st.floats(0.001, 1e6).map(lambda value: round(value, 3)),
    lambda inner: st.dictionaries(NAMES, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=8,
)
WRITTEN = st.tuples(OURS, st.booleans(), st.sampled_from([(",", ":"), (", ", ": ")])).map(
    lambda how: json.dumps(how[0], ensure_ascii=how[1], separators=how[2])
)


@settings(max_examples=40)
@given(texts=st.lists(DOCUMENTS | WRITTEN, max_size=20), path=PATHS)
@example(
    texts=['{"v": {"x": 0.00001234}}', '{"v":1e16}', '{"v":0.00001234}', "1e16", '{"v":1.5e-7}'],
    path="$.v",
)
@example(texts=['{"v": -0}', '{"v":-0.0}', '{"v":18446744073709551615}'], path="$.v")
@example(texts=['{"v":["\\u00e9"]}', '{"v":["\x7f"]}', '{"v":["é"]}', '{"v":"[é"}'], path="$.v")
@example(texts=['{"v\\u0000":1}', '{"\\u0076":1}', '{"a\\"v":1, "v": 2}'], path="$.v")
@example(texts=['{"x*": 1, "v": 2}', '{"b\\\\s": 3}'], path='$."*"')
@example(texts=['{"b\\\\s": 3}', '{"bs": 4}'], path='$."b\\s"')
@example(texts=['{"v": 1, }', '{"v": nan}', '{"v": "a, ", "v, ": 2}'], path="$.v")
def test_a_field_read_as_compaction_found_it_is_what_a_python_handler_sees(
    trace: Trace, texts: list[str], path: str
) -> None:
    bodies = [text.encode("utf-8", "surrogatepass") for text in texts]
    statement = (
        "select field_of(body, reading_of(body), $path) as found, reading_of(body) as reading"
        " from (select unnest($bodies::BLOB[]) as body)"
    )
    rows = trace.sql(statement, bodies=bodies, path=path)

    assert rows["found"].to_list() == [field_value(body, path) for body in bodies]
    assert rows["reading"].to_list() == [reading(body) for body in bodies]


@given(value=OURS, separators=st.sampled_from([(",", ":"), (", ", ": ")]))
def test_what_writers_write_is_rarely_odd(value: object, separators: tuple[str, str]) -> None:
    body = json.dumps(value, ensure_ascii=False, separators=separators).encode("utf-8")
    has_escapes = b"\\" in body or b"\x7f" in body or b"\x00" in body

    assert reading(body) in ((PLAIN, SCALARS, ODD) if has_escapes else (PLAIN, SCALARS))


@given(body=st.binary(max_size=40))
@example(body="\ufeff{}".encode())
@example(body='{"v":1}'.encode("utf-16"))
def test_bytes_of_any_kind_have_a_reading(body: bytes) -> None:
    found = reading(body)

    if found == NO_JSON:
        assert field_value(body, "$.v") is None


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"a":1,"b":"x","c":[1.5,null,{"d":true}]}', PLAIN),
        (b'{"a": 1, "b": "x, y: z"}', PLAIN),
        (b'{\n  "a": 1\n}', PLAIN),
        (b'{"id":"7e3a-1e5","at":"2026-11-20T10:00:00Z"}', PLAIN),
        (b'{"a":"line\\nbreak \\"quoted\\""}', PLAIN),
        ('{"a":"é"}'.encode(), SCALARS),
        (b'{"a":"\\u00e9"}', SCALARS),
        (b'{"a\\u0062c":1}', ODD),
        (
            b'{"a":"' + b"\\u00e9" * 300_000 + b'"}',
            SCALARS,
        ),  # never, where each escape looks for its quote
        (b'{"a":1,"a":2}', ODD),
        (b'{"a":12.50}', ODD),
        (b'{"a":1e5}', ODD),
        (b'{"a":NaN}', ODD),
        (b'{"a":"\\ud800"}', ODD),
        (b'{"a":' + b"9" * 4_000 + b"}", ODD),
        (b"[" * 300 + b"]" * 300, ODD),
        (b'{"a":' + b"9" * 5_000 + b"}", NO_JSON),
        (b'{"a":1,}', NO_JSON),
        (b"", NO_JSON),
        (b"START RequestId: 1", NO_JSON),
        (b"\xff", NO_JSON),
    ],
)
def test_readings_by_example(body: bytes, found: str) -> None:
    assert reading(body) == found
