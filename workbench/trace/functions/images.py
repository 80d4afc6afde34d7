"""Items of a DynamoDB table as streams tell them: when two images are the same item, and when changes make one chain.

`canonical_image(image)` and `makes_one_chain(olds, news)` in SQL. Equal text is equal at once; only images whose texts
differ need a canonical form, so ask for it only there.
"""

import base64
import binascii
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

UNREADABLE = ""
"""The canonical form of what is no image: equal to nothing, so that nothing is claimed of it."""


def canonical_image(image: str) -> str:
    """One text for all spellings of an item: members and sets have no order, numbers no trailing zeros.

    Args:
        image: NewImage or OldImage in DynamoDB's JSON.

    Returns:
        Canonical JSON; empty where it is no image.

    Example:
        >>> canonical_image('{"n":{"N":"1.0"},"s":{"SS":["b","a"]}}')
        '{"n":{"N":"1e0"},"s":{"SS":["a","b"]}}'

    Source: DynamoDB API reference, AttributeValue.
    """
    try:
        item = json.loads(image)
        if not isinstance(item, dict):
            return UNREADABLE
        told = {name: _value(value) for name, value in item.items()}
        return json.dumps(told, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return UNREADABLE


def _value(value: Any) -> Any:
    """One attribute value, `{"S": ...}`; ValueError where it is none."""
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError(f"an attribute value has one type, found {value!r:.60}")
    [(kind, told)] = value.items()
    return {kind: _KINDS[kind](told) if kind in _KINDS else told}


def _number(told: Any) -> str:
    """Digits and exponent; at any length, which a decimal's own `normalize` would round."""
    try:
        sign, digits, exponent = Decimal(_text(told)).as_tuple()
    except InvalidOperation as error:
        raise ValueError(f"a number was wanted, found {told!r:.60}") from error
    if not isinstance(exponent, int):
        raise ValueError(f"a finite number was wanted, found {told!r:.60}")
    whole = "".join(map(str, digits)).lstrip("0")
    kept = whole.rstrip("0")
    return f"{'-' * sign}{kept}e{exponent + len(whole) - len(kept)}" if kept else "0"


def _binary(told: Any) -> str:
    try:
        return base64.b64encode(base64.b64decode(_text(told), validate=True)).decode()
    except binascii.Error as error:
        raise ValueError(f"base64 was wanted, found {told!r:.60}") from error


def _text(told: Any) -> str:
    if not isinstance(told, str):
        raise ValueError(f"a string was wanted, found {told!r:.60}")
    return told


def _list(told: Any) -> list[Any]:
    if not isinstance(told, list):
        raise ValueError(f"a list was wanted, found {told!r:.60}")
    return told


def _map(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise ValueError(f"a map was wanted, found {told!r:.60}")
    return {name: _value(value) for name, value in told.items()}


_KINDS: Mapping[str, Callable[[Any], Any]] = {
    "S": _text,
    "N": _number,
    "B": _binary,
    "SS": lambda told: sorted(map(_text, _list(told))),
    "NS": lambda told: sorted(map(_number, _list(told))),
    "BS": lambda told: sorted(map(_binary, _list(told))),
    "L": lambda told: [_value(value) for value in _list(told)],
    "M": _map,
}


def makes_one_chain(olds: Sequence[str | None], news: Sequence[str | None]) -> bool:
    """Whether changes of one item, put in some order, follow from one another without a break.

    Each change leads from one state to the next; they make one chain exactly when one walk takes each once (an
    Eulerian trail): all in one piece, and no state left more often than reached, but for where the walk begins.

    Args:
        olds: What the item was before each change; None where it was not there.
        news: What it was after the same change.

    Example:
        >>> makes_one_chain([None, "b", "a"], ["a", "c", "b"]), makes_one_chain([None, "b"], ["a", "c"])
        (True, False)
    """
    left = Counter(olds)
    left.subtract(news)
    if sum(surplus for surplus in left.values() if surplus > 0) > 1:
        return False
    beside: dict[str | None, set[str | None]] = {}
    for old, new in zip(olds, news, strict=True):
        beside.setdefault(old, set()).add(new)
        beside.setdefault(new, set()).add(old)
    waiting = list(beside)[:1]
    reached = set(waiting)
    while waiting:
        further = beside[waiting.pop()] - reached
        reached |= further
        waiting += further
    return len(reached) == len(beside)


def canonical_images(images: pa.ChunkedArray) -> pa.Array:
    """`canonical_image` over a column."""
    return pa.array([canonical_image(image) for image in images.to_pylist()], pa.string())


def make_one_chain(olds: pa.ChunkedArray, news: pa.ChunkedArray) -> pa.Array:
    """`makes_one_chain` over columns of lists."""
    pairs = zip(olds.to_pylist(), news.to_pylist(), strict=True)
    return pa.array([makes_one_chain(old, new) for old, new in pairs], pa.bool_())
