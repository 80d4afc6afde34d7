"""Taking JSON apart where it stands, so that only what matched is replaced and every other byte stays.

A parser would lose what it cannot hold: the first of two equal names, numbers of 400 digits, half a surrogate pair, a
document that was cut. This one only looks for strings, numbers and brackets, in any text, from the first bracket on.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from workbench.trace.payload import DEEPEST
from workbench.trace.redaction.actions import REPLACED, Action, as_json
from workbench.trace.redaction.checksums import is_card_number
from workbench.trace.redaction.edits import Edits
from workbench.trace.redaction.rules import Rules

TOKEN = re.compile(
    r'"(?P<string>(?:[^"\\]++|\\.)*+)(?:"(?P<name>\s*+:)?|\\?\Z)|(?P<open>[{\[])|(?P<close>[}\]])'
    r"|(?P<number>-?\d[\d.eE+-]*+)|(?P<literal>(?<!\w)(?:true|false|null|NaN|-?Infinity)\b)",
    re.DOTALL,
)
FIRST = re.compile(r'\A\s*+"|[{\[]')
TYPE_NAMES = ("DataType", "dataType", "Type")
"""Beside a message attribute's value; never a value itself."""
Inner: TypeAlias = Callable[[str, str | int], str | None]
"""What a string's text becomes when looked into, given the name it stands under; None: left to the detectors."""


class TooDeepError(ValueError):
    """Nested deeper than anyone means; a payload of it is not looked into."""


@dataclass(slots=True)
class _Container:
    action: Action | None
    listed: bool
    index: int | None
    """Of a list's element; None in an object."""


