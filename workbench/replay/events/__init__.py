"""Event records: what Lambda would have handed to a function, made from the rows of a trace."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.answers import compact_json
from connectors.files.members import EVENT
from connectors.record import Service
from workbench.errors import UsageError
from workbench.replay.events import dynamodb, imported, kinesis, logs, sns, sqs
from workbench.replay.events.payload import parsed, region_of

Row = Mapping[str, Any]
RECORDS, TRANSFORMED = "Records", "records"
_EVENT_RECORDS: Mapping[str, Callable[[Row], Any]] = {
    Service.SQS: sqs.event_record,
    Service.SNS: sns.event_record,
    Service.KINESIS: kinesis.event_record,
    Service.DYNAMODB: dynamodb.event_record,
    Service.LOGS: lambda row: logs.event([row]),
}
_LISTS: Mapping[str, str] = {
    Service.SQS: RECORDS,
    Service.SNS: RECORDS,
    Service.KINESIS: RECORDS,
    Service.DYNAMODB: RECORDS,
    Service.S3: RECORDS,
    "aws:firehose": TRANSFORMED,
    "aws:kinesisanalytics": TRANSFORMED,
}
"""The member of an event that lists its records; of any other service the event holds none."""
_NEVER_CALL = ("aws:swf",)


def event_record(row: Row) -> Any:
    """What a function is given for a captured delivery: the inverse of importing a Lambda event.

    Args:
        row: of `records`, with at least `service, source_arn, partition_id, record_id, sequence_number, ordering_key,
            receive_count, body, envelope`; for logs without instants `source_at` too.

    Returns:
        One element of the event's records; the whole event where it holds none (`frame_of` tells).
        An imported Lambda record comes back member for member; `provenance` says of others what was made up.

    Raises:
        UsageError: a service that calls no function.

    Example:
        >>> event_record({"service": "aws:sqs", "envelope": '{"messageId":"m"}', "body": b"hi"})
        {'messageId': 'm', 'body': 'hi'}
    """
    service = row["service"]
    if service in _NEVER_CALL:
        raise UsageError(
            f"wanted records of a source that calls functions, found {service}; choose another source"
        )
    return _EVENT_RECORDS.get(service, imported.event_record)(row)


def event(rows: Sequence[Row]) -> Any:
    """The event that a function is given for captured deliveries that go together.

    Args:
        rows: of `records`, at least one, of one source, in their order; columns as for `event_record`.

    Returns:
        Equal to the captured event, members in its order, where the rows are those of one imported event.
        A log subscription's is compressed again, to the same bytes where the captured packing is known.

    Raises:
        UsageError: several rows of a source that gives a function one event at a time.

    Example:
        >>> event([{"service": "aws:sqs", "envelope": '{"messageId":"m"}', "body": b"hi"}])
        {'Records': [{'messageId': 'm', 'body': 'hi'}]}
    """
    first = rows[0]
    if first["service"] == Service.LOGS:
        return logs.event(rows)
    member = _list_of(first)
    if member is not None:
        return _framed(rows, member, [event_record(row) for row in rows])
    if len(rows) > 1:
        raise UsageError(
            f"wanted one record of {first['service']}, found {len(rows)}; each is an event of its own"
        )
    return event_record(first)


def frame_of(row: Row) -> tuple[str, str]:
    """What stands in a run's event before and behind its records; empty where the record is the whole event.

    Args:
        row: the first of an event's rows.

    Example:
        >>> frame_of({"service": "aws:sqs", "envelope": "{}"})
        ('{"Records":[', ']}')
    """
    member = _list_of(row)
    if member is None:
        return "", ""
    if member == RECORDS:
        return f'{{"{member}":[', "]}"
    empty = f'"{member}":['
    head, _, tail = compact_json(_framed([row], member, [])).partition(empty)
    return f"{head}{empty}", tail


def holds_several(service: str) -> bool:
    """Whether one event may hold several records of the service: SNS and most others send each alone.

    Example:
        >>> holds_several("aws:kinesis"), holds_several("aws:sns")
        (True, False)
    """
    return service in _LISTS and service not in (Service.SNS, Service.S3)


def _list_of(row: Row) -> str | None:
    member = _LISTS.get(row["service"])
    is_alone = row["service"] == Service.S3 and imported.is_whole(parsed(row["envelope"]))
    return None if is_alone else member


def _framed(rows: Sequence[Row], member: str, records: list[Any]) -> dict[str, Any]:
    kept = parsed(rows[0]["envelope"]).get(EVENT)
    if isinstance(kept, dict):
        return {**kept, member: records}
    if member == RECORDS:
        return {member: records}
    arn = rows[0]["source_arn"]
    is_analytics = rows[0]["service"] == "aws:kinesisanalytics"
    made: dict[str, Any] = {
        "invocationId": rows[0]["record_id"].partition(":")[0],
        "applicationArn" if is_analytics else "deliveryStreamArn": arn,
    }
    region = {} if is_analytics else {"region": region_of(arn)}
    return {**made, **region, member: records}
