"""Log events that are read again, to look back or to seal: left out, because their id says that they are stored."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path

from connectors.record import Page, Record, Service
from workbench.trace.reader import Trace
from workbench.trace.sql import load_statement

REMEMBERED = 200_000
"""Ids kept in memory for each group; those of other events are asked of the trace when they come again."""
STRETCH = timedelta(seconds=10)
"""Ids are remembered and let go by stretches of the events' own time, so that what is known of one is all of it."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Known:
    """Ids of one group by stretch, the least recently used first."""

    by_stretch: OrderedDict[int, set[str]] = field(default_factory=OrderedDict)
    first: float = inf
    """Before this stretch nothing is stored ..."""
    last: float = -inf
    """... nor after this one; between them a stretch that is not in memory is asked of the trace."""
    weight: int = 0
    """Ids and stretches in memory."""

    def add(self, record: Record) -> bool:
        """Whether the event was not known; it is now."""
        ids = self.by_stretch[_stretch_of(record.source_at)]
        if record.record_id in ids:
            return False
        ids.add(record.record_id)
        self.weight += 1
        return True

    def let_go(self) -> None:
        """Forget what was not used for longest."""
        while self.weight > REMEMBERED:
            _, ids = self.by_stretch.popitem(last=False)
            self.weight -= 1 + len(ids)


class RepeatedEvents:
    """Knows which events of a log group are stored, by whatever capture; exactly, and in bounded memory.

    A page must be durable before the next of its group is asked about.
    """

    def __init__(self, trace: Path) -> None:
        self._trace = trace
        self._known: dict[str, _Known] = {}

    def without(self, source_arn: str, page: Page) -> Page:
        """The page without events that are stored already; other services' pages as they are."""
        events = [record for record in page.records if record.service == Service.LOGS]
        if not events:
            return page
        known = self._known.get(source_arn)
        if known is None:
            known = self._known[source_arn] = self._begun(source_arn)
        self._recall(source_arn, known, events)
        fresh = tuple(
            record for record in page.records if record.service != Service.LOGS or known.add(record)
        )
        known.let_go()
        return page if len(fresh) == len(page.records) else replace(page, records=fresh)

    def _begun(self, source_arn: str) -> _Known:
        """Between which stretches there are stored events; none of them is in memory yet."""
        with Trace(self._trace) as trace:
            stored = trace.sql(
                load_statement(__package__, "stored_time").text, source_arn=source_arn
            )
        first_at, last_at = stored.row(0)
        if first_at is None:
            return _Known()
        return _Known(first=_stretch_of(first_at), last=_stretch_of(last_at))

    def _recall(self, source_arn: str, known: _Known, events: Iterable[Record]) -> None:
        """Bring to mind all stretches of a page."""
        touched = {_stretch_of(event.source_at) for event in events}
        missing = sorted(touched - known.by_stretch.keys())
        for number in touched - set(missing):
            known.by_stretch.move_to_end(number)
        known.by_stretch |= {number: set() for number in missing}
        known.weight += len(missing)
        asked = [number for number in missing if known.first <= number <= known.last]
        if asked:
            self._ask(source_arn, known, asked)
        known.first = min([known.first, *missing])
        known.last = max([known.last, *missing])

    def _ask(self, source_arn: str, known: _Known, numbers: Sequence[int]) -> None:
        with Trace(self._trace) as trace:
            stored = trace.sql(
                load_statement(__package__, "stored_events").text,
                source_arn=source_arn,
                since=_EPOCH + numbers[0] * STRETCH,
                until=_EPOCH + (numbers[-1] + 1) * STRETCH,
            )
        wanted = set(numbers)
        for record_id, source_at in stored.iter_rows():
            number = _stretch_of(source_at)
            if number in wanted:
                known.by_stretch[number].add(record_id)
                known.weight += 1


def _stretch_of(at: datetime | None) -> int:
    return ((at or _EPOCH) - _EPOCH) // STRETCH
