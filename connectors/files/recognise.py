"""Tells by its shape what a JSON document is, and hands it to the module that reads it."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeAlias

from connectors.answers import compact_json
from connectors.files.buckets import bucket_record
from connectors.files.buses import alarm_event, bus_event
from connectors.files.direct_events import (
    authorizer_request,
    batch_job,
    called_with,
    object_request,
    widget_request,
    written_input,
)
from connectors.files.documents import Document
from connectors.files.failures import (
    KIND,
    batch_of,
    carried_by,
    dead_letter,
    failure_of,
    is_failure,
    wrapped_in,
)
from connectors.files.http_requests import http_request, load_balancer_request
from connectors.files.json_text import parse_json, why_not
from connectors.files.log_events import (
    answered_events,
    group_of,
    json_line,
    looks_like_log,
    subscription_events,
)
from connectors.files.members import list_of, object_of, text_of
from connectors.files.origin import Origin, Skip, storable
from connectors.files.queues import queue_record, received_messages
from connectors.files.resources import resources_in
from connectors.files.streams import change_record, kinesis_answer_record, kinesis_record
from connectors.files.topics import notification, topic_record
from connectors.files.transformations import transformed_records
from connectors.record import Record, Resource, Service

Found: TypeAlias = Record | Resource | Skip
_Reader: TypeAlias = Callable[[dict[str, Any], Origin], Record | Skip]


def found_in(document: Document, origin: Origin) -> Iterator[Found]:
    """The records and configuration in one JSON document, in their order.

    Args:
        document: An object, or an array of them.
        origin: What the user says of the file.

    Returns:
        What was found; `Skip` for each part that is not taken.

    Example:
        >>> from datetime import UTC, datetime
        >>> origin = Origin(None, None, datetime(2026, 1, 2, tzinfo=UTC))
        >>> next(found_in(Document(0, {"Hello": 1}), origin)).reason
        "not known as an event, an answer of the CLI or a failure record: an object with 'Hello'"
    """
    place = f"line {document.line_number}" if document.line_number else ""
    if not isinstance(document.value, list):
        yield from _placed(place, _in_value(document.value, document, origin))
        return
    for number, element in enumerate(document.value, start=1):
        parts = _in_value(element, Document(number, element), origin)
        yield from _placed(f"{place}, document {number}".lstrip(", "), parts)


def _in_value(value: Any, document: Document, origin: Origin) -> Iterator[Found]:
    if not isinstance(value, dict):
        yield _unknown(document, origin)
    elif (records := list_of(value, "Records")) is not None:
        yield from _records(records, _of_invocation(value, origin))
    elif (configuration := resources_in(value, origin)) is not None:
        yield from configuration
    elif (several := _several(value, origin)) is not None:
        yield from several
    elif (reader := _single(value)) is not None:
        yield from _with_what_it_carries(value, reader(value, origin), origin)
    else:
        yield _unknown(document, origin)


def _unknown(document: Document, origin: Origin) -> Found:
    """What has no shape of AWS: somebody's own input, or a line of a JSON log, where the user names its source."""
    if (written := written_input(document.value, document.line_number, origin)) is not None:
        return written
    is_line = document.line is not None and group_of(origin.source_arn) is not None
    if is_line or looks_like_log(document.value):
        line = document.line or compact_json(document.value).encode()
        return json_line(document.line_number, line, document.value, origin)
    wanted = "not known as an event, an answer of the CLI or a failure record"
    return Skip(f"{wanted}: {_kind_of(document.value)}", alike=True)


def _of_invocation(event: dict[str, Any], origin: Origin) -> Origin:
    """A tumbling window's event names shard and stream for all its records."""
    shard_id = text_of(event, "shardId") or origin.partition_id
    return replace(
        origin,
        partition_id=shard_id,
        source_arn=text_of(event, "eventSourceARN") or origin.source_arn,
        event=None if _OF_ANSWERS & event.keys() else _without(event, "Records"),
    )


_OF_ANSWERS = {"NextShardIterator", "MillisBehindLatest", "ChildShards"}
"""Members of GetRecords' answers: they are no events."""


def _without(event: dict[str, Any], member: str) -> dict[str, Any] | None:
    """An event less its records, their place kept; None where it has nothing else."""
    return event | {member: None} if len(event) > 1 else None


