"""Event records: what Lambda would have handed to a function, made from the rows of a trace."""

from collections.abc import Callable, Mapping
from typing import Any

from connectors.record import Service
from workbench.errors import UsageError
from workbench.replay.events import dynamodb, kinesis, sqs

_EVENT_RECORDS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    Service.SQS: sqs.event_record,
    Service.KINESIS: kinesis.event_record,
    Service.DYNAMODB: dynamodb.event_record,
}


def event_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """The event record of a captured delivery: the inverse of importing a Lambda event.

    Args:
        row: of `records`, with at least `service, source_arn, partition_id, record_id, sequence_number, ordering_key,
            receive_count, body, envelope`.

    Raises:
        UsageError: a service that cannot be replayed yet.

    Example:
        >>> event_record({"service": "aws:sqs", "envelope": '{"messageId":"m"}', "body": b"hi"})
        {'messageId': 'm', 'body': 'hi'}
    """
    return _EVENT_RECORDS[replayable(row["service"])](row)


def replayable(service: str) -> str:
    """The service, where its records can be replayed.

    Raises:
        UsageError: they cannot yet; the message says which can.

    Example:
        >>> replayable("aws:sqs")
        'aws:sqs'
    """
    if service in _EVENT_RECORDS:
        return service
    raise UsageError(
        f"wanted records of {' or '.join(_EVENT_RECORDS)}, found {service}, which is not replayed yet; "
        "choose another source"
    )
