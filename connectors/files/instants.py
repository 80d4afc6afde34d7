"""Reads instants as AWS's services and both versions of its CLI spell them, to the microsecond."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_US = 1_000_000
_MILLISECOND_US = 1_000


def instant_of_seconds(value: Any) -> datetime | None:
    """An instant out of seconds since the epoch or ISO 8601.

    Args:
        value: Number, its text, or ISO 8601 text with any offset (none: UTC).

    Returns:
        UTC with microseconds, exact (no float arithmetic); None where it says no instant.

    Example:
        >>> instant_of_seconds(1545084650.987).isoformat()
        '2018-12-17T22:10:50.987000+00:00'
    """
    return _instant(value, _SECOND_US)


def instant_of_ms(value: Any) -> datetime | None:
    """An instant out of milliseconds since the epoch or ISO 8601; otherwise as `instant_of_seconds`.

    Example:
        >>> instant_of_ms("1545082649183").isoformat()
        '2018-12-17T21:37:29.183000+00:00'
    """
    return _instant(value, _MILLISECOND_US)


def _instant(value: Any, unit_us: int) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        # repr gives the shortest decimal of a float: what the sender wrote.
        number = Decimal(value if isinstance(value, str) else repr(value))
        return _EPOCH + timedelta(microseconds=round(number * unit_us))
    except InvalidOperation:
        return _out_of_iso(str(value))
    except (OverflowError, ValueError):
        return None


def _out_of_iso(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text.strip())
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
