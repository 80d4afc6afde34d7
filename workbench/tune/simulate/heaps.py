"""Binary heaps in arrays, for compiled code; of equal instants the one with the lower number comes first."""

from typing import NamedTuple

import numpy as np

from workbench.tune.simulate.compiled import compiled, inlined
from workbench.tune.simulate.traffic import Floats, Integers


class Heap(NamedTuple):
    """Instants with what happens at them; the earliest at place 0. It has room for as many as it was made for."""

    at_s: Floats
    what: Integers
    size: Integers
    """One number."""


class Instants(NamedTuple):
    """Instants alone."""

    at_s: Floats
    size: Integers
    """One number."""


@compiled
def new_heap(room: int) -> Heap:
    """An empty heap."""
    return Heap(np.empty(room), np.empty(room, dtype=np.int64), np.zeros(1, dtype=np.int64))


@compiled
def new_instants(room: int) -> Instants:
    """An empty heap of instants."""
    return Instants(np.empty(room), np.zeros(1, dtype=np.int64))


@inlined
def push(heap: Heap, instant: float, thing: int) -> None:
    """Put an entry in."""
    at, what, place = heap.at_s, heap.what, heap.size[0]
    while place > 0:
        above = (place - 1) >> 1
        if at[above] < instant or (at[above] == instant and what[above] <= thing):
            break
        at[place] = at[above]
        what[place] = what[above]
        place = above
    at[place] = instant
    what[place] = thing
    heap.size[0] += 1


@inlined
def pop(heap: Heap) -> None:
    """Take the earliest entry out."""
    at, what = heap.at_s, heap.what
    heap.size[0] -= 1
    size = heap.size[0]
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


@inlined
def push_instant(heap: Instants, instant: float) -> None:
    """Put an instant in."""
    at, place = heap.at_s, heap.size[0]
    while place > 0:
        above = (place - 1) >> 1
        if at[above] <= instant:
            break
        at[place] = at[above]
        place = above
    at[place] = instant
    heap.size[0] += 1


@inlined
def replace_earliest(heap: Instants, instant: float) -> None:
    """Take the earliest instant out and put another in; there is at least one."""
    at, size, place = heap.at_s, heap.size[0], 0
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


@inlined
def pop_instant(heap: Instants) -> None:
    """Take the earliest instant out."""
    heap.size[0] -= 1
    if heap.size[0] > 0:
        replace_earliest(heap, heap.at_s[heap.size[0]])
