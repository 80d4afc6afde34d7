"""What may set a record apart: its place, its attributes, each field of its payload, the function that had it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

MOST_DEEP = 6
"""Assumed: fields nested deeper are no dimension that a person would think of."""
LONGEST = 200
"""Characters of a text value; longer ones are told apart by their beginning."""
_RECORD = (
    "source_arn",
    "partition_id",
    "ordering_key",
    "receive_count",
    "body_bytes",
    "parse_status",
)
_RAN = ("version", "memory_mb", "cold", "status")
_OF_ONE_MESSAGE = frozenset(
    (
        "SentTimestamp",
        "ApproximateReceiveCount",
        "ApproximateFirstReceiveTimestamp",
        "MessageDeduplicationId",
        "SequenceNumber",
        "AWSTraceHeader",
        "Timestamp",
    )
)
"""System attributes that tell single messages apart, or are a column already."""

Value = str | float | bool


def dimensions_of(row: Mapping[str, Any]) -> dict[str, Value]:
    """The dimensions of a row of `contrast_rows`, by name.

    Returns:
        `partition_id` and other columns by their names, `attribute NAME` for what the sender added, `system NAME` for
        what the service did, `function version` and the like for the request that had it, JSONPaths for payload fields;
        of a list its `length` and its first element.

    Example:
        >>> dimensions_of({"partition_id": "shard-1", "body": b'{"items": [{"sku": "a"}]}'})
        {'partition_id': 'shard-1', '$.items.length': 1, '$.items[0].sku': 'a'}
    """
    found: dict[str, Value] = {}
    for name in _RECORD:
        _put(found, name, row.get(name))
    for name in _RAN:
        _put(found, f"function {name}", row.get(name))
    attributes = _parsed(row.get("attributes"))
    for name, attribute in _members(attributes, "user"):
        _put(found, f"attribute {name}", _attribute_value(attribute))
    for name, value in _members(attributes, "system"):
        if name not in _OF_ONE_MESSAGE:
            _put(found, f"system {name}", value)
    found.update(_fields("$", _content(_parsed(row.get("body"))), 0))
    return found


def _content(payload: Any) -> Any:
    """What the publisher wrote, where the payload is the envelope that SNS puts around it."""
    if (
        isinstance(payload, dict)
        and payload.get("Type") == "Notification"
        and "TopicArn" in payload
    ):
        inner = _parsed(payload.get("Message"))
        return payload if inner is None else inner
    return payload


def _fields(path: str, value: Any, depth: int) -> Iterator[tuple[str, Value]]:
    if depth > MOST_DEEP:
        return
    match value:
        case dict():
            for name, inner in value.items():
                step = f".{name}" if name.isidentifier() else f'."{name}"'
                yield from _fields(f"{path}{step}", inner, depth + 1)
        case list():
            yield f"{path}.length", len(value)
            if value:
                yield from _fields(f"{path}[0]", value[0], depth + 1)
        case str():
            yield path, value[:LONGEST]
        case bool() | int() | float() if value == value:  # NaN is no value
            yield path, value


def _put(found: dict[str, Value], name: str, value: Any) -> None:
    if isinstance(value, str | int | float) and value != "":
        found[name] = value


def _attribute_value(attribute: Any) -> Any:
    """The value of a message attribute as a queue, a topic or a Lambda event spells it."""
    if not isinstance(attribute, dict):
        return attribute
    spelt = (attribute.get(name) for name in ("StringValue", "stringValue", "Value"))
    return next((value for value in spelt if value is not None), None)


def _members(attributes: Any, name: str) -> Iterator[tuple[str, Any]]:
    members = attributes.get(name) if isinstance(attributes, dict) else None
    yield from members.items() if isinstance(members, dict) else ()


def _parsed(text: str | bytes | None) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
