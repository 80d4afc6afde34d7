"""How much is selected, by source."""

import polars as pl

from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.trace.sql import load_statement

STATEMENT = load_statement(__package__, "selected_counts")


def selected_counts(trace: Trace) -> pl.DataFrame:
    """Deliveries by source, and how many of them are selected.

    Returns:
        One row a source, sorted: `source_arn, selected, deliveries`.

    Example:
        >>> selected_counts(trace)["selected"].sum()  # doctest: +SKIP
        120
    """
    return trace.sql(STATEMENT.text)


def said(counts: pl.DataFrame) -> str:
    """The counts for people: all of them, then each source of which some are selected.

    Example:
        >>> said(pl.DataFrame({"source_arn": ["arn:aws:sqs:eu-west-1:111111111111:orders"],
        ...                    "selected": [2], "deliveries": [40]}))
        '2 of 40 deliveries: sqs:orders 2'
    """
    selected, deliveries = (int(counts[name].sum()) for name in ("selected", "deliveries"))
    parts = [f"{source_name(arn)} {count:,}" for arn, count, _ in counts.iter_rows() if count > 0]
    by_source = f": {', '.join(parts)}" if parts else ""
    return f"{selected:,} of {deliveries:,} deliveries{by_source}"
