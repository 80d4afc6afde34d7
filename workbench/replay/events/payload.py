"""A record put together again: its payload where the capture took it out, its instants as Lambda spells them."""

import base64
import json
from typing import Any

from connectors.answers import instant

ENCODING = "body_encoding"
"""What an importer notes in the envelope where the payload was not simply text (or base64 where it is base64)."""


def payload_text(body: bytes) -> str:
    r"""The payload as the text that AWS delivered, halves of surrogate pairs included.

    Example:
        >>> payload_text(b"caf\xc3\xa9")
        'café'
    """
    return body.decode("utf-8", "surrogatepass")


def put_back(
    envelope: dict[str, Any],
    holder: dict[str, Any],
    member: str,
    body: bytes,
    *,
    after: str,
    base64_text: bool = False,
) -> dict[str, Any]:
    """The record with its payload, as it was before it was taken out.

    Args:
        envelope: what was kept of the record; its note on the payload is taken away.
        holder: the object in it (or itself) that had the payload.
        member: the payload's name.
        body: the payload.
        after: the member it stands behind in Lambda's own order.
        base64_text: the payload stands in the record as base64.

    Returns:
        The envelope, changed in place.

    Example:
        >>> envelope = {"messageId": "m", "attributes": {}}
        >>> put_back(envelope, envelope, "body", b"hello", after="messageId")
        {'messageId': 'm', 'body': 'hello', 'attributes': {}}
    """
    encoding = envelope.pop(ENCODING, None)
    if encoding == "absent" or member in holder:
        return envelope
    members = dict(holder)
    holder.clear()
    for name, value in members.items():
        holder[name] = value
        if name == after:
            holder[member] = _as_it_was(body, encoding, base64_text)
    holder.setdefault(member, _as_it_was(body, encoding, base64_text))
    return envelope


def _as_it_was(body: bytes, encoding: str | None, base64_text: bool) -> Any:
    if encoding == "json":
        return json.loads(body)
    if base64_text and encoding is None:
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
        return round(instant(instant_or_number).timestamp(), 3)
    except ValueError:
        return instant_or_number
