"""What AWS charges, by date: list prices in US dollars, without a free tier."""

from pathlib import Path

from workbench.tune.dated import DatedTable, read_table


def prices(own: Path | None = None) -> DatedTable:
    """AWS's list prices of the services that a trace holds, each with the days on which it held.

    Args:
        own: CSV of the same columns, for other Regions, discounts, and prices that are not known here; its rows
            replace those of the same service, name, region and mode on the days they hold.

    Returns:
        A table; a price is in the row's unit (`usd_per_million`: a million of what `name` counts), for us-east-1. A
        value of None is a price that is not known here, `source` says what is missing. Of a price with tiers, `NAME`
        is the first, `NAME_tier_2` the next, which begins at `NAME_tier_2_from` of a month.

    Raises:
        UsageError: the file cannot be right; the message names row and column.

    Example:
        >>> from datetime import date
        >>> prices().value("sqs", "request", date(2016, 11, 1), mode="standard")
        0.5

    Source: each row names its own.
    """
    return read_table("prices.csv", own)
