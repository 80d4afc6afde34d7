"""Payloads compared by what they say, whatever the order of JSON members, their spaces and how numbers are spelled.

What a Python Lambda handler would take for equal is equal here, and nothing else: `1`, `1.0` and `1e0` are one number,
`1` and `"1"` and `true` are three values, the last of two equal names counts. A payload that is no JSON is its bytes.
"""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import pyarrow as pa
import xxhash

from workbench.trace.functions.fields import parse_path


def canonical_json(body: bytes, ignore: Sequence[str] = ()) -> bytes | None:
    r"""The one spelling of what the payload says; None where it is no JSON that Python takes.

    Args:
        body: the payload.
        ignore: JSONPaths of members that do not count; where one names a place in a list, its value does not count.

    Raises:
        UsageError: a malformed JSONPath.

    Example:
        >>> canonical_json(b'{"v": 1.0, "at": 7, "id": "x"}', ["$.at"])
        b'{"id":"x","v":1}'
    """
    paths = [_steps(path) for path in ignore]
    try:
        value = json.loads(body, parse_float=_number)
        for path in paths:
            _forget(value, path)
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return None


def canonical_hash(bodies: pa.ChunkedArray, ignores: pa.ChunkedArray) -> pa.Array:
    """Sixteen bytes a payload, equal where `canonical_json` is, or the bytes where that is None: what DuckDB calls."""
    pairs = zip(bodies.to_pylist(), ignores.to_pylist(), strict=True)
    return pa.array([_hash(body, ignore or ()) for body, ignore in pairs], pa.binary())


def _hash(body: bytes, ignore: Sequence[str]) -> bytes:
    canonical = canonical_json(body, ignore)
    marked = b"bytes" + body if canonical is None else b"json" + canonical
    return xxhash.xxh3_128_digest(marked)


@cache
def _steps(path: str) -> tuple[str | int, ...]:
    return parse_path(path)


def _number(spelled: str) -> float | int:
    value = float(spelled)
    return int(value) if value.is_integer() else value


def _forget(value: Any, path: tuple[str | int, ...]) -> None:
    *way, last = path
    for step in way:
        match value, step:
            case dict(), str():
                value = value.get(step)
            case list(), int() if step < len(value):
                value = value[step]
            case _:
                return
    match value, last:
        case dict(), str():
            value.pop(last, None)
        case list(), int() if last < len(value):
            value[last] = None
