"""CloudWatch Logs behind boto3's client interface: lateness, new streams, pages in no order, tokens that repeat."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from connectors.answers import ms_of
from tests.scripted_aws.clock import VirtualClock
from tests.scripted_aws.faults import Answer, FaultScript, answered, aws_error, no_faults

TOKEN_LIFE_MS = 24 * 60 * 60 * 1000
EVENT_OVERHEAD_BYTES = 26
_Place = tuple[int, str, int, str]


@dataclass(frozen=True)
class LogLine:
    """One event as it was written: when it happened, and from when on the service shows it."""

    event_id: str
    stream: str
    at_ms: int
    ingested_ms: int
    message: str

    def answer(self) -> Answer:
        """As FilterLogEvents gives it."""
        return {
            "logStreamName": self.stream,
            "timestamp": self.at_ms,
            "message": self.message,
            "ingestionTime": self.ingested_ms,
            "eventId": self.event_id,
        }


@dataclass
class LogToken:
    """The next page of one request."""

    asked: tuple[int, int]
    after: _Place | None
    made_ms: int
    empties: int
    """Empty pages that still come before the next full one, each with a token of its own."""
    repeats: int
    """How often the empty page is answered with this very token."""


@dataclass
class LogsState:
    """All that a group remembers; plain, so that another process can serve it."""

    lines: list[LogLine] = field(default_factory=list)
    tokens: dict[str, LogToken] = field(default_factory=dict)
    calls_ms: list[int] = field(default_factory=list)
    """When each call was made, refused ones included."""
    created_ms: int = 0
    deleted: bool = False
    poison: set[str] = field(default_factory=set)
    """Ids of events that no page which carries them survives: the answer arrives empty, as a truncated one does."""


@dataclass
class ScriptedLogs:
    """One log group and the account-wide quota that its readers share with everybody.

    `state.lines` is the ledger: everything ever written, shown or not yet.
    """

    clock: VirtualClock
    group: str = "/aws/lambda/pay"
    faults: FaultScript = no_faults
    calls_per_second: int = 5
    page_bytes: int = 1_048_576
    disorder_ms: int = 2_000
    """Within such a stretch events come stream by stream."""
    empties: int = 0
    repeats: int = 0
    retention_days: int | None = None
    state: LogsState = field(default_factory=LogsState)

    def __post_init__(self) -> None:
        self.state.created_ms = self.state.created_ms or self._now_ms() - 400 * 86_400_000

    def put(self, message: str, stream: str = "s", *, ago_ms: int = 0, late_ms: int = 0) -> LogLine:
        """Write an event that happened so long ago and is shown so late after it happened; never in the past."""
        at_ms = self._now_ms() - ago_ms
        shown_ms = max(self._now_ms(), at_ms + late_ms)
        event_id = f"{len(self.state.lines):056d}"
        line = LogLine(event_id, stream, at_ms, shown_ms, message)
        self.state.lines.append(line)
        return line

    def shown(self) -> list[LogLine]:
        """What the service would show by now."""
        now_ms = self._now_ms()
        return [line for line in self.state.lines if line.ingested_ms <= now_ms]

    def other_reader(self, calls: int) -> None:
        """Production and consoles use up the same quota."""
        self.state.calls_ms += [self._now_ms()] * calls

    def filter_log_events(self, **asked: Any) -> Any:
        """A page of the group's events in an inclusive window of event time."""
        self._spend("FilterLogEvents")
        fault = self.faults("FilterLogEvents", asked)
        return answered(fault, lambda: self._filtered(asked))

    def describe_log_groups(self, **asked: Any) -> Any:
        """The group, where the prefix fits."""
        self._spend("DescribeLogGroups")
        fault = self.faults("DescribeLogGroups", asked)
        return answered(fault, lambda: {"logGroups": self._described(asked)})

    def _filtered(self, asked: Mapping[str, Any]) -> Answer:
        if self.state.deleted or asked["logGroupName"] != self.group:
            raise aws_error("ResourceNotFoundException", "FilterLogEvents")
        limit, window = asked.get("limit", 10_000), (asked["startTime"], asked["endTime"])
        if not 1 <= limit <= 10_000 or window[0] > window[1]:
            raise aws_error("InvalidParameterException", "FilterLogEvents")
        name = asked.get("nextToken")
        token = self._known(name, window) if name else self._token(window, None)
        if name and token.repeats:
            token.repeats -= 1
            return {"events": [], "nextToken": name, "searchedLogStreams": []}
        if token.empties:
            more = self._token(window, token.after, token.empties - 1)
            return {"events": [], "searchedLogStreams": []} | self._kept(more)
        return self._page(window, token.after, limit)

    def _page(self, window: tuple[int, int], after: _Place | None, limit: int) -> Answer:
        waiting = sorted(
            (line for line in self._visible(*window) if after is None or self._place(line) > after),
            key=self._place,
        )
        page: list[LogLine] = []
        size = 0
        for line in waiting[:limit]:
            size += len(line.message.encode("utf-8", "surrogatepass")) + EVENT_OVERHEAD_BYTES
            if page and size > self.page_bytes:
                break
            page.append(line)
        if any(line.event_id in self.state.poison for line in page):
            return {}
        answer: Answer = {"events": [line.answer() for line in page], "searchedLogStreams": []}
        if len(page) < len(waiting):
            answer |= self._kept(self._token(window, self._place(page[-1])))
        return answer

    def _visible(self, from_ms: int, to_ms: int) -> list[LogLine]:
        oldest_ms = 0
        if self.retention_days is not None:
            oldest_ms = self._now_ms() - self.retention_days * 86_400_000
        return [line for line in self.shown() if max(from_ms, oldest_ms) <= line.at_ms <= to_ms]

    def _place(self, line: LogLine) -> _Place:
        return (line.at_ms // self.disorder_ms, line.stream, line.at_ms, line.event_id)

    def _token(
        self, window: tuple[int, int], after: _Place | None, empties: int | None = None
    ) -> LogToken:
        left = self.empties if empties is None else empties
        return LogToken(window, after, self._now_ms(), left, self.repeats if left else 0)

    def _kept(self, token: LogToken) -> Answer:
        name = f"token-{len(self.state.tokens)}"
        self.state.tokens[name] = token
        return {"nextToken": name}

    def _known(self, name: str, window: tuple[int, int]) -> LogToken:
        token = self.state.tokens.get(name)
        is_stale = token is None or self._now_ms() - token.made_ms > TOKEN_LIFE_MS
        if token is None or is_stale or token.asked != window:
            raise aws_error("InvalidParameterException", "FilterLogEvents", "invalid nextToken")
        return token

    def _described(self, asked: Mapping[str, Any]) -> list[Answer]:
        if self.state.deleted or not self.group.startswith(asked.get("logGroupNamePrefix", "")):
            return []
        described: Answer = {"logGroupName": self.group, "creationTime": self.state.created_ms}
        if self.retention_days is not None:
            described["retentionInDays"] = self.retention_days
        return [described]

    def _spend(self, operation: str) -> None:
        now_ms = self._now_ms()
        second = [at for at in self.state.calls_ms if at > now_ms - 1000]
        self.state.calls_ms.append(now_ms)
        if len(second) >= self.calls_per_second:
            raise aws_error("ThrottlingException", operation, "Rate exceeded")

    def _now_ms(self) -> int:
        return ms_of(self.clock.now())


def minutes(number: float) -> int:
    """So many minutes in milliseconds."""
    return int(timedelta(minutes=number) / timedelta(milliseconds=1))
