"""What was seen as lines: for people in columns and colours, for programs as JSON."""

import json
import unicodedata
import zlib
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import orjson

from connectors.record import Record
from workbench.tail.columns import Cell, columns_of, on_one_line
from workbench.tail.watching import Notice, Seen
from workbench.trace.instants import instant_text
from workbench.trace.payload import parse_status
from workbench.trace.sources import source_name

COLOURS = (33, 166, 35, 133, 167, 136, 37, 130, 105, 169, 71, 109)
"""Of the 256 that terminals have: twelve that can be told apart and read on white and on black alike."""
ALARM = 160
LEAST_TEXT = 20
"""However narrow the terminal, so much of a payload is shown."""


@dataclass(frozen=True, slots=True)
class Style:
    """How lines are written."""

    today: date
    """Instants of another day say which."""
    width: int | None = None
    """Cells of the terminal's line; None: nothing is shortened."""
    colours: Mapping[str, int] | None = None
    """By source ARN; None: everything in the terminal's own."""
    name_width: int = 0


def colours_of(source_arns: Iterable[str]) -> dict[str, int]:
    """A colour for each source: its own whenever it is shown, and another than its neighbours' while there are any.

    Example:
        >>> list(colours_of(["arn:aws:sqs:us-east-1:1:orders"]).values())
        [169]
    """
    taken: dict[str, int] = {}
    for arn in sorted(set(source_arns)):
        first = zlib.crc32(source_name(arn).encode()) % len(COLOURS)
        turned = COLOURS[first:] + COLOURS[:first]
        free = [colour for colour in turned if colour not in taken.values()]
        taken[arn] = (free or turned)[0]
    return taken


def line_of(seen: Seen, style: Style) -> str:
    """One line, without its end, in which every character can be seen.

    Args:
        seen: a delivery, or a notice, whose line begins with `!`.
        style: how.

    Example:
        >>> line_of(record, Style(date(2026, 11, 20)))  # doctest: +SKIP
        '10:00:00.123  kinesis:orders  shardId-000000000003  customer-1  {"order":1}'
    """
    name = on_one_line(source_name(seen.source_arn))
    colour = (style.colours or {}).get(seen.source_arn)
    if isinstance(seen, Notice):
        return _notice_line(seen, _in_colour(name, colour), style)
    coloured = _in_colour(_padded(name, style.name_width), colour)
    columns = columns_of(seen)
    start = _instant(seen.source_at or seen.received_at, style)
    if style.width is None:
        cells = [cell.text for cell in columns.cells if cell.text]
        return "  ".join([start, coloured, *cells, columns.text])
    cells = [_padded(_fitted(cell), cell.width) for cell in columns.cells]
    taken = cells_wide("  ".join([start, _padded(name, style.name_width), *cells, ""]))
    if style.width - taken < LEAST_TEXT:  # too narrow for columns one below the other
        cells = [_fitted(cell) for cell in columns.cells if cell.text]
        taken = cells_wide("  ".join([start, _padded(name, style.name_width), *cells, ""]))
    return "  ".join(
        [start, coloured, *cells, shortened(columns.text, max(LEAST_TEXT, style.width - taken))]
    )


def json_line(seen: Seen) -> str:
    """One line for programs: `kind` is `record`, `hole` or `notice`; a record has the columns of `records`.

    A payload that is no UTF-8 is given in base64, and `body_is_base64` says so.

    Example:
        >>> json_line(Notice("arn", "", "shard closed"))
        '{"kind":"notice","source_arn":"arn","partition_id":"","said":"shard closed"}'
    """
    document = _notice_document(seen) if isinstance(seen, Notice) else _record_document(seen)
    text = orjson.dumps(document).decode()
    return text if text.isprintable() else "".join(map(_escaped, text))


def cells_wide(text: str) -> int:
    """Cells of a terminal that the text takes: two for a wide character, none for one that stands on another."""
    if text.isascii():
        return len(text)
    return sum(_cell(each) for each in text)


def shortened(text: str, width: int, *, keep_end: bool = False) -> str:
    """The text in no more than `width` cells, with `…` where something is left out.

    Example:
        >>> shortened("abcdef", 4), shortened("abcdef", 4, keep_end=True), shortened("abc", 4)
        ('abc…', '…def', 'abc')
    """
    if cells_wide(text) <= width:
        return text
    ordered = reversed(text) if keep_end else iter(text)
    kept: list[str] = []
    room = width - 1
    for each in ordered:
        room -= _cell(each)
        if room < 0:
            break
        kept.append(each)
    return f"…{''.join(reversed(kept))}" if keep_end else f"{''.join(kept)}…"


def _cell(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fitted(cell: Cell) -> str:
    return shortened(cell.text, cell.width, keep_end=cell.keep_end)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cells_wide(text))


def _in_colour(text: str, colour: int | None) -> str:
    return text if colour is None else f"\x1b[38;5;{colour}m{text}\x1b[0m"


def _instant(at: datetime, style: Style) -> str:
    """Where people look on, only what differs from line to line; elsewhere all of it."""
    if style.width is None:
        return instant_text(at)
    text = at.astimezone(UTC).strftime("%m-%d %H:%M:%S.%f")[:-3]
    return text.partition(" ")[2] if at.astimezone(UTC).date() == style.today else text


def _notice_line(notice: Notice, coloured_name: str, style: Style) -> str:
    hole = notice.hole
    span = f"{_instant(hole.from_at, style)} to {_instant(hole.to_at, style)} " if hole else ""
    text = on_one_line(f"{span}{notice.said}")
    colour = ALARM if style.colours and hole else None
    parts = [
        _in_colour("!", colour),
        coloured_name,
        on_one_line(notice.partition_id),
        _in_colour(text, colour),
    ]
    return " ".join(part for part in parts if part)


def _notice_document(notice: Notice) -> dict[str, object]:
    hole = notice.hole
    document: dict[str, object] = {
        "kind": "notice" if hole is None else "hole",
        "source_arn": notice.source_arn,
        "partition_id": notice.partition_id,
        "said": notice.said,
    }
    if hole is not None:
        document |= {"from_at": instant_text(hole.from_at), "to_at": instant_text(hole.to_at)}
        document["cause"] = hole.cause
    return document


def _record_document(record: Record) -> dict[str, object]:
    body, is_base64 = _body(record.body)
    return {
        "kind": "record",
        "service": str(record.service),
        "source_arn": record.source_arn,
        "partition_id": record.partition_id,
        "record_id": record.record_id,
        "sequence_number": record.sequence_number,
        "ordering_key": record.ordering_key,
        "order_scope": str(record.order_scope),
        "source_at": instant_text(record.source_at) if record.source_at else None,
        "received_at": instant_text(record.received_at),
        "receive_count": record.receive_count,
        "body": body,
        "body_is_base64": is_base64,
        "body_bytes": len(record.body) if record.original_bytes is None else record.original_bytes,
        "parse_status": parse_status(record.body),
        "attributes": orjson.loads(record.attributes),
        "envelope": orjson.loads(record.envelope),
    }


def _body(body: bytes) -> tuple[str, bool]:
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return b64encode(body).decode("ascii"), True


def _escaped(character: str) -> str:
    """As JSON writes it in ASCII; only inside of its texts can there be a character that cannot be seen."""
    if character.isprintable():
        return character
    return "\\u007f" if character == "\x7f" else json.dumps(character)[1:-1]
