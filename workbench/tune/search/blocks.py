"""Pieces of a traffic by time: another day like this one, and its busiest minutes.

Waits depend on what came just before, so a traffic is drawn again in blocks of minutes, never record by record.

Source: Künsch, "The Jackknife and the Bootstrap for General Stationary Observations" (1989); Politis, Romano,
"A Circular Block-Resampling Procedure for Stationary Data" (1992).
"""

import numpy as np

from workbench.tune.simulate.traffic import Floats, Integers, Traffic

BLOCK_LEAST_S = 60.0
BLOCK_MOST_S = 300.0
BUSY_PERIODS = 5.0
"""A block holds at least so many periods in which work was waiting, as far as a block may be long."""
BLOCKS_LEAST = 10
"""A traffic has at least so many blocks: with fewer, all draws would be alike."""


def block_length_s(traffic: Traffic, busy_s: float = 0.0) -> float:
    """How long a block is: 1 to 5 minutes, by the busy periods; a tenth of a traffic that is shorter than that.

    Args:
        traffic: what is drawn from.
        busy_s: a typical time during which work was waiting.

    Example:
        >>> from datetime import UTC, datetime
        >>> from workbench.tune.simulate.traffic import plain_traffic
        >>> block_length_s(plain_traffic(datetime(2026, 1, 1, tzinfo=UTC), np.arange(7200.0)), busy_s=20)
        100.0
    """
    wanted = min(max(BUSY_PERIODS * busy_s, BLOCK_LEAST_S), BLOCK_MOST_S)
    return min(wanted, traffic.span_s / BLOCKS_LEAST)


def busy_period_s(arrived_s: Floats, ended_s: Floats) -> float:
    """The mean time, by arrivals, from the first record of a crowd until nothing of it is left; 0 without any.

    Args:
        arrived_s: ascending.
        ended_s: when each was done; NaN where it was not.
    """
    there = ~np.isnan(ended_s)
    if not there.any():
        return 0.0
    arrived, ended = arrived_s[there], np.maximum.accumulate(ended_s[there])
    begins = np.flatnonzero(np.concatenate(([True], arrived[1:] > ended[:-1])))
    lengths = np.concatenate((ended[begins[1:] - 1], ended[-1:])) - arrived[begins]
    counts = np.diff(np.append(begins, len(arrived)))
    return float(np.average(lengths, weights=counts))


def redrawn(
    traffic: Traffic, length_s: float, chance: np.random.Generator, span_s: float | None = None
) -> Traffic:
    """Another traffic of the same kind: blocks of the captured one, drawn with replacement, one behind the other.

    Inside a block every record keeps its distance to the others. The captured traffic is taken as a circle, so
    that its ends are drawn as often as its middle.

    Args:
        traffic: what was captured.
        length_s: of a block.
        chance: where the draws come from.
        span_s: how long the new one is; None: as long as the captured one.
    """
    whole_s = traffic.span_s
    if whole_s <= 0 or length_s <= 0:
        return traffic
    wanted_s = span_s or whole_s
    first_s = float(traffic.at_s[0])
    blocks = int(np.ceil(wanted_s / length_s))
    begins = chance.uniform(0.0, whole_s, blocks)
    lengths = np.full(blocks, length_s)
    lengths[-1] = wanted_s - length_s * (blocks - 1)
    at_s = traffic.at_s - first_s
    circle = np.concatenate((at_s, at_s + whole_s))
    low = np.searchsorted(circle, begins, side="left")
    high = np.searchsorted(circle, begins + lengths, side="left")
    places = _ranges(low, high)
    shifts = np.repeat(np.arange(blocks) * length_s - begins, high - low)
    return traffic.picked(places % len(traffic), circle[places] + shifts + first_s)


def busiest(traffic: Traffic, records: int, length_s: float = BLOCK_LEAST_S) -> Traffic:
    """The busiest blocks of a traffic with the block before each, at their own instants, of about so many records.

    The block before is what a busy one begins with: a queue that is not empty.
    """
    if len(traffic) <= records:
        return traffic
    block = ((traffic.at_s - traffic.at_s[0]) // length_s).astype(np.int64)
    counts = np.bincount(block)
    chosen = np.zeros(len(counts) + 1, dtype=np.bool_)
    taken = 0
    for at in np.argsort(-counts, kind="stable"):
        for each in (at, max(at - 1, 0)):
            taken += 0 if chosen[each] else int(counts[each])
            chosen[each] = True
        if taken >= records:
            break
    kept = np.flatnonzero(chosen[block])
    return traffic.picked(kept, traffic.at_s[kept])


def denser(
    traffic: Traffic,
    factor: float,
    chance: np.random.Generator,
    within: tuple[float, float] | None = None,
) -> Traffic:
    """The traffic `factor` times as dense: records left out by lot, or sent again beside themselves.

    Args:
        traffic: what was captured.
        factor: at least 0.
        chance: where the lots come from.
        within: only records that arrive in this stretch of seconds; None: all.
    """
    count = len(traffic)
    whole, part = int(factor), factor - int(factor)
    times = whole + (chance.random(count) < part)
    if within is not None:
        inside = (traffic.at_s >= within[0]) & (traffic.at_s < within[1])
        times = np.where(inside, times, 1)
    places = np.repeat(np.arange(count), times)
    # A second copy comes at the distance of some other arrival, so that it does not double one instant.
    gaps = np.diff(traffic.at_s, append=traffic.at_s[-1:]) if count else traffic.at_s
    is_copy = np.diff(places, prepend=-1) == 0
    jitter = np.where(is_copy, chance.random(len(places)) * gaps[places], 0.0)
    return traffic.picked(places, traffic.at_s[places] + jitter)


def busiest_stretch(traffic: Traffic, length_s: float = BLOCK_LEAST_S) -> tuple[float, float]:
    """Begin and end of the stretch with the most arrivals."""
    until = np.searchsorted(traffic.at_s, traffic.at_s + length_s, side="left")
    at = int(np.argmax(until - np.arange(len(traffic))))
    begin = float(traffic.at_s[at])
    return begin, begin + length_s


def _ranges(low: Integers, high: Integers) -> Integers:
    """All whole numbers from each low up to its high, one range behind the other."""
    counts = high - low
    offsets = np.repeat(low - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
    places: Integers = np.arange(int(counts.sum())) + offsets
    return places
