"""Binary heaps in arrays, for compiled code: instants with what happens at them; of equal instants the lower first."""

import numpy as np

from workbench.tune.simulate.compiled import compiled
from workbench.tune.simulate.traffic import Floats, Integers


@compiled
def push(at: Floats, what: Integers, size: int, instant: float, thing: int) -> int:
    """Put an entry in; returns the new size. The arrays have room for it."""
    place = size
    while place > 0:
        above = (place - 1) >> 1
        if at[above] < instant or (at[above] == instant and what[above] <= thing):
            break
        at[place] = at[above]
        what[place] = what[above]
        place = above
    at[place] = instant
    what[place] = thing
    return size + 1


@compiled
def pop(at: Floats, what: Integers, size: int) -> int:
    """Take the earliest entry, at place 0, out; returns the new size."""
    size -= 1
    if size == 0:
        return 0
    instant, thing, place = at[size], what[size], 0
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        if below + 1 < size and (
            at[below + 1] < at[below]
            or (at[below + 1] == at[below] and what[below + 1] < what[below])
        ):
            below += 1
        if at[below] > instant or (at[below] == instant and what[below] >= thing):
            break
        at[place] = at[below]
        what[place] = what[below]
        place = below
    at[place] = instant
    what[place] = thing
    return size


@compiled
def push_instant(at: Floats, size: int, instant: float) -> int:
    """The same for a heap of instants alone."""
    place = size
    while place > 0:
        above = (place - 1) >> 1
        if at[above] <= instant:
            break
        at[place] = at[above]
        place = above
    at[place] = instant
    return size + 1


@compiled
def replace_earliest(at: Floats, size: int, instant: float) -> None:
    """Take the earliest instant out and put a later one in; there is at least one."""
    place = 0
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        if below + 1 < size and at[below + 1] < at[below]:
            below += 1
        if at[below] >= instant:
            break
        at[place] = at[below]
        place = below
    at[place] = instant


@compiled
def pop_instant(at: Floats, size: int) -> int:
    """Take the earliest instant out; returns the new size."""
    size -= 1
    if size > 0:
        replace_earliest(at, size, at[size])
    return size


@compiled
def doubled_floats(values: Floats) -> Floats:
    """The same with room for twice as many."""
    wider: Floats = np.empty(2 * len(values), dtype=np.float64)
    wider[: len(values)] = values
    return wider


@compiled
def doubled_integers(values: Integers) -> Integers:
    """The same with room for twice as many."""
    wider: Integers = np.empty(2 * len(values), dtype=np.int64)
    wider[: len(values)] = values
    return wider
