"""SNS behind the boto3 client interface: topics, subscriptions that take their time, envelopes, second deliveries."""

import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

from tests.scripted_aws.clock import VirtualClock
from tests.scripted_aws.faults import Answer, FaultScript, answered, aws_error, no_faults
from tests.scripted_aws.filter_policies import passes
from tests.scripted_aws.sqs import ACCOUNT, REGION, ScriptedSqs, SqsAccount


@dataclass
class Subscription:
    """One subscription of a queue to a topic."""

    arn: str
    topic_arn: str
    endpoint: str
    attributes: dict[str, str]
    effective_at: datetime
    """Nothing that was published before is delivered."""


@dataclass(frozen=True)
class Published:
    """A line of the ledger: what really was published."""

    topic_arn: str
    message_id: str
    message: str
    published_at: datetime
    attributes: dict[str, Any]
    subject: str | None
    group: str | None
    deduplication_id: str | None
    sequence_number: str | None


@dataclass
class SnsAccount:
    """Every topic and subscription of an account in a Region; plain, so that it can be pickled."""

    topics: dict[str, dict[str, str]] = field(default_factory=dict)
    """Attributes by ARN."""
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    published: list[Published] = field(default_factory=list)
    undelivered: list[tuple[str, str]] = field(default_factory=list)
    """Message id and subscription, where the queue is gone or does not let SNS in."""
    discarded: list[tuple[str, str]] = field(default_factory=list)
    """Message id and raw subscription, where a queue's ten attributes were too few."""
    random: Random = field(default_factory=lambda: Random(11))
    takes_effect_seconds: float = 3
    page: int = 100


