"""What a payload is, and the hash that stands for it: the only look that capture takes inside a body."""

import json

import orjson
import xxhash

JSON_STARTS = b'{["-0123456789tfnNI\xef'
SPACE = b" \t\r\n"
DEEPEST = 200
"""Assumed: deeper nesting is no payload that anyone means; Python's own parser gives up near 1,000."""


def body_hash(body: bytes) -> bytes:
    """Sixteen bytes that are equal when the payloads are; not a security hash."""
    return xxhash.xxh3_128_digest(body)


def parse_status(body: bytes) -> str:
    r"""How a Python Lambda handler's `json.loads` would take this payload.

    Returns:
        `json`, `text` (UTF-8 that is no JSON), `binary` (not UTF-8), `empty`, or why JSON that was begun cannot be
        read: `broken_json`, `too_deep`.

    Example:
        >>> parse_status(b'{"a": 1}'), parse_status(b"hello"), parse_status(b"\xff"), parse_status(b'{"a"')
        ('json', 'text', 'binary', 'broken_json')
    """
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return _status_of_refused(body)
    return "json"


def _status_of_refused(body: bytes) -> str:
    """What orjson refuses and Python's parser may take: NaN, huge numbers, lone surrogates, other encodings."""
    start = body.lstrip(SPACE)[:1]
    if not start:
        return "empty"
    if start not in JSON_STARTS:
        return _text_or_binary(body)
    if body.count(b"[") + body.count(b"{") > DEEPEST and _depth(body) > DEEPEST:
        return "too_deep"
    try:
        json.loads(body)
    except UnicodeDecodeError:
        return "binary"
    except (ValueError, RecursionError):
        text_or_binary = _text_or_binary(body)
        return "broken_json" if start in b"{[" and text_or_binary == "text" else text_or_binary
    return "json"


def _text_or_binary(body: bytes) -> str:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "binary"
    return "text"


def _depth(body: bytes) -> int:
    """Upper bound of the nesting depth, brackets inside strings included."""
    depth = deepest = 0
    for byte in body:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest
