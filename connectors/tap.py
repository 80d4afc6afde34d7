"""A queue of our own behind a topic: makes it, keeps it from looking forgotten, removes it.

The only place that adds anything to an account, and it adds nothing but a queue whose name
begins with `workbench-tap-` and one subscription.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.access.allowlist import TAP_PREFIX
from connectors.access.failures import call, raise_or_note
from connectors.answers import Clock, compact_json, iso, required
from connectors.errors import ConnectorError, SourceNotFoundError
from connectors.messages import Queue

_RETENTION = timedelta(days=1)
"""How long the queue keeps what was not fetched, and how long a forgotten tap is spared."""
_LONGEST_TOPIC = 50
"""Of a topic's name within a queue's, which may have 80 characters."""


@dataclass(slots=True, kw_only=True)
class Tap:
    """One subscription of a topic to one queue, both ours."""

    topic_arn: str
    client: Any
    """SNS."""
    queue_client: Any
    """SQS."""
    now: Clock
    suffix: str
    """Eight hexadecimal digits that tell this tap from others of the topic."""
    owner: str
    """Who taps, for whoever finds the queue."""
    until: datetime | None = None
    queue: Queue | None = field(default=None, init=False)
    subscription_arn: str | None = field(default=None, init=False)
    subscribed_at: datetime | None = field(default=None, init=False)
    _expires_at: datetime | None = field(default=None, init=False)

    def make(self) -> None:
        """Make queue and subscription, unless they are there; on failure remove what was made.

        Raises:
            ConnectorError: And its classes.

        Source: CreateQueue, SetQueueAttributes, Subscribe.
        """
        if self.subscription_arn is not None:
            return
        try:
            self._subscribe(self._make_queue())
        except BaseException:
            self.remove()
            raise

    def keep(self, now: datetime) -> None:
        """Say anew until when the queue is wanted, once half of the time said has passed.

        Source: TagQueue.
        """
        if self.queue is None or (self._expires_at and now < self._expires_at - _RETENTION / 2):
            return
        tags = self._tags(now)
        call(
            f"tagging {self.queue.arn}",
            self.queue_client.tag_queue,
            QueueUrl=self.queue.url,
            Tags=tags,
        )

    def remove(self) -> None:
        """Remove subscription and queue; the one also where the other fails. Safe to call twice.

        Raises:
            ConnectorError: Something is left behind, and no error came before; else a note on it.

        Source: Unsubscribe, DeleteQueue.
        """
        earlier = sys.exc_info()[1]
        left: list[str] = []
        if self.subscription_arn is not None:
            arn = self.subscription_arn
            left += _undo(arn, lambda: self.client.unsubscribe(SubscriptionArn=arn))
        if self.queue is not None:
            url = self.queue.url
            left += _undo(url, lambda: self.queue_client.delete_queue(QueueUrl=url))
        self.subscription_arn = self.queue = None
        if left:
            found = ConnectorError(
                f"removing the tap of {self.topic_arn} was wanted, left behind: "
                f"{'; '.join(left)}; remove it by hand or with `workbench gc`"
            )
            raise_or_note(found, earlier)

    def _make_queue(self) -> Queue:
        is_fifo = self.topic_arn.endswith(".fifo")
        topic = self.topic_arn.rsplit(":", 1)[-1].removesuffix(".fifo")[:_LONGEST_TOPIC]
        name = f"{TAP_PREFIX}{topic}-{self.suffix}{'.fifo' if is_fifo else ''}"
        wanted = f"the tap's queue {name}"
        attributes = {"MessageRetentionPeriod": str(int(_RETENTION.total_seconds()))}
        answer = call(
            wanted,
            self.queue_client.create_queue,
            QueueName=name,
            Attributes=attributes | ({"FifoQueue": "true"} if is_fifo else {}),
            tags=self._tags(self.now()),
        )
        self.queue = Queue(required(answer, "QueueUrl", str, wanted), name, is_fifo)
        answer = call(
            wanted,
            self.queue_client.get_queue_attributes,
            QueueUrl=self.queue.url,
            AttributeNames=["QueueArn"],
        )
        arn = required(required(answer, "Attributes", dict, wanted), "QueueArn", str, wanted)
        self.queue = replace(self.queue, arn=arn)
        return self.queue

    def _subscribe(self, queue: Queue) -> None:
        wanted = f"a subscription of {queue.arn} to {self.topic_arn}"
        call(
            wanted,
            self.queue_client.set_queue_attributes,
            QueueUrl=queue.url,
            Attributes={"Policy": compact_json(_sent_by(self.topic_arn, queue.arn))},
        )
        answer = call(
            wanted,
            self.client.subscribe,
            TopicArn=self.topic_arn,
            Protocol="sqs",
            Endpoint=queue.arn,
            # Raw delivery drops the envelope, and messages with more than 10 attributes whole.
            Attributes={"RawMessageDelivery": "false"},
            ReturnSubscriptionArn=True,
        )
        self.subscription_arn = required(answer, "SubscriptionArn", str, wanted)
        self.subscribed_at = self.now()

    def _tags(self, now: datetime) -> dict[str, str]:
        self._expires_at = max(now, self.until or now) + _RETENTION
        return {
            "workbench:owner": self.owner,
            "workbench:capture": self.suffix,
            "workbench:expires_at": iso(self._expires_at),
        }


def _sent_by(topic_arn: str, queue_arn: str) -> dict[str, Any]:
    """A queue policy: this topic may send, nobody else."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {
            "ArnEquals": {"aws:SourceArn": topic_arn},
            "StringEquals": {"aws:SourceAccount": topic_arn.split(":")[4]},
        },
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _undo(what: str, remove: Callable[[], Any]) -> list[str]:
    """Nothing, or what is left behind and why."""
    try:
        call(f"removing {what}", remove)
    except SourceNotFoundError:
        return []
    except ConnectorError as error:
        return [str(error)]
    return []