@dataclass
class ScriptedSns:
    """One caller's client; deliveries go to the queues of the account behind it."""

    clock: VirtualClock
    queues: SqsAccount
    account: SnsAccount = field(default_factory=SnsAccount)
    faults: FaultScript = no_faults
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    meta: Any = field(default_factory=lambda: SimpleNamespace(region_name=REGION))

    # -- topics and subscriptions

    def create_topic(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{asked['Name']}"
            self.account.topics.setdefault(arn, {"TopicArn": arn} | asked.get("Attributes", {}))
            return {"TopicArn": arn}

        return self._call("CreateTopic", asked, deed)

    def get_topic_attributes(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            return {"Attributes": dict(self._topic(asked))}

        return self._call("GetTopicAttributes", asked, deed)

    def subscribe(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            topic_arn, endpoint = self._topic(asked)["TopicArn"], asked["Endpoint"]
            for known in self.account.subscriptions.values():
                if (known.topic_arn, known.endpoint) == (topic_arn, endpoint):
                    return {"SubscriptionArn": known.arn}
            arn = f"{topic_arn}:{self._uuid()}"
            effective_at = self.clock.at + timedelta(seconds=self.account.takes_effect_seconds)
            self.account.subscriptions[arn] = Subscription(
                arn, topic_arn, endpoint, dict(asked.get("Attributes", {})), effective_at
            )
            return {"SubscriptionArn": arn}

        return self._call("Subscribe", asked, deed)

    def unsubscribe(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            # Unsubscribe of what is not there any more succeeds.
            self.account.subscriptions.pop(asked["SubscriptionArn"], None)
            return {}

        return self._call("Unsubscribe", asked, deed)

    def get_subscription_attributes(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            found = self.account.subscriptions.get(asked["SubscriptionArn"])
            if found is None:
                raise aws_error("NotFound", "GetSubscriptionAttributes")
            said = {
                "SubscriptionArn": found.arn,
                "TopicArn": found.topic_arn,
                "Endpoint": found.endpoint,
                "Protocol": "sqs",
                "PendingConfirmation": "false",
            }
            return {"Attributes": said | found.attributes}

        return self._call("GetSubscriptionAttributes", asked, deed)

    def list_subscriptions(self, **asked: Any) -> Answer:
        return self._call("ListSubscriptions", asked, lambda: self._listed(asked, None))

    def list_subscriptions_by_topic(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            return self._listed(asked, self._topic(asked)["TopicArn"])

        return self._call("ListSubscriptionsByTopic", asked, deed)

    # -- messages

    def publish(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            topic = self._topic(asked)
            is_fifo = topic["TopicArn"].endswith(".fifo")
            number = str(10**19 + len(self.account.published) * 2000) if is_fifo else None
            published = Published(
                topic["TopicArn"],
                self._uuid(),
                asked["Message"],
                self.clock.at,
                asked.get("MessageAttributes", {}),
                asked.get("Subject"),
                asked.get("MessageGroupId"),
                asked.get("MessageDeduplicationId", asked["Message"]) if is_fifo else None,
                number,
            )
            self.account.published.append(published)
            for subscription in self._subscribers(published):
                self._deliver(published, subscription)
            more = {"SequenceNumber": number} if number else {}
            return {"MessageId": published.message_id} | more

        return self._call("Publish", asked, deed)

    def deliver_again(self, message_id: str) -> None:
        """What SNS does now and then: the same notification once more, under another SQS MessageId."""
        (published,) = (p for p in self.account.published if p.message_id == message_id)
        for subscription in self._subscribers(published):
            self._deliver(published, subscription)

    def _subscribers(self, published: Published) -> list[Subscription]:
        return [
            subscription
            for subscription in self.account.subscriptions.values()
            if subscription.topic_arn == published.topic_arn
            and subscription.effective_at <= published.published_at
            and passes(
                subscription.attributes.get("FilterPolicy"),
                subscription.attributes.get("FilterPolicyScope", "MessageAttributes"),
                published.message,
                published.attributes,
            )
        ]

    def _deliver(self, published: Published, subscription: Subscription) -> None:
        queue = self.queues.by_arn(subscription.endpoint)
        if queue is None or not _lets_in(queue.attributes.get("Policy"), published.topic_arn):
            self.account.undelivered.append((published.message_id, subscription.arn))
            return
        raw = subscription.attributes.get("RawMessageDelivery") == "true"
        if raw and len(published.attributes) > 10:
            self.account.discarded.append((published.message_id, subscription.arn))
            return
        body = published.message if raw else json.dumps(_envelope(published, subscription.arn))
        group = {"MessageGroupId": published.group} if published.group else {}
        deduplication = (
            {"MessageDeduplicationId": published.deduplication_id} if queue.is_fifo else {}
        )
        ScriptedSqs(self.clock, self.queues).send_message(
            QueueUrl=queue.url,
            MessageBody=body,
            MessageAttributes=published.attributes if raw else {},
            **group,
            **deduplication,
        )

    # -- how a call goes

    def _call(self, operation: str, asked: dict[str, Any], deed: Callable[[], Answer]) -> Any:
        self.calls.append((operation, asked))
        return answered(self.faults(operation, asked), deed)

    def _topic(self, asked: dict[str, Any]) -> dict[str, str]:
        if asked["TopicArn"] not in self.account.topics:
            raise aws_error("NotFound", "GetTopicAttributes", f"no topic {asked['TopicArn']}")
        return self.account.topics[asked["TopicArn"]]

    def _listed(self, asked: dict[str, Any], topic_arn: str | None) -> Answer:
        found = [
            {
                "SubscriptionArn": s.arn,
                "Owner": ACCOUNT,
                "Protocol": "sqs",
                "Endpoint": s.endpoint,
                "TopicArn": s.topic_arn,
            }
            for s in self.account.subscriptions.values()
            if topic_arn in (None, s.topic_arn)
        ]
        start = int(asked.get("NextToken", "0"))
        end = start + self.account.page
        more = {"NextToken": str(end)} if end < len(found) else {}
        return {"Subscriptions": found[start:end]} | more

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self.account.random.getrandbits(128), version=4))


def _lets_in(policy: str | None, topic_arn: str) -> bool:
    """Whether a queue's policy lets this topic send."""
    statements = json.loads(policy)["Statement"] if policy else []
    return any(
        statement["Action"] == "sqs:SendMessage"
        and statement["Condition"]["ArnEquals"]["aws:SourceArn"] == topic_arn
        for statement in statements
    )


def _envelope(published: Published, subscription_arn: str) -> dict[str, Any]:
    """What stands in the body of a queue's message with raw delivery off; FIFO topics do not sign."""
    host = f"https://sns.{REGION}.amazonaws.com/"
    whole: dict[str, Any] = {"Type": "Notification", "MessageId": published.message_id}
    if published.sequence_number:
        whole["SequenceNumber"] = published.sequence_number
    whole["TopicArn"] = published.topic_arn
    if published.subject is not None:
        whole["Subject"] = published.subject
    whole["Message"] = published.message
    whole["Timestamp"] = published.published_at.isoformat(timespec="milliseconds")[:23] + "Z"
    if published.sequence_number is None:
        signed = {"SignatureVersion": "1", "Signature": "c2lnbmVk"}
        whole |= signed | {"SigningCertURL": f"{host}SimpleNotificationService.pem"}
    whole["UnsubscribeURL"] = f"{host}?Action=Unsubscribe&SubscriptionArn={subscription_arn}"
    if published.attributes:
        whole["MessageAttributes"] = {n: _attribute(a) for n, a in published.attributes.items()}
    return whole


def _attribute(attribute: dict[str, Any]) -> dict[str, str]:
    binary = attribute.get("BinaryValue")
    value = base64.b64encode(binary).decode() if binary is not None else attribute["StringValue"]
    return {"Type": attribute["DataType"], "Value": value}
