"""The language itself: a pattern compiled to rules over paths, and an event laid out flat to be held against them.

Names join with dots, so `{"a.b": ...}` and `{"a": {"b": ...}}` are one path, in a pattern and in an event. Values in
one array of objects must agree on the element: `{"r": {"x": [1], "y": [2]}}` wants both in one and the same `r`.

Source: EventBridge user guide, "Creating Amazon EventBridge event patterns"; the behaviour of aws/event-ruler.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from workbench.patterns.operators import (
    NULL,
    PatternError,
    Test,
    Value,
    exact,
    operator_test,
    value_of,
)

__all__ = ["Event", "PatternError", "Rule", "compile_rule", "parsed"]

OR = "$or"
_NO_FIELDS_IN_OR = frozenset(
    (
        *(
            "exactly",
            "equals-ignore-case",
            "prefix",
            "suffix",
            "anything-but",
            "exists",
            "wildcard",
        ),
        *("numeric", "cidr", "=", "<", "<=", ">", ">=", "regex", "not-wildcard"),
        *("not-equals-ignore-case", "date-after", "date-on-or-after", "date-before"),
        *("date-on-or-before", "in-date-range", "ip-address-in-range", "ip-address-not-in-range"),
    )
)
"""Names that are no fields inside `$or`."""

Membership = frozenset[tuple[int, int]]
"""Of each array of objects that a value stands in, the array and the element."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a pattern: it passes when one of its tests passes for one of the event's values there."""

    path: str
    tests: tuple[Test, ...]
    wants_absent: bool = False
    """`exists: false` is among them: it passes when the event has no value there at all."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern, compiled: all its fields, and one of each group of alternatives."""

    fields: tuple[Field, ...]
    alternatives: tuple[tuple["Rule", ...], ...] = ()

    def paths(self) -> Iterator[str]:
        """Paths of the fields, those of alternatives included."""
        yield from (field.path for field in self.fields)
        for group in self.alternatives:
            for rule in group:
                yield from rule.paths()

    def passes(self, document: Mapping[str, Any]) -> bool:
        """Whether an event passes.

        Args:
            document: the event, its numbers as Python's own or as `parsed` gives them.
        """
        event = Event.of(document, frozenset(self.paths()))
        return bool(self._elements(event, {frozenset()}))

    def _elements(self, event: "Event", chosen: set[Membership]) -> set[Membership]:
        """The choices of array elements under which everything here passes, out of those there were."""
        for field in self.fields:
            if not chosen:
                break
            chosen = event.chosen_by(field, chosen)
        for group in self.alternatives:
            if not chosen:
                break
            chosen = set().union(*(rule._elements(event, chosen) for rule in group))
        return chosen


@dataclass(frozen=True, slots=True)
class Event:
    """An event laid out flat: what stands at each path that a pattern asks for."""

    values: Mapping[str, tuple[tuple[Value, Membership], ...]]

    @classmethod
    def of(cls, document: Mapping[str, Any], paths: frozenset[str]) -> "Event":
        """The event's values at these paths."""
        layout = _Layout(paths)
        layout.object(document, "", frozenset())
        return cls(layout.settled())

    def chosen_by(self, field: Field, chosen: set[Membership]) -> set[Membership]:
        """Those choices of elements that the field allows, with its own added."""
        there = self.values.get(field.path, ())
        if field.wants_absent and not there:
            return chosen
        own = {at for value, at in there if any(test(value) for test in field.tests)}
        return {
            agreed for at in own for before in chosen if (agreed := _agreed(before, at)) is not None
        }


class _Layout:
    """An event on its way to be laid out flat."""

    def __init__(self, paths: frozenset[str]) -> None:
        self._paths = paths
        self._steps = frozenset(
            path[:end]
            for path in paths
            for end in (*(n for n, character in enumerate(path) if character == "."), len(path))
        )
        self._found: dict[str, list[tuple[Value, Membership]]] = {}
        self._arrays = 0

    def object(self, value: Mapping[str, Any], path: str, at: Membership) -> None:
        for name, member in value.items():
            below = f"{path}.{name}" if path else name
            if below in self._steps:
                self._any(member, below, at)

    def settled(self) -> dict[str, tuple[tuple[Value, Membership], ...]]:
        """What was found, without the arrays that only one path stands in: those need no agreement."""
        users: dict[int, set[str]] = {}
        for path, values in self._found.items():
            for _, at in values:
                for array, _ in at:
                    users.setdefault(array, set()).add(path)
        return {
            path: tuple(
                dict.fromkeys(
                    (value, frozenset(each for each in at if len(users[each[0]]) > 1))
                    for value, at in values
                )
            )
            for path, values in self._found.items()
        }

    def _any(self, value: Any, path: str, at: Membership) -> None:
        if isinstance(value, Mapping):
            self.object(value, path, at)
        elif isinstance(value, list | tuple):
            array, self._arrays = self._arrays, self._arrays + 1
            for index, element in enumerate(value):
                inside = isinstance(element, Mapping | list | tuple)
                self._any(element, path, at | {(array, index)} if inside else at)
        elif path in self._paths:
            self._found.setdefault(path, []).append((value_of(value), at))


