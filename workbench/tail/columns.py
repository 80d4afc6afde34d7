"""What of a record stands on its line: a few columns that its service is watched by, and what it says."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from connectors.record import Record, Service
from workbench.markup import visible


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a line."""

    text: str
    width: int
    """Cells of a terminal that it takes there at most; elsewhere it is written whole."""
    keep_end: bool = False
    """What tells one from another stands at the end, as of a shard id."""


@dataclass(frozen=True, slots=True)
class Columns:
    """A record, taken apart for its line; every character in it can be seen."""

    cells: tuple[Cell, ...]
    text: str


def columns_of(record: Record) -> Columns:
    r"""The record's columns and its payload on one line.

    SQS: message id, receives, group. SNS: subject, attributes. Kinesis: shard, partition key. DynamoDB: event name,
    keys, and instead of the payload what changed. Logs: stream, level, request id, and of a JSON line its message.

    Example:
        >>> columns_of(message).text  # doctest: +SKIP
        '{"order":{"id":42}}'
    """
    cells, text = _BY_SERVICE.get(record.service, _any)(record)
    return Columns(
        tuple(Cell(on_one_line(cell.text), cell.width, cell.keep_end) for cell in cells),
        on_one_line(text),
    )


def on_one_line(value: Any) -> str:
    r"""The value with every character of it visible, ends of lines too.

    Example:
        >>> on_one_line("a\n\x1b[31mb")
        'a\\n\\x1b[31mb'
    """
    return visible(value).replace("\n", "\\n").replace("\t", "\\t")


_Taken = tuple[tuple[Cell, ...], Any]


def _message(record: Record) -> _Taken:
    receives = "" if record.receive_count is None else f"x{record.receive_count}"
    return (
        Cell(record.record_id, 9),
        Cell(receives, 4),
        Cell(record.ordering_key or "", 12),
    ), record.body


def _notification(record: Record) -> _Taken:
    subject = _object(record.envelope).get("Subject") or ""
    user = _mapping(_object(record.attributes).get("user"))
    said = " ".join(f"{name}={_attribute_value(value)}" for name, value in user.items())
    return (Cell(str(subject), 20), Cell(said, 24)), record.body


def _stream_record(record: Record) -> _Taken:
    return (
        Cell(record.partition_id, 5, keep_end=True),
        Cell(record.ordering_key or "", 16),
    ), record.body


def _change(record: Record) -> _Taken:
    images = _object(record.body)
    keys = _plain_item(_mapping(images.get("Keys")))
    name = str(_object(record.envelope).get("eventName") or "")
    said = ", ".join(f"{key}={value}" for key, value in keys.items())
    return (Cell(name, 6), Cell(said or record.ordering_key or "", 20)), _changed(images, keys)


def _changed(images: Mapping[str, Any], keys: Mapping[str, str]) -> str:
    """`state: NEW → PAID` of what was changed, `state: NEW` of what was put, and what was taken away with a minus."""
    old, new = (_plain_item(_mapping(images.get(name))) for name in ("OldImage", "NewImage"))
    told = "OldImage" in images and "NewImage" in images
    said = []
    for name in [*new, *(gone for gone in old if gone not in new)]:
        if name in keys:
            continue
        if told and name in old and name in new:
            said += [f"{name}: {old[name]} → {new[name]}"] if old[name] != new[name] else []
        elif name in new:
            said.append(f"{'+' if told else ''}{name}: {new[name]}")
        else:
            said.append(f"-{name}: {old[name]}")
    return ", ".join(said)


def _log_line(record: Record) -> _Taken:
    said = _of_json(record.body) or _of_text(record.body)
    level, request_id, text = said or ("", "", record.body)
    cells = (
        Cell(record.partition_id, 9, keep_end=True),
        Cell(level, 6),
        Cell(request_id, 9),
    )
    return cells, text.rstrip() if isinstance(text, str | bytes) else text


_PLATFORM = re.compile(rb"(INIT_START|START|END|REPORT)\b(?: RequestId: (?P<id>[\w-]+))?")
_LOGGED = re.compile(
    rb"(?:\[(?P<python>[A-Z]+)\][\t ])?(?:\S+Z[\t ](?P<id>[0-9a-f-]{36})[\t ](?:(?P<node>[A-Z]+)\t)?)?"
)


def _of_text(body: bytes) -> tuple[str, str, Any] | None:
    """Lambda's own lines, and those of its loggers: level, instant and request id stand before what is said."""
    if found := _PLATFORM.match(body):
        return found[1].decode().partition("_")[0], (found["id"] or b"").decode(), body
    found = _LOGGED.match(body)
    if found is None or not found[0]:
        return None
    level = found["python"] or found["node"] or b""
    return level.decode(), (found["id"] or b"").decode(), body[found.end() :]


def _of_json(body: bytes) -> tuple[str, str, Any] | None:
    """A JSON line: of a logger its message; of the platform its type's last word, and the line as it is."""
    line = _object(body)
    if not line:
        return None
    kind, record = line.get("type"), _mapping(line.get("record"))
    if isinstance(kind, str) and kind.startswith("platform."):
        return kind.removeprefix("platform."), str(record.get("requestId") or ""), body
    request_id = next(
        (
            line[name]
            for name in ("requestId", "AWSRequestId", "function_request_id")
            if name in line
        ),
        "",
    )
    message = line.get("message")
    return (
        str(line.get("level") or ""),
        str(request_id),
        message if isinstance(message, str) else body,
    )


def _any(record: Record) -> _Taken:
    return (Cell(record.record_id, 9),), record.body


_BY_SERVICE: Mapping[str, Callable[[Record], _Taken]] = MappingProxyType(
    {
        Service.SQS: _message,
        Service.SNS: _notification,
        Service.KINESIS: _stream_record,
        Service.DYNAMODB: _change,
        Service.LOGS: _log_line,
    }
)


def _object(text: str | bytes) -> Mapping[str, Any]:
    """The JSON object that the text is; an empty one where it is anything else."""
    if text[:1] not in ("{", b"{"):
        return {}
    try:
        return _mapping(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _attribute_value(value: Any) -> str:
    """Of a message attribute, as a topic (`Value`) or a queue (`StringValue`) spells it."""
    attribute = _mapping(value)
    return str(attribute.get("Value", attribute.get("StringValue", "…")))


def _plain_item(item: Mapping[str, Any]) -> dict[str, str]:
    """An item's attributes without their types."""
    return {name: _plain(value) for name, value in item.items()}


def _plain(value: Any) -> str:
    """DynamoDB's `{"S": "x"}` as `x`; lists and maps stay JSON."""
    inner = next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else value
    return inner if isinstance(inner, str) else json.dumps(inner, separators=(",", ":"))
