"""How much came when: deliveries per time bucket and source, few enough rows to draw."""

import polars as pl

from workbench.trace import Trace
from workbench.trace.sql import load_statement

BUCKETS = 300
SERIES = 12


def activity(trace: Trace) -> pl.DataFrame:
    """Deliveries per time bucket and source, counted in the database.

    Args:
        trace: the trace.

    Returns:
        One row per bucket and series with deliveries, at most 300 buckets of 12 series: `source_arn` (null: the less
        busy sources together), `from_at`, `to_at` (UTC), `deliveries`.

    Example:
        >>> activity(trace).group_by("source_arn").agg(pl.col("deliveries").sum())  # doctest: +SKIP
    """
    return trace.sql(load_statement(__package__, "activity").text, buckets=BUCKETS, series=SERIES)
