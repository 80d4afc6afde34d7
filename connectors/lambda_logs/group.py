"""Reads a log group, above all a Lambda function's, over and over behind a moving watermark.

The service has no order to follow and no position to keep: events come late, and new streams
appear at any time. So each pass reads the whole group from a little before the newest event seen
up to now, and what may have gained a late event again (`connectors.lambda_logs.passes`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.access.clients import Access
from connectors.access.failures import call
from connectors.answers import (
    Clock,
    compact_json,
    encoded,
    instant_of_ms,
    ms_of,
    without,
)
from connectors.errors import (
    AccessDeniedError,
    CorruptAnswerError,
    SourceNotFoundError,
)
from connectors.identity import arn_of, caller_identity
from connectors.lambda_logs.losses import dropped_span, gone_since, lost_before
from connectors.lambda_logs.pages import FORGOTTEN_MOST, ask_page
from connectors.lambda_logs.passes import (
    begin_pass,
    counted_on,
    end_pass,
    page_refused,
    seen_partly,
    token_forgotten,
    within,
)
from connectors.lambda_logs.position import LogPosition, decode_log_position, encode_log_position
from connectors.record import (
    Checkpoint,
    Mode,
    OrderScope,
    Page,
    Partition,
    Record,
    Resource,
    Service,
    Span,
)
from connectors.snapshots import function_of, snapshot, where_allowed
from connectors.source import SourceName

_DEFAULT_SINCE = timedelta(hours=1)
_LIMIT = 10_000
_REFUSED_MOST = 64
"""Pages in a row that cannot be read; more than it takes to find one millisecond among all there are."""


@dataclass(slots=True)
class _Lately:
    """What a reader knows beyond its position; without it a stretch is counted again."""

    position: str | None = None
    """Of the last page; reading on from another begins with nothing known."""
    seen: dict[str, int] = field(default_factory=dict)
    """Ids and instants of the events that the next pass may bring again."""
    lines_ms: dict[str, int] = field(default_factory=dict)
    """By log stream, the newest line of this pass."""
    recount: bool = True

    def forget(self) -> None:
        """Nothing is known: another reader, or another capture, was here before."""
        self.position, self.recount = None, True
        self.seen.clear()

    def keep(self, from_ms: int) -> None:
        """Let the ids go that no poll can bring again."""
        self.seen = {event: at for event, at in self.seen.items() if at >= from_ms}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGroup:
    """One log group; read as a whole, recorded by log stream.

    Permissions: logs:FilterLogEvents; logs:DescribeLogGroups, lambda:GetFunctionConfiguration
        and lambda:ListEventSourceMappings where granted.
    Effect: none on the logs. Each call counts against an account-wide rate quota.
    """

    source_arn: str
    client: Any
    lambda_client: Any
    now: Clock
    since: datetime | None = None
    until: datetime | None = None
    function: str | None = None
    limit: int = _LIMIT
    service: str = Service.LOGS
    _lately: _Lately = field(default_factory=_Lately, init=False, repr=False, compare=False)

    @property
    def group(self) -> str:
        """The group's name."""
        return self.source_arn.split(":log-group:", 1)[1]

    def partitions(self) -> Sequence[Partition]:
        """One, for the whole group: new log streams appear at any time."""
        return (Partition(""),)

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        """Pages of events; ends only when all up to `until` was read, or the group is gone.

        The last page of a pass has `millis_behind_latest` 0: come again later. Only the end of a pass
        proves spans, because pages are not strictly in order of time. A poll leaves out what this
        reader has yielded; whatever is read again to seal it, or after a restart, comes again under
        its old ids, and whoever stores it leaves it out. A page that cannot be read is asked for in
        smaller parts, one a page, down to the millisecond that stays a hole.

        Raises:
            CorruptAnswerError: Nothing that was asked for could be read; read again from the checkpoint.
            ThrottledError: Come again later.
            SourceNotFoundError: No such group; one that goes away while it is read is a hole instead.
            ConnectorError: And its other classes.

        Source: FilterLogEvents.
        """
        position, lost = self._begin(after)
        while True:
            if position.running is None:
                position = self._pass_begun(position)
            try:
                fresh, position, spans = self._page(position)
            except SourceNotFoundError:
                if after is None and self._lately.position is None:
                    raise
                left, hole = gone_since(position, self.now())
                yield Page((), Checkpoint("", encode_log_position(left)), (*lost, hole))
                return
            position, proved = self._ended(position)
            is_tip = position.running is None
            checkpoint = Checkpoint("", encode_log_position(position))
            self._lately.position = checkpoint.position
            records = tuple(self._record(event) for event in fresh)
            yield Page(records, checkpoint, (*lost, *spans, *proved), 0 if is_tip else None)
            lost = ()
            if is_tip and self.until is not None and position.read_to_ms >= ms_of(self.until):
                return

    def resources(self) -> Sequence[Resource]:
        """The group's settings, its function's, and the function's mappings, where we may."""
        functions = (
            function_of(self.source_arn, self.function, self.lambda_client, self.now)
            if self.function
            else ()
        )
        return (
            *where_allowed(
                lambda: [
                    snapshot(
                        self.source_arn,
                        "describe-log-groups",
                        self.now,
                        self.client.describe_log_groups,
                        logGroupNamePrefix=self.group,
                    )
                ]
            ),
            *functions,
        )

    def close(self) -> None:
        """Nothing was added, so nothing is undone."""

    def _begin(self, after: Checkpoint | None) -> tuple[LogPosition, tuple[Span, ...]]:
        """Where reading begins, and what was lost before it could."""
        if after is not None and after.position == self._lately.position:
            return decode_log_position(after), ()  # the same reader goes on, after a pause
        self._lately.forget()
        if after is not None:
            position = seen_partly(decode_log_position(after))
        else:
            since_ms = ms_of(self.since or self.now() - _DEFAULT_SINCE)
            position = LogPosition(since_ms, since_ms, since_ms)
        resumed = after is not None
        return lost_before(position, self.client, self.group, self.now(), resumed=resumed)

    def _pass_begun(self, position: LogPosition) -> LogPosition:
        now = self.now()
        to_ms = ms_of(min(now, self.until or now))
        recount, self._lately.recount = self._lately.recount, False
        self._lately.lines_ms.clear()
        return begin_pass(position, ms_of(now), to_ms, recount=recount)

    def _page(
        self, position: LogPosition
    ) -> tuple[Sequence[Mapping[str, Any]], LogPosition, tuple[Span, ...]]:
        """The events of one page that this reader has not yielded, the position after it, and holes."""
        running = within(position)
        if not running.windows:  # all of it is known to be unreadable
            return (), position, ()
        try:
            page = ask_page(self.client, self.group, self._wanted, running, self.limit)
        except CorruptAnswerError:
            if running.refused >= _REFUSED_MOST or running.forgotten >= FORGOTTEN_MOST:
                raise
            return (), *page_refused(position, self.limit)
        if page is None:
            return (), token_forgotten(position), ()
        seen = self._lately.seen
        fresh = [event for event in page.events if event["eventId"] not in seen]
        seen.update((event["eventId"], event["timestamp"]) for event in fresh)
        position = counted_on(replace(position, running=page.running), page.events, fresh)
        return fresh, position, tuple(self._dropped(fresh, position.since_ms))

    def _ended(self, position: LogPosition) -> tuple[LogPosition, tuple[Span, ...]]:
        """The position, between two passes where this one is over, and what it proves then."""
        if len(self._lately.seen) > self.limit:
            self._lately.keep(position.newest_ms - position.lookback_ms)
        if within(position).windows:
            return position, ()
        ended, spans = end_pass(position)
        if ended.lookback_ms > position.lookback_ms:
            self._lately.recount = True  # what was seen is not known as far back as is now wanted
        return ended, spans

    def _dropped(self, fresh: Sequence[Mapping[str, Any]], since_ms: int) -> Iterator[Span]:
        """A hole for each line in which Lambda says that it dropped lines."""
        lines_ms = self._lately.lines_ms
        for event in fresh:
            stream = event["logStreamName"]
            span = dropped_span(event, lines_ms.get(stream), since_ms)
            if span is not None:
                yield span
            lines_ms[stream] = max(event["timestamp"], lines_ms.get(stream, 0))

    @property
    def _wanted(self) -> str:
        return f"events of {self.source_arn}"

    def _record(self, event: Mapping[str, Any]) -> Record:
        return Record(
            service=self.service,
            source_arn=self.source_arn,
            partition_id=event["logStreamName"],
            record_id=event["eventId"],
            received_at=self.now(),
            body=encoded(event["message"]),
            order_scope=OrderScope.PARTITION,
            source_at=instant_of_ms(event["timestamp"]),
            envelope=compact_json(without(event, "message")),
        )


