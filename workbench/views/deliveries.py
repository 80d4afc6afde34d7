"""Deliveries in the order of time, however many: their ids at once, what a list shows of them a page at a time.

The ids of ten million deliveries are 80 MB and take about a second; they make every page a look-up, first and last
alike. Numpy puts them in order, for it uses that segments are nearly in order already; a sort in the database does not.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.trace.sql import literal, load_statement

START_BYTES = 200
"""Of a payload in a list; the whole of it is in `records`."""


def delivery_ids(trace: Trace, condition: str = "true") -> NDArray[np.int64]:
    """The ids of the deliveries for which a condition holds, by `source_at` (or `received_at`), then id.

    Args:
        trace: the trace.
        condition: SQL over the columns of `records`, such as `CrossFilter.where` returns.

    Raises:
        UsageError: DuckDB does not accept it, or cannot evaluate it for some record.

    Example:
        >>> delivery_ids(trace, "receive_count > 1")  # doctest: +SKIP
    """
    at_us = "epoch_us(coalesce(source_at, received_at)) as at_us"
    found = trace.sql(f"select delivery_id, {at_us} from records where ({condition}\n)")  # noqa: S608 - it is SQL
    ids = found["delivery_id"].to_numpy()
    return np.asarray(ids[np.lexsort((ids, found["at_us"].to_numpy()))], np.int64)


def deliveries(trace: Trace, delivery_ids: Sequence[int] | NDArray[np.int64]) -> pl.DataFrame:
    """What a list shows of these deliveries; a thousand cost as much as one, the segments are read all the same.

    Args:
        trace: the trace.
        delivery_ids: few enough to look at.

    Returns:
        One row a delivery that is there, in the order asked for: `delivery_id`, `at` (UTC), `source_arn`,
        `partition_id`, `id` (sequence number, else the record's id), `ordering_key`, `receive_count`, `body_bytes`,
        `first_receive_ms` (SQS: from sent to first received), `body_start` (200 bytes).

    Example:
        >>> deliveries(trace, [1, 2])  # doctest: +SKIP
    """
    return trace.sql(
        load_statement(__package__, "deliveries").text,
        delivery_ids=[int(each) for each in delivery_ids],
        most_bytes=START_BYTES,
    )


def delivery(trace: Trace, delivery_id: int) -> dict[str, Any]:
    """One delivery whole: the columns of `records`, as `event_record` takes them.

    Raises:
        UsageError: the trace has no such delivery.

    Example:
        >>> wb.event_record(delivery(trace, 1))  # doctest: +SKIP
    """
    found = trace.sql(load_statement(__package__, "delivery").text, delivery_id=delivery_id)
    if found.is_empty():
        raise UsageError(
            f"wanted a delivery of the trace, found none with delivery_id {delivery_id}"
        )
    return found.row(0, named=True)


def same_key(row: dict[str, Any]) -> str:
    """The condition that holds for a record's ordering key in all sources; for the record alone where it has no key.

    Args:
        row: of `records`.

    Example:
        >>> same_key({"ordering_key": "it's", "record_id": "m"})
        "ordering_key = 'it''s'"
    """
    name = "record_id" if row["ordering_key"] is None else "ordering_key"
    return f"{name} = {literal(row[name])}"