class Structure:
    """One walk over the JSON in a text.

    Args:
        edits: of the text; what is found is settled there.
        rules: what matches.
        matched: is told each value that a rule matched, and what stands for it.
        inner: looks into strings.
        payload: whether paths count here; they do not in what a service says around a payload.
    """

    def __init__(
        self,
        edits: Edits,
        rules: Rules,
        matched: Callable[[str, str], None],
        inner: Inner,
        *,
        payload: bool,
    ) -> None:
        self._edits, self._rules, self._matched, self._inner = edits, rules, matched, inner
        self._payload = payload
        self._open: list[_Container] = []
        self._path: list[str | int] = []
        self._next: tuple[Action | None, bool] | None = None
        self._bare = (None, not (payload and rules.only))

    def walk(self) -> None:
        """Settle every value that a rule matches, and every string that holds more than it shows.

        Raises:
            TooDeepError: too many brackets within each other.
        """
        steps = {
            "name": self._name,
            "string": self._string,
            "open": self._enter,
            "close": self._leave,
            "number": self._number,
            "literal": self._literal,
        }
        text = self._edits.text
        first = FIRST.search(text)
        for token in TOKEN.finditer(text, first.end() - 1) if first else ():
            steps[token.lastgroup or "string"](token)

    def _name(self, token: re.Match[str]) -> None:
        name = _decoded(token["string"])
        within = self._within()
        if within.index is None and self._path:
            self._path[-1] = name
        action = within.action
        if action is None:
            action = self._by_path() or self._rules.names.action(name)
        elif action is Action.KEEP:
            action = self._by_path() or action
        elif name in TYPE_NAMES and not self._payload:
            action = Action.KEEP
        self._next = (action, within.listed or self._is_listed())
        if "\\" in token["string"]:
            self._look_into(token, token["string"], name)

    def _within(self) -> _Container:
        return self._open[-1] if self._open else _Container(*self._bare, None)

    def _value(self) -> tuple[Action | None, bool]:
        """What is done with the value that begins here, and whether it is among those that are kept."""
        within, judged = self._within(), self._next
        self._next = None
        if judged is not None:
            return judged
        if within.index is None:
            return within.action, within.listed
        self._path[-1] = within.index
        within.index += 1
        action = within.action
        if action is None or action is Action.KEEP:
            action = self._by_path() or action
        return action, within.listed or self._is_listed()

    def _judged(self) -> Action | None:
        """The same for a value that stands alone: what is not among those that are kept is dropped."""
        action, listed = self._value()
        return Action.DROP if action is None and not listed else action

    def _by_path(self) -> Action | None:
        return self._rules.paths.action(self._path) if self._payload else None

    def _is_listed(self) -> bool:
        return bool(self._payload and self._rules.only.action(self._path))

    def _enter(self, token: re.Match[str]) -> None:
        self._open.append(_Container(*self._value(), 0 if token[0] == "[" else None))
        self._path.append("")
        if len(self._open) > DEEPEST:
            raise TooDeepError(f"more than {DEEPEST} brackets within each other")

    def _leave(self, token: re.Match[str]) -> None:
        if self._open:
            self._open.pop()
            self._path.pop()

    def _string(self, token: re.Match[str]) -> None:
        (action, listed), raw = self._value(), token["string"]
        start, end = token.span("string")
        if action is None and not listed and not _is_document(raw):
            action = Action.DROP
        if action is None:
            self._look_into(token, raw, self._path[-1] if self._path else "")
        elif action is Action.KEEP or not raw or REPLACED.fullmatch(raw):
            self._edits.settle(start, end, None)
        else:
            value = _decoded(raw)
            stands = self._rules.stands_for(value, action)
            self._matched(value, stands)
            if action is Action.DROP and end < token.end():
                self._edits.settle(token.start(), token.end(), "null")
            else:
                self._edits.settle(start, end, stands)

    def _look_into(self, token: re.Match[str], raw: str, name: str | int) -> None:
        """Look into a string that is escaped or packed; any other is left to the detectors as it stands."""
        start, end = token.span("string")
        if name == "N" and self._is_card(raw):
            self._edits.settle(start, end, self._card(raw))
            return
        escaped = "\\" in token["string"]
        text = _decoded(token["string"]) if escaped else raw
        inner = self._inner(text, name)
        if inner is not None and inner != text:
            self._edits.settle(start, end, json.dumps(inner)[1:-1])
        elif escaped:
            self._edits.settle(start, end, None)

    def _number(self, token: re.Match[str]) -> None:
        action, whole = self._judged(), token[0].partition(".")[0]
        if action is not None:
            self._settle_plain(token, action)
        elif self._is_card(whole):
            self._edits.settle(token.start(), token.start() + len(whole), self._card(whole))

    def _literal(self, token: re.Match[str]) -> None:
        action = self._judged()
        if token[0] == "null" or action is None or action is Action.KEEP:
            return
        if action is not Action.TOKEN:
            self._edits.settle(*token.span(), "null")
        elif self._by_path():
            self._settle_plain(token, action)

    def _settle_plain(self, token: re.Match[str], action: Action) -> None:
        if action is Action.KEEP:
            self._edits.settle(*token.span(), None)
            return
        stands = as_json(action, "value", token[0], self._rules.key)
        self._matched(token[0], stands.strip('"'))
        self._edits.settle(*token.span(), stands)

    def _is_card(self, digits: str) -> bool:
        return (
            "pan" in self._rules.kinds
            and len(digits) > 12
            and digits.isdigit()
            and is_card_number(digits)
        )

    def _card(self, digits: str) -> str:
        """A number that stands for a card's: what reads it wants a number."""
        action = self._rules.kinds["pan"]
        if action is Action.TOKEN:
            return self._rules.key.number("pan", digits)
        return as_json(action, "pan", digits, self._rules.key)


def _decoded(raw: str) -> str:
    """The text of a JSON string; as it stands where its escapes are none."""
    if "\\" not in raw:
        return raw
    try:
        return str(json.loads(f'"{raw}"', strict=False))
    except ValueError:
        return raw


def _is_document(raw: str) -> bool:
    """Whether the string holds a JSON document of its own, whose values are judged one by one."""
    if '\\"' not in raw:
        return False
    try:
        return isinstance(json.loads(_decoded(raw)), dict | list)
    except (ValueError, RecursionError):
        return False
