"""Reads a queue in one of the two ways there are: receive and give back, or receive and delete."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from connectors.access.clients import Access
from connectors.access.failures import call, raise_or_note
from connectors.answers import Clock, compact_json, required
from connectors.errors import ConnectorError, CorruptAnswerError, OperationRefusedError
from connectors.messages import Queue, delete, give_back, queue_record, receive
from connectors.record import (
    Checkpoint,
    Mode,
    Page,
    Partition,
    Record,
    Resource,
    Service,
    Span,
)
from connectors.snapshots import consumers_of, snapshot
from connectors.source import SourceName

_SMALL_MAX_RECEIVE_COUNT = 3
_PEEK_VISIBILITY_SECONDS = 30
_DRAIN_VISIBILITY_SECONDS = 60


@dataclass(slots=True, kw_only=True)
class _QueueConnector:
    """What both ways of reading a queue share."""

    queue: Queue
    client: Any
    lambda_client: Any
    now: Clock
    wait_seconds: int = 2
    service: str = Service.SQS

    @property
    def source_arn(self) -> str:
        """The queue's ARN."""
        return self.queue.arn

    def partitions(self) -> Sequence[Partition]:
        """One: a queue has no partitions."""
        return (Partition(""),)

    def resources(self) -> Sequence[Resource]:
        """The queue's attributes, and who consumes it where we may see that."""
        return (
            snapshot(
                self.queue.arn,
                "get-queue-attributes",
                self.now,
                self.client.get_queue_attributes,
                QueueUrl=self.queue.url,
                AttributeNames=["All"],
            ),
            *consumers_of(self.queue.arn, self.lambda_client, self.now),
        )

    def _records(
        self, messages: Sequence[dict[str, Any]], mode: Mode, receives: dict[str, int]
    ) -> tuple[Record, ...]:
        records = []
        for message in messages:
            own_receives = receives.get(message["MessageId"], 0) + 1
            receives[message["MessageId"]] = own_receives
            records.append(queue_record(self.queue, message, self.now, mode, own_receives))
        return tuple(records)


@dataclass(slots=True, kw_only=True)
class QueuePeek(_QueueConnector):
    """One queue, looked at: each message is received, hidden for the sweep, and given back.

    Permissions: sqs:GetQueueUrl, sqs:GetQueueAttributes, sqs:ReceiveMessage,
        sqs:ChangeMessageVisibility; lambda:ListEventSourceMappings and
        lambda:GetFunctionConfiguration where granted.
    Effect: messages are hidden from consumers for up to 30 s, a FIFO group is blocked meanwhile,
        and every message's receive count grows by one, which moves a message to its dead-letter
        queue early.
    """

    force: bool = False
    _held: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    """Newest receipt handle by message id, in the order first received."""

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        """One sweep over what is visible now; ends when a receive brings little that is new.

        All messages are given back when the sweep ends, however it ends. Only the last page of
        a sweep that found the queue's end proves a span: a standard queue has no order.

        Raises:
            OperationRefusedError: Looking would do harm, and it was not forced.
            ConnectorError: And its other classes; also when messages could not be given back.

        Source: ReceiveMessage, ChangeMessageVisibilityBatch.
        """
        self._refuse_harm()
        try:
            yield from self._sweep()
        finally:
            self.close()

    def close(self) -> None:
        """Give back every message still held. Safe to call twice."""
        earlier = sys.exc_info()[1]
        handles = list(self._held.values())
        self._held.clear()
        try:
            failed = give_back(self.queue, self.client, handles)
        except ConnectorError as error:
            raise_or_note(error, earlier)
            return
        if failed:
            found = ConnectorError(
                f"giving back {len(handles)} messages of {self.source_arn} was wanted, {failed} "
                f"failed; they come back by themselves within {_PEEK_VISIBILITY_SECONDS} s"
            )
            raise_or_note(found, earlier)

    def _sweep(self) -> Iterator[Page]:
        receives: dict[str, int] = {}
        first_at: datetime | None = None
        while True:
            asked_at = self.now()
            messages = receive(
                self.queue,
                self.client,
                wait_seconds=self.wait_seconds,
                visibility_seconds=_PEEK_VISIBILITY_SECONDS,
            )
            self._held.update((m["MessageId"], m["ReceiptHandle"]) for m in messages)
            fresh = sum(message["MessageId"] not in receives for message in messages)
            records = self._records(messages, Mode.PEEK, receives)
            first_at = _earliest(first_at, records)
            # Messages come back after the visibility timeout: more repeats than news is the end.
            at_end = not messages or fresh * 2 < len(messages)
            spans = (Span(first_at, asked_at),) if first_at and not messages else ()
            checkpoint = Checkpoint("", compact_json({"messages": len(receives)}))
            yield Page(records, checkpoint, spans, 0 if at_end else None)
            if at_end:
                return
            self._stop_at_last_receive(records)

    def _refuse_harm(self) -> None:
        limit = self.queue.max_receive_count
        if self.force:
            return
        if self.queue.is_fifo:
            raise OperationRefusedError(
                f"peek at {self.source_arn} was refused: it is FIFO, and every message group "
                "received would be blocked; use its topic or dead-letter queue, or force it"
            )
        if limit is not None and limit <= _SMALL_MAX_RECEIVE_COUNT:
            raise OperationRefusedError(
                f"peek at {self.source_arn} was refused: its maxReceiveCount is {limit}, and a "
                "look uses up one receive; look at its dead-letter queue, or force it"
            )

    def _stop_at_last_receive(self, records: Sequence[Record]) -> None:
        limit = self.queue.max_receive_count
        if self.force or limit is None:
            return
        spent = [r.record_id for r in records if (r.receive_count or 0) >= limit - 1]
        if spent:
            raise OperationRefusedError(
                f"peek at {self.source_arn} stopped: {len(spent)} messages ({spent[0]} first) have "
                f"at most one receive left of {limit}; look at its dead-letter queue, or force it"
            )


