"""Empties a queue that is ours to empty: each message is deleted once it is durable, and not before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.answers import compact_json, instant, iso
from connectors.errors import AccessDeniedError, ConnectorError, SourceNotFoundError
from connectors.record import Cause, Checkpoint, Mode, Page, Partition, Record, Span
from connectors.sqs.messages import give_back, queue_record
from connectors.sqs.queue import QueueSource
from connectors.sqs.sole_reader import SoleReader

_KILLED_LATELY = timedelta(minutes=2)
"""Within this a process that was killed may have hidden messages that nobody holds."""


@dataclass(frozen=True, slots=True)
class _Position:
    """How far a drain has come."""

    messages: int = 0
    read_to_at: datetime | None = None
    """Up to when everything sent was received; None: never known yet."""
    asked_at: datetime | None = None
    """When the latest answer was asked for."""

    def checkpoint(self) -> Checkpoint:
        instants = {"read_to_at": self.read_to_at, "asked_at": self.asked_at}
        said = {name: iso(at) for name, at in instants.items() if at is not None}
        return Checkpoint("", compact_json({"messages": self.messages, **said}))


@dataclass(slots=True, kw_only=True)
class QueueDrain(QueueSource):
    """One queue, emptied: each message is deleted once its page is durable.

    What a span of it claims: everything sent to the queue then that nobody else took was stored.
    Messages with a delay of their own, beyond the queue's, may come after their time was claimed.

    A crash between storing and deleting brings a message again: the same MessageId, a higher
    receive count, which the `own_receives` of its deliveries account for; such a repeat is ours.

    Permissions: sqs:GetQueueUrl, sqs:GetQueueAttributes, sqs:ListDeadLetterSourceQueues,
        sqs:ReceiveMessage, sqs:ChangeMessageVisibility, sqs:DeleteMessage;
        lambda:ListEventSourceMappings and lambda:GetFunctionConfiguration where granted;
        kms:Decrypt on the queue's key.
    Effect: the queue is empty afterwards; no other consumer gets these messages.
    """

    _reader: SoleReader = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._reader = SoleReader(
            queue=self.queue, client=self.client, now=self.now, wait_seconds=self.wait_seconds
        )

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        """Pages for ever; an empty one with `millis_behind_latest` 0 says that nothing is left now.

        Resuming deletes the page's messages; those of a page that was never confirmed are given
        back. A FIFO queue's order holds within each group: none of a group is received while
        earlier ones of it are in our hands, and after a lost answer the same ones are asked for.
        Messages whose answers are lost each time are given up with a hole, and left in the queue.

        Raises:
            AccessDeniedError: Not the right to receive; the page before says what is missing.
            SourceNotFoundError: The queue is gone; the page before says so.
            ConnectorError: And its other classes; also when messages could not be deleted (they will
                be delivered again, under the same ids).

        Source: ReceiveMessage, DeleteMessageBatch.
        """
        position, reader = _position(after), self._reader
        reader.wait_seconds = self.wait_seconds
        began_at = first_at = self.now()
        asked_at = position.asked_at
        reader.begin(resumed=asked_at is not None and began_at - asked_at < _KILLED_LATELY)
        count, (holes, read_to_at) = position.messages, self._expired(position.read_to_at)
        while True:
            asked_at = self.now()
            try:
                messages = reader.receive()
            except (AccessDeniedError, SourceNotFoundError) as error:
                gone = isinstance(error, SourceNotFoundError)
                hole = self._unread(read_to_at, asked_at, Cause.GONE if gone else Cause.UNREADABLE)
                yield Page((), _Position(count, read_to_at, asked_at).checkpoint(), (*holes, hole))
                raise
            records = reader.kept(messages, self._records)
            first_at = min([first_at, *(r.source_at for r in records if r.source_at is not None)])
            proved_at = reader.read_to_at(messages, asked_at)
            spans, read_to_at = _claim(read_to_at, first_at, proved_at)
            gave_up = reader.gave_up(messages)
            if gave_up:
                spans = (self._unread(read_to_at, asked_at, Cause.CORRUPT_PAGE),)
            tip = 0 if gave_up or reader.is_empty(messages) else None
            count += len(messages)
            checkpoint = _Position(count, read_to_at, asked_at).checkpoint()
            page = Page(records, checkpoint, (*holes, *spans), tip)
            handles = [message["ReceiptHandle"] for message in messages]
            yield from self._until_durable(page, handles)
            reader.delete(handles)
            holes = ()

    def close(self) -> None:
        """Nothing is held between pages, so nothing is undone."""

    def _expired(self, read_to_at: datetime | None) -> tuple[tuple[Span, ...], datetime | None]:
        """The hole of what SQS has dropped since the last reading, and from when on it has not."""
        kept_from = self.now() - self.queue.retention
        if read_to_at is None or read_to_at >= kept_from:
            return (), read_to_at
        return (Span(read_to_at, kept_from, Cause.TRIMMED),), kept_from

    def _unread(self, read_to_at: datetime | None, asked_at: datetime, cause: Cause) -> Span:
        """What cannot be received may be as old as the queue keeps messages."""
        from_at = read_to_at or asked_at - self.queue.retention
        return Span(min(from_at, asked_at), asked_at, cause)

    def _records(self, messages: Sequence[dict[str, Any]]) -> tuple[Record, ...]:
        own = self._reader.own_receives
        return tuple(
            queue_record(self.queue, message, self.now, Mode.DRAIN, own(message))
            for message in messages
        )

    def _until_durable(self, page: Page, handles: Sequence[str]) -> Iterator[Page]:
        try:
            yield page
        except GeneratorExit:
            give_back(self.queue, self.client, handles)  # never confirmed: not ours to delete
            raise


def _claim(
    read_to_at: datetime | None, first_at: datetime, proved_at: datetime | None
) -> tuple[tuple[Span, ...], datetime | None]:
    """The span that is proved now, and up to when all is proved."""
    if proved_at is None:
        return (), read_to_at
    from_at = first_at if read_to_at is None else read_to_at
    if proved_at <= from_at:
        return (), read_to_at
    return (Span(from_at, proved_at),), proved_at


def _position(after: Checkpoint | None) -> _Position:
    if after is None:
        return _Position()
    try:
        said = orjson.loads(after.position)
        at = {name: instant(said[name]) for name in ("read_to_at", "asked_at") if name in said}
        return _Position(int(said["messages"]), **at)
    except (ValueError, KeyError, TypeError) as error:
        raise ConnectorError(
            f"a queue's position was wanted, found {after.position!r}; start a new trace"
        ) from error
