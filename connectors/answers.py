"""AWS's answers: checked before use, and spelled as JSON text that loses nothing.

botocore hands out an empty answer for a truncated one, so a missing member is an error here,
never an empty page or an end. Instants become ISO 8601 in UTC, bytes become base64.
"""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson

from connectors.errors import CorruptAnswerError

_T = TypeVar("_T")
Clock = Callable[[], datetime]
"""Tells the instant, aware, UTC."""


def compact_json(value: Any) -> str:
    """A value out of an answer as compact JSON text.

    Example:
        >>> compact_json({"Data": b"a", "At": datetime(2026, 1, 2, tzinfo=UTC)})
        '{"Data":"YQ==","At":"2026-01-02T00:00:00.000000Z"}'
    """
    try:
        return orjson.dumps(
            value, default=_spelled, option=orjson.OPT_PASSTHROUGH_DATETIME
        ).decode()
    except orjson.JSONEncodeError:
        # Lone surrogates and integers over 64 bits: JSON has them, orjson does not.
        return json.dumps(value, default=_spelled, separators=(",", ":"))


def encoded(text: str) -> bytes:
    r"""A text of an answer as UTF-8, also where it holds half of a surrogate pair.

    Example:
        >>> encoded("ä")
        b'\xc3\xa4'
    """
    return text.encode("utf-8", "surrogatepass")


def attributes_json(system: Mapping[str, Any], user: Mapping[str, Any], **more: Any) -> str:
    """`Record.attributes`: what the service added, what the sender added, what we add.

    Example:
        >>> attributes_json({"SenderId": "A"}, {})
        '{"system":{"SenderId":"A"},"user":{}}'
    """
    return compact_json({"system": system, "user": user, **more})


def without(answer: Mapping[str, Any], *members: str) -> dict[str, Any]:
    """An answer less some of its members.

    Example:
        >>> without({"Body": "b", "MessageId": "m"}, "Body")
        {'MessageId': 'm'}
    """
    return {name: value for name, value in answer.items() if name not in members}


def required(answer: Mapping[str, Any], member: str, kind: type[_T], wanted: str) -> _T:
    """A member that AWS always sends.

    Args:
        answer: Or a part of one.
        member: Its name.
        kind: What it must be.
        wanted: What was asked for, for the message.

    Raises:
        CorruptAnswerError: The member is absent or something else.

    Example:
        >>> required({"Records": []}, "Records", list, "records of orders")
        []
    """
    value = answer.get(member)
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise CorruptAnswerError(
        f"{wanted}: {member} of type {kind.__name__} was wanted, found {type(value).__name__}; "
        "the answer is damaged: try again"
    )


def instant(text: str) -> datetime:
    """An instant out of ISO 8601 text.

    Example:
        >>> instant("2026-01-02T03:04:05.678Z").isoformat()
        '2026-01-02T03:04:05.678000+00:00'
    """
    return datetime.fromisoformat(text).astimezone(UTC)


def instant_of_ms(milliseconds: int | str) -> datetime:
    """An instant out of milliseconds since the epoch, exactly.

    Example:
        >>> instant_of_ms("1767323045678").microsecond
        678000
    """
    whole, rest = divmod(int(milliseconds), 1000)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest * 1000)


def ms_of(at: datetime) -> int:
    """Milliseconds since the epoch, rounded down.

    Example:
        >>> ms_of(instant_of_ms(1767323045678))
        1767323045678
    """
    return int(at.replace(microsecond=0).timestamp()) * 1000 + at.microsecond // 1000


def iso(at: datetime) -> str:
    """An instant as ISO 8601 with Z and microseconds.

    Example:
        >>> iso(datetime(2026, 1, 2, tzinfo=UTC))
        '2026-01-02T00:00:00.000000Z'
    """
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _spelled(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} stands in no answer of AWS")
