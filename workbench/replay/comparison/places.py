"""Names the place of a difference, and reads the patterns that say which places do not count.

A place in a response is a JSONPath: `$.batchItemFailures[0].itemIdentifier`. A place in an AWS call is
`effects.SERVICE.OPERATION.PARAMETER`; where a text is itself JSON, `$` opens it:
`effects.sqs.SendMessage.MessageBody.$.id`.
What an invocation failed with is `error`.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from workbench.errors import UsageError
from workbench.replay.events.paths import at

Place = tuple[str | int | None, ...]
"""Steps to a value: a member's name, a position in a list, None where JSON begins."""
_TOKEN = re.compile(
    r"""(?P<deep>\.\.)|\.?(?P<any>\*)|\[(?P<every>\*)\]|\[(?P<position>\d+)\]"""
    r"""|\['(?P<quoted>(?:[^'\\]|\\.)*)'\]|\.?(?P<name>[^.\[\]*'"\s][^.\[\]]*)"""
)
BUILT_IN = (
    "effects..ReceiptHandle",
    "effects..ClientRequestToken",
    "effects..ClientToken",
    "effects.sfn.StartExecution.name",
)
"""New with every receive, or made by the SDK for each call; request ids and ids that answers gave never count."""


class _Any:
    """Stands for one step, or for any number of them."""

    def __init__(self, *, deep: bool) -> None:
        self.deep = deep


_ONE, _DEEP = _Any(deep=False), _Any(deep=True)
Pattern = tuple[str | int | _Any | None, ...]


def spelled(place: Place) -> str:
    """The place as people and programs read it.

    Example:
        >>> spelled((None, "items", 0, "a.b")), spelled(("effects", "sqs", "SendMessage", "MessageBody", None, "id"))
        ("$.items[0]['a.b']", 'effects.sqs.SendMessage.MessageBody.$.id')
    """
    text = ""
    for step in place:
        text = (f"{text}.$" if text else "$") if step is None else at(text, step)
    return text


def field_of(place: Place) -> str:
    """The place with every position in a list as `[*]`: what a schema would call the field.

    Example:
        >>> field_of((None, "items", 3, "id"))
        '$.items[*].id'
    """
    text = ""
    for step in place:
        if step is None:
            text = f"{text}.$" if text else "$"
        else:
            text = f"{text}[*]" if isinstance(step, int) else at(text, step)
    return text


@lru_cache(1_000)
def parsed(pattern: str) -> Pattern:
    """The steps of a pattern: `*` and `[*]` stand for any one step, `..` for any number.

    Raises:
        UsageError: it is none.
    """
    steps: list[str | int | _Any | None] = []
    position = 0
    while position < len(pattern):
        found = _TOKEN.match(pattern, position)
        if not found:
            break
        position = found.end()
        if found["deep"]:
            steps.append(_DEEP)
        elif found["any"] or found["every"]:
            steps.append(_ONE)
        elif found["position"]:
            steps.append(int(found["position"]))
        elif found["quoted"] is not None:
            steps.append(re.sub(r"\\(.)", r"\1", found["quoted"]))
        else:
            steps.append(None if found["name"] == "$" else found["name"])
    if not steps or position < len(pattern) or steps[0] not in (None, "effects", "error"):
        raise UsageError(
            f"wanted a place that does not count, found {pattern!r}; say $.member of the response, "
            "effects.SERVICE.OPERATION.PARAMETER of a call, or error, with * for any one step and .. for any number"
        )
    return tuple(steps)


def is_within(place: Place, patterns: Iterable[str]) -> bool:
    """Whether the place, or something that holds it, is what one of the patterns names.

    Example:
        >>> is_within((None, "meta", "at"), ["$.meta"]), is_within((None, "a", 0, "id"), ["$..id"])
        (True, True)
    """
    return any(_holds(parsed(pattern), place) for pattern in patterns)


def _holds(pattern: Pattern, place: Place) -> bool:
    """Positions in the pattern that the steps so far can have led to, as an automaton: no pattern is slow."""
    states = _closed({0}, pattern)
    for step in place:
        if len(pattern) in states:
            return True
        moved = set()
        for state in states:
            wanted = pattern[state]
            if isinstance(wanted, _Any):
                moved.add(state if wanted.deep else state + 1)
            elif wanted == step:
                moved.add(state + 1)
        states = _closed(moved, pattern)
    return len(pattern) in states


def _closed(states: set[int], pattern: Pattern) -> set[int]:
    return states | {
        state + 1 for state in states if state < len(pattern) and pattern[state] is _DEEP
    }
