"""The records that are replayed: all of a source, or those that are chosen."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from workbench.errors import UsageError
from workbench.replay.engine.invocation import COLUMNS, Item
from workbench.summary import Summary
from workbench.trace import Trace
from workbench.trace.sql import load_statement

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection(Summary):
    """Which records of a source; what is not said leaves none out."""

    where: str | None = None
    """A condition of SQL over the columns of `records`."""
    since: datetime | None = None
    """From this instant of arrival on."""
    until: datetime | None = None
    """Up to this instant, it included."""
    failed: bool = False
    """Those that imported failure records and dead-letter messages hold or name."""
    delivery_ids: Collection[int] | None = None
    limit: int | None = None
    """The first so many that all else lets through."""


EVERYTHING = Selection()


def selected_items(trace: Trace, source_arn: str, selection: Selection = EVERYTHING) -> list[Item]:
    """The chosen records of a source, in the order of their arrival; each once, however often it was captured.

    Raises:
        UsageError: a condition that DuckDB does not accept, or none of the records
            is chosen.
    """
    statement = load_statement(__package__, "captured_records")
    frame = trace.sql(statement.text, source_arn=source_arn)
    # One tzinfo for all instants: Python compares those of two far more slowly.
    arrived_us = frame["arrives_at"].dt.epoch("us").to_list()
    instants = (_EPOCH + timedelta(microseconds=each) for each in arrived_us)
    place = COLUMNS.index("arrives_at")
    before, after = COLUMNS[:place], COLUMNS[place + 1 :]
    rows = zip(frame.select(before).rows(), instants, frame.select(after).rows(), strict=True)
    items = [Item(*(*left, at, *right)) for left, at, right in rows]
    if selection == EVERYTHING:
        return items
    chosen = _chosen(trace, items, source_arn, selection)
    if items and not chosen:
        raise UsageError(
            f"wanted records to replay, found none chosen of the {len(items)} of this source; choose others"
        )
    return chosen


def _chosen(trace: Trace, items: list[Item], source_arn: str, selection: Selection) -> list[Item]:
    wanted = None if selection.delivery_ids is None else set(selection.delivery_ids)
    if selection.failed:
        rows = trace.sql(
            load_statement(__package__, "failed_deliveries").text, source_arn=source_arn
        )
        failed = set(rows["delivery_id"])
        wanted = failed if wanted is None else wanted & failed
    fitting = set()
    if selection.where is not None:
        # Any delivery of a record may fit; the first one stands for it.
        statement = (
            "select partition_id, record_id from records "  # noqa: S608 - the user's own condition
            f"where source_arn = $source_arn and ({selection.where}\n)"
        )
        fitting = set(trace.sql(statement, source_arn=source_arn).rows())
    return [
        item
        for item in items
        if (wanted is None or item.delivery_id in wanted)
        and (selection.since is None or item.arrives_at >= selection.since)
        and (selection.until is None or item.arrives_at <= selection.until)
        and (selection.where is None or (item.partition_id, item.record_id) in fitting)
    ][: selection.limit]
