"""SQS messages: as Lambda gets them, and as `aws sqs receive-message` answers them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connectors.files.instants import instant_of_ms
from connectors.files.members import detach_text, object_of, text_of
from connectors.files.origin import Origin, Skip
from connectors.record import OrderScope, Record, Service


@dataclass(frozen=True, slots=True)
class _Spelling:
    message_id: str
    body: str
    attributes: str
    message_attributes: str


_LAMBDA = _Spelling("messageId", "body", "attributes", "messageAttributes")
_API = _Spelling("MessageId", "Body", "Attributes", "MessageAttributes")


def queue_record(record: dict[str, Any], origin: Origin) -> Record | Skip:
    """A message out of a Lambda event.

    Source: Lambda developer guide, "Using Lambda with Amazon SQS".
    """
    return _message(record, _LAMBDA, record.get("eventSourceARN"), origin)


def received_messages(answer: dict[str, Any], origin: Origin) -> Iterator[Record | Skip]:
    """The messages of an answer, which does not name its queue: the user must.

    Source: SQS ReceiveMessage.
    """
    for number, message in enumerate(answer["Messages"], start=1):
        place = f"message {number}"
        if not isinstance(message, dict):
            yield Skip(f"wanted an SQS message, found {type(message).__name__}", place)
            continue
        found = _message(message, _API, None, origin)
        yield Skip(found.reason, place, found.alike) if isinstance(found, Skip) else found


def _message(
    message: dict[str, Any], spelling: _Spelling, said_arn: Any, origin: Origin
) -> Record | Skip:
    message_id = text_of(message, spelling.message_id)
    source_arn = origin.arn(said_arn, "sqs")
    if message_id is None:
        return Skip(f"an SQS message without {spelling.message_id}")
    if source_arn is None:
        return Skip("SQS messages that do not name their queue: pass --source ARN", alike=True)
    envelope = dict(message)
    body = detach_text(envelope, envelope, spelling.body)
    system = object_of(message, spelling.attributes)
    group_id = text_of(system, "MessageGroupId")
    # A standard queue may carry group ids too (fair queues): they promise no order.
    in_order = group_id is not None and source_arn.endswith(".fifo")
    return origin.record(
        service=Service.SQS,
        source_arn=source_arn,
        record_id=message_id,
        body=body,
        envelope=envelope,
        sequence_number=system.get("SequenceNumber"),
        ordering_key=group_id,
        order_scope=OrderScope.KEY if in_order else OrderScope.NONE,
        source_at=instant_of_ms(system.get("SentTimestamp")),
        receive_count=system.get("ApproximateReceiveCount"),
        system=system,
        user=object_of(message, spelling.message_attributes),
    )
