"""Counts and lengths of time as people write them, for the sentences of findings."""

from typing import Any

import polars as pl


def times(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun.

    Example:
        >>> times(1, "message"), times(3_000, "message"), times(2, "entry", "entries")
        ('1 message', '3,000 messages', '2 entries')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def seconds(milliseconds: float) -> str:
    """A length of time.

    Example:
        >>> seconds(250), seconds(3_500), seconds(300_000)
        ('250 ms', '3.5 s', '5 min')
    """
    if milliseconds < 1_000:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 120_000:
        return f"{milliseconds / 1_000:g} s"
    return f"{milliseconds / 60_000:g} min"


def largest(instances: pl.DataFrame, column: str) -> Any:
    """The largest value of the column.

    Example:
        >>> largest(pl.DataFrame({"places": [1, 3]}), "places")
        3
    """
    return instances[column].max()


def total(instances: pl.DataFrame, column: str) -> Any:
    """The sum of the column; of a column of truths how many are true.

    Example:
        >>> total(pl.DataFrame({"is_lost": [True, False]}), "is_lost")
        1
    """
    return instances[column].sum()
