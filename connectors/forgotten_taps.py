"""Finds and removes taps whose capture never came to an end: what `workbench gc` does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.access.allowlist import TAP_PREFIX, is_tap_queue
from connectors.access.clients import Access
from connectors.access.failures import call
from connectors.answers import instant, required
from connectors.errors import SourceNotFoundError
from connectors.record import Mode
from connectors.snapshots import paged


@dataclass(frozen=True, slots=True)
class ForgottenTap:
    """A tap's queue that nobody has wanted for a while."""

    queue_url: str
    owner: str
    expires_at: datetime


def forgotten_taps(access: Access, now: datetime) -> tuple[ForgottenTap, ...]:
    """The taps of this account and Region that are past their time; changes nothing.

    A queue without a tap's tags is not taken for one, whatever its name.

    Raises:
        ConnectorError: And its classes.

    Example:
        >>> forgotten_taps(access, datetime.fromisoformat("2020-01-01T00:00:00+00:00"))
        ()

    Source: ListQueues, ListQueueTags.
    """
    client = access.client("sqs", Mode.TAP)
    found = [
        _tap(url, _tags(client, url))
        for page in paged(
            "the queues of taps",
            client.list_queues,
            "NextToken",
            "NextToken",
            QueueNamePrefix=TAP_PREFIX,
            MaxResults=1000,  # without it AWS gives a first page only
        )
        for url in page.get("QueueUrls", ())
        if is_tap_queue(url)
    ]
    return tuple(tap for tap in found if tap is not None and tap.expires_at <= now)


def remove_forgotten_taps(access: Access, now: datetime) -> tuple[ForgottenTap, ...]:
    """Remove each forgotten tap, its subscription first; returns those removed.

    Raises:
        ConnectorError: And its classes; taps before the one that failed are gone.

    Example:
        >>> remove_forgotten_taps(access, datetime.fromisoformat("2020-01-01T00:00:00+00:00"))
        ()

    Source: ListSubscriptions, Unsubscribe, DeleteQueue.
    """
    taps = forgotten_taps(access, now)
    if not taps:
        return ()
    topics, queues = access.client("sns", Mode.TAP), access.client("sqs", Mode.TAP)
    subscriptions = _subscriptions(topics)
    for tap in taps:
        name = tap.queue_url.rsplit("/", 1)[-1]
        for arn in subscriptions.get(name, ()):
            call(f"removing {arn}", topics.unsubscribe, SubscriptionArn=arn)
        call(f"removing {tap.queue_url}", queues.delete_queue, QueueUrl=tap.queue_url)
    return taps


def _tags(client: Any, url: str) -> Mapping[str, str]:
    try:
        answer = call(f"tags of {url}", client.list_queue_tags, QueueUrl=url)
    except SourceNotFoundError:
        return {}  # its owner removed it while we looked
    tags: Mapping[str, str] = answer.get("Tags", {})
    return tags


def _tap(url: str, tags: Mapping[str, str]) -> ForgottenTap | None:
    try:
        expires_at = instant(tags["workbench:expires_at"])
    except (KeyError, ValueError):
        return None
    return ForgottenTap(url, tags.get("workbench:owner", "unknown"), expires_at)


def _subscriptions(client: Any) -> dict[str, list[str]]:
    """Subscription ARNs by the name of the tap's queue that they feed."""
    found: dict[str, list[str]] = {}
    wanted = "subscriptions of taps"
    for page in paged(wanted, client.list_subscriptions, "NextToken", "NextToken"):
        for subscription in required(page, "Subscriptions", list, wanted):
            endpoint, arn = subscription["Endpoint"], subscription["SubscriptionArn"]
            if is_tap_queue(endpoint) and arn.startswith("arn:"):
                found.setdefault(endpoint.rsplit(":", 1)[-1], []).append(arn)
    return found
