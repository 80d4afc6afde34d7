"""Where a reader stands in a log group, as text.

A watermark, not an offset: the service can be asked for times only, and events come late. Behind the watermark stand
the stretches that were read but may still gain a late event, each with how many events it is known to hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from connectors.answers import compact_json
from connectors.errors import ConnectorError
from connectors.record import Checkpoint

MINUTE_MS = 60 * 1000
STRETCH_MS = 5 * MINUTE_MS
"""Stretches are counted and sealed apart; they begin at whole multiples of this since the epoch."""
LOOKBACK_FLOOR_MS = 5 * MINUTE_MS
FIRST_CHECK_MS = 15 * MINUTE_MS
"""After its end a stretch is read again: what came late shows early ..."""
SEALED_AFTER_MS = 60 * MINUTE_MS
"""... and again: assumed, that no event comes later than this (AWS publishes no bound)."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of the group's time that was read and is not sealed yet."""

    from_ms: int
    """Its start; the multiple, or later where what is older was sealed at its first reading."""
    events: int | None
    """Known to be in it; None where that was not counted."""
    due_ms: int
    """When it is to be read again."""


@dataclass(frozen=True, slots=True)
class LogPass:
    """A pass over the group, as far as it has come."""

    began_ms: int
    to_ms: int
    """Inclusive."""
    windows: tuple[tuple[int, int], ...]
    """What is left to be read, both ends inclusive; the first is being read."""
    counted: Mapping[int, int | None]
    """Events so far in each stretch that lies whole in this pass; None where they cannot be told."""
    token: str | None = None
    """The next page of the first window; AWS keeps it 24 h."""
    repeated: int = 0
    """How often in a row an empty page came with the token it was asked with."""
    limit: int | None = None
    """Less than usual, after a page that could not be read."""
    forgotten: int = 0
    """How often AWS did not know the token any more, since the first window was begun."""
    refused: int = 0
    """Pages in a row that could not be read."""
    split: bool = False
    """A window was cut in two to find what cannot be read."""


@dataclass(frozen=True, slots=True)
class LogPosition:
    """Where a reader stands: within a pass while `running` is set, else between two."""

    since_ms: int
    """Start of what was asked for; inclusive."""
    newest_ms: int
    """The newest event seen, or the start of what was asked for."""
    read_to_ms: int
    """The group's time is proved read up to here."""
    lookback_ms: int = LOOKBACK_FLOOR_MS
    """How far behind the newest event the next pass begins."""
    lateness: tuple[int, ...] = (0, 0, 0, 0, 0)
    """Events by how long after they happened they were there; see `connectors.lambda_logs.passes`."""
    unsealed: Mapping[int, Stretch] = field(default_factory=dict)
    """By number: multiples of `STRETCH_MS`."""
    unreadable: tuple[int, ...] = ()
    """Milliseconds whose events cannot be read; not asked for again."""
    running: LogPass | None = None


def encode_log_position(position: LogPosition) -> str:
    """A position as the text of a checkpoint.

    Example:
        >>> encode_log_position(LogPosition(1, 2, 3))[:46]
        '{"since_ms":1,"newest_ms":2,"read_to_ms":3,"lo'
    """
    parts = _members(position)
    parts["unsealed"] = {
        str(number): [stretch.from_ms, stretch.events, stretch.due_ms]
        for number, stretch in position.unsealed.items()
    }
    if position.running is not None:
        running = _members(position.running)
        running["counted"] = {str(n): events for n, events in position.running.counted.items()}
        parts["running"] = running
    return compact_json({name: value for name, value in parts.items() if value})


def decode_log_position(checkpoint: Checkpoint) -> LogPosition:
    """The position that a checkpoint's text says; also what was written before stretches were counted.

    Raises:
        ConnectorError: The text is not one of ours.

    Example:
        >>> text = encode_log_position(LogPosition(1, 2, 3))
        >>> decode_log_position(Checkpoint("", text)).newest_ms
        2
    """
    try:
        parts = orjson.loads(checkpoint.position)
        if "from_ms" in parts:
            parts = {name: parts[name] for name in ("since_ms", "newest_ms", "read_to_ms")}
        return _position(parts)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConnectorError(
            f"a position in a log group was wanted, found {checkpoint.position[:80]!r}; "
            "start again without it"
        ) from error


def _members(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _position(parts: dict[str, Any]) -> LogPosition:
    instants = {name: parts.pop(name, 0) for name in ("since_ms", "newest_ms", "read_to_ms")}
    if not any(instants.values()) and parts:
        raise ValueError("no instant")
    unsealed = {
        int(number): Stretch(*stretch) for number, stretch in parts.pop("unsealed", {}).items()
    }
    running = parts.pop("running", None)
    for name in ("lateness", "unreadable"):
        if name in parts:
            parts[name] = tuple(parts[name])
    return LogPosition(
        **instants, **parts, unsealed=unsealed, running=None if running is None else _pass(running)
    )


def _pass(parts: dict[str, Any]) -> LogPass:
    parts["windows"] = tuple((int(from_ms), int(to_ms)) for from_ms, to_ms in parts["windows"])
    parts["counted"] = {int(number): events for number, events in parts["counted"].items()}
    return LogPass(**parts)
