"""The rows that prove a finding, and the captured records behind them."""

import polars as pl

from workbench.findings import Finding
from workbench.trace import Trace
from workbench.trace.sql import load_statement

SHOWN_BYTES = 2_000
"""Of a payload; the whole of it is in `records`."""


def witness(trace: Trace, finding: Finding) -> pl.DataFrame:
    """The rows that prove the finding: what its own SQL returns.

    Returns:
        One row a witness, with `source_arn`, `key`, `delivery_id` and the kind's own columns.

    Example:
        >>> witness(trace, next(iter(find(trace))))  # doctest: +SKIP
    """
    return trace.sql(finding.sql)


def with_records(trace: Trace, rows: pl.DataFrame) -> pl.DataFrame:
    """Witness rows, in their order, with what the records behind them say.

    Args:
        trace: the trace.
        rows: some of the rows of `witness`; few, because payloads come along.

    Returns:
        The rows without `source_arn`, and where they lack them `source_at`, `partition_id`, `record_id`,
        `ordering_key`, `receive_count`, `body_bytes`, `body_start` (its first 2,000 bytes).
    """
    records = trace.sql(
        load_statement(__package__, "witness").text,
        delivery_ids=rows["delivery_id"].to_list(),
        most_bytes=SHOWN_BYTES,
    )
    own = rows.drop("source_arn", strict=False)
    missing = [name for name in records.columns if name not in own.columns]
    return own.join(
        records.select("delivery_id", *missing), on="delivery_id", how="left", maintain_order="left"
    )
