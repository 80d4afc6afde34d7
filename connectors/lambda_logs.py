"""Reads a log group, above all a Lambda function's, over and over behind a moving watermark.

The service has no order to follow and no position to keep: events come late, and new streams
appear at any time. So each pass reads the whole group from a little before the newest event seen
up to now, and leaves out what this reader has already yielded.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from connectors.access.clients import Access
from connectors.access.failures import aws_code, call
from connectors.answers import (
    Clock,
    compact_json,
    encoded,
    instant_of_ms,
    ms_of,
    required,
    without,
)
from connectors.errors import (
    AccessDeniedError,
    ConnectorError,
    CorruptAnswerError,
    SourceNotFoundError,
)
from connectors.identity import arn_of, caller_identity
from connectors.log_position import (
    LogPosition,
    after_pass,
    decode_log_position,
    encode_log_position,
)
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

    @property
    def group(self) -> str:
        """The group's name."""
        return self.source_arn.split(":log-group:", 1)[1]

    def partitions(self) -> Sequence[Partition]:
        """One, for the whole group: new log streams appear at any time."""
        return (Partition(""),)

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        """Pages of events; ends only when all up to `until` was read.

        The last page of a pass has `millis_behind_latest` 0: come again later. A repeat of an
        event within this reader is left out; one of an earlier reader comes again. Only the end
        of a pass proves a span, because pages are not strictly in order of time.

        Raises:
            CorruptAnswerError: An answer without its events; read again from the checkpoint.
            ThrottledError: Come again later.
            ConnectorError: And its other classes.

        Source: FilterLogEvents.
        """
        position = decode_log_position(after) if after else self._start()
        seen: dict[str, int] = {}
        while True:
            if position.to_ms is None:
                position = replace(position, to_ms=ms_of(min(self.now(), self.until or self.now())))
            events, position, requests = self._page(position)
            fresh = [event for event in events if event["eventId"] not in seen]
            seen.update((event["eventId"], event["timestamp"]) for event in fresh)
            spans: tuple[Span, ...] = ()
            ended = position.ended
            if ended:
                position, spans = after_pass(position)
                seen = {event: at for event, at in seen.items() if at >= position.from_ms}
            records = tuple(self._record(event) for event in fresh)
            checkpoint = Checkpoint("", encode_log_position(position))
            yield Page(records, checkpoint, spans, 0 if ended else None, requests)
            if ended and self.until is not None and position.read_to_ms >= ms_of(self.until):
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

    def _start(self) -> LogPosition:
        since_ms = ms_of(self.since or self.now() - _DEFAULT_SINCE)
        return LogPosition(since_ms, since_ms, since_ms, since_ms)

    def _page(self, position: LogPosition) -> tuple[list[dict[str, Any]], LogPosition, int]:
        """The events of a page, the position after it, and how many calls it took."""
        answer = self._filter(position)
        requests = 1
        if not answer["events"] and answer.get("nextToken", "") == position.token:
            answer, requests = self._filter(position), 2  # the same page again: once may happen
            if not answer["events"] and answer.get("nextToken") == position.token:
                answer.pop("nextToken")
        events: list[dict[str, Any]] = answer["events"]
        newest_ms = max([position.newest_ms, *(event["timestamp"] for event in events)])
        moved = replace(position, newest_ms=newest_ms, token=answer.get("nextToken"))
        if moved.token is None:
            moved = self._unpaged(moved, events)
        return events, moved, requests

    def _unpaged(self, position: LogPosition, events: Sequence[Mapping[str, Any]]) -> LogPosition:
        """The end of the pass; or, where a full page came without a token, its next stretch."""
        if len(events) < self.limit:
            return replace(position, ended=True)
        last_ms = max(event["timestamp"] for event in events)
        if last_ms <= position.from_ms:
            raise CorruptAnswerError(
                f"{self._wanted}: a next page was wanted after {len(events)} events of one "
                "millisecond, found no token; the answer is damaged: try again"
            )
        return replace(position, from_ms=last_ms)

    def _filter(self, position: LogPosition) -> dict[str, Any]:
        token = {"nextToken": position.token} if position.token else {}
        try:
            answer = call(
                self._wanted,
                self.client.filter_log_events,
                logGroupName=self.group,
                startTime=position.from_ms,
                endTime=position.to_ms,
                limit=self.limit,
                **token,
            )
        except ConnectorError as error:
            if not token or aws_code(error) != "InvalidParameterException":
                raise
            return self._filter(replace(position, token=None))  # kept too long: AWS forgot it
        for event in required(answer, "events", list, self._wanted):
            required(event, "timestamp", int, self._wanted)
            for member in ("logStreamName", "message"):
                required(event, member, str, self._wanted)
        answer["events"] = _identified(self.group, answer["events"])
        return answer

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


def _identified(group: str, events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events with an id each: AWS's own or, from a local server that gives none, a hash of all they are.

    Events that are equal in everything are told apart by their place among each other.
    """
    equal: Counter[str] = Counter()
    return [
        event if event.get("eventId") else {**event, "eventId": _hash(group, event, equal)}
        for event in events
    ]


def _hash(group: str, event: Mapping[str, Any], equal: Counter[str]) -> str:
    stream, at = event["logStreamName"], event["timestamp"]
    said = repr((group, stream, at, event.get("ingestionTime"), event["message"]))
    equal[said] += 1
    return blake2b(
        f"{equal[said]} {said}".encode("utf-8", "surrogatepass"), digest_size=16
    ).hexdigest()


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