def _records(records: list[Any], origin: Origin) -> Iterator[Found]:
    rest = replace(origin, event=None)
    for number, record in enumerate(records, start=1):
        found: Iterator[Found]
        if not isinstance(record, dict):
            found = iter([Skip(f"wanted an object, found {_kind_of(record)}")])
        elif (reader := _record_reader(record)) is not None:
            found = _with_what_it_carries(record, reader(record, origin), origin)
        else:
            found = iter([_foreign_record(record)])
        yield from _placed(f"record {number}", found)
        origin = rest


def _with_what_it_carries(
    document: dict[str, Any], found: Found, origin: Origin
) -> Iterator[Found]:
    """A message or an event, and behind it the records that it says could not be handled."""
    yield found
    if not isinstance(found, Record) or origin.failure is not None:
        return
    within = replace(origin, source_arn=None, partition_id=None, event=None)
    if found.service in (Service.SQS, Service.SNS):
        text = found.body.decode("utf-8", "surrogatepass")
        user = json.loads(found.attributes)["user"]
        if (failure := dead_letter(text, user, found.source_arn)) is not None:
            yield from _readable(_payload(text, "body", replace(within, failure=failure)))
        elif (record := carried_by(text)) is not None:
            yield from _readable(_failed(record, found.source_arn, within))
    elif found.service == Service.EVENTS and (record := wrapped_in(document)) is not None:
        yield from _readable(_failed(record, found.source_arn, within))


def _readable(parts: Iterable[Found]) -> Iterator[Found]:
    """What can be taken; nothing is lost with the rest, for its carrier was taken."""
    return (found for found in parts if not isinstance(found, Skip))


_BY_EVENT_SOURCE: dict[str, _Reader] = {
    "aws:sqs": queue_record,
    "aws:sns": topic_record,
    "aws:kinesis": kinesis_record,
    "aws:dynamodb": change_record,
    "aws:s3": bucket_record,
}
_BY_MEMBERS: tuple[tuple[frozenset[str], _Reader], ...] = (
    (frozenset(("messageId", "body")), queue_record),
    (frozenset(("Sns",)), topic_record),
    (frozenset(("kinesis",)), kinesis_record),
    (frozenset(("dynamodb",)), change_record),
    (frozenset(("s3",)), bucket_record),
    (frozenset(("Data", "SequenceNumber", "PartitionKey")), kinesis_answer_record),
)
"""For records without `eventSource`: answers have none, and events written by hand forget it."""


def _record_reader(record: dict[str, Any]) -> _Reader | None:
    event_source = text_of(record, "eventSource") or text_of(record, "EventSource")
    if event_source is not None:
        return _BY_EVENT_SOURCE.get(event_source)
    return next((reader for members, reader in _BY_MEMBERS if members <= record.keys()), None)


def _foreign_record(record: dict[str, Any]) -> Skip:
    event_source = text_of(record, "eventSource") or text_of(record, "EventSource")
    if event_source is None:
        return Skip(f"no record known to us: {_kind_of(record)}")
    known = ", ".join(_BY_EVENT_SOURCE)
    return Skip(f"records of {event_source[:60]!r}: wanted one of {known}", alike=True)


def _several(document: dict[str, Any], origin: Origin) -> Iterator[Found] | None:
    if "data" in object_of(document, "awslogs"):
        return subscription_events(document, origin)
    if list_of(document, "Messages") is not None:
        return _received(document, origin)
    if list_of(document, "records") is not None and "invocationId" in document:
        return transformed_records(document, replace(origin, event=_without(document, "records")))
    if _is_log_answer(document):
        return answered_events(document, origin)
    return _failed(document, "file", origin) if is_failure(document) else None


def _received(answer: dict[str, Any], origin: Origin) -> Iterator[Found]:
    messages = answer["Messages"]
    for number, found in enumerate(received_messages(answer, origin)):
        yield from _with_what_it_carries(messages[number], found, origin)


def _is_log_answer(document: dict[str, Any]) -> bool:
    events = list_of(document, "events")
    if events is None:
        return False
    if {"nextForwardToken", "searchedLogStreams"} & document.keys() or not events:
        return True
    return any(isinstance(e, dict) and {"message", "timestamp"} <= e.keys() for e in events)


