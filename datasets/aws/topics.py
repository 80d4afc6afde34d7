"""Topics: publishes that a tap reads, and the copies that reach each subscribed queue whose filter lets them pass."""

import json
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.answers import compact_json
from connectors.record import Checkpoint, Page, Record, Resource, Span
from connectors.sns.notifications import notification_record
from datasets.aws.queues import Message, Queue
from datasets.story import ACCOUNT, T0, Story, arn, at, epoch_ms, iso_ms

FANOUT_S = 0.04
"""From publish to queue."""
TAP_S = 0.2


@dataclass(slots=True, eq=False)
class Subscription:
    """A queue behind a topic, and which messages it wants."""

    queue: Queue
    policy: Mapping[str, Any] | None = None
    """FilterPolicy."""
    scope: str = "MessageAttributes"
    passes: Callable[[Mapping[str, Any], Mapping[str, str]], bool] = lambda message, attributes: (
        True
    )
    """What the policy says, of the message and its attributes."""
    is_raw: bool = False
    subscription_arn: str = ""


@dataclass(slots=True, eq=False)
class Topic:
    """One topic, tapped for the whole story."""

    story: Story
    name: str
    subscriptions: list[Subscription] = field(default_factory=list)
    _taken: list[tuple[float, dict[str, Any]]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.story.tellers.append(self)
        for each in self.subscriptions:
            each.subscription_arn = f"{self.arn}:{self.story.uuid()}"

    @property
    def arn(self) -> str:
        """Its ARN."""
        return arn("sns", self.name)

    def publish(
        self,
        message: Mapping[str, Any],
        now_s: float,
        *,
        attributes: Mapping[str, str] | None = None,
        lost_at: Container[Queue] = (),
    ) -> tuple[str, dict[str, Message]]:
        """A publish and its copies.

        Args:
            message: what is published, as JSON.
            now_s: when.
            attributes: message attributes.
            lost_at: queues that should have a copy and get none.

        Returns:
            The MessageId, and the copy in each queue by the queue's name.
        """
        message_id, said = self.story.uuid(), json.dumps(message, separators=(",", ":"))
        envelope = self._envelope(message_id, said, now_s, attributes or {})
        self._taken.append((now_s, envelope))
        copies = {}
        for each in self.subscriptions:
            if each.queue not in lost_at and each.passes(message, attributes or {}):
                body = said if each.is_raw else json.dumps(envelope, indent=2)
                copies[each.queue.name] = each.queue.send(body, now_s + FANOUT_S)
        return message_id, copies

    def _envelope(
        self, message_id: str, said: str, now_s: float, attributes: Mapping[str, str]
    ) -> dict[str, Any]:
        envelope: dict[str, Any] = {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": self.arn,
            "Message": said,
            "Timestamp": iso_ms(now_s),
            "SignatureVersion": "1",
            "Signature": "c2lnbmVk",
            "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
        }
        if attributes:
            envelope["MessageAttributes"] = {
                name: {"Type": "String", "Value": value} for name, value in attributes.items()
            }
        return envelope

    def pages(self) -> Iterator[tuple[str, Page]]:
        """What the tap took."""
        taken = sorted(self._taken, key=lambda taken: taken[0])
        records = tuple(self._tapped(now_s, envelope) for now_s, envelope in taken)
        yield self.arn, Page(records, Checkpoint("", "{}"), (Span(T0, at(self.story.length_s)),))

    def resources(self) -> Iterator[Resource]:
        """Its attributes, and its subscriptions with their filters."""
        attributes = compact_json({"Attributes": {"TopicArn": self.arn}})
        yield Resource(self.arn, "get-topic-attributes", at(0), attributes)
        listed = [self._listed(each) for each in self.subscriptions]
        yield Resource(
            self.arn, "list-subscriptions-by-topic", at(0), compact_json({"Subscriptions": listed})
        )
        for each in self.subscriptions:
            told = {
                **self._listed(each),
                "RawMessageDelivery": "true" if each.is_raw else "false",
                "PendingConfirmation": "false",
            }
            if each.policy is not None:
                told |= {"FilterPolicy": json.dumps(each.policy), "FilterPolicyScope": each.scope}
            document = compact_json({"Attributes": told})
            yield Resource(self.arn, "get-subscription-attributes", at(0), document)

    def _tapped(self, now_s: float, envelope: Mapping[str, Any]) -> Record:
        carried = {
            "MessageId": self.story.uuid(),
            "Body": json.dumps(envelope),
            "Attributes": {
                "SentTimestamp": str(epoch_ms(now_s + FANOUT_S)),
                "ApproximateReceiveCount": "1",
            },
        }
        return notification_record(self.arn, carried, lambda: at(now_s + TAP_S))

    def _listed(self, subscription: Subscription) -> dict[str, str]:
        return {
            "SubscriptionArn": subscription.subscription_arn,
            "Owner": ACCOUNT,
            "Protocol": "sqs",
            "Endpoint": subscription.queue.arn,
            "TopicArn": self.arn,
        }
