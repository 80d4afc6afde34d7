"""Queues of a scripted AWS, and the connectors that read them, for the tests of both."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from connectors.record import Page, Partition
from connectors.sqs.drain import QueueDrain
from connectors.sqs.peek import QueuePeek
from connectors.sqs.settings import Queue, ask_attributes, queue_of
from tests.connectors.fakes import NoConsumers
from tests.scripted_aws.clock import VirtualClock
from tests.scripted_aws.queue_state import QueueState
from tests.scripted_aws.sqs import ScriptedSqs

WHOLE = Partition("")


def aws() -> ScriptedSqs:
    """Our client of an empty account."""
    return ScriptedSqs(VirtualClock())


def as_production(sqs: ScriptedSqs) -> ScriptedSqs:
    """Another caller's client of the same account, to whom nothing goes wrong."""
    return ScriptedSqs(sqs.clock, sqs.account, who="production")


def made(
    sqs: ScriptedSqs, name: str = "orders", most: int | None = None, **more: str
) -> QueueState:
    """A queue, with a dead-letter queue where `most` receives are given."""
    setup = as_production(sqs)
    if most is not None:
        ending = ".fifo" if name.endswith(".fifo") else ""
        letters = f"letters{ending}"
        setup.create_queue(QueueName=letters)
        arn = sqs.account.queues[letters].arn
        more["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": most})
    setup.create_queue(QueueName=name, Attributes=more)
    return sqs.account.queues[name]


def sent(sqs: ScriptedSqs, queue: QueueState, *bodies: str, group: str = "g", **more: Any) -> None:
    """Send bodies, one message each."""
    for body in bodies:
        fifo = {"MessageGroupId": group, "MessageDeduplicationId": body} if queue.is_fifo else {}
        as_production(sqs).send_message(QueueUrl=queue.url, MessageBody=body, **fifo, **more)


def received(client: ScriptedSqs, queue: QueueState, seconds: int = 30) -> list[dict[str, Any]]:
    """One receive of ten by whoever's client it is."""
    answer = client.receive_message(
        QueueUrl=queue.url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=seconds
    )
    return list(answer.get("Messages", []))


def settings(sqs: ScriptedSqs, queue: QueueState) -> Queue:
    """The queue as a connector sees it."""
    return queue_of(queue.url, ask_attributes(queue.url, as_production(sqs), "it"), "it")


def peek(sqs: ScriptedSqs, queue: QueueState, **more: Any) -> QueuePeek:
    """A look at it."""
    return QueuePeek(
        queue=settings(sqs, queue),
        client=sqs,
        lambda_client=NoConsumers(),
        now=sqs.clock.now,
        **more,
    )


def drain(sqs: ScriptedSqs, queue: QueueState) -> QueueDrain:
    """Its drain."""
    return QueueDrain(
        queue=settings(sqs, queue), client=sqs, lambda_client=NoConsumers(), now=sqs.clock.now
    )


def to_tip(reader: Iterator[Page]) -> list[Page]:
    """Pages up to the first that says that there is no more."""
    pages: list[Page] = []
    for page in reader:
        pages.append(page)
        if page.millis_behind_latest == 0:
            break
    return pages


def texts(pages: Sequence[Page]) -> list[str]:
    """Every body, in order."""
    return [record.body.decode() for page in pages for record in page.records]
