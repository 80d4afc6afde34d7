"""Makes datasets: ordinary traffic of a small shop, with the faults and look-alikes that are asked for."""

from collections.abc import Iterable

from datasets.plantings import LOOK_ALIKES, PLANTINGS
from datasets.shop import Shop
from datasets.story import Story, Told

RECORDS = 2_000
LEAST_S, MOST_S = 7_200.0, 72_000.0
"""A story lasts two hours, or as long as its records need at one a second, up to 20 hours: streams keep a day."""


def make(
    kinds: Iterable[str] = (),
    look_alikes: Iterable[str] = (),
    *,
    records: int = RECORDS,
    seed: int = 1,
    each: int = 2,
) -> Told:
    """A dataset.

    Args:
        kinds: finding kinds whose faults are planted.
        look_alikes: kinds whose look-alikes are planted; what they are instead is labelled, where it is anything.
        records: about so many records of ordinary traffic.
        seed: the same seed makes the same dataset.
        each: faults of each kind, and look-alikes of each.

    Returns:
        Records, configuration, coverage and labels.

    Raises:
        KeyError: no such kind.

    Example:
        >>> told = make(["sequence_gap"], records=200, seed=7, each=1)
        >>> [(label.kind, label.key) for label in told.labels]
        [('sequence_gap', 'order-00040')]
    """
    story = Story(seed, min(MOST_S, max(LEAST_S, float(records))))
    shop = Shop(story)
    shop.trade(records)
    for plantings, wanted in ((PLANTINGS, kinds), (LOOK_ALIKES, look_alikes)):
        for kind in wanted:
            for nth in range(each):
                plantings[kind](shop, nth)
    shop.close()
    return story.told()
