"""What in their payloads tells some messages apart from others: one field, and what is to be seen of it."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_DEEP_MOST = 6
_LONG_MOST = 80
"""A longer value is nobody's feature."""
Look = tuple[str, str]
"""A path, and what is to be seen there."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A test of one field, and how well it tells."""

    path: str
    """JSONPath; elements of lists are all alike."""
    seen: str
    """`= VALUE`, `is a number` and so on, or `is absent`."""
    of_these: float
    """Share of the messages that it is to tell, for which it holds."""
    of_others: float
    """Share of the others for which it holds."""


def telling_feature(these: Sequence[bytes], others: Sequence[bytes]) -> Feature | None:
    """The test that tells most of these apart from the others; None where none tells anything, or none is needed.

    Args:
        these: payloads.
        others: of other messages of the same queue.

    Example:
        >>> telling_feature([b'{"tax": null, "n": 1}', b'{"tax": null, "n": 2}'], [b'{"tax": 3, "n": 3}'])
        Feature(path='$.tax', seen='= null', of_these=1.0, of_others=0.0)
    """
    if not these or not others:
        return None
    ours, theirs = [set(_looks(each)) for each in these], [set(_looks(each)) for each in others]
    paths = {path for looks in (*ours, *theirs) for path, _ in looks}
    ours, theirs = ([_with_absent(looks, paths) for looks in side] for side in (ours, theirs))
    here, there = (Counter(look for looks in side for look in looks) for side in (ours, theirs))
    ranked = (
        (count / len(ours) - there[look] / len(theirs), *_plainness(look), look)
        for look, count in here.items()
    )
    gain, *_, (path, seen) = max(ranked)
    if gain <= 0:
        return None
    look = path, seen
    return Feature(path, seen, here[look] / len(ours), there[look] / len(theirs))


def _looks(payload: bytes) -> Iterator[Look]:
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        yield "$", "is no JSON"
        return
    yield from _within("$", value, 0)


def _within(path: str, value: Any, depth: int) -> Iterator[Look]:
    yield path, _kind(value)
    if depth >= _DEEP_MOST:
        return
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _within(f"{path}.{name}", each, depth + 1)
    elif isinstance(value, list):
        yield path, "is empty" if not value else "is not empty"
        for each in value:
            yield from _within(f"{path}[*]", each, depth + 1)
    elif len(text := json.dumps(value)) <= _LONG_MOST:
        yield path, f"= {text}"
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield path, "is negative" if value < 0 else "is not negative"


def _with_absent(looks: set[Look], paths: set[str]) -> set[Look]:
    return looks | {(path, "is absent") for path in paths - {path for path, _ in looks}}


def _kind(value: Any) -> str:
    if value is None:
        return "= null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list"}
    return f"is {names.get(type(value), 'an object')}"


def _plainness(look: Look) -> tuple[int, int, int]:
    """Of features that tell as much: what is absent or of a kind before a value, a short path before a long one."""
    path, seen = look
    return int(not seen.startswith("= ") or seen == "= null"), -path.count("."), -len(path)