def compile_rule(pattern: Any, *, empty_exists: bool = True) -> Rule:
    """The pattern as a rule.

    Args:
        pattern: JSON text, or what it parses to.
        empty_exists: whether `exists: true` is content with null and with the empty string.

    Raises:
        PatternError: AWS would refuse it, with AWS's reason; the first there is.

    Example:
        >>> compile_rule({"detail": {"state": ["running"]}}).passes({"detail": {"state": "running"}})
        True
    """
    document = parsed(pattern) if isinstance(pattern, str | bytes) else pattern
    if not isinstance(document, Mapping):
        raise PatternError("Filter is not an object")
    return _rule(document, "", inside_or=False, empty_exists=empty_exists)


def parsed(text: str | bytes) -> Any:
    """What JSON text says, its numbers as decimals.

    Raises:
        PatternError: it is no JSON; Python's own NaN and Infinity are none.
    """
    try:
        return json.loads(text, parse_int=Decimal, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise PatternError(f"not valid JSON: {error}") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"Unrecognized token '{name}'")


def _rule(document: Mapping[str, Any], path: str, *, inside_or: bool, empty_exists: bool) -> Rule:
    if not document:
        raise PatternError("Empty objects are not allowed")
    fields: list[Field] = []
    alternatives: list[tuple[Rule, ...]] = []
    for name, wanted in document.items():
        below = f"{path}.{name}" if path else name
        if name == OR:
            alternatives.append(tuple(_alternatives(wanted, path, empty_exists)))
        elif inside_or and name in _NO_FIELDS_IN_OR:
            raise PatternError(
                f"{name} is Ruler reserved fieldName which cannot be used inside $or."
            )
        elif isinstance(wanted, Mapping):
            inner = _rule(wanted, below, inside_or=inside_or, empty_exists=empty_exists)
            fields += inner.fields
            alternatives += inner.alternatives
        elif isinstance(wanted, list):
            fields.append(_field(wanted, below, empty_exists))
        else:
            raise PatternError(f'"{name}" must be an object or an array')
    return Rule(tuple(fields), tuple(alternatives))


def _alternatives(wanted: Any, path: str, empty_exists: bool) -> Iterator[Rule]:
    if not isinstance(wanted, list):
        raise PatternError("It must be an Array followed with $or.")
    for each in wanted:
        if not isinstance(each, Mapping):
            raise PatternError("Only JSON object is allowed in array of $or relationship.")
        yield _rule(each, path, inside_or=True, empty_exists=empty_exists)
    if len(wanted) < 2:
        raise PatternError("There must have at least 2 Objects in $or relationship.")


def _field(wanted: Iterable[Any], path: str, empty_exists: bool) -> Field:
    tests: list[Test] = []
    field = Field(path, ())
    for each in wanted:
        if isinstance(each, Mapping):
            operator, test = operator_test(each)
            if operator == "exists" and each["exists"] is False:
                field = replace(field, wants_absent=True)
            elif operator == "exists" and not empty_exists:
                tests.append(lambda value: value not in (NULL, value_of("")))
            else:
                tests.append(test)
        elif isinstance(each, list):
            raise PatternError("Match value must be String, number, true, false, or null")
        else:
            tests.append(exact(each))
    if not tests and not field.wants_absent:
        raise PatternError("Empty arrays are not allowed")
    return replace(field, tests=tuple(tests))


def _agreed(before: Membership, at: Membership) -> Membership | None:
    """Both choices of elements together; None where they name different ones of an array."""
    if not at or at <= before:
        return before
    element_of = dict(before)
    if any(element_of.get(array, element) != element for array, element in at):
        return None
    return before | at
