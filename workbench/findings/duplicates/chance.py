"""What kinds that tell equal contents from repeated sends have in common: the bound of chance, and what it leaves."""

import polars as pl

from workbench.findings.wording import largest
from workbench.questions import Threshold

CHANCE = Threshold(
    "chance",
    0.05,
    "one in twenty, the usual bound for taking a coincidence for a cause; over all contents of a source together",
)
MOST_CONFIDENT = 0.99
"""Assumed: one time in a hundred a producer means to send the same twice; only the producer knows."""


def confidence(instances: pl.DataFrame) -> float:
    """How sure it is that chance explains none of the instances."""
    return round(min(MOST_CONFIDENT, 1 - float(largest(instances, "by_chance"))), 4)
