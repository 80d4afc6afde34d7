"""How each payload can be read: where DuckDB's JSON functions see what Python's parser sees, found out once.

Compaction notes it with the row. Then a field at any path costs what DuckDB's own `->>` costs, and only odd payloads
are looked at again, as `field` does it.
"""

import json
import re
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from workbench.trace.payload import DEEPEST

PLAIN = "plain"
"""JSON that both parsers take alike: every value at every path has the same text."""
SCALARS = "scalars"
"""The same but for containers, which Python writes with escapes of its own."""
NO_JSON = "no_json"
"""Python's parser refuses it: no path has a value."""
ODD = "odd"
"""Whatever else: names that repeat, numbers that are respelled, spellings that one parser alone takes."""

SUSPECT = r"\\|\x7f|(?:^|[:\[,])\s*-?(?:[0-9.]+[eE]|0\.0000)"
"""Escapes, and numbers that parsers spell with an exponent."""
UNREADABLE_ESCAPE = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")
ESCAPED_NAME = re.compile(rb'\\[^"\\]*"\s*:')
"""From the last escape before a quote on, so that a text full of escapes is looked through once."""


class _OddError(Exception):
    """Something in the payload that the two parsers may take differently."""


def reading(body: bytes) -> str:
    r"""How this payload can be read.

    Example:
        >>> reading(b'{"v": 1}'), reading(b'{"v": 1, "v": 2}'), reading(b"hello"), reading(b'{"v": "\\u00e9"}')
        ('plain', 'odd', 'no_json', 'scalars')
    """
    return _reading(body, re.search(SUSPECT.encode(), body) is not None)


def readings(bodies: pa.ChunkedArray) -> pa.Array:
    """`reading` over a column."""
    suspect = pc.match_substring_regex(bodies, SUSPECT)
    pairs = zip(bodies.to_pylist(), suspect.to_pylist(), strict=True)
    found = [_reading(body, bool(odd)) if body else NO_JSON for body, odd in pairs]
    return pa.array(found, pa.string())


def _reading(body: bytes, suspect: bool) -> str:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _of_refused(body)
    if not suspect and not _is_deep(body) and _written_as(value, body):
        return PLAIN if body.isascii() else SCALARS
    return _of_odd_looking(body)


def _written_as(value: Any, body: bytes) -> bool:
    """Whether writing the value gives the text back, so that no name repeats and no number has another spelling.

    Spaces that writers put between members are left out of both; the same ones in a string do no harm.
    """
    if orjson.dumps(value) == body:
        return True
    compact = body.replace(b'": ', b'":').replace(b", ", b",")
    return len(compact) < len(body) and orjson.dumps(orjson.loads(compact)) == compact


def _is_deep(body: bytes) -> bool:
    return body.count(b"[") + body.count(b"{") > DEEPEST


def _of_refused(body: bytes) -> str:
    """Of what a strict parser refuses Python takes some; what refuses Python too has no fields."""
    try:
        json.loads(body)
    except RecursionError:
        return ODD
    except ValueError:
        return NO_JSON
    return ODD


def _of_odd_looking(body: bytes) -> str:
    if _is_deep(body) or UNREADABLE_ESCAPE.search(body) or ESCAPED_NAME.search(body):
        return ODD
    try:
        json.loads(
            body,
            object_pairs_hook=_once,
            parse_float=_as_written,
            parse_int=_short_enough,
            parse_constant=_refused,
        )
    except (_OddError, ValueError, RecursionError):
        return ODD
    return PLAIN if body.isascii() and b"\\u" not in body and b"\x7f" not in body else SCALARS


def _once(members: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in members}) < len(members):
        raise _OddError


def _as_written(number: str) -> float:
    value = float(number)
    if repr(value) != number or "e" in number:
        raise _OddError
    return value


def _short_enough(number: str) -> int:
    if len(number) > 18 or number == "-0":
        raise _OddError
    return 0


def _refused(constant: str) -> None:
    raise _OddError