def _failed(document: dict[str, Any], via: str, origin: Origin) -> Iterator[Found]:
    """The records of a failure record; where it only names them, what will find them."""
    batch = batch_of(document)
    said = origin if batch is None else _of_shard(batch, origin)
    within = replace(said, failure=failure_of(document, via))
    if batch is None:
        yield from _payload(document["requestPayload"], "requestPayload", within)
    elif "payload" in document:
        yield from _payload(document["payload"], "payload", within)
    else:
        yield from _named(document, batch, origin)


def _of_shard(batch: dict[str, Any], origin: Origin) -> Origin:
    """A change names no shard, but the record of its failure does."""
    return replace(
        origin,
        source_arn=text_of(batch, "streamArn") or origin.source_arn,
        partition_id=text_of(batch, "shardId") or origin.partition_id,
    )


def _named(document: dict[str, Any], batch: dict[str, Any], origin: Origin) -> Iterator[Found]:
    if (stream_arn := text_of(batch, "streamArn")) is not None:
        named = storable(stream_arn)
        yield Resource(named, KIND, origin.received_at, compact_json(document))
    yield Skip(
        f"a failure record without its records: it names {batch.get('batchSize')!s:.20} of "
        f"{batch.get('streamArn')!s:.200}, shard {batch.get('shardId')!s:.100}, from sequence number "
        f"{batch.get('startSequenceNumber')!s:.130} to {batch.get('endSequenceNumber')!s:.130}; "
        "import or capture the stream itself"
    )


def _payload(payload: Any, member: str, origin: Origin) -> Iterator[Found]:
    """The event that a failure record carries, as an object or as JSON text."""
    try:
        event = parse_json(payload.encode()) if isinstance(payload, str) else payload
    except ValueError as error:
        yield Skip(f"{member} of a failure record: {why_not(error)}")
        return
    inside: Iterable[Found] = list(_in_value(event, Document(0, event), origin))
    said = origin.failure or {}
    function_arn, request_id = said.get("function_arn"), said.get("request_id")
    if function_arn and request_id and all(isinstance(found, Skip) for found in inside):
        inside = [called_with(event, _unqualified(function_arn), request_id, origin)]
    yield from _placed(member, inside)


def _unqualified(function_arn: str) -> str:
    return ":".join(function_arn.split(":")[:7])


def _single(document: dict[str, Any]) -> _Reader | None:
    if (foreign := _foreign(document)) is not None:
        return lambda document, origin: Skip(
            f"{foreign}: no delivery of a source we read", alike=True
        )
    direct = (reader for members, reader in _DIRECT if members <= document.keys())
    if (reader := next(direct, None)) is not None:
        return reader
    context = object_of(document, "requestContext")
    if object_of(context, "elb"):
        return load_balancer_request
    if {"httpMethod", "rawPath"} & document.keys() or text_of(context, "connectionId"):
        return http_request
    if {"detail-type", "source"} <= document.keys():
        return bus_event
    if text_of(document, "TopicArn") and "Type" in document:
        return notification
    return alarm_event if "alarmData" in document else None


_DIRECT: tuple[tuple[frozenset[str], _Reader], ...] = (
    (frozenset(("type", "methodArn")), authorizer_request),
    (frozenset(("type", "routeArn")), authorizer_request),
    (frozenset(("tasks", "invocationSchemaVersion")), batch_job),
    (frozenset(("getObjectContext",)), object_request),
    (frozenset(("widgetContext",)), widget_request),
)
_FOREIGN: tuple[tuple[str, frozenset[str]], ...] = (
    ("S3's test message", frozenset(("Service", "Event", "Bucket"))),
    ("an SWF history", frozenset(("events", "nextPageToken"))),
    ("an event of Kafka", frozenset(("records", "eventSource"))),
)


def _foreign(document: dict[str, Any]) -> str | None:
    return next((name for name, members in _FOREIGN if members <= document.keys()), None)


def _kind_of(value: Any) -> str:
    if isinstance(value, dict):
        names = [repr(name[:60]) for name in list(value)[:5]]
        more = ", ..." if len(value) > len(names) else ""
        return f"an object with {', '.join(names)}{more}" if names else "an empty object"
    kinds = {list: "an array", str: "a text", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")


def _placed(place: str, parts: Iterable[Found]) -> Iterator[Found]:
    for found in parts:
        if isinstance(found, Skip):
            yield replace(found, place=", ".join(filter(None, (place, found.place))))
        else:
            yield found
