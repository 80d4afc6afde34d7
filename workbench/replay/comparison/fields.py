"""What differs between two JSON texts, field by field.

Our own walk and not a library's: it names fields by JSONPath, opens JSON inside texts (an API's `body`, a message's),
tells `1` from `true`, takes NaN for itself, and has an answer whatever a handler returned: deep, huge, not JSON at all.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workbench.replay.comparison.places import Place

MOST_FIELDS = 1_000
"""Of one pair; what differs beyond is one difference more, `further`. Assumed: nobody reads more of one response."""
MOST_DEPTH = 100
"""JSON that is nested deeper is taken as text."""
MOST_TEXT = 200
"""Characters of a value that is shown."""
_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
ABSENT = object()
"""No value, where JSON's null is one."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs."""

    place: Place
    change: str
    """`changed`, `type` (another JSON type), `added` (b alone has it), `removed` (a alone has it), `further`."""
    value_a: Any = ABSENT
    value_b: Any = ABSENT


def read_json(text: str | None) -> Any:
    """The value that the text is JSON of; the text itself where it is none or nested too deep to be read.

    Example:
        >>> read_json('{"a": 1}'), read_json("{oops")
        ({'a': 1}, '{oops')
    """
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if _is_deep(text, value) else value


def _is_deep(text: str, value: Any) -> bool:
    """Whether a walk down the value would be a long one; most texts are too short for it."""
    if text.count("[") + text.count("{") <= MOST_DEPTH:
        return False
    level = [value]
    for _ in range(MOST_DEPTH):
        inner = [
            each.values() if isinstance(each, dict) else each
            for each in level
            if isinstance(each, dict | list)
        ]
        level = [each for values in inner for each in values]
    return bool(level)


def canonical(value: Any) -> str:
    """One text for all equal values: members in order, whole numbers without a fraction."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def kind(value: Any) -> str:
    """JSON's word for its type."""
    return _NAMES.get(type(value), "number")


def shown(value: Any) -> str | None:
    """The value as JSON text, cut; None where there is none.

    Example:
        >>> shown("a"), shown(None), shown(ABSENT)
        ('"a"', 'null', None)
    """
    if value is ABSENT:
        return None
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        text = f"({kind(value)}, nested deep)"
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…"


def field_changes(a: Any, b: Any, place: Place = (None,)) -> Iterator[FieldChange]:
    """What differs between two values, `MOST_FIELDS` at most and one `further`.

    Example:
        >>> [(change.place, change.change) for change in field_changes({"n": 1, "x": 0}, {"n": 2, "y": 0})]
        [((None, 'n'), 'changed'), ((None, 'x'), 'removed'), ((None, 'y'), 'added')]
    """
    try:
        for number, change in enumerate(_walk(a, b, place)):
            if number == MOST_FIELDS:
                yield FieldChange(place, "further")
                return
            yield change
    except RecursionError:
        yield FieldChange(place, "changed", a, b)


def _walk(a: Any, b: Any, place: Place) -> Iterator[FieldChange]:
    if isinstance(a, dict) and isinstance(b, dict):
        yield from _walk_objects(a, b, place)
    elif isinstance(a, list) and isinstance(b, list):
        yield from _walk_lists(a, b, place)
    elif isinstance(a, str) and isinstance(b, str):
        if a != b:
            yield from _walk_texts(a, b, place)
    elif kind(a) != kind(b):
        yield FieldChange(place, "type", a, b)
    elif a != b and not _both_nan(a, b):
        yield FieldChange(place, "changed", a, b)


def _walk_objects(a: dict[str, Any], b: dict[str, Any], place: Place) -> Iterator[FieldChange]:
    for name in sorted({*a, *b}):
        inner = (*place, name)
        if name not in b:
            yield FieldChange(inner, "removed", value_a=a[name])
        elif name not in a:
            yield FieldChange(inner, "added", value_b=b[name])
        else:
            yield from _walk(a[name], b[name], inner)


def _walk_texts(a: str, b: str, place: Place) -> Iterator[FieldChange]:
    opened = opened_json(a), opened_json(b)
    if any(each is ABSENT for each in opened):
        yield FieldChange(place, "changed", a, b)
    else:
        yield from _walk(*opened, (*place, None))


def _walk_lists(a: list[Any], b: list[Any], place: Place) -> Iterator[FieldChange]:
    """What both begin and end with is set aside, so that one element more does not make all behind it differ."""
    if len(a) == len(b):
        for number, (left, right) in enumerate(zip(a, b, strict=True)):
            yield from _walk(left, right, (*place, number))
        return
    texts_a, texts_b = [canonical(each) for each in a], [canonical(each) for each in b]
    short = min(len(a), len(b))
    start = next((n for n in range(short) if texts_a[n] != texts_b[n]), short)
    end = next(
        (n for n in range(short - start) if texts_a[-1 - n] != texts_b[-1 - n]), short - start
    )
    middle = min(len(a), len(b)) - end
    for number in range(start, middle):
        yield from _walk(a[number], b[number], (*place, number))
    for number in range(middle, len(a) - end):
        yield FieldChange((*place, number), "removed", value_a=a[number])
    for number in range(middle, len(b) - end):
        yield FieldChange((*place, number), "added", value_b=b[number])


def opened_json(text: str) -> Any:
    """The object or list that a text is JSON of; `ABSENT` where it is none."""
    if text.lstrip()[:1] not in ("{", "["):
        return ABSENT
    value = read_json(text)
    return ABSENT if isinstance(value, str) else value


def _both_nan(a: Any, b: Any) -> bool:
    return isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b)


def leaves(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """Every value that holds no other, with a text that tells it from others; JSON in texts is opened.

    Example:
        >>> list(leaves({"Body": '{"a": 1}'}, ()))
        [(('Body', None, 'a'), '1')]
    """
    opened = opened_json(value) if isinstance(value, str) else ABSENT
    if opened is not ABSENT:
        yield from leaves(opened, (*place, None))
    elif isinstance(value, dict) and value:
        for name, each in value.items():
            yield from leaves(each, (*place, name))
    elif isinstance(value, list) and value:
        for number, each in enumerate(value):
            yield from leaves(each, (*place, number))
    elif isinstance(value, str):
        yield place, f'"{value}'
    else:
        yield place, str(value) if type(value) is int else canonical(value)
