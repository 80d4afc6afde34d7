"""Reads members of JSON objects that nobody has checked, and detaches a record's payload from it.

The payload leaves the record and becomes its body; what remains is the envelope. Where putting the body
back as text would not give the record again, the envelope says how, in the member `body_encoding`:
`undecoded` (the text was not the base64 it should be: the body is the text itself), `json` (the member was no
text: the body is its JSON), `absent` (there was no such member), `event` (the body is the whole event). A payload
of null stays where it is. Members keep their order: `body_at` says at which place the payload stood, where that is not
the usual one; `event` keeps the members of an event that had more than its records.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from connectors.answers import compact_json, encoded

BODY_ENCODING = "body_encoding"
BODY_AT = "body_at"
"""The payload's place among its holder's members, from 0; a list where the body holds several of them."""
EVENT = "event"
_OF_ANSWERS = ("Body", "Data")
"""Payloads of the API's answers, whose order no function sees."""
_USUALLY_AFTER = {"body": "receiptHandle", "data": "sequenceNumber"}


def usual_place(names: Sequence[str], member: str) -> int:
    """Where Lambda writes a payload among the other members of its holder; the end where nothing else is known.

    Example:
        >>> usual_place(["messageId", "receiptHandle", "attributes"], "body")
        2
    """
    neighbour = _USUALLY_AFTER.get(member)
    return names.index(neighbour) + 1 if neighbour in names else len(names)


def text_of(holder: Any, member: str) -> str | None:
    """A member that is a text with something in it, else None.

    Example:
        >>> text_of({"a": "x", "b": ""}, "a"), text_of({"b": ""}, "b")
        ('x', None)
    """
    value = holder.get(member) if isinstance(holder, dict) else None
    return value if isinstance(value, str) and value else None


def object_of(holder: Any, member: str) -> dict[str, Any]:
    """A member that is an object, else an empty one.

    Example:
        >>> object_of({"a": {"b": 1}}, "a"), object_of({"a": 1}, "a")
        ({'b': 1}, {})
    """
    value = holder.get(member) if isinstance(holder, dict) else None
    return value if isinstance(value, dict) else {}


def list_of(holder: Any, member: str) -> list[Any] | None:
    """A member that is a list, else None."""
    value = holder.get(member) if isinstance(holder, dict) else None
    return value if isinstance(value, list) else None


def detach_text(envelope: dict[str, Any], holder: dict[str, Any], member: str) -> bytes:
    """Take a payload of text out of its record.

    Args:
        envelope: A copy of the record, changed here.
        holder: The object in it (or itself) that has the payload; a copy too.
        member: The payload's name.

    Returns:
        The text as UTF-8; halves of surrogate pairs survive (`surrogatepass`).

    Example:
        >>> envelope = {"messageId": "m", "body": "hello"}
        >>> detach_text(envelope, envelope, "body"), envelope
        (b'hello', {'messageId': 'm'})
    """
    if member not in holder:
        envelope[BODY_ENCODING] = "absent"
        return b""
    if holder[member] is None:
        return b""
    value = _taken(envelope, holder, member)
    if isinstance(value, str):
        return encoded(value)
    envelope[BODY_ENCODING] = "json"
    return compact_json(value).encode()


def detach_base64(envelope: dict[str, Any], holder: dict[str, Any], member: str) -> bytes:
    """Take a payload of base64 out of its record, decoded; otherwise as `detach_text`.

    Example:
        >>> envelope = {"data": "aGVsbG8="}
        >>> detach_base64(envelope, envelope, "data"), envelope
        (b'hello', {})
    """
    text = holder.get(member)
    body = detach_text(envelope, holder, member)
    if not isinstance(text, str):
        return body
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if base64.b64encode(decoded).decode() == text:
        return decoded
    envelope[BODY_ENCODING] = "undecoded"
    return body


def detach_json(envelope: dict[str, Any], member: str) -> bytes:
    """Take a payload that is a JSON value out of its record, as compact JSON.

    Example:
        >>> envelope = {"id": "1", "detail": {"a": 1}}
        >>> detach_json(envelope, "detail"), envelope
        (b'{"a":1}', {'id': '1'})
    """
    if member not in envelope:
        envelope[BODY_ENCODING] = "absent"
        return b""
    return compact_json(_taken(envelope, envelope, member)).encode()


def _taken(envelope: dict[str, Any], holder: dict[str, Any], member: str) -> Any:
    place = list(holder).index(member)
    value = holder.pop(member)
    if member not in _OF_ANSWERS and place != usual_place(list(holder), member):
        envelope[BODY_AT] = place
    return value
