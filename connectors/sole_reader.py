"""Receives from a queue that is read alone, and knows when an empty answer means an empty queue.

SQS hides a message with the receive, not with the answer: an answer that was lost, a process that was killed, or a
delete that came too late leave messages hidden which nobody holds. Until they have come back, an empty answer proves
nothing.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.answers import Clock, instant_of_ms
from connectors.errors import ConnectorError
from connectors.messages import BATCH, delete, give_back, receive
from connectors.queue_settings import Queue, ask_attributes, counts_of
from connectors.record import Record

VISIBILITY = timedelta(seconds=60)
"""How long a page's messages are hidden: far longer than ten messages take to become durable, so that no heartbeat is
needed, and short enough to wait for after a crash."""
_DISORDER = timedelta(seconds=60)
"""How much older than a receive the messages left in a nearly empty queue may be: SQS promises no order."""
_ATTEMPT_LASTS = timedelta(minutes=5)
_SKEW = timedelta(seconds=1)
"""By which AWS's clock and ours may differ."""


def _new_attempt_id() -> str:
    return str(uuid.uuid4())


@dataclass(slots=True, kw_only=True)
class SoleReader:
    """One queue, and what may still be hidden in it because of us."""

    queue: Queue
    client: Any
    now: Clock
    wait_seconds: int = 2
    """Above 0 SQS asks all its hosts; an empty answer to a short poll proves nothing."""
    new_attempt_id: Callable[[], str] = _new_attempt_id
    _attempt: tuple[str, datetime] | None = field(default=None, init=False)
    """A FIFO receive that was not answered: its id, and since when."""
    _lost: list[tuple[datetime, datetime]] = field(default_factory=list, init=False)
    """From when to when each receive ran that was not answered."""
    _hidden_until: datetime | None = field(default=None, init=False)
    _perhaps_until: datetime | None = field(default=None, init=False)

    def begin(self, *, resumed: bool) -> None:
        """Note that reading begins; an earlier process may have been killed with messages in hand.

        Args:
            resumed: It surely was cut short; otherwise AWS's count is believed.
        """
        self._perhaps_until = self.now() + VISIBILITY
        if resumed:
            self._hidden_until = self._perhaps_until

    def receive(self) -> list[dict[str, Any]]:
        """Up to 10 messages; after an answer that was lost, of a FIFO queue the same ones.

        Raises:
            ConnectorError: And its classes; what the receive hid comes again.

        Source: ReceiveMessage.
        """
        asked_at = self.now()
        attempt_id = self._attempt_id(asked_at) if self.queue.is_fifo else None
        try:
            messages = receive(
                self.queue,
                self.client,
                wait_seconds=self.wait_seconds,
                visibility_seconds=int(VISIBILITY.total_seconds()),
                attempt_id=attempt_id,
            )
        except ConnectorError:
            self._lost.append((asked_at - _SKEW, self.now() + _SKEW))
            self._hidden_until = self.now() + VISIBILITY
            raise
        self._attempt = None
        return messages

    def kept(
        self,
        messages: Sequence[dict[str, Any]],
        records_of: Callable[[Sequence[dict[str, Any]]], tuple[Record, ...]],
    ) -> tuple[Record, ...]:
        """The messages' records; where one cannot be made, all are given back.

        Raises:
            ConnectorError: As `records_of` does.
        """
        try:
            return records_of(messages)
        except ConnectorError:
            self._hidden_until = self.now() + VISIBILITY
            give_back(self.queue, self.client, [message["ReceiptHandle"] for message in messages])
            raise

    def delete(self, handles: Sequence[str]) -> None:
        """Delete what is durable; what had expired meanwhile comes again.

        Raises:
            ConnectorError: Some could not be deleted.

        Source: DeleteMessageBatch.
        """
        try:
            expired = delete(self.queue, self.client, handles)
        except ConnectorError:
            self._hidden_until = self.now() + VISIBILITY
            raise
        if expired:
            self._hidden_until = self.now() + VISIBILITY

    def own_receives(self, message: Mapping[str, Any]) -> int:
        """How many receives of ours a delivery adds: one, and the first if its answer was lost.

        Source: ApproximateFirstReceiveTimestamp.
        """
        system = message.get("Attributes", {})
        first = system.get("ApproximateFirstReceiveTimestamp", "")
        if system.get("ApproximateReceiveCount", "1") == "1" or not first.isdigit():
            return 1
        first_at = instant_of_ms(first)
        return 1 + any(start <= first_at <= end for start, end in self._lost)

    def is_empty(self, messages: Sequence[Any]) -> bool:
        """Whether nothing came and nothing may be hidden that was to come."""
        if messages or self._is_hidden(self._hidden_until):
            return False
        if self._is_hidden(self._perhaps_until):
            wanted = f"counts of {self.queue.arn}"
            attributes = ask_attributes(self.queue.url, self.client, wanted)
            if counts_of(attributes, wanted).in_flight:
                return False
            self._perhaps_until = None
        return True

    def read_to_at(self, messages: Sequence[Any], asked_at: datetime) -> datetime | None:
        """Up to when everything sent was received by this answer; None: the answer does not tell.

        An empty answer tells all up to its question, less the queue's delay. One that is not
        full tells that the queue is nearly empty; a queue under steady traffic is never more.

        Args:
            messages: The answer.
            asked_at: When it was asked for.
        """
        if self.wait_seconds == 0 or self._is_hidden(self._hidden_until):
            return None
        if not messages:
            return asked_at - self.queue.delay if self.is_empty(messages) else None
        if len(messages) < BATCH and not self._is_hidden(self._perhaps_until):
            return asked_at - max(_DISORDER, self.queue.delay)
        return None

    def _is_hidden(self, until: datetime | None) -> bool:
        return until is not None and self.now() < until

    def _attempt_id(self, now: datetime) -> str:
        if self._attempt is None or now - self._attempt[1] >= _ATTEMPT_LASTS:
            self._attempt = (self.new_attempt_id(), now)
        return self._attempt[0]
