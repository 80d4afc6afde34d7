"""The smallest failing part of a sequence."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def smallest(items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> list[T]:
    """A part of a failing sequence that fails, and no longer does without any one of its items.

    Finds one culprit after the other by halving what stands before it, which takes about log2(n) trials for each; the
    rest of delta debugging is left to the few that are found.

    Args:
        items: that fail together.
        fails: whether some of them do, given in their order.

    Returns:
        Items in their order; all of them where none can go.

    Example:
        >>> smallest(range(1_000), lambda some: 3 in some and 512 in some)
        [3, 512]

    Source: Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002), for what is minimal.
    """
    order = range(len(items))

    def fail(numbers: Sequence[int]) -> bool:
        return fails([items[number] for number in sorted(numbers)])

    return [items[number] for number in _without_spare(_culprits(list(order), fail), fail)]


def _culprits(order: list[int], fails: Callable[[Sequence[int]], bool]) -> list[int]:
    """Some that fail; the culprits and those before the last of them always do together."""
    found: list[int] = []
    before = order
    while before and not (found and fails(found)):
        passing, failing = 0, len(before)
        while passing + 1 < failing:
            middle = (passing + failing) // 2
            if fails([*before[:middle], *found]):
                failing = middle
            else:
                passing = middle
        found.append(before[failing - 1])
        before = before[: failing - 1]
    return sorted(found)


def _without_spare(found: list[int], fails: Callable[[Sequence[int]], bool]) -> list[int]:
    """Drop what is not needed after all, until nothing can go."""
    again = True
    while again:
        again = False
        for number in list(found):
            rest = [each for each in found if each != number]
            if rest and fails(rest):
                found, again = rest, True
    return found
