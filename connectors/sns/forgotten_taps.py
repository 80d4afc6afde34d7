"""Finds and removes taps whose capture never came to an end: what `workbench gc` does."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.access.allowlist import TAP_PREFIX, is_tap_queue
from connectors.access.clients import Access
from connectors.access.failures import call
from connectors.answers import instant, required
from connectors.errors import ConnectorError, SourceNotFoundError
from connectors.identity import caller_identity
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

    Also removes subscriptions of tap queues that are not there any more. A tap that a capture has
    kept alive since it was listed is spared.

    Raises:
        ConnectorError: And its classes; after all the others were removed.

    Example:
        >>> remove_forgotten_taps(access, datetime.fromisoformat("2020-01-01T00:00:00+00:00"))
        ()

    Source: ListSubscriptions, Unsubscribe, DeleteQueue.
    """
    taps = forgotten_taps(access, now)
    topics, queues = access.client("sns", Mode.TAP), access.client("sqs", Mode.TAP)
    subscriptions = _subscriptions(topics, caller_identity(access)["Account"])
    removed: list[ForgottenTap] = []
    errors: list[ConnectorError] = []
    for tap in taps:
        name = tap.queue_url.rsplit("/", 1)[-1]
        try:
            if _remove(tap, subscriptions.get(name, ()), topics, queues, now):
                removed.append(tap)
                subscriptions.pop(name, None)
        except ConnectorError as error:
            errors.append(error)
    for name, arns in subscriptions.items():
        try:
            if not _is_there(queues, name):
                _unsubscribe(topics, arns)
        except ConnectorError as error:
            errors.append(error)
    if errors:
        raise ConnectorError(
            f"removing forgotten taps was wanted, {len(removed)} were removed and {len(errors)} "
            f"not: {'; '.join(str(error) for error in errors)}"
        ) from errors[0]
    return tuple(removed)


def _remove(
    tap: ForgottenTap, arns: Sequence[str], topics: Any, queues: Any, now: datetime
) -> bool:
    """Remove one, unless its capture said meanwhile that it is wanted."""
    current = _tap(tap.queue_url, _tags(queues, tap.queue_url))
    if current is None or current.expires_at > now:
        return False
    _unsubscribe(topics, arns)
    with contextlib.suppress(SourceNotFoundError):  # gone by itself is gone
        call(f"removing {tap.queue_url}", queues.delete_queue, QueueUrl=tap.queue_url)
    return True


def _unsubscribe(topics: Any, arns: Sequence[str]) -> None:
    for arn in arns:
        call(f"removing {arn}", topics.unsubscribe, SubscriptionArn=arn)


def _is_there(queues: Any, name: str) -> bool:
    try:
        call(f"the queue {name}", queues.get_queue_url, QueueName=name)
    except SourceNotFoundError:
        return False
    return True


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


def _subscriptions(client: Any, account: str) -> dict[str, list[str]]:
    """Subscription ARNs by the name of the tap's queue that they feed, where the queue is in reach.

    One of another account or Region belongs to a capture that we cannot tell alive from dead.
    """
    found: dict[str, list[str]] = {}
    wanted, place = "subscriptions of taps", [client.meta.region_name, account]
    for page in paged(wanted, client.list_subscriptions, "NextToken", "NextToken"):
        for subscription in required(page, "Subscriptions", list, wanted):
            endpoint, arn = subscription["Endpoint"], subscription["SubscriptionArn"]
            in_reach = is_tap_queue(endpoint) and endpoint.split(":")[3:5] == place
            if in_reach and arn.startswith("arn:"):
                found.setdefault(endpoint.rsplit(":", 1)[-1], []).append(arn)
    return found
