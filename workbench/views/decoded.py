"""What is packed inside a payload: base64, gzip, aggregates of the Kinesis Producer Library, envelopes in envelopes.

Payloads are hostile: a bomb inflates to a bound, and what nests without end is opened so many times.
"""

import base64
import binascii
import json
import re
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from connectors.kinesis.kpl import opened_aggregate
from workbench.trace.payload import parse_status
from workbench.views.json_tree import Number

DEEPEST = 8
"""Assumed: layers in layers; nobody packs more often on purpose."""
MOST_LAYERS = 100
MOST_BYTES = 10_000_000
"""Assumed: what compressed bytes may grow to, and all layers together."""
LEAST_BASE64 = 16
"""Assumed: shorter text that could be base64 is mostly a word."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}")
_GZIP, _ZLIB = b"\x1f\x8b", b"\x78"
_KINDS: dict[str, type | tuple[type, ...]] = {
    "S": str,
    "N": str,
    "B": str,
    "BOOL": bool,
    "NULL": bool,
    "L": list,
    "M": dict,
    "SS": list,
    "NS": list,
    "BS": list,
}
"""Types of DynamoDB's attribute values, and what they have in JSON."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Something that was found inside something else."""

    path: tuple[str, ...]
    """How to get there: `("SNS Message", "base64", "gzip")`."""
    content: Any
    """Bytes; or a JSON value, where it was read from DynamoDB's JSON."""


def decoded(body: bytes) -> list[Layer]:
    """What is packed inside a payload, outer layers first; at most 100.

    Returns:
        Nothing, where the payload is what it is.

    Example:
        >>> [(layer.path, layer.content) for layer in decoded(base64.b64encode(b'{"order": {"id": 1}}'))]
        [(('base64',), b'{"order": {"id": 1}}')]

    Source: amazon-kinesis-producer, aggregation-format.md; DynamoDB API reference, AttributeValue; SNS developer guide,
        "Parsing Amazon SNS message formats".
    """
    found: list[Layer] = []
    left = MOST_BYTES
    for layer in islice(_inside(body, ()), MOST_LAYERS):
        found.append(layer)
        left -= len(layer.content) if isinstance(layer.content, bytes) else 0
        if left <= 0:
            break
    return found


def _inside(body: bytes, path: tuple[str, ...]) -> Iterator[Layer]:
    if len(path) >= DEEPEST:
        return
    document = _document(body)
    if document is not None:
        yield from _in_document(document, path)
        return
    for how, content in _unpacked(body):
        yield Layer((*path, how), content)
        yield from _inside(content, (*path, how))


def _unpacked(body: bytes) -> Iterator[tuple[str, bytes]]:
    """What bytes that are no JSON hold."""
    if aggregate := opened_aggregate(body):
        count = len(aggregate.user_records)
        for record in aggregate.user_records:
            how = f"user record {record.sub_sequence + 1} of {count}, key {record.partition_key}"
            yield how, record.data or b""
    elif (inflated := _inflated(body)) is not None:
        yield "gzip" if body.startswith(_GZIP) else "zlib", inflated
    elif (plain := _from_base64(body)) is not None:
        yield "base64", plain


def _in_document(document: Any, path: tuple[str, ...]) -> Iterator[Layer]:
    with suppress(RecursionError):  # nested as deeply as nothing that anyone means
        plain = _plain(document)
        if plain != document:
            yield Layer((*path, "DynamoDB JSON"), plain)
    is_notification = isinstance(document, dict) and document.get("Type") == "Notification"
    for place, text in _texts(document):
        within = text.encode("utf-8", "surrogatepass")
        how = f"SNS {place}" if is_notification and place == "Message" else place
        if (is_notification and place == "Message") or _document(within) is not None:
            yield Layer((*path, how), within)
            yield from _inside(within, (*path, how))
        else:
            yield from _inside(within, (*path, how))


def _texts(document: Any) -> Iterator[tuple[str, str]]:
    """Texts in it that are long enough to hold something, each with its place."""
    waiting: deque[tuple[str, Any]] = deque([("", document)])
    while waiting:
        place, value = waiting.popleft()
        if isinstance(value, dict):
            waiting += [
                (f"{place}.{name}" if place else name, each) for name, each in value.items()
            ]
        elif isinstance(value, list):
            waiting += [(f"{place}[{number}]", each) for number, each in enumerate(value)]
        elif isinstance(value, str) and not isinstance(value, Number) and len(value) >= 2:
            yield place, value


def _document(body: bytes) -> Any:
    """The object or list that the bytes are as JSON; None: they are none."""
    if body.lstrip()[:1] not in (b"{", b"[") or parse_status(body) != "json":
        return None
    try:
        return json.loads(body, parse_int=Number, parse_float=Number)
    except (ValueError, RecursionError):
        return None


def _inflated(body: bytes) -> bytes | None:
    is_zlib = body.startswith(_ZLIB) and int.from_bytes(body[:2]) % 31 == 0
    if not (body.startswith(_GZIP) or is_zlib):
        return None
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, MOST_BYTES)
    except zlib.error:
        return None


def _from_base64(body: bytes) -> bytes | None:
    """Only what makes sense as bytes: many a plain word could be base64."""
    text = b"".join(body.split())
    if len(text) < LEAST_BASE64 or len(text) % 4 or not _BASE64.fullmatch(text):
        return None
    try:
        found = base64.b64decode(text, b"-_" if b"-" in text or b"_" in text else None)
    except binascii.Error:
        return None
    makes_sense = opened_aggregate(found) or _inflated(found) is not None or _is_text(found)
    return found if makes_sense else None


def _is_text(found: bytes) -> bool:
    try:
        text = found.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(each.isprintable() or each in "\r\n\t" for each in text)


def _plain(value: Any) -> Any:
    """The value with DynamoDB's items in it as plain JSON; equal to it where there are none."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value and all(_is_attribute_value(each) for each in value.values()):
        return {name: _attribute_value(each) for name, each in value.items()}
    return {name: _plain(each) for name, each in value.items()}


def _is_attribute_value(value: Any) -> bool:
    if not isinstance(value, dict) or len(value) != 1:
        return False
    [(kind, told)] = value.items()
    return kind in _KINDS and isinstance(told, _KINDS[kind])


def _attribute_value(value: dict[str, Any]) -> Any:
    [(kind, told)] = value.items()
    match kind:
        case "N":
            return Number(told)
        case "NS":
            return [Number(each) for each in told]
        case "NULL":
            return None
        case "L":
            return [_attribute_value(each) if _is_attribute_value(each) else each for each in told]
        case "M":
            inner = told.items()
            return {
                name: _attribute_value(each) if _is_attribute_value(each) else each
                for name, each in inner
            }
    return told
