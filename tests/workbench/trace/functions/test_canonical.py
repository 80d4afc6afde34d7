"""Payloads compared by what they say: indifferent to spelling, and to nothing else."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.factories import clock
from workbench.errors import UsageError
from workbench.trace import TraceWriter, open_trace
from workbench.trace.functions.canonical import canonical_json

NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([0, 1, 1.0, -0.0, 1e15, 10**16, 1e300, 10**300])
)
LEAVES = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.text(max_size=3), st.sampled_from(["1", "true", "\ud800"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


def spelled(value: Any, draw: st.DrawFn) -> str:
    """The value as JSON, its spaces, the order of its members and the spelling of its numbers as drawn."""
    space = draw(st.sampled_from(["", " ", "\n\t"]))
    match value:
        case dict():
            members = draw(st.permutations(list(value.items())))
            inner = [
                f"{space}{json.dumps(name)}{space}:{spelled(each, draw)}" for name, each in members
            ]
            return "{" + f"{space},".join(inner) + space + "}"
        case list():
            return "[" + ",".join(f"{space}{spelled(each, draw)}" for each in value) + space + "]"
        case str():
            return json.dumps(value, ensure_ascii=draw(st.booleans()) or "\ud800" in value)
        case int() if not isinstance(value, bool) and abs(value) < 10**15:
            return draw(st.sampled_from([f"{value}", f"{value}.0", f"{value}e0", f"{value}.0E+0"]))
    return json.dumps(value)


@st.composite
def a_value_and_two_spellings(draw: st.DrawFn) -> tuple[Any, str, str]:
    value = draw(VALUES)
    return value, spelled(value, draw), spelled(value, draw)


@given(a_value_and_two_spellings())
def test_the_spelling_makes_no_difference(case: tuple[Any, str, str]) -> None:
    _, one, other = case

    assert canonical_json(one.encode()) == canonical_json(other.encode()) is not None


def same(one: Any, other: Any) -> bool:
    """Whether a handler would take two values for the same: Python's equality, but truths are no numbers."""
    match one, other:
        case bool(), _:
            return one is other
        case dict(), dict():
            return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
        case list(), list():
            return len(one) == len(other) and all(map(same, one, other))
        case float(), float() if math.isnan(one):
            return math.isnan(other)
    return not isinstance(other, bool) and bool(one == other)


@given(VALUES, VALUES)
@example(1, "1")
@example(1, True)
@example(0, False)
@example(10**300, 1e300)
@example([], {})
@example({"a": 1, "b": 2}, {"a": 2, "b": 1})
@example({"a": None}, {})
@example([1, 2], [2, 1])
@example(0.1, 0.10000000000000002)
def test_two_values_are_canonically_equal_where_python_takes_them_for_equal(
    one: Any, other: Any
) -> None:
    equal = canonical_json(json.dumps(one).encode()) == canonical_json(json.dumps(other).encode())

    assert equal == same(one, other)


def test_the_last_of_two_equal_names_counts() -> None:
    assert canonical_json(b'{"v": 1, "v": 2}') == b'{"v":2}'


def test_members_that_are_ignored_make_no_difference_present_or_absent() -> None:
    ignore = ["$.sent_at", "$.meta.trace", "$.items[1]"]

    one = canonical_json(
        b'{"id": 1, "sent_at": 5, "meta": {"trace": "a"}, "items": [1, 2, 3]}', ignore
    )
    other = canonical_json(b'{"items": [1, 9, 3], "meta": {}, "id": 1}', ignore)
    third = canonical_json(b'{"items": [1, 9, 4], "meta": {}, "id": 1}', ignore)

    assert one == other != third


@pytest.mark.parametrize("body", [b'["$"]', b'"text"', b"7", b"null", b'{"a": 7}', b'{"a": [1]}'])
def test_a_path_that_leads_nowhere_takes_nothing_away(body: bytes) -> None:
    assert canonical_json(body, ["$.a.b[3]", "$.x"]) == canonical_json(body)


def test_a_malformed_path_is_refused() -> None:
    with pytest.raises(UsageError, match="JSONPath"):
        canonical_json(b"{}", ["sent_at"])


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"\xff\xfe", b'{"a"', b"[" * 100_000 + b"]" * 100_000, b"1" * 5_000]
)
def test_what_python_does_not_read_has_no_canonical_form(body: bytes) -> None:
    assert canonical_json(body) is None


def test_in_sql_what_is_no_json_is_compared_by_its_bytes(tmp_path: Path) -> None:
    TraceWriter(tmp_path / "t.trace", "import", [], clock).close()
    pairs = [
        (b'{"a": 1, "b": 2}', b'{"b":2.0,"a":1}', True),
        (b"hello", b"hello", True),
        (b"hello", b"hello ", False),
        (b'"x"', b"x", False),
        (b"[" * 100_000, b"[" * 100_000, True),
        (b"[" * 100_000, b"[" * 99_999, False),
        (b"\xff", b"\xfe", False),
    ]
    with open_trace(tmp_path / "t.trace") as trace:
        told = trace.sql(
            "select canonical_hash(one, ['$.at']) = canonical_hash(other, ['$.at']) as same"
            " from (select unnest($one::BLOB[]) as one, unnest($other::BLOB[]) as other)",
            one=[one for one, _, _ in pairs],
            other=[other for _, other, _ in pairs],
        )

    assert told["same"].to_list() == [equal for _, _, equal in pairs]
