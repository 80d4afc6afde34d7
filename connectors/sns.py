"""Reads a topic through a tap: what is published from the subscription on, envelope and all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from connectors.access.clients import Access
from connectors.access.failures import call
from connectors.answers import (
    Clock,
    attributes_json,
    compact_json,
    encoded,
    instant,
    instant_of_ms,
    iso,
    required,
    without,
)
from connectors.identity import arn_of, caller_identity
from connectors.messages import Queue, delete, receive
from connectors.record import (
    Checkpoint,
    Mode,
    OrderScope,
    Page,
    Partition,
    Record,
    Resource,
    Service,
    Span,
)
from connectors.snapshots import paged, snapshot, where_allowed
from connectors.source import SourceName
from connectors.tap import Tap

_VISIBILITY_SECONDS = 60


@dataclass(slots=True, kw_only=True)
class TopicTap:
    """One SNS topic, read through a queue of our own behind it.

    Permissions: sns:GetTopicAttributes, sns:ListSubscriptionsByTopic, sns:Subscribe on the topic;
        sns:GetSubscriptionAttributes, sns:Unsubscribe on its subscriptions; sqs:CreateQueue,
        sqs:SetQueueAttributes, sqs:TagQueue, sqs:GetQueueAttributes, sqs:ReceiveMessage,
        sqs:DeleteMessage, sqs:DeleteQueue on `workbench-tap-*`.
    Effect: one subscription more on the topic while reading; other subscribers notice nothing.
        Nothing published before the subscription is seen.
    """

    tap: Tap
    now: Clock
    until: datetime | None = None
    wait_seconds: int = 2
    service: str = Service.SNS
    _read_to_at: datetime | None = field(default=None, init=False)

    @property
    def source_arn(self) -> str:
        """The topic's ARN."""
        return self.tap.topic_arn

    def partitions(self) -> Sequence[Partition]:
        """One, and from the first call on the tap is in place and collects.

        Raises:
            ConnectorError: The tap could not be made; what was made of it is removed.
        """
        self.tap.make()
        return (Partition(""),)

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        """Pages of notifications; ends only when all up to `until` was read.

        An empty page has `millis_behind_latest` 0: come again later. Resuming deletes the page's
        messages from the tap's own queue. A tap starts where it was subscribed, so `after` only
        says that it is a new one; what lies between the two is no span of either.

        Raises:
            ConnectorError: And its classes.

        Source: ReceiveMessage; SNS developer guide, "Fanout to Amazon SQS queues".
        """
        self.partitions()
        while (queue := self.tap.queue) is not None:
            asked_at = self.now()
            self.tap.keep(asked_at)
            messages = receive(
                queue,
                self.tap.queue_client,
                wait_seconds=self.wait_seconds,
                visibility_seconds=_VISIBILITY_SECONDS,
            )
            records = tuple(self._record(queue, message) for message in messages)
            spans = self._spans(records, None if messages else asked_at)
            position = compact_json({"read_to_at": iso(self._read_to_at or asked_at)})
            yield Page(records, Checkpoint("", position), spans, None if messages else 0)
            delete(queue, self.tap.queue_client, [m["ReceiptHandle"] for m in messages])
            if self.until is not None and not messages and asked_at >= self.until:
                return

    def resources(self) -> Sequence[Resource]:
        """The topic's attributes, its subscriptions, and each one's attributes where we may."""
        arn, client = self.source_arn, self.tap.client
        wanted = f"subscriptions of {arn}"
        pages = paged(
            wanted, client.list_subscriptions_by_topic, "NextToken", "NextToken", TopicArn=arn
        )
        found = [s for page in pages for s in required(page, "Subscriptions", list, wanted)]
        return (
            snapshot(
                arn, "get-topic-attributes", self.now, client.get_topic_attributes, TopicArn=arn
            ),
            Resource(
                arn,
                "list-subscriptions-by-topic",
                self.now(),
                compact_json({"Subscriptions": found}),
            ),
            *(taken for s in found for taken in self._subscription(s["SubscriptionArn"])),
        )

    def close(self) -> None:
        """Remove subscription and queue. Safe to call twice.

        Raises:
            ConnectorError: Something is left behind, and no error came before; else a note on it.
        """
        self.tap.remove()

    def _subscription(self, subscription_arn: str) -> tuple[Resource, ...]:
        if not subscription_arn.startswith("arn:"):  # "PendingConfirmation"
            return ()
        return where_allowed(
            lambda: [
                snapshot(
                    self.source_arn,
                    "get-subscription-attributes",
                    self.now,
                    self.tap.client.get_subscription_attributes,
                    SubscriptionArn=subscription_arn,
                )
            ]
        )

    def _spans(self, records: Sequence[Record], tip_at: datetime | None) -> tuple[Span, ...]:
        start = self._read_to_at or self.tap.subscribed_at
        instants = [record.source_at for record in records if record.source_at is not None]
        if start is None:
            return ()
        end = max([start, *instants, *([tip_at] if tip_at else [])])
        self._read_to_at = end
        return (Span(start, end),) if end > start else ()

    def _record(self, queue: Queue, message: Mapping[str, Any]) -> Record:
        outer = message.get("Attributes", {})
        notification = _notification(message["Body"])
        text = notification.get("Message", message["Body"])
        group = outer.get("MessageGroupId")
        kept = {"MessageId": message["MessageId"], "Attributes": outer}
        return Record(
            service=self.service,
            source_arn=self.source_arn,
            partition_id="",
            record_id=notification.get("MessageId", message["MessageId"]),
            received_at=self.now(),
            body=encoded(text),
            sequence_number=notification.get("SequenceNumber", outer.get("SequenceNumber")),
            ordering_key=group,
            order_scope=OrderScope.KEY if queue.is_fifo and group else OrderScope.NONE,
            source_at=_published_at(notification, outer),
            attributes=attributes_json({}, notification.get("MessageAttributes", {})),
            envelope=compact_json(without(notification, "Message") | {"sqs": kept}),
        )


def open_topic(
    name: SourceName,
    access: Access,
    *,
    now: Clock,
    suffix: str,
    until: datetime | None = None,
) -> TopicTap:
    """The connector of a topic; nothing is added before its partitions are asked for.

    Args:
        name: The topic.
        access: Whose AWS.
        now: Clock.
        suffix: Eight random hexadecimal digits.
        until: When reading may end; None: when it is closed.

    Raises:
        SourceNotFoundError: No such topic.
        ConnectorError: And its other classes.

    Source: GetCallerIdentity, GetTopicAttributes.
    """
    client = access.client("sns", Mode.TAP)
    identity = caller_identity(access)
    arn = name.arn or arn_of(identity, client.meta.region_name, "sns", name.name)
    call(f"the topic {name.name}", client.get_topic_attributes, TopicArn=arn)
    tap = Tap(
        topic_arn=arn,
        client=client,
        queue_client=access.client("sqs", Mode.TAP),
        now=now,
        suffix=suffix,
        owner=identity["Arn"],
        until=until,
    )
    return TopicTap(tap=tap, now=now, until=until)


def _notification(body: str) -> dict[str, Any]:
    """The envelope that SNS puts around a message; empty where there is none."""
    try:
        document = orjson.loads(body)
    except ValueError:
        return {}
    if not isinstance(document, dict) or not isinstance(document.get("Message"), str):
        return {}
    return document


def _published_at(notification: Mapping[str, Any], outer: Mapping[str, str]) -> datetime | None:
    try:
        return instant(notification["Timestamp"])
    except (KeyError, TypeError, ValueError):
        return instant_of_ms(outer["SentTimestamp"]) if "SentTimestamp" in outer else None
