"""A queue of our own behind a topic: makes it, keeps it from looking forgotten, removes it.

The only place that adds anything to an account, and it adds nothing but a queue whose name
begins with `workbench-tap-` and one subscription. Any of its calls may fail with or without having
had its effect, so what may be there is looked for by name before it is said to be gone.
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
from connectors.snapshots import paged
from connectors.sqs.settings import Queue

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
    _queue_asked_for: bool = field(default=False, init=False)
    _subscription_asked_for: bool = field(default=False, init=False)

    def make(self) -> None:
        """Make queue and subscription, unless they are there; on failure remove what was made.

        An encrypted topic needs nothing more: SNS decrypts before it delivers, and the tap's queue
        is encrypted with SQS's own key, which needs no grant.

        Raises:
            ConnectorError: And its classes.

        Source: CreateQueue, SetQueueAttributes, Subscribe, GetSubscriptionAttributes.
        """
        if self.queue is not None:
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
        expires_at = self._expiry(now)
        call(
            f"tagging {self.queue.arn}",
            self.queue_client.tag_queue,
            QueueUrl=self.queue.url,
            Tags=self._tags(expires_at),
        )
        self._expires_at = expires_at

    def unsubscribe(self) -> list[str]:
        """Remove the subscription, so that nothing new comes; returns what is left behind, and why.

        Source: Unsubscribe; ListSubscriptionsByTopic where Subscribe was not answered.
        """
        if not self._subscription_asked_for:
            return []
        try:
            arns = [self.subscription_arn] if self.subscription_arn else self._subscriptions()
        except ConnectorError as error:
            return [f"perhaps a subscription of {self._queue_name()} ({error})"]
        left = [
            text
            for arn in arns
            for text in _undo(arn, lambda arn=arn: self.client.unsubscribe(SubscriptionArn=arn))  # type: ignore[misc]
        ]
        if not left:
            self.subscription_arn, self._subscription_asked_for = None, False
        return left

    def remove(self) -> None:
        """Remove subscription and queue; the one also where the other fails. Safe to call twice.

        Raises:
            ConnectorError: Something is left behind, and no error came before; else a note on it.

        Source: Unsubscribe, DeleteQueue.
        """
        earlier = sys.exc_info()[1]
        left = [*self.unsubscribe(), *self._delete_queue()]
        self._subscription_asked_for = self._queue_asked_for = False
        self.subscription_arn = self.queue = None
        if left:
            found = ConnectorError(
                f"removing the tap of {self.topic_arn} was wanted, left behind: "
                f"{'; '.join(left)}; remove it by hand or with `workbench gc`"
            )
            raise_or_note(found, earlier)

    def _make_queue(self) -> Queue:
        is_fifo = self.topic_arn.endswith(".fifo")
        name = self._queue_name()
        wanted = f"the tap's queue {name}"
        attributes = {
            "MessageRetentionPeriod": str(int(_RETENTION.total_seconds())),
            "SqsManagedSseEnabled": "true",
        }
        expires_at = self._expiry(self.now())
        self._queue_asked_for = True
        answer = call(
            wanted,
            self.queue_client.create_queue,
            QueueName=name,
            Attributes=attributes | ({"FifoQueue": "true"} if is_fifo else {}),
            tags=self._tags(expires_at),
        )
        self._expires_at = expires_at
        self.queue = Queue(required(answer, "QueueUrl", str, wanted), name, is_fifo)
        answer = call(
            wanted,
            self.queue_client.get_queue_attributes,
            QueueUrl=self.queue.url,
            AttributeNames=["QueueArn"],
        )
        arn = required(required(answer, "Attributes", dict, wanted), "QueueArn", str, wanted)
        self.queue = replace(self.queue, arn=arn, retention=_RETENTION)
        return self.queue

    def _subscribe(self, queue: Queue) -> None:
        wanted = f"a subscription of {queue.arn} to {self.topic_arn}"
        call(
            wanted,
            self.queue_client.set_queue_attributes,
            QueueUrl=queue.url,
            Attributes={"Policy": compact_json(_sent_by(self.topic_arn, queue.arn))},
        )
        self._subscription_asked_for = True
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
        self._confirm(self.subscription_arn, wanted)
        self.subscribed_at = self.now()

    def _confirm(self, arn: str, wanted: str) -> None:
        """See that the subscription is there; a topic of another account waits for its owner."""
        answer = call(wanted, self.client.get_subscription_attributes, SubscriptionArn=arn)
        attributes = required(answer, "Attributes", dict, wanted)
        if attributes.get("PendingConfirmation") == "true":
            raise ConnectorError(
                f"{wanted}: it waits for confirmation by the topic's owner; "
                "tap with credentials of the topic's account"
            )

    def _subscriptions(self) -> list[str]:
        """What feeds our queue, as its ARN was not told."""
        wanted = f"subscriptions of {self.topic_arn}"
        pages = paged(
            wanted,
            self.client.list_subscriptions_by_topic,
            "NextToken",
            "NextToken",
            TopicArn=self.topic_arn,
        )
        ours = f":{self._queue_name()}"
        return [
            subscription["SubscriptionArn"]
            for page in pages
            for subscription in required(page, "Subscriptions", list, wanted)
            if subscription["Endpoint"].endswith(ours)
        ]

    def _delete_queue(self) -> list[str]:
        if not self._queue_asked_for:
            return []
        name = self._queue_name()
        if self.queue is not None:
            url = self.queue.url
        else:
            try:
                answer = call(name, self.queue_client.get_queue_url, QueueName=name)
                url = required(answer, "QueueUrl", str, name)
            except SourceNotFoundError:
                return []
            except ConnectorError as error:
                return [f"perhaps the queue {name} ({error})"]
        return _undo(url, lambda: self.queue_client.delete_queue(QueueUrl=url))

    def _queue_name(self) -> str:
        topic = self.topic_arn.rsplit(":", 1)[-1]
        ending = ".fifo" if topic.endswith(".fifo") else ""
        start = topic.removesuffix(".fifo")[:_LONGEST_TOPIC]
        return f"{TAP_PREFIX}{start}-{self.suffix}{ending}"

    def _expiry(self, now: datetime) -> datetime:
        return max(now, self.until or now) + _RETENTION

    def _tags(self, expires_at: datetime) -> dict[str, str]:
        return {
            "workbench:owner": self.owner,
            "workbench:capture": self.suffix,
            "workbench:expires_at": iso(expires_at),
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
    """Nothing, or what is left behind and why; tried twice, as an answer may be lost."""
    found: list[str] = []
    for _ in range(2):
        try:
            call(f"removing {what}", remove)
        except SourceNotFoundError:
            return []
        except ConnectorError as error:
            found = [str(error)]
        else:
            return []
    return found
