"""JSONPath rules: `$.customer.email`, `$..password`, `$.items[*].card`, `$['odd name']`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.errors import UsageError
from workbench.trace.redaction.actions import Action

STEP = re.compile(
    r"""(?P<any>\.\.)?(?:(?(any)|\.)(?P<name>[^.\[\]*'"\s]+|\*)|\[(?:'(?P<one>[^']+)'|"(?P<two>[^"]+)"|(?P<index>\d+|\*))\])"""
)
TABLE_IMAGES = ("Keys", "NewImage", "OldImage")


@dataclass(frozen=True, slots=True)
class Step:
    """One step down."""

    name: str | int
    """A member's name, an element's number, or `*` for any."""
    at_any_depth: bool = False

    def fits(self, part: str | int) -> bool:
        """Whether this part of a path is what the step names."""
        return self.name in ("*", part)


def parse_steps(path: str) -> tuple[Step, ...]:
    """The steps of a rule's JSONPath.

    Raises:
        UsageError: it is none that we know.

    Example:
        >>> parse_steps("$..card")
        (Step(name='card', at_any_depth=True),)
    """
    steps, at = [], 1
    while at < len(path) and path.startswith("$"):
        found = STEP.match(path, at)
        if found is None:
            break
        index = found["index"]
        name = found["name"] or found["one"] or found["two"]
        steps.append(
            Step(int(index) if index and index != "*" else name or "*", bool(found["any"]))
        )
        at = found.end()
    if not steps or at < len(path):
        raise UsageError(
            f"wanted a JSONPath such as $.customer.email, $..password or $.items[*].card, found {path!r}"
        )
    return tuple(steps)


class Paths:
    """Which places of a JSON document a profile names, and what is done there.

    A change of a table is named by its item's own attributes: `$.email` is `$.NewImage.email.S` too.

    Example:
        >>> Paths({"$.customer.email": Action.TOKEN}).action(("customer", "email"))
        <Action.TOKEN: 'token'>
    """

    def __init__(self, rules: Mapping[str, Action]) -> None:
        self._rules = [(parse_steps(path), action) for path, action in rules.items()]
        last = [steps[-1].name for steps, _ in self._rules]
        self._ends = set(last)
        self._any_end = "*" in self._ends
        self.last_names = {
            str(steps[-1].name): action
            for steps, action in self._rules
            if isinstance(steps[-1].name, str) and steps[-1].name != "*"
        }
        """The names that the rules end in: what text that is no JSON can be searched for."""

    def __bool__(self) -> bool:
        return bool(self._rules)

    def action(self, path: Sequence[str | int]) -> Action | None:
        """What is done with the value there; the last rule that names it counts."""
        if not self._rules or not path:
            return None
        image = path[0] in TABLE_IMAGES
        item = path[1::2] if image else ()
        if not (
            self._any_end or path[-1] in self._ends or (image and item and item[-1] in self._ends)
        ):
            return None
        found = None
        for steps, action in self._rules:
            if _matches(steps, path) or (item and len(path) % 2 == 0 and _matches(steps, item)):
                found = action
        return found


def _matches(steps: Sequence[Step], path: Sequence[str | int]) -> bool:
    """Whether the steps lead exactly there: places of the path that the steps so far may have led to."""
    reached = {0}
    for step in steps:
        reached = {
            at + 1
            for start in reached
            for at in (range(start, len(path)) if step.at_any_depth else (start,))
            if at < len(path) and step.fits(path[at])
        }
    return len(path) in reached
