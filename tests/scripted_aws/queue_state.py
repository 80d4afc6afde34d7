"""What one scripted queue remembers and how it behaves; `sqs` puts the client interface before it.

Where AWS does not say what happens, the fake does what would hurt most: a receipt handle that is no longer the newest
still changes the visibility of a message that somebody else holds by now, and `harmed` remembers it.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

DEDUPLICATION = timedelta(minutes=5)
HOSTS = 4
"""Of a standard queue; a short poll asks some of them."""


class Refused(Exception):
    """One entry of a batch, or a whole call, that SQS refuses."""

    def __init__(self, code: str, message: str = "scripted") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass
class Message:
    """One message and what was done with it."""

    message_id: str
    body: str
    user: dict[str, Any]
    system: dict[str, str]
    sent_at: datetime
    visible_at: datetime
    ordinal: int
    receive_count: int = 0
    first_received_at: datetime | None = None
    handle: str | None = None
    """The newest."""
    held_by: str | None = None

    @property
    def group(self) -> str | None:
        return self.system.get("MessageGroupId")

    def in_flight(self, now: datetime) -> bool:
        return self.handle is not None and self.visible_at > now


@dataclass(frozen=True)
class Sent:
    """A line of the ledger: what really was written."""

    message_id: str
    body: str
    group: str | None
    sent_at: datetime


@dataclass
class QueueState:
    """A queue's settings, its messages, and a ledger of what became of every one that was ever sent."""

    name: str
    url: str
    arn: str
    attributes: dict[str, str]
    tags: dict[str, str]
    created_at: datetime
    messages: list[Message] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    deleted_by: dict[str, str] = field(default_factory=dict)
    expired: list[str] = field(default_factory=list)
    moved: dict[str, int] = field(default_factory=dict)
    """Message id to receive count when it went to the dead-letter queue."""
    receives: list[tuple[str, str, datetime]] = field(default_factory=list)
    """Message id, by whom, when: also those whose answer was lost."""
    harmed: list[str] = field(default_factory=list)
    """Messages that somebody made visible while another held them."""
    in_flight_limit: int = 120_000
    attempts: dict[str, tuple[datetime, list[str], list[str]]] = field(default_factory=dict)
    """ReceiveRequestAttemptId to when, the message ids, and the handles."""
    deduplicated: dict[str, tuple[datetime, str, str]] = field(default_factory=dict)

    @property
    def is_fifo(self) -> bool:
        return self.name.endswith(".fifo")

    def seconds(self, attribute: str, otherwise: int) -> timedelta:
        return timedelta(seconds=int(self.attributes.get(attribute, otherwise)))

    def redrive(self) -> tuple[str, int] | None:
        policy = self.attributes.get("RedrivePolicy")
        if not policy:
            return None
        document = json.loads(policy)
        return document["deadLetterTargetArn"], int(document["maxReceiveCount"])

    def expire(self, now: datetime) -> None:
        """Drop what is older than the retention."""
        kept_from = now - self.seconds("MessageRetentionPeriod", 345_600)
        self.expired += [m.message_id for m in self.messages if m.sent_at <= kept_from]
        self.messages = [m for m in self.messages if m.sent_at > kept_from]

    def put(self, message: Message) -> None:
        self.messages.append(message)
        self.sent.append(Sent(message.message_id, message.body, message.group, message.sent_at))

    def repeated(self, now: datetime, group: str, deduplication_id: str) -> tuple[str, str] | None:
        """Id and sequence number of the first message under a deduplication id of the last 5 minutes."""
        known = self.deduplicated.get(self._scope(group) + deduplication_id)
        if known is None or now - known[0] >= DEDUPLICATION:
            return None
        return known[1], known[2]

    def remember(self, now: datetime, group: str, deduplication_id: str, message: Message) -> None:
        place = self._scope(group) + deduplication_id
        self.deduplicated[place] = (now, message.message_id, message.system["SequenceNumber"])

    def _scope(self, group: str) -> str:
        return f"{group}/" if self.attributes.get("DeduplicationScope") == "messageGroup" else ""

    def visible(self, now: datetime) -> list[Message]:
        """What a receive may take, in order; of a FIFO group nothing while one of it is hidden."""
        locked = {m.group for m in self.messages if self.is_fifo and m.visible_at > now}
        return [m for m in self.messages if m.visible_at <= now and m.group not in locked]

    def chosen(self, now: datetime, most: int, short: bool, random: Random) -> list[Message]:
        """What one receive takes: a FIFO queue's next ones, or a standard queue's in no promised order."""
        self.expire(now)
        ready = self.visible(now)
        if self.is_fifo:
            return ready[:most]
        asked = [host for host in range(HOSTS) if not short or random.random() < 0.5]
        ready = [m for m in ready if m.ordinal % HOSTS in asked]
        return sorted(ready, key=lambda m: m.ordinal + random.randrange(8))[:most]

    def hold(self, message: Message, now: datetime, hidden: timedelta, who: str) -> None:
        message.receive_count += 1
        message.first_received_at = message.first_received_at or now
        message.handle = f"{message.message_id}#{message.receive_count}"
        message.visible_at = now + hidden
        message.held_by = who
        self.receives.append((message.message_id, who, now))

    def same_attempt(self, attempt: str | None, now: datetime, hidden: timedelta) -> list[Message]:
        """What an earlier receive under this attempt id took, hidden anew; nothing once one of it was touched."""
        if attempt is None or attempt not in self.attempts:
            return []
        at, ids, handles = self.attempts[attempt]
        found = [m for m in self.messages if m.message_id in ids]
        if now - at >= DEDUPLICATION or [m.handle for m in found] != handles:
            return []
        if not all(m.in_flight(now) for m in found):
            return []
        for message in found:
            message.visible_at = now + hidden
        return found

    def delete(self, handle: str, now: datetime, who: str) -> None:
        """As DeleteMessage: an older handle of a standard queue succeeds and deletes nothing."""
        message = self._of_handle(handle)
        if message is None:
            return
        if self.is_fifo and not message.in_flight(now):
            raise Refused("InvalidParameterValue", "Reason: The receipt handle has expired.")
        if message.handle == handle:
            self.messages.remove(message)
            self.deleted_by[message.message_id] = who
        elif self.is_fifo:
            raise Refused("InvalidParameterValue", "Reason: The receipt handle has expired.")

    def show_again(self, handle: str, now: datetime, hidden: timedelta, who: str) -> None:
        """As ChangeMessageVisibility."""
        message = self._of_handle(handle)
        if message is None:
            raise Refused("InvalidParameterValue", "Reason: Message does not exist.")
        if not message.in_flight(now):
            raise Refused("MessageNotInflight")
        if message.handle != handle and message.held_by != who:
            self.harmed.append(message.message_id)
        message.visible_at = now + hidden

    def _of_handle(self, handle: str) -> Message | None:
        message_id, _, ordinal = handle.partition("#")
        if not ordinal.isdigit():
            raise Refused("ReceiptHandleIsInvalid", "The input receipt handle is not valid.")
        return next((m for m in self.messages if m.message_id == message_id), None)

    def counts(self, now: datetime) -> dict[str, str]:
        self.expire(now)
        flying = sum(m.in_flight(now) for m in self.messages)
        delayed = sum(m.handle is None and m.visible_at > now for m in self.messages)
        return {
            "ApproximateNumberOfMessages": str(len(self.messages) - flying - delayed),
            "ApproximateNumberOfMessagesNotVisible": str(flying),
            "ApproximateNumberOfMessagesDelayed": str(delayed),
        }

    def next_change_at(self, now: datetime) -> Iterator[datetime]:
        """When hidden messages come to light."""
        return (m.visible_at for m in self.messages if m.visible_at > now)


def answered(message: Message) -> dict[str, Any]:
    """A message as ReceiveMessage gives it when everything is asked for."""
    assert message.first_received_at is not None
    system = message.system | {
        "ApproximateReceiveCount": str(message.receive_count),
        "ApproximateFirstReceiveTimestamp": ms(message.first_received_at),
        "SentTimestamp": ms(message.sent_at),
    }
    whole: dict[str, Any] = {
        "MessageId": message.message_id,
        "ReceiptHandle": message.handle,
        "MD5OfBody": hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest(),
        "Body": message.body,
        "Attributes": system,
    }
    return whole | ({"MessageAttributes": message.user} if message.user else {})


def ms(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))
