"""Reads a topic through a tap: what is published from the subscription on, envelope and all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.access.allowlist import is_tap_queue
from connectors.access.clients import Access
from connectors.access.failures import call
from connectors.answers import (
    Clock,
    compact_json,
    instant,
    iso,
    required,
)
from connectors.errors import SourceNotFoundError
from connectors.identity import arn_of, caller_identity
from connectors.record import (
    Cause,
    Checkpoint,
    Mode,
    Page,
    Partition,
    Record,
    Resource,
    Service,
    Span,
)
from connectors.snapshots import paged, snapshot, where_allowed
from connectors.sns.notifications import notification_record
from connectors.sns.tap import Tap
from connectors.source import SourceName
from connectors.sqs.sole_reader import SoleReader

_TAKES_EFFECT = timedelta(minutes=15)
"""After so long every change to a subscription has taken effect; a message shows it earlier."""


@dataclass(slots=True, kw_only=True)
class TopicTap:
    """One SNS topic, read through a queue of our own behind it.

    What a span of it claims: everything published then was stored. It begins with the first
    message that came, which proves that the subscription had taken effect, or 15 minutes after it
    was made; before that stands a hole, `latest_start`, from where reading was asked to begin.

    A record's id is that of the notification; the id of the SQS message that carried it stands in
    the envelope's `sqs`. The one twice under two of the others is a redelivery by SNS.

    Permissions: sns:GetTopicAttributes, sns:ListSubscriptionsByTopic, sns:Subscribe on the topic;
        sns:GetSubscriptionAttributes, sns:Unsubscribe on its subscriptions; sqs:CreateQueue,
        sqs:SetQueueAttributes, sqs:TagQueue, sqs:GetQueueAttributes, sqs:GetQueueUrl,
        sqs:ReceiveMessage, sqs:DeleteMessage, sqs:DeleteQueue on `workbench-tap-*`.
    Effect: one subscription more on the topic while reading; other subscribers notice nothing.
        Nothing published before the subscription is seen.
    """

    tap: Tap
    now: Clock
    since: datetime | None = None
    until: datetime | None = None
    wait_seconds: int = 2
    """Above 0 SQS asks all its hosts; an empty answer to a short poll proves nothing."""
    service: str = Service.SNS
    _reader: SoleReader | None = field(default=None, init=False)
    _unread_from_at: datetime | None = field(default=None, init=False)
    """From when on nothing is claimed yet."""
    _in_effect: bool = field(default=False, init=False)
    _finishing: bool = field(default=False, init=False)

    @property
    def source_arn(self) -> str:
        """The topic's ARN."""
        return self.tap.topic_arn

    def partitions(self) -> Sequence[Partition]:
        """One, and from the first call on the tap is in place and collects.

        Raises:
            ConnectorError: The tap could not be made; what was made of it is removed.
        """
        if self._reader is None and not self._finishing:
            began_at = self.now()
            self.tap.make()
            assert self.tap.queue is not None  # made, or an error was raised
            self._unread_from_at = min(began_at, self.since or began_at)
            self._reader = SoleReader(
                queue=self.tap.queue, client=self.tap.queue_client, now=self.now
            )
        return (Partition(""),)

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        """Pages of notifications; ends only when all up to `until` was read, or after `finish`.

        An empty page with `millis_behind_latest` 0 says: come again later. Resuming deletes the
        page's messages from the tap's own queue. A tap starts where it was subscribed, so what was
        published between an earlier one's end, which `after` tells, and this one's start is a hole.

        Raises:
            SourceNotFoundError: Somebody removed the tap's queue; the page before says what is missing.
            ConnectorError: And its other classes.

        Source: ReceiveMessage; SNS developer guide, "Fanout to Amazon SQS queues".
        """
        self.partitions()
        self._begin_after(after)
        reader = self._reader
        while reader is not None:
            asked_at = self.now()
            reader.wait_seconds = self.wait_seconds
            try:
                self.tap.keep(asked_at)
                messages = reader.receive()
            except SourceNotFoundError:
                yield self._page((), self._hole(self.now(), Cause.GONE), None)
                raise
            records = reader.kept(messages, self._records)
            spans = self._spans(records, reader.read_to_at(messages, asked_at), asked_at)
            gave_up = reader.gave_up(messages)
            if gave_up:
                spans = (*spans, *self._hole(asked_at, Cause.CORRUPT_PAGE))
            is_empty = gave_up or reader.is_empty(messages)
            yield self._page(records, spans, 0 if is_empty else None)
            reader.delete([message["ReceiptHandle"] for message in messages])
            if is_empty and (self._finishing or (self.until and asked_at >= self.until)):
                return

    def finish(self) -> None:
        """Remove the subscription, so that `read` ends by itself once what had come is read.

        To be called before `close` where reading ends in good order; without it, what waits in the
        tap's queue goes with the queue.
        """
        self._finishing = True
        if self._reader is not None:
            self.tap.unsubscribe()  # what fails is tried again, and told, by `close`

    def resources(self) -> Sequence[Resource]:
        """The topic's attributes, its subscriptions, and each one's attributes where we may.

        Taps are left out: they are no subscribers of production's.
        """
        arn, client = self.source_arn, self.tap.client
        wanted = f"subscriptions of {arn}"
        pages = paged(
            wanted, client.list_subscriptions_by_topic, "NextToken", "NextToken", TopicArn=arn
        )
        found = [
            subscription
            for page in pages
            for subscription in required(page, "Subscriptions", list, wanted)
            if not is_tap_queue(subscription.get("Endpoint"))
        ]
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
        self._reader = None
        self.tap.remove()

    def _begin_after(self, after: Checkpoint | None) -> None:
        """Let the hole before this tap begin where an earlier one's claims ended."""
        earlier_at = _position(after)
        if earlier_at and self._unread_from_at and not self._in_effect:
            self._unread_from_at = min(self._unread_from_at, earlier_at)

    def _page(self, records: tuple[Record, ...], spans: tuple[Span, ...], tip: int | None) -> Page:
        at = self._unread_from_at
        position = compact_json({"read_to_at": iso(at)} if at else {})
        return Page(records, Checkpoint("", position), spans, tip)

    def _spans(
        self, records: Sequence[Record], read_to_at: datetime | None, asked_at: datetime
    ) -> tuple[Span, ...]:
        """What an answer tells: the hole before the subscription took effect, then what was read."""
        instants = [record.source_at for record in records if record.source_at is not None]
        holes: tuple[Span, ...] = ()
        if not self._in_effect:
            proof_at = min(instants, default=None)
            made_at = self.tap.subscribed_at
            if proof_at is None and made_at and asked_at >= made_at + _TAKES_EFFECT:
                proof_at = made_at + _TAKES_EFFECT
            self._in_effect = proof_at is not None
            # Nobody published, or nothing came: the tap cannot tell one from the other, so all up
            # to the question is a hole and nothing is left to claim.
            holes = self._hole(proof_at or asked_at, Cause.LATEST_START)
        return holes if read_to_at is None else (*holes, *self._hole(read_to_at, None))

    def _hole(self, to_at: datetime, cause: Cause | None) -> tuple[Span, ...]:
        """The span from where nothing is claimed yet; None for a cause claims it as read."""
        from_at = self._unread_from_at
        if from_at is None or to_at <= from_at:
            return ()
        self._unread_from_at = to_at
        return (Span(from_at, to_at, cause),)

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

    def _records(self, messages: Sequence[Mapping[str, Any]]) -> tuple[Record, ...]:
        return tuple(
            notification_record(self.source_arn, message, self.now) for message in messages
        )


def open_topic(
    name: SourceName,
    access: Access,
    *,
    now: Clock,
    suffix: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> TopicTap:
    """The connector of a topic; nothing is added before its partitions are asked for.

    Args:
        name: The topic.
        access: Whose AWS.
        now: Clock.
        suffix: Eight random hexadecimal digits.
        since: Where reading was asked to begin; what a tap cannot have of it is a hole.
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
    return TopicTap(tap=tap, now=now, since=since, until=until)


def _position(after: Checkpoint | None) -> datetime | None:
    """Up to when an earlier tap's claims went."""
    try:
        return instant(orjson.loads(after.position)["read_to_at"]) if after else None
    except (ValueError, KeyError, TypeError):
        return None  # it claimed nothing
