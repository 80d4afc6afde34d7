"""Queues: messages sent to them, receives that raise their counts, and what the capture receives itself."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from connectors.answers import compact_json
from connectors.record import Checkpoint, Mode, Page, PeekEffect, Record, Resource, Span
from connectors.sqs.messages import queue_record
from connectors.sqs.settings import Queue as QueueSettings
from datasets.story import REGION, T0, Story, arn, at, epoch_ms

SENDER = "AIDAEXAMPLEPRODUCER"
HIDDEN = timedelta(seconds=30)
"""For so long a peek hides a message at most."""
FIRST_NUMBER = 18_870_000_000_000_000_000
"""FIFO sequence numbers have twenty digits."""


@dataclass(slots=True, eq=False)
class Message:
    """One message, as its queue holds it."""

    message_id: str
    body: str
    sent_s: float
    system: dict[str, str]
    """System attributes that do not change from receive to receive."""
    user: dict[str, Any]
    receives: int = 0
    first_received_s: float | None = None

    def received(self, now_s: float) -> dict[str, str]:
        """Its system attributes at a receive, which counts."""
        self.receives += 1
        if self.first_received_s is None:
            self.first_received_s = now_s
        return {
            **self.system,
            "SentTimestamp": str(epoch_ms(self.sent_s)),
            "ApproximateReceiveCount": str(self.receives),
            "ApproximateFirstReceiveTimestamp": str(epoch_ms(self.first_received_s)),
        }


@dataclass(slots=True, eq=False)
class Queue:
    """One queue; a standard one, or FIFO by its name."""

    story: Story
    name: str
    visibility_s: int = 30
    retention_s: int = 345_600
    max_receive_count: int | None = None
    dead_letters: "Queue | None" = None
    mode: Mode | None = None
    """How the capture receives what it holds at the end: a peek gives it back, a drain of a queue of ours deletes it.
    None: it does not."""
    scope: str = "queue"
    """DeduplicationScope of a FIFO queue."""
    _looks: list[tuple[float, list[Message]]] = field(default_factory=list, init=False)
    _held: list[Message] = field(default_factory=list, init=False)
    _holes: list[Span] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.story.tellers.append(self)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return arn("sqs", self.name)

    @property
    def is_fifo(self) -> bool:
        """Whether it keeps order and deduplicates."""
        return self.name.endswith(".fifo")

    def send(
        self,
        body: str,
        now_s: float,
        *,
        group: str | None = None,
        deduplication_id: str | None = None,
        user: Mapping[str, str] | None = None,
    ) -> Message:
        """A message sent; in a queue that is captured it stays until the end."""
        system = {"SenderId": SENDER}
        if group is not None:
            system["MessageGroupId"] = group
        if self.is_fifo:
            system["MessageDeduplicationId"] = (
                deduplication_id or hashlib.sha256(body.encode()).hexdigest()
            )
            number = (epoch_ms(now_s) << 16) + self.story.number(self.arn) % 2**16
            system["SequenceNumber"] = str(FIRST_NUMBER + number)
        said = {n: {"StringValue": v, "DataType": "String"} for n, v in (user or {}).items()}
        message = Message(self.story.uuid(), body, now_s, system, said)
        if self.mode is not None:
            self._held.append(message)
        return message

    def dead_letter(self, message: Message) -> None:
        """SQS moves a message that was received too often: same id, same age, its count goes on."""
        assert self.dead_letters is not None, f"{self.name} has no dead-letter queue"
        message.system["DeadLetterQueueSourceArn"] = self.arn
        self.dead_letters._held.append(message)

    def take(self, message: Message) -> None:
        """Somebody deleted it, or it was redriven: it is not there at the end."""
        self._held.remove(message)

    def look(self, now_s: float, messages: list[Message]) -> None:
        """The capture receives these, besides what it receives at the end."""
        self._looks.append((now_s, messages))

    def miss(self, from_s: float, to_s: float, cause: str) -> None:
        """A span that is known not to be read."""
        self._holes.append(Span(at(from_s), at(to_s), cause))

    def pages(self) -> Iterator[tuple[str, Page]]:
        """What the capture received; to be asked for once, as receives count."""
        if self.mode is None:
            return
        looks = sorted(self._looks, key=lambda look: look[0])
        looks.append((self.story.length_s + 50, sorted(self._held, key=lambda each: each.sent_s)))
        records = tuple(
            self._record(each, now_s, self.mode) for now_s, found in looks for each in found
        )
        spans = (Span(T0, self.story.captured_at), *self._holes)
        is_peek = self.mode is Mode.PEEK
        effects = tuple(self._effect(record) for record in records if is_peek)
        position = Checkpoint("", compact_json({"messages": len(records)}))
        yield self.arn, Page(records, position, spans, peek_effects=effects)

    def resources(self) -> Iterator[Resource]:
        """Its attributes, and whose dead letters it gets."""
        attributes = {
            "QueueArn": self.arn,
            "VisibilityTimeout": str(self.visibility_s),
            "MessageRetentionPeriod": str(self.retention_s),
            "DelaySeconds": "0",
        }
        if self.dead_letters:
            policy = {
                "deadLetterTargetArn": self.dead_letters.arn,
                "maxReceiveCount": self.max_receive_count,
            }
            attributes["RedrivePolicy"] = json.dumps(policy)
        if self.is_fifo:
            attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
            attributes |= {"DeduplicationScope": self.scope}
        document = compact_json({"Attributes": attributes})
        yield Resource(self.arn, "get-queue-attributes", at(0), document)

    def lambda_record(self, message: Message, now_s: float) -> dict[str, Any]:
        """The message as Lambda hands it to a function; that is a receive."""
        user = {
            name: {
                "stringValue": said["StringValue"],
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": said["DataType"],
            }
            for name, said in message.user.items()
        }
        return {
            "messageId": message.message_id,
            "receiptHandle": f"AQEB{message.receives + 1}",
            "body": message.body,
            "attributes": message.received(now_s),
            "messageAttributes": user,
            "md5OfBody": hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": self.arn,
            "awsRegion": REGION,
        }

    def _effect(self, record: Record) -> PeekEffect:
        """What our look did: hid the message for some seconds, and took one of its receives."""
        count, most = record.receive_count or 0, self.max_receive_count
        return PeekEffect(
            record.record_id,
            record.received_at,
            count,
            None if most is None else max(0, most - count),
            record.received_at + HIDDEN,
            record.received_at + HIDDEN / 10,
        )

    def _record(self, message: Message, now_s: float, mode: Mode) -> Record:
        answer = {
            "MessageId": message.message_id,
            "ReceiptHandle": f"AQEBours{message.receives + 1}",
            "MD5OfBody": hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest(),
            "Body": message.body,
            "Attributes": message.received(now_s),
        }
        if message.user:
            answer["MessageAttributes"] = message.user
        settings = QueueSettings(url="", arn=self.arn, is_fifo=self.is_fifo)
        return queue_record(settings, answer, lambda: at(now_s), mode, own_receives=1)
