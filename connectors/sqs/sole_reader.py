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
from connectors.record import Record
from connectors.sqs.messages import BATCH, delete, give_back, receive
from connectors.sqs.settings import Queue, ask_attributes, counts_of

VISIBILITY = timedelta(seconds=60)
"""How long a page's messages are hidden: far longer than ten messages take to become durable, so that no heartbeat is
needed, and short enough to wait for after a crash."""
_DISORDER = timedelta(seconds=60)
"""How much older than a receive the messages left in a nearly empty queue may be: SQS promises no order."""
_ATTEMPT_LASTS = timedelta(minutes=5)
_LOST_AT_MOST = 4
"""Receives in a row without an answer after which what is left is given up."""
_REMEMBERED = 100
"""Lost receives, for telling whose a message's first receive was."""
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
    _lost_in_a_row: int = field(default=0, init=False)
    """Receives that were not answered since the last that brought messages."""
    _one_by_one: int = field(default=0, init=False)
    """So many messages are still asked for singly, to part the one that cannot be told from the others."""
    _was_empty: bool = field(default=True, init=False)
    """Everything that comes was sent since; a queue of our own making begins so."""
    _hidden_until: datetime | None = field(default=None, init=False)
    _perhaps_until: datetime | None = field(default=None, init=False)

    def begin(self, *, resumed: bool) -> None:
        """Note that reading begins; an earlier process may have been killed with messages in hand.

        Args:
            resumed: It surely was cut short; otherwise AWS's count is believed.
        """
        self._was_empty = False
        self._perhaps_until = self.now() + VISIBILITY
        if resumed:
            self._hidden_until = self._perhaps_until

    def receive(self) -> list[dict[str, Any]]:
        """Up to 10 messages; after an answer that was lost, of a FIFO queue the same ones.

        After two lost in a row messages are asked for one by one for a while.

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
                most=1 if self._one_by_one else BATCH,
                attempt_id=attempt_id,
            )
        except ConnectorError:
            self._note_lost(asked_at)
            raise
        self._attempt = None
        if messages:
            self._lost_in_a_row = 0
            self._one_by_one = max(0, self._one_by_one - 1)
        return messages

    def gave_up(self, messages: Sequence[Any]) -> bool:
        """Whether what is left in the queue cannot be received: asked for often enough, and lost each time.

        Such a message would keep an end away for ever, as it is hidden and comes again. Told once;
        after that the count begins anew.
        """
        if messages or self._lost_in_a_row < _LOST_AT_MOST:
            return False
        self._lost_in_a_row = 0
        return True

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
            self._doubt()
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
            self._doubt()
            raise
        if expired:
            self._doubt()

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
        unsure = self._is_hidden(self._perhaps_until)
        if unsure or self.queue.is_fifo:
            wanted = f"counts of {self.queue.arn}"
            counts = counts_of(ask_attributes(self.queue.url, self.client, wanted), wanted)
            # A FIFO group that somebody else has messages of gives nothing, however much it has.
            if (unsure and counts.in_flight) or (self.queue.is_fifo and counts.visible):
                return False
            self._perhaps_until = None
        self._was_empty = True
        return True

    def read_to_at(self, messages: Sequence[Any], asked_at: datetime) -> datetime | None:
        """Up to when everything sent was received by this answer; None: the answer does not tell.

        An empty answer tells all up to its question, less the queue's delay. Of a queue that was
        empty once, one that is not full tells that it nearly is: under steady traffic it is never
        more. What came back after a loss is older, so then the queue must have been empty since.

        Args:
            messages: The answer.
            asked_at: When it was asked for.
        """
        if self.wait_seconds == 0 or self._is_hidden(self._hidden_until):
            return None
        if not messages:
            return asked_at - self.queue.delay if self.is_empty(messages) else None
        if len(messages) < BATCH and self._was_empty:
            return asked_at - max(_DISORDER, self.queue.delay)
        return None

    def _is_hidden(self, until: datetime | None) -> bool:
        return until is not None and self.now() < until

    def _doubt(self) -> None:
        """Messages may be hidden that nobody holds, and come again later than those sent after them."""
        self._hidden_until = self.now() + VISIBILITY
        self._was_empty = False

    def _note_lost(self, asked_at: datetime) -> None:
        self._lost.append((asked_at - _SKEW, self.now() + _SKEW))
        del self._lost[:-_REMEMBERED]
        self._doubt()
        self._lost_in_a_row += 1
        if self._lost_in_a_row > 1:
            self._attempt = None  # the same ones again would be lost again
            self._one_by_one = 2 * BATCH

    def _attempt_id(self, now: datetime) -> str:
        if self._attempt is None or now - self._attempt[1] >= _ATTEMPT_LASTS:
            self._attempt = (self.new_attempt_id(), now)
        return self._attempt[0]