@dataclass(slots=True, kw_only=True)
class QueueDrain(_QueueConnector):
    """One queue, emptied: each message is deleted once its page is durable.

    Permissions: sqs:GetQueueUrl, sqs:GetQueueAttributes, sqs:ReceiveMessage,
        sqs:ChangeMessageVisibility, sqs:DeleteMessage; lambda:ListEventSourceMappings and
        lambda:GetFunctionConfiguration where granted.
    Effect: the queue is empty afterwards; no other consumer gets these messages.
    """

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        """Pages until a receive brings nothing; resuming deletes the page's messages.

        Messages of a page that was never confirmed are given back. Only the last page proves a
        span: a standard queue has no order.

        Raises:
            ConnectorError: And its classes; also when messages could not be deleted (they will
                be delivered again, under the same ids).

        Source: ReceiveMessage, DeleteMessageBatch.
        """
        receives: dict[str, int] = {}
        first_at: datetime | None = None
        while True:
            asked_at = self.now()
            messages = receive(
                self.queue,
                self.client,
                wait_seconds=self.wait_seconds,
                visibility_seconds=_DRAIN_VISIBILITY_SECONDS,
            )
            records = self._records(messages, Mode.DRAIN, receives)
            first_at = _earliest(first_at, records)
            spans = (Span(first_at, asked_at),) if first_at and not messages else ()
            checkpoint = Checkpoint("", compact_json({"messages": len(receives)}))
            handles = [message["ReceiptHandle"] for message in messages]
            yield from self._until_durable(
                Page(records, checkpoint, spans, None if messages else 0), handles
            )
            if not messages:
                return
            delete(self.queue, self.client, handles)

    def close(self) -> None:
        """Nothing is held between pages, so nothing is undone."""

    def _until_durable(self, page: Page, handles: Sequence[str]) -> Iterator[Page]:
        try:
            yield page
        except GeneratorExit:
            give_back(self.queue, self.client, handles)  # never confirmed: not ours to delete
            raise


def open_queue(
    name: SourceName, access: Access, mode: Mode, *, now: Clock, force: bool = False
) -> QueuePeek | QueueDrain:
    """The connector of a queue, its address and settings asked of AWS.

    Raises:
        SourceNotFoundError: No such queue.
        ConnectorError: And its other classes.

    Source: GetQueueUrl, GetQueueAttributes.
    """
    client = access.client("sqs", mode)
    queue = _queue(name, client)
    lambda_client = access.client("lambda", Mode.OBSERVE)
    if mode == Mode.DRAIN:
        return QueueDrain(queue=queue, client=client, lambda_client=lambda_client, now=now)
    return QueuePeek(queue=queue, client=client, lambda_client=lambda_client, now=now, force=force)


def _queue(name: SourceName, client: Any) -> Queue:
    wanted = f"the queue {name.name}"
    owner = {"QueueOwnerAWSAccountId": name.account} if name.account else {}
    answer = call(wanted, client.get_queue_url, QueueName=name.name, **owner)
    url = required(answer, "QueueUrl", str, wanted)
    answer = call(wanted, client.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
    attributes = required(answer, "Attributes", dict, wanted)
    return Queue(
        url=url,
        arn=required(attributes, "QueueArn", str, wanted),
        is_fifo=attributes.get("FifoQueue") == "true" or name.name.endswith(".fifo"),
        max_receive_count=_max_receive_count(attributes.get("RedrivePolicy"), wanted),
    )


def _max_receive_count(redrive_policy: str | None, wanted: str) -> int | None:
    if redrive_policy is None:
        return None
    try:
        # AWS gives back a number or a text, whichever was set.
        return int(orjson.loads(redrive_policy)["maxReceiveCount"])
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptAnswerError(
            f"{wanted}: a maxReceiveCount was wanted, found {redrive_policy!r}; set it anew"
        ) from error


def _earliest(so_far: datetime | None, records: Sequence[Record]) -> datetime | None:
    instants = [record.source_at for record in records if record.source_at is not None]
    return min([*instants, *([so_far] if so_far else [])], default=None)
