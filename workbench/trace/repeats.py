"""Log events that a look-back window brings again: left out, because their id says that they are stored."""

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

from connectors.record import Page, Record, Service
from workbench.trace.reader import Trace

REMEMBERED = 200_000
"""Ids kept per source; far more than a look-back window of minutes holds at a budgeted read rate."""


class RepeatedEvents:
    """Knows the newest ids of each log group, also those that an earlier capture stored."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace
        self._ids: dict[str, OrderedDict[str, None]] = {}

    def without(self, source_arn: str, page: Page) -> Page:
        """The page without events that are stored already; other services' pages as they are."""
        if not page.records or page.records[0].service != Service.LOGS:
            return page
        known = self._ids.get(source_arn)
        if known is None:
            known = self._ids[source_arn] = self._stored(source_arn)
        fresh = tuple(record for record in page.records if _is_new(known, record))
        while len(known) > REMEMBERED:
            known.popitem(last=False)
        return page if len(fresh) == len(page.records) else replace(page, records=fresh)

    def _stored(self, source_arn: str) -> OrderedDict[str, None]:
        with Trace(self._trace) as trace:
            stored = trace.sql(
                "select record_id from records where source_arn = $arn order by source_at desc limit $most",
                arn=source_arn,
                most=REMEMBERED,
            )
        return OrderedDict.fromkeys(reversed(stored["record_id"].to_list()))


def _is_new(known: OrderedDict[str, None], record: Record) -> bool:
    if record.record_id in known:
        return False
    known[record.record_id] = None
    return True
