"""Chance that depends on what it is for and on nothing else, so that two settings meet the same luck.

A number is a function of the seed, the record, its attempt and the purpose. So a record that is slow under one
setting is slow under the other, whatever happened in between: differences between settings are those of the settings
(common random numbers). And no number is kept anywhere.

Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (2014): the finaliser of SplitMix64.
"""

import numpy as np
from numpy.typing import NDArray

from workbench.tune.simulate.compiled import inlined

DURATION = 1
RECORD_FAILURE = 2
POISON = 3
INITIALISATION = 4
POLL = 5
LANE = 6
BATCH_FAILURE = 7
_UNIT = 2.0**-53


@inlined
def mixed(number: np.uint64) -> np.uint64:
    """64 bits in, 64 well mixed bits out."""
    z = number + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@inlined
def uniform(seed: int, record: int, attempt: int, purpose: int) -> float:
    """A number in [0, 1) that belongs to these four."""
    bits = mixed(
        mixed(np.uint64(seed) ^ (np.uint64(purpose) << np.uint64(56)))
        ^ mixed((np.uint64(record) << np.uint64(16)) | np.uint64(attempt))
    )
    return float(bits >> np.uint64(11)) * _UNIT


@inlined
def quantile(table: NDArray[np.float64], share: float) -> float:
    """The value below which `share` of an ascending table lies, between its values in proportion.

    A table of n values stands for their empirical distribution: equal weights, linear between neighbours.
    """
    last = len(table) - 1
    if last <= 0:
        return float(table[0])
    place = share * last
    at = int(place)
    if at >= last:
        return float(table[last])
    return float(table[at] + (place - at) * (table[at + 1] - table[at]))
