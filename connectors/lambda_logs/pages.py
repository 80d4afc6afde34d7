"""One page of a log group's events: asked for, checked before use, each event with an id."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from connectors.access.failures import aws_code, call
from connectors.answers import required
from connectors.errors import ConnectorError, CorruptAnswerError
from connectors.lambda_logs.position import LogPass

REPEATS_MOST = 5
"""Answers in a row that are empty and name the page that was asked for: assumed to be the end."""

FORGOTTEN_MOST = 3
"""Times that one window is begun anew because its token is not known any more."""
_FORGETS = (
    "the next page was wanted, found that the service forgets its own tokens; try again later"
)


@dataclass(frozen=True, slots=True)
class LogPage:
    """What one answer holds, and where the pass is after it."""

    events: tuple[Mapping[str, Any], ...]
    running: LogPass


def ask_page(
    client: Any, group: str, wanted: str, running: LogPass, full_limit: int
) -> LogPage | None:
    """The next page of a pass; None where its token is not known any more (AWS keeps it 24 h).

    Args:
        client: boto3's of CloudWatch Logs.
        group: The log group's name.
        wanted: For the message of an error.
        running: With a window to read.
        full_limit: Events to ask for, where the pass does not say less.

    Raises:
        CorruptAnswerError: An answer that lacks what AWS always sends.
        ConnectorError: And its other classes.

    Source: FilterLogEvents.
    """
    token = {"nextToken": running.token} if running.token else {}
    from_ms, to_ms = running.windows[0]
    try:
        answer = call(
            wanted,
            client.filter_log_events,
            logGroupName=group,
            startTime=from_ms,
            endTime=to_ms,
            limit=running.limit or full_limit,
            **token,
        )
    except ConnectorError as error:
        if not token or aws_code(error) != "InvalidParameterException":
            raise
        if running.forgotten < FORGOTTEN_MOST:
            return None
        raise CorruptAnswerError(f"{wanted}: {_FORGETS}") from error
    for event in required(answer, "events", list, wanted):
        if not isinstance(event, dict):
            raise CorruptAnswerError(f"{wanted}: an event was wanted, found {event!r:.40}")
        required(event, "timestamp", int, wanted)
        for member in ("logStreamName", "message"):
            required(event, member, str, wanted)
    return _turned(_identified(group, answer["events"]), answer, running, full_limit, wanted)


def _turned(
    events: tuple[Mapping[str, Any], ...],
    answer: Mapping[str, Any],
    running: LogPass,
    full_limit: int,
    wanted: str,
) -> LogPage:
    """The pass after an answer: at the next page, or at the next window."""
    token = answer.get("nextToken")
    window, rest = running.windows[0], running.windows[1:]
    if token is None and len(events) >= (running.limit or full_limit):
        return _cut_short(events, running, full_limit, wanted)
    repeated = running.repeated + 1 if not events and token == running.token else 0
    if token is not None and repeated < REPEATS_MOST:
        windows = (window, *rest)
    else:
        windows, token, repeated = rest, None, 0
    limit = _wider(running, full_limit)
    after = replace(
        running, windows=windows, token=token, repeated=repeated, refused=0, limit=limit
    )
    if not windows or windows[0] != window:
        after = replace(after, forgotten=0)
    return LogPage(events, after)


def _cut_short(
    events: tuple[Mapping[str, Any], ...], running: LogPass, full_limit: int, wanted: str
) -> LogPage:
    """A full page without a token, as local servers give it: of its last millisecond there may be more."""
    (from_ms, to_ms), rest = running.windows[0], running.windows[1:]
    last_ms = max(event["timestamp"] for event in events)
    after = replace(running, token=None, repeated=0, limit=_wider(running, full_limit))
    if last_ms > from_ms:
        whole = tuple(event for event in events if event["timestamp"] < last_ms)
        return LogPage(whole, replace(after, refused=0, windows=((last_ms, to_ms), *rest)))
    if running.limit is not None:
        return LogPage((), after)  # asked for again, more of it
    raise ConnectorError(
        f"{wanted}: a next page was wanted after {len(events)} events of one millisecond, found no "
        "token; the server cuts its answers: read fewer events at once, or from AWS itself"
    )


def _wider(running: LogPass, full_limit: int) -> int | None:
    """Twice as much after a page that could be read, up to all that may be asked for."""
    is_full = running.limit is None or running.limit * 2 >= full_limit
    return None if is_full or running.limit is None else running.limit * 2


def _identified(group: str, events: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The events with an id each: AWS's own or, from a local server that gives none, a hash of all they are.

    Events that are equal in everything are told apart by their place among each other.
    """
    equal: Counter[str] = Counter()
    return tuple(
        event if event.get("eventId") else {**event, "eventId": _hash(group, event, equal)}
        for event in events
    )


def _hash(group: str, event: Mapping[str, Any], equal: Counter[str]) -> str:
    stream, at = event["logStreamName"], event["timestamp"]
    said = repr((group, stream, at, event.get("ingestionTime"), event["message"]))
    equal[said] += 1
    return blake2b(
        f"{equal[said]} {said}".encode("utf-8", "surrogatepass"), digest_size=16
    ).hexdigest()
