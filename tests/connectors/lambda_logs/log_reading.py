"""A log group read as the capture loop reads it: each page durable before the next, repeats left out by their id."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors import Checkpoint, CorruptAnswerError, Partition, ThrottledError
from connectors.lambda_logs.group import LogGroup
from connectors.record import Page, Span
from tests.scripted_aws.logs import ScriptedLogs

ARN = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/pay"
WHOLE = Partition("")


def group(logs: Any, **more: Any) -> LogGroup:
    """A connector on a scripted group."""
    now = more.pop("now", None) or logs.clock.now
    return LogGroup(source_arn=ARN, client=logs, lambda_client=None, now=now, **more)


@dataclass
class Reading:
    """What is durable of a group, and a reader that goes on from there."""

    logs: ScriptedLogs
    more: dict[str, Any] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    """Stored events by id."""
    twice: list[str] = field(default_factory=list)
    """Ids that one reader yielded again."""
    spans: list[Span] = field(default_factory=list)
    checkpoint: Checkpoint | None = None
    stored_at: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    """By id: the event's own instant, and when it was stored."""
    sealed: list[tuple[Span, datetime]] = field(default_factory=list)
    """Each sealed span, and when it was."""
    restarts: int = 0
    _pages: Iterator[Page] | None = None
    _connector: LogGroup | None = None

    def crash(self) -> None:
        """The process dies; what was not durable is gone."""
        self._pages = self._connector = None
        self.restarts += 1

    def page(self) -> Page | None:
        """The next page, made durable; None where the answer was refused and it is tried again later."""
        try:
            page = self._next()
        except (ThrottledError, CorruptAnswerError):
            self._pages = None
            return None
        self._keep(page)
        return page

    def lost_page(self) -> None:
        """A page that was read but not durable when the process died."""
        with suppress(ThrottledError, CorruptAnswerError):
            self._next()
        self.crash()

    def to_tip(self, most: int = 2_000) -> list[Page]:
        """Pages up to the end of a pass, a second apart."""
        pages: list[Page] = []
        for _ in range(most):
            page = self.page()
            self.logs.clock.forward(seconds=1)
            if page is not None:
                pages.append(page)
                if page.millis_behind_latest == 0:
                    return pages
        raise AssertionError(f"no tip within {most} pages")

    def follow(self, **by: float) -> None:
        """Poll every twenty seconds for so long."""
        until = self.logs.clock.now() + timedelta(**by)
        while self.logs.clock.now() < until:
            self.to_tip()
            self.logs.clock.forward(seconds=20)

    def of(self, **kind: Any) -> list[Span]:
        """Spans of a kind: `cause="late"`, `sealed=True`."""
        return [s for s in self.spans if all(getattr(s, name) == v for name, v in kind.items())]

    def _next(self) -> Page:
        if self._connector is None:
            self._connector = group(self.logs, **self.more)
        if self._pages is None:
            self._pages = self._connector.read(WHOLE, self.checkpoint)
        return next(self._pages)

    def _keep(self, page: Page) -> None:
        now = self.logs.clock.now()
        for record in page.records:
            if record.record_id in self.bodies:
                self.twice.append(record.record_id)
                continue
            self.bodies[record.record_id] = record.body
            assert record.source_at is not None
            self.stored_at[record.record_id] = record.source_at, now
        self.checkpoint = page.checkpoint
        self.spans += page.spans
        self.sealed += [(span, now) for span in page.spans if span.sealed]
