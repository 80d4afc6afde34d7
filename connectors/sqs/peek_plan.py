"""Says what a look at a queue will do to it, before it is done; asks nothing but how the queue is set up."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from connectors.sqs.queue import dead_letter_sources
from connectors.sqs.settings import MessageCounts, Queue, ask_attributes, counts_of, queue_of

SMALL_MAX_RECEIVE_COUNT = 3
"""Up to here one receive more is a large part of what a message has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeekBudget:
    """Where one sweep ends at the latest."""

    messages: int = 1000
    receives: int = 200
    hidden: timedelta = timedelta(seconds=30)
    """How long a message is hidden if it is not given back."""
    sweep: timedelta = timedelta(seconds=20)
    """How long one sweep lasts: shorter than that, so that each handle is still good to give back with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeekPlan:
    """What a look will do to a queue and to those who consume it."""

    source_arn: str
    is_fifo: bool
    messages: MessageCounts
    """As AWS counts them, about a minute late."""
    max_receive_count: int | None
    """None: no message ever goes to a dead-letter queue."""
    dead_letter_arn: str | None
    receives_left_at_most: int | None
    """After the look, of a message that nobody received before; None: any number."""
    receives_left_at_worst: int | None
    """A message that has used up its receives moves at ours, and we never see it: 0; None: none moves."""
    dead_letters_of: tuple[str, ...] | None
    """URLs of the queues whose dead letters stand here; None: not the right to ask."""
    budget: PeekBudget

    @property
    def refused(self) -> str | None:
        """Why the look is refused unless it is forced; None: it is not."""
        if self.is_fifo:
            return (
                f"peek at {self.source_arn} was refused: it is FIFO, and every message group "
                "received would be blocked; use its topic or dead-letter queue, or force it"
            )
        if self.max_receive_count is not None and (
            self.max_receive_count <= SMALL_MAX_RECEIVE_COUNT
        ):
            return (
                f"peek at {self.source_arn} was refused: its maxReceiveCount is "
                f"{self.max_receive_count}, and a look uses up one receive; look at its "
                "dead-letter queue, or force it"
            )
        return None

    def sentences(self) -> tuple[str, ...]:
        """The same for people, one fact each."""
        hidden, budget = int(self.budget.hidden.total_seconds()), self.budget
        said = [
            f"about {self.messages.visible} messages are visible, {self.messages.in_flight} in "
            f"flight, {self.messages.delayed} delayed; those two are not seen",
            f"up to {budget.messages} messages are hidden for up to {hidden} s, and given back "
            "when the sweep ends",
            "each message's receive count grows by one, which metrics and handlers notice",
        ]
        if self.is_fifo:
            said.append(
                f"every message group received is blocked for up to {hidden} s, and no more than "
                "its first 10 messages are seen"
            )
        if self.max_receive_count is not None:
            said.append(
                f"a message moves to {self.dead_letter_arn} at its receive number "
                f"{self.max_receive_count + 1}; the sweep stops at one with a receive left"
            )
        return tuple(said)

    def document(self) -> dict[str, Any]:
        """The plan as JSON holds it.

        Example:
            >>> plan.document()["max_receive_count"]
            5
        """
        whole = asdict(self)
        budget = whole.pop("budget")
        return whole | {
            "messages_most": budget["messages"],
            "receives_most": budget["receives"],
            "hidden_seconds": int(budget["hidden"].total_seconds()),
            "sweep_seconds": int(budget["sweep"].total_seconds()),
            "refused": self.refused,
            "says": list(self.sentences()),
        }


def plan_of(queue: Queue, client: Any, budget: PeekBudget) -> PeekPlan:
    """The plan for a queue as it is set up now; receives nothing.

    Args:
        queue: Its address.
        client: SQS.
        budget: Where a sweep ends.

    Raises:
        ConnectorError: And its classes.

    Source: GetQueueAttributes, ListDeadLetterSourceQueues.
    """
    wanted = f"settings of {queue.arn}"
    attributes = ask_attributes(queue.url, client, wanted)
    found = queue_of(queue.url, attributes, wanted)
    most, sources = found.max_receive_count, dead_letter_sources(queue, client)
    return PeekPlan(
        source_arn=found.arn,
        is_fifo=found.is_fifo,
        messages=counts_of(attributes, wanted),
        max_receive_count=most,
        dead_letter_arn=found.dead_letter_arn,
        receives_left_at_most=None if most is None else most - 1,
        receives_left_at_worst=None if most is None else 0,
        dead_letters_of=None if sources is None else tuple(sources),
        budget=budget,
    )
