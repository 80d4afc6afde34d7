"""A record put together again: its payload where the capture took it out, its instants as Lambda spells them."""

import base64
import json
import re
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from connectors.files.members import BODY_AT, BODY_ENCODING, EVENT, usual_place

NOTES = (BODY_ENCODING, BODY_AT, EVENT)
"""What an importer notes in an envelope; Lambda wrote none of it."""
WHOLE = "event"
"""The encoding of a body that is the whole event."""
# orjson makes floats of integers over 64 bits; a text that only looks like one costs nothing but time.
_LONG_NUMBER = re.compile(r"(?:^|[:,\[]) ?-?\d{19}")


def parsed(text: str) -> Any:
    """A value out of JSON text, exactly as Python's own parser reads it.

    Example:
        >>> parsed('{"n":18446744073709551616}')
        {'n': 18446744073709551616}
    """
    return json.loads(text) if _LONG_NUMBER.search(text) else answered(text)


def answered(text: str) -> Any:
    """A value out of an answer of an API that spells long numbers as texts; several times as fast as `parsed`.

    Example:
        >>> answered('{"SequenceNumber":"18446744073709551616"}')
        {'SequenceNumber': '18446744073709551616'}
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # halves of surrogate pairs, numbers beyond a double
        return json.loads(text)


@lru_cache(maxsize=256)
def region_of(arn: str) -> str:
    """The Region in an ARN; empty where it has none.

    Example:
        >>> region_of("arn:aws:sqs:eu-west-1:111122223333:orders")
        'eu-west-1'
    """
    return (arn.split(":", 4) + [""] * 4)[3]


def payload_text(body: bytes) -> str:
    r"""The payload as the text that AWS delivered, halves of surrogate pairs included.

    Example:
        >>> payload_text(b"caf\xc3\xa9")
        'café'
    """
    return body.decode("utf-8", "surrogatepass")


def payload_json(body: bytes) -> Any:
    """The payload as the JSON value that it is.

    Example:
        >>> payload_json(b'{"a":1}')
        {'a': 1}
    """
    return parsed(payload_text(body))


def put_back(
    envelope: dict[str, Any],
    holder: dict[str, Any],
    member: str,
    body: bytes,
    *,
    spelled: str = "text",
) -> dict[str, Any]:
    """The record with its payload, as it was before it was taken out.

    Args:
        envelope: what was kept of the record; the importer's notes are taken away.
        holder: the object in it (or itself) that had the payload.
        member: the payload's name.
        body: the payload.
        spelled: how the record carries it: `text`, `base64` or `json`.

    Returns:
        The envelope, changed in place.

    Example:
        >>> envelope = {"messageId": "m", "receiptHandle": "r", "attributes": {}}
        >>> put_back(envelope, envelope, "body", b"hello")
        {'messageId': 'm', 'receiptHandle': 'r', 'body': 'hello', 'attributes': {}}
    """
    encoding, place, _ = (envelope.pop(note, None) for note in NOTES)
    if encoding == "absent" or member in holder:
        return envelope
    value = _as_it_was(body, encoding, spelled)
    names = list(holder)
    at = place if isinstance(place, int) else usual_place(names, member)
    if at >= len(names):
        holder[member] = value
    else:
        insert(holder, at, member, value)
    return envelope


def insert(holder: dict[str, Any], at: int, member: str, value: Any) -> None:
    """Put a member at its place among those of an object.

    Example:
        >>> holder = {"a": 1, "c": 3}
        >>> insert(holder, 1, "b", 2), holder
        (None, {'a': 1, 'b': 2, 'c': 3})
    """
    behind = list(holder)[at:]
    holder[member] = value
    for name in behind:
        holder[name] = holder.pop(name)


def _as_it_was(body: bytes, encoding: str | None, spelled: str) -> Any:
    if encoding == "json" or (spelled == "json" and encoding is None):
        return payload_json(body)
    if spelled == "base64" and encoding is None:
        return base64.b64encode(body).decode()
    return payload_text(body)


def seconds_of(instant_or_number: Any) -> Any:
    """Seconds since the epoch with milliseconds; what is no instant in ISO 8601 stays as it is.

    Example:
        >>> seconds_of("2026-01-02T03:04:05.678Z"), seconds_of(1767323045)
        (1767323045.678, 1767323045)
    """
    if not isinstance(instant_or_number, str):
        return instant_or_number
    try:
        return round(datetime.fromisoformat(instant_or_number).timestamp(), 3)
    except ValueError:
        return instant_or_number