def open_log_group(
    name: SourceName,
    access: Access,
    *,
    now: Clock,
    since: datetime | None = None,
    until: datetime | None = None,
) -> LogGroup:
    """The connector of a log group; of a function's own one, where it names another.

    Raises:
        SourceNotFoundError: No such group.
        ConnectorError: And its other classes.

    Source: GetFunctionConfiguration (LoggingConfig), GetCallerIdentity.
    """
    client = access.client("logs", Mode.OBSERVE)
    lambda_client = access.client("lambda", Mode.OBSERVE)
    group = _group_of(name, lambda_client)
    arn = name.arn
    if arn is None:
        region = client.meta.region_name
        arn = arn_of(caller_identity(access), region, "logs", f"log-group:{group}")
    function = name.function or _function_of(group)
    return LogGroup(
        source_arn=f"{arn.split(':log-group:', 1)[0]}:log-group:{group}",
        client=client,
        lambda_client=lambda_client,
        now=now,
        since=since,
        until=until,
        function=function,
    )


def _group_of(name: SourceName, lambda_client: Any) -> str:
    """The group that a function logs to; its usual one where we may not ask."""
    if name.function is None:
        return name.name
    wanted = f"the function {name.function}"
    operation = lambda_client.get_function_configuration
    try:
        answer = call(wanted, operation, FunctionName=name.function)
    except (AccessDeniedError, SourceNotFoundError):
        return name.name  # a deleted function's logs outlive it
    return str(answer.get("LoggingConfig", {}).get("LogGroup") or name.name)


def _function_of(group: str) -> str | None:
    prefix, _, function = group.rpartition("/")
    return function if prefix == "/aws/lambda" else None
