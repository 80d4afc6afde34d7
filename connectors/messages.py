"""SQS messages: received, given back, deleted, and turned into records.

What a queue that is looked at, a queue that is drained and a tap's own queue have in common.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.access.failures import call
from connectors.answers import (
    Clock,
    attributes_json,
    compact_json,
    encoded,
    instant_of_ms,
    required,
    without,
)
from connectors.errors import ConnectorError, CorruptAnswerError
from connectors.record import Mode, OrderScope, Record, Service

_BATCH = 10
"""Messages in one receive, give-back or delete: AWS's maximum."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue's address, and what of its settings decides how it may be read."""

    url: str
    arn: str
    is_fifo: bool = False
    max_receive_count: int | None = None
    """Receives before a message goes to the dead-letter queue; None: never."""


def receive(
    queue: Queue, client: Any, *, wait_seconds: int, visibility_seconds: int
) -> list[dict[str, Any]]:
    """Up to 10 messages with everything that SQS says of them; none where none came in time.

    Args:
        queue: Where from.
        client: SQS.
        wait_seconds: How long SQS waits for a first message; above 0 it asks all its hosts.
        visibility_seconds: For how long the messages are hidden from others.

    Raises:
        ConnectorError: And its classes.

    Source: ReceiveMessage.
    """
    wanted = f"messages of {queue.arn}"
    answer = call(
        wanted,
        client.receive_message,
        QueueUrl=queue.url,
        MaxNumberOfMessages=_BATCH,
        WaitTimeSeconds=wait_seconds,
        VisibilityTimeout=visibility_seconds,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    messages = answer.get("Messages", [])  # AWS leaves it out where there are none
    for message in messages:
        for member in ("MessageId", "ReceiptHandle", "Body"):
            required(message, member, str, wanted)
    return list(messages)


def give_back(queue: Queue, client: Any, handles: Sequence[str]) -> int:
    """Make messages visible again, in the order given; returns how many could not be.

    Source: ChangeMessageVisibilityBatch.
    """
    wanted = f"giving back messages of {queue.arn}"
    return sum(
        len(_failed(call(wanted, client.change_message_visibility_batch, **entries)))
        for entries in _batches(queue, handles, VisibilityTimeout=0)
    )


def delete(queue: Queue, client: Any, handles: Sequence[str]) -> None:
    """Delete messages; what fails is tried once more.

    Raises:
        ConnectorError: Some could not be deleted; they will be delivered again.

    Source: DeleteMessageBatch.
    """
    left = _delete_once(queue, client, handles)
    left = _delete_once(queue, client, left) if left else left
    if left:
        raise ConnectorError(
            f"deleting {len(handles)} messages of {queue.arn} was wanted, {len(left)} failed "
            "twice; they will be delivered again, which a next capture tells by their ids"
        )


def queue_record(
    queue: Queue, message: Mapping[str, Any], now: Clock, mode: Mode, own_receives: int
) -> Record:
    """The record of one delivery of a message.

    Args:
        queue: Where from.
        message: As `receive` gives it.
        now: Clock.
        mode: How it was read.
        own_receives: How many of the message's receives were ours in this sweep; AWS's own
            count, ours included, stays as it is.

    Source: ReceiveMessage.
    """
    system = message.get("Attributes", {})
    group = system.get("MessageGroupId")
    # Standard queues may carry a group too (fair queues): it promises no order there.
    in_order = queue.is_fifo and group is not None
    ours = {"mode": mode, "own_receives": own_receives}
    user = message.get("MessageAttributes", {})
    try:
        sent_at = instant_of_ms(system["SentTimestamp"]) if "SentTimestamp" in system else None
        receive_count = int(system["ApproximateReceiveCount"]) if system else None
    except (KeyError, ValueError) as error:
        raise CorruptAnswerError(
            f"messages of {queue.arn}: numbers in its attributes were wanted, found {system}; "
            "the answer is damaged: try again"
        ) from error
    return Record(
        service=Service.SQS,
        source_arn=queue.arn,
        partition_id="",
        record_id=message["MessageId"],
        received_at=now(),
        body=encoded(message["Body"]),
        sequence_number=system.get("SequenceNumber"),
        ordering_key=group,
        order_scope=OrderScope.KEY if in_order else OrderScope.NONE,
        source_at=sent_at,
        receive_count=receive_count,
        attributes=attributes_json(system, user, workbench=ours),
        envelope=compact_json(without(message, "Body")),
    )


def _delete_once(queue: Queue, client: Any, handles: Sequence[str]) -> list[str]:
    wanted = f"deleting messages of {queue.arn}"
    left: list[str] = []
    for entries in _batches(queue, handles):
        by_id = {entry["Id"]: entry["ReceiptHandle"] for entry in entries["Entries"]}
        answer = call(wanted, client.delete_message_batch, **entries)
        left += [by_id[entry["Id"]] for entry in _failed(answer)]
    return left


def _batches(queue: Queue, handles: Sequence[str], **more: Any) -> Iterator[dict[str, Any]]:
    for start in range(0, len(handles), _BATCH):
        entries = [
            {"Id": str(ordinal), "ReceiptHandle": handle, **more}
            for ordinal, handle in enumerate(handles[start : start + _BATCH])
        ]
        yield {"QueueUrl": queue.url, "Entries": entries}


def _failed(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(answer.get("Failed") or ())
