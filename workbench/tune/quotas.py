"""What AWS allows, by date: memory, timeouts, batch sizes, rates, concurrency."""

from pathlib import Path

from workbench.tune.dated import DatedTable, read_table


def quotas(own: Path | None = None) -> DatedTable:
    """AWS's quotas of the services that a trace holds, each with the days on which it held.

    Args:
        own: CSV of the same columns, for quotas that were raised for an account; its rows replace those of the same
            service, name, region and mode on the days they hold.

    Returns:
        A table; `value(service, name, at)` is one figure, `rows(service, at)` are those of a day. A figure is the
        default of a new account; `valid_to` is exclusive.

    Raises:
        UsageError: the file cannot be right; the message names row and column.

    Example:
        >>> from datetime import date
        >>> quotas().value("lambda", "memory_max", date(2016, 12, 1))
        1536.0

    Source: each row names its own.
    """
    return read_table("quotas.csv", own)
