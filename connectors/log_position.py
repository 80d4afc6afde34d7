"""Where a reader stands in a log group, as text.

A watermark, not an offset: the service can be asked for times only, and events come late.
"""

from dataclasses import dataclass, replace

import orjson

from connectors.answers import compact_json, instant_of_ms
from connectors.errors import ConnectorError
from connectors.record import Checkpoint, Span

_LOOKBACK_MS = 5 * 60 * 1000


@dataclass(frozen=True, slots=True)
class LogPosition:
    """Where a reader stands: within a pass while `to_ms` is set, else between two."""

    since_ms: int
    """Start of what was asked for; inclusive."""
    from_ms: int
    """Start of the pass, or of the next one; inclusive."""
    newest_ms: int
    """The newest event seen, or the start of what was asked for."""
    read_to_ms: int
    """The group's time is proved read up to here."""
    to_ms: int | None = None
    """End of the pass; inclusive."""
    token: str | None = None
    """The next page of the pass; AWS keeps it 24 h."""
    ended: bool = False
    """The pass is over; never so in a checkpoint."""


def encode_log_position(position: LogPosition) -> str:
    """A position as the text of a checkpoint.

    Example:
        >>> encode_log_position(LogPosition(1, 2, 3, 4))
        '{"since_ms":1,"from_ms":2,"newest_ms":3,"read_to_ms":4}'
    """
    members = ("since_ms", "from_ms", "newest_ms", "read_to_ms", "to_ms", "token")
    parts = {name: getattr(position, name) for name in members}
    return compact_json({name: value for name, value in parts.items() if value is not None})


def decode_log_position(checkpoint: Checkpoint) -> LogPosition:
    """The position that a checkpoint's text says.

    Raises:
        ConnectorError: The text is not one of ours.

    Example:
        >>> text = encode_log_position(LogPosition(1, 2, 3, 4))
        >>> decode_log_position(Checkpoint("", text)).newest_ms
        3
    """
    try:
        return LogPosition(**orjson.loads(checkpoint.position))
    except (ValueError, TypeError) as error:
        raise ConnectorError(
            f"a position in a log group was wanted, found {checkpoint.position[:80]!r}; "
            "start again without it"
        ) from error


def after_pass(position: LogPosition) -> tuple[LogPosition, tuple[Span, ...]]:
    """Between two passes: where the next begins, and the span that this one proves read.

    Example:
        >>> position, spans = after_pass(LogPosition(0, 0, 900_000, 0, to_ms=1_000_000))
        >>> position.from_ms, len(spans)
        (600000, 1)
    """
    to_ms = position.to_ms or position.read_to_ms
    moved = replace(
        position,
        from_ms=max(position.since_ms, position.newest_ms - _LOOKBACK_MS),
        read_to_ms=max(position.read_to_ms, to_ms),
        to_ms=None,
        ended=False,
    )
    if to_ms <= position.read_to_ms:
        return moved, ()
    return moved, (Span(instant_of_ms(position.read_to_ms), instant_of_ms(to_ms)),)
