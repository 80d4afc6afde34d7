"""Reads JSON text exactly: what orjson rounds or refuses goes through Python's own parser."""

import json
import re
from typing import Any

import orjson

# orjson makes floats of integers over 64 bits; 19 digits are the shortest that can be.
_LONG_NUMBER = re.compile(rb"(?:^|[:,\[])\s*-?\d{19,}\s*(?:[,}\]]|$)")


def parse_json(text: bytes) -> Any:
    """The value that a Lambda handler's `json.loads` would see.

    Args:
        text: UTF-8 without BOM.

    Returns:
        Integers of any length exact, of a repeated member the last.

    Raises:
        ValueError: Not UTF-8, not JSON (NaN and numbers beyond a double are not), too long a number
            or nested too deeply; the message says which, and where.

    Example:
        >>> parse_json(b'{"n": 184467440737095516160}')
        {'n': 184467440737095516160}
    """
    if not _LONG_NUMBER.search(text):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # Lone surrogates are refused too; Python's parser says better what is wrong.
    try:
        return DECODER.decode(text.decode())
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def why_not(error: ValueError) -> str:
    """A parser's complaint in plain words, for a line of a report.

    Example:
        >>> try:
        ...     parse_json(b'{"a":1')
        ... except ValueError as error:
        ...     why_not(error)
        'JSON is cut off at line 1'
    """
    if isinstance(error, json.JSONDecodeError):
        if not error.doc[error.pos :].strip() or error.msg.startswith("Unterminated string"):
            return f"JSON is cut off at line {error.lineno}"
        return f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8: byte 0x{error.object[error.start]:02x} at offset {error.start}"
    if "integer string conversion" in str(error):
        return "a number of more than 4,300 digits"
    return str(error)


TOO_DEEP = "JSON is nested too deeply"


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name}, which JSON does not have")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number beyond what a double holds")
    return number


DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
