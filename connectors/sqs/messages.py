"""SQS messages: received, given back, deleted, and turned into records.

What a queue that is looked at, a queue that is drained and a tap's own queue have in common.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.access.failures import aws_code, call
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
from connectors.sqs.settings import Queue

BATCH = 10
"""Messages in one receive, give-back or delete: AWS's maximum."""
# A receipt handle that ran out: the message is visible again, somebody else's, or deleted by them.
_OUT_OF_HAND = frozenset(("InvalidParameterValue", "ReceiptHandleIsInvalid", "MessageNotInflight"))


def receive(
    queue: Queue,
    client: Any,
    *,
    wait_seconds: int,
    visibility_seconds: int,
    most: int = BATCH,
    attempt_id: str | None = None,
) -> list[dict[str, Any]]:
    """Up to 10 messages with everything that SQS says of them; none where none came in time.

    Args:
        queue: Where from.
        client: SQS, guarded: half an answer is an error there, and a failed receive is never sent again.
        wait_seconds: How long SQS waits for a first message; above 0 it asks all its hosts.
        visibility_seconds: For how long the messages are hidden from others.
        most: How many messages, up to 10.
        attempt_id: FIFO queues only: the same for a second try brings the same messages.

    Raises:
        CorruptAnswerError: A message without an id, a handle or a body, or whose body is not
            the one SQS took the MD5 of.
        ConnectorError: And its other classes.

    Source: ReceiveMessage.
    """
    wanted = f"messages of {queue.arn}"
    try:
        answer = call(
            wanted,
            client.receive_message,
            QueueUrl=queue.url,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=visibility_seconds,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            **({"ReceiveRequestAttemptId": attempt_id} if attempt_id else {}),
        )
    except ConnectorError as error:
        if aws_code(error).lower().startswith("kms"):
            key = queue.key_id or "of its owner"
            error.args = (f"{error}; the queue's KMS key {key} must allow kms:Decrypt",)
        raise
    # AWS leaves the member out where there are none.
    messages = required({"Messages": []} | answer, "Messages", list, wanted)
    for message in messages:
        _check(message, wanted)
    return messages


def give_back(queue: Queue, client: Any, handles: Sequence[str]) -> list[str]:
    """Make messages visible again, in the order given; returns the handles that may not be.

    What is visible already, or gone, counts as given back. Raises nothing: what could not be given
    back comes back by itself. After two batches that were not answered the rest is left, so that a
    network that is gone does not hold up the end.

    Source: ChangeMessageVisibilityBatch.
    """
    wanted = f"giving back messages of {queue.arn}"
    left: list[str] = []
    unanswered = 0
    for entries in _batches(queue, handles, VisibilityTimeout=0):
        answer: dict[str, Any] = {}
        if unanswered < 2:
            try:
                answer = call(wanted, client.change_message_visibility_batch, **entries)
            except ConnectorError:
                unanswered += 1
        done_with = _out_of_hand(entries, answer)
        left += [handle for handle in _not_done(entries, answer) if handle not in done_with]
    return left


def delete(queue: Queue, client: Any, handles: Sequence[str]) -> list[str]:
    """Delete messages; what fails is tried once more.

    Returns:
        The handles that SQS no longer takes, as they had expired: their messages come again.

    Raises:
        ConnectorError: Some could not be deleted; they will be delivered again.

    Source: DeleteMessageBatch.
    """
    left, expired = _delete_once(queue, client, handles)
    if left:
        left, more = _delete_once(queue, client, left)
        expired += more
    if left:
        raise ConnectorError(
            f"deleting {len(handles)} messages of {queue.arn} was wanted, {len(left)} failed "
            "twice; they will be delivered again, which a next capture tells by their ids"
        )
    return expired


def queue_record(
    queue: Queue, message: Mapping[str, Any], now: Clock, mode: Mode, own_receives: int
) -> Record:
    """The record of one delivery of a message.

    Args:
        queue: Where from.
        message: As `receive` gives it.
        now: Clock.
        mode: How it was read.
        own_receives: How many receives of ours this delivery adds to the message's count: one,
            and those whose answer was lost before. AWS's own count, ours included, stays as it is.

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


def _check(message: Any, wanted: str) -> None:
    if not isinstance(message, dict):
        raise CorruptAnswerError(
            f"{wanted}: a message was wanted, found {type(message).__name__}; try again"
        )
    for member in ("MessageId", "ReceiptHandle", "Body"):
        required(message, member, str, wanted)
    told = message.get("MD5OfBody")
    if told is None:
        return
    found = hashlib.md5(encoded(message["Body"]), usedforsecurity=False).hexdigest()
    if found != told:
        raise CorruptAnswerError(
            f"{wanted}: a body with MD5 {told} was wanted for {message['MessageId']}, found "
            f"{found}; the answer is damaged: try again"
        )


def _delete_once(queue: Queue, client: Any, handles: Sequence[str]) -> tuple[list[str], list[str]]:
    """The handles that failed, and those that had expired."""
    wanted = f"deleting messages of {queue.arn}"
    left: list[str] = []
    expired: list[str] = []
    for entries in _batches(queue, handles):
        answer = call(wanted, client.delete_message_batch, **entries)
        gone = _out_of_hand(entries, answer)
        expired += gone
        left += [handle for handle in _not_done(entries, answer) if handle not in gone]
    return left, expired


def _batches(queue: Queue, handles: Sequence[str], **more: Any) -> Iterator[dict[str, Any]]:
    for start in range(0, len(handles), BATCH):
        entries = [
            {"Id": str(ordinal), "ReceiptHandle": handle, **more}
            for ordinal, handle in enumerate(handles[start : start + BATCH])
        ]
        yield {"QueueUrl": queue.url, "Entries": entries}


def _out_of_hand(entries: Mapping[str, Any], answer: Mapping[str, Any]) -> set[str]:
    """Handles that SQS takes no longer: their time ran out."""
    handle_of = {entry["Id"]: entry["ReceiptHandle"] for entry in entries["Entries"]}
    return {
        handle_of[failed["Id"]]
        for failed in answer.get("Failed") or ()
        if str(failed.get("Code", "")).rsplit(".", 1)[-1] in _OUT_OF_HAND
    }


def _not_done(entries: Mapping[str, Any], answer: Mapping[str, Any]) -> list[str]:
    """Handles that the answer does not say were done: a damaged one says so of none."""
    done = {entry["Id"] for entry in answer.get("Successful") or ()}
    return [entry["ReceiptHandle"] for entry in entries["Entries"] if entry["Id"] not in done]
