"""What of a queue's settings decides how it may be read, and how many messages it is said to hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from connectors.access.failures import call
from connectors.answers import required
from connectors.errors import CorruptAnswerError

_DEFAULT_RETENTION = timedelta(days=4)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue's address, and what of its settings decides how it may be read."""

    url: str
    arn: str
    is_fifo: bool = False
    max_receive_count: int | None = None
    """Receives before a message goes to the dead-letter queue; None: never."""
    dead_letter_arn: str | None = None
    retention: timedelta = _DEFAULT_RETENTION
    """How long a message is kept after it was sent."""
    delay: timedelta = timedelta(0)
    """How long a message is hidden after it was sent; one message may say otherwise, up to 15 min."""
    key_id: str | None = None
    """The KMS key it is encrypted with; None: with none of its owner's."""


@dataclass(frozen=True, slots=True)
class MessageCounts:
    """How many messages a queue is said to hold; AWS's counts lag by about a minute."""

    visible: int
    in_flight: int
    delayed: int


def queue_of(url: str, attributes: Mapping[str, str], wanted: str) -> Queue:
    """A queue as its attributes describe it.

    Args:
        url: Its address.
        attributes: All of them, as GetQueueAttributes answers.
        wanted: For the message of an error.

    Raises:
        CorruptAnswerError: No ARN, or numbers that are none.

    Example:
        >>> queue_of("u", {"QueueArn": "arn:aws:sqs:eu-west-1:1:orders.fifo"}, "it").is_fifo
        True

    Source: GetQueueAttributes.
    """
    arn = required(attributes, "QueueArn", str, wanted)
    target, most = _redrive(attributes.get("RedrivePolicy"), wanted)
    kept = timedelta(seconds=_number(attributes, "MessageRetentionPeriod", wanted))
    return Queue(
        url=url,
        arn=arn,
        is_fifo=attributes.get("FifoQueue") == "true" or arn.endswith(".fifo"),
        max_receive_count=most,
        dead_letter_arn=target,
        retention=kept or _DEFAULT_RETENTION,
        delay=timedelta(seconds=_number(attributes, "DelaySeconds", wanted)),
        key_id=attributes.get("KmsMasterKeyId"),
    )


def counts_of(attributes: Mapping[str, str], wanted: str) -> MessageCounts:
    """The counts among a queue's attributes.

    Example:
        >>> counts_of({"ApproximateNumberOfMessages": "3"}, "it").visible
        3

    Source: GetQueueAttributes.
    """
    start = "ApproximateNumberOfMessages"
    return MessageCounts(
        _number(attributes, start, wanted),
        _number(attributes, f"{start}NotVisible", wanted),
        _number(attributes, f"{start}Delayed", wanted),
    )


def ask_attributes(url: str, client: Any, wanted: str) -> dict[str, str]:
    """All attributes of a queue.

    Raises:
        ConnectorError: And its classes.

    Source: GetQueueAttributes.
    """
    answer = call(wanted, client.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
    attributes: dict[str, str] = required(answer, "Attributes", dict, wanted)
    return attributes


def _redrive(policy: str | None, wanted: str) -> tuple[str | None, int | None]:
    if not policy:
        return None, None
    try:
        document = orjson.loads(policy)
        # AWS gives back a number or a text, whichever was set.
        return str(document["deadLetterTargetArn"]), int(document["maxReceiveCount"])
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptAnswerError(
            f"{wanted}: a deadLetterTargetArn and a maxReceiveCount were wanted, found {policy!r}; "
            "set them anew"
        ) from error


def _number(attributes: Mapping[str, str], name: str, wanted: str) -> int:
    try:
        return int(attributes.get(name, 0))
    except ValueError as error:
        raise CorruptAnswerError(
            f"{wanted}: a number was wanted for {name}, found {attributes[name]!r}; try again"
        ) from error
