"""Events that a handler printed, as deliveries of their source: the one way to see a queue's traffic after the fact.

A line is taken where an event stands in it as JSON that parses to its end: alone, after a few words, as `message` or
`event` of a JSON line (Powertools' `log_event`), there also as JSON text. A line that was cut off (Logs takes 1 MB,
older runtimes 256 KB) does not parse and gives nothing; nor does Python's `repr`. Each delivery says whence it comes:
`attributes.workbench` is `{"mode": "logged", "log_event": record_id of the line, "request_id": ...}`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.answers import compact_json
from connectors.files.documents import Document
from connectors.files.json_text import parse_json
from connectors.files.members import list_of, object_of, text_of
from connectors.files.origin import Origin
from connectors.files.recognise import found_in
from connectors.record import Page, Record, Service

PRINTED_AGAIN = timedelta(seconds=30)
"""Assumed: the same record in two lines of one request, closer than this, was printed twice and delivered once.
Lambda retries an asynchronous event under its old request id after a minute at the earliest."""
_MARKS = re.compile(rb"[eE]ventSource|detail-type|requestContext|alarmArn")
_REQUEST = re.compile(
    rb"^(?:\[\w+\]\t[^\t]*|\d{4}-[^\t]*)\t([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\t"
)
_REQUEST_MEMBERS = ("function_request_id", "AWSRequestId", "awsRequestId", "aws_request_id")


def with_logged_deliveries(page: Page) -> Page:
    """The page with the deliveries that its lines tell of behind its own records; other pages as they are.

    Args:
        page: Of a log group, without lines that are stored already: those have told theirs.
    """
    told = tuple(logged_deliveries(page.records))
    return replace(page, records=(*page.records, *told)) if told else page


def logged_deliveries(records: Iterable[Record]) -> Iterator[Record]:
    """The deliveries that log lines among the records tell of, in the order of the lines.

    Source: Lambda developer guide, the event of each service; Powertools for AWS Lambda, Logger, `log_event`.
    """
    printed_at: dict[tuple[str, ...], datetime | None] = {}
    for line in records:
        if line.service != Service.LOGS or not _MARKS.search(line.body):
            continue
        request_id, events = _events_in(line.body)
        for delivery in _first_told(events, line.received_at):
            key = (delivery.source_arn, delivery.record_id, line.partition_id, request_id or "")
            if request_id and _is_again(printed_at.get(key), line.source_at):
                continue
            printed_at[key] = line.source_at
            yield _marked(delivery, line, request_id)


def _is_again(before_at: datetime | None, at: datetime | None) -> bool:
    return before_at is not None and at is not None and abs(at - before_at) < PRINTED_AGAIN


def _first_told(events: Iterable[Any], received_at: datetime) -> Sequence[Record]:
    """What the first of the values that is an event delivers."""
    origin = Origin(None, None, received_at)
    for event in events:
        if _is_event(event):
            found = found_in(Document(0, event), origin)
            records = [each for each in found if isinstance(each, Record)]
            if told := [record for record in records if record.service != Service.LOGS]:
                return told
    return ()


def _is_event(value: Any) -> bool:
    """Whether a value has what AWS puts into each event; a line about a request, or a topic, has not."""
    if not isinstance(value, dict):
        return False
    records = list_of(value, "Records")
    if records:
        return all(
            isinstance(r, dict) and {"eventSource", "EventSource"} & r.keys() for r in records
        )
    return (
        {"id", "detail-type", "source", "detail"} <= value.keys()
        or {"alarmArn", "alarmData"} <= value.keys()
        or text_of(object_of(value, "requestContext"), "requestId") is not None
        or bool(object_of(object_of(value, "requestContext"), "elb"))
    )


def _events_in(line: bytes) -> tuple[str | None, Iterator[Any]]:
    """The id of the request that printed the line, and the values in it that may be an event."""
    value = _parsed(line.strip())
    if isinstance(value, dict):
        return _request_of(value), _members_of(value)
    request = _REQUEST.match(line)
    return request[1].decode() if request else None, _in_text(line)


def _request_of(value: dict[str, Any]) -> str | None:
    said = (text_of(value, name) for name in _REQUEST_MEMBERS)
    own = text_of(value, "requestId") if "level" in value else None
    return next(filter(None, said), own)


def _members_of(value: dict[str, Any]) -> Iterator[Any]:
    yield value
    for holder in (value, object_of(value, "message")):
        for name in ("message", "event"):
            member = holder.get(name)
            if isinstance(member, str):
                yield from _in_text(member.encode("utf-8", "surrogatepass"))
            else:
                yield member


def _in_text(text: bytes) -> Iterator[Any]:
    """JSON from the first bracket to the end of the text."""
    begins = text.find(b"{")
    if begins >= 0:
        yield _parsed(text[begins:].strip())


def _parsed(text: bytes) -> Any:
    """The value; None for what is no object, or cut off."""
    if not (text.startswith(b"{") and text.endswith(b"}")):
        return None
    try:
        return parse_json(text)
    except (ValueError, RecursionError):
        return None


def _marked(delivery: Record, line: Record, request_id: str | None) -> Record:
    mark = {"mode": "logged", "log_event": line.record_id, "request_id": request_id}
    attributes = f'{delivery.attributes[:-1]},"workbench":{compact_json(mark)}}}'
    return replace(delivery, attributes=attributes)
