"""Instants as the catalog and the documents spell them: ISO 8601, UTC, Z, microseconds."""

import re
from datetime import UTC, datetime, timedelta

from workbench.errors import UsageError

AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def instant_text(instant: datetime) -> str:
    """The instant as text whose order is time's order.

    Example:
        >>> instant_text(datetime(2026, 11, 20, 10, tzinfo=UTC))
        '2026-11-20T10:00:00.000000Z'
    """
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_instant(text: str) -> datetime:
    """The aware instant that `text` says; a text without an offset is taken as UTC.

    Raises:
        ValueError: the text is no ISO 8601 instant.
    """
    instant = datetime.fromisoformat(text.strip())
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def parse_age(text: str) -> timedelta:
    """A length of time such as `30s`, `15m`, `2h` or `1d`.

    Raises:
        UsageError: not of that form.

    Example:
        >>> parse_age("1.5h")
        datetime.timedelta(seconds=5400)
    """
    found = AGE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"wanted a length of time such as 30s, 15m, 2h or 1d, found {text!r}")
    return timedelta(**{UNIT[found.group(2)]: float(found.group(1))})


def parse_since(text: str, now: datetime) -> datetime:
    """An instant (`2026-11-20T10:00Z`), or how long ago (`2h`).

    Raises:
        UsageError: neither of the two.
    """
    if AGE.fullmatch(text.strip()):
        return now - parse_age(text)
    try:
        return parse_instant(text)
    except ValueError as error:
        raise UsageError(
            f"wanted an instant such as 2026-11-20T10:00Z or an age such as 2h, found {text!r}"
        ) from error
