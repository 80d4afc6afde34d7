"""JSON as a tree of text, ready to be shown: every number as it was written, every member though its name repeats.

A browser would round long numbers and keep the last of two members of one name; who looks for what went wrong must see
what was sent.
"""

import json
from collections.abc import Iterable
from typing import Any

from workbench.markup import visible

Node = list[Any]
"""`[key, kind, value]`; kind: object, array, string, number, word (true, false, null), cut. Value: nodes, or text."""
DEEPEST = 100
"""Levels shown; deeper ones are said to be there."""


class Number(str):
    """A number as it was written."""

    __slots__ = ()


class Members(list[tuple[str, Any]]):
    """An object with all its members, also those of one name."""


def exact_json(text: str | bytes) -> Any:
    """The value of JSON text as a tree wants it.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is nested too deeply.

    Example:
        >>> exact_json('{"a": 1.50, "a": 18446744073709551616}')
        [('a', '1.50'), ('a', '18446744073709551616')]
    """
    return json.loads(
        text,
        parse_int=Number,
        parse_float=Number,
        parse_constant=Number,
        object_pairs_hook=Members,
    )


def json_tree(value: Any, most: int | None = None) -> tuple[Node, bool]:
    """A JSON value as nodes.

    Args:
        value: of `exact_json`, or any other JSON value.
        most: characters of all keys and texts together; None for no bound.

    Returns:
        The root, and whether something was cut off.

    Example:
        >>> json_tree(exact_json('{"a": [1, "b"]}'))[0]
        ['', 'object', [['a', 'array', [['0', 'number', '1'], ['1', 'string', 'b']]]]]
    """
    growing = _Growing(most)
    return growing.node("", value, 0), growing.is_cut


class _Growing:
    def __init__(self, most: int | None) -> None:
        self.left = most
        self.is_cut = False

    def node(self, key: str, value: Any, depth: int) -> Node:
        key = self._text(key)
        match value:
            case Number():
                return [key, "number", self._text(value)]
            case str():
                return [key, "string", self._text(value)]
            case None | bool():
                return [key, "word", json.dumps(value)]
            case Members() | dict():
                members = value if isinstance(value, Members) else value.items()
                return [key, "object", self._nodes(members, len(value), depth)]
            case list() | tuple():
                items = ((str(place), each) for place, each in enumerate(value))
                return [key, "array", self._nodes(items, len(value), depth)]
        return [key, "number", self._text(str(value))]

    def _nodes(self, members: Iterable[tuple[str, Any]], count: int, depth: int) -> list[Node]:
        if depth == DEEPEST:
            return (
                [self._cut(f"{count:,} more, nested deeper than {DEEPEST} levels")] if count else []
            )
        nodes: list[Node] = []
        for key, value in members:
            if self.left is not None and self.left <= 0:
                nodes.append(self._cut(f"{count - len(nodes):,} more"))
                break
            nodes.append(self.node(key, value, depth + 1))
        return nodes

    def _cut(self, said: str) -> Node:
        self.is_cut = True
        return ["", "cut", said]

    def _text(self, text: str) -> str:
        if self.left is None:
            return visible(text)
        if len(text) > self.left:
            self.is_cut = True
            text = f"{text[: max(self.left, 0)]}…"
        self.left -= len(text) + 1
        return visible(text)
