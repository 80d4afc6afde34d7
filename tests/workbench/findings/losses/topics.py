"""A topic with queues behind it: publishes in a tap and as envelopes, and what AWS tells of the subscriptions."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from connectors.record import Checkpoint, Page, Record, Resource, Span
from tests.workbench.findings.traces import T0, at
from workbench.trace import Trace, TraceWriter, open_trace

ACCOUNT = "us-east-1:111111111111"
TOPIC = f"arn:aws:sns:{ACCOUNT}:orders"
BILLING = f"arn:aws:sqs:{ACCOUNT}:billing"
SHIPPING = f"arn:aws:sqs:{ACCOUNT}:shipping"
BILLING_DLQ = f"arn:aws:sqs:{ACCOUNT}:billing-dlq"


def message_id(number: int) -> str:
    """SNS MessageId of the publish."""
    return f"00000000-0000-4000-8000-{number:012d}"


def tapped(number: int, seconds: float, body: Any = None, attributes: Any = None) -> Record:
    """A publish as a tap has it."""
    return Record(
        service="aws:sns",
        source_arn=TOPIC,
        partition_id="",
        record_id=message_id(number),
        source_at=at(seconds),
        received_at=at(seconds + 1),
        body=payload(number, body),
        attributes=json.dumps({"system": {}, "user": attributes or {}}),
    )


def delivered(
    number: int,
    seconds: float,
    queue: str = BILLING,
    *,
    body: Any = None,
    attributes: Any = None,
    raw: bool = False,
    count: int = 1,
    own: int = 1,
    system: Any = None,
) -> Record:
    """The publish as a message of a queue: its envelope, or with raw delivery the payload alone."""
    envelope = {
        "Type": "Notification",
        "MessageId": message_id(number),
        "TopicArn": TOPIC,
        "Message": payload(number, body).decode(),
        "Timestamp": "2026-11-20T10:00:00.000Z",
        "MessageAttributes": attributes or {},
    }
    return Record(
        service="aws:sqs",
        source_arn=queue,
        partition_id="",
        record_id=f"{queue[-8:]}-{number}-{seconds}",
        source_at=at(seconds + 0.05),
        received_at=at(seconds + 1),
        receive_count=count,
        body=payload(number, body) if raw else json.dumps(envelope).encode(),
        attributes=json.dumps(
            {"system": system or {}, "user": {}}
            | ({"workbench": {"own_receives": own}} if own else {})
        ),
    )


def payload(number: int, body: Any) -> bytes:
    """What was published."""
    return json.dumps({"order": number} if body is None else body).encode()


def subscription(
    queue: str = BILLING,
    policy: Any = None,
    *,
    scope: str = "MessageAttributes",
    raw: bool = False,
    seconds: float = -10,
    dead_letter_arn: str | None = None,
) -> Resource:
    """What `get-subscription-attributes` answers."""
    attributes = {
        "SubscriptionArn": subscription_arn(queue),
        "TopicArn": TOPIC,
        "Protocol": "sqs",
        "Endpoint": queue,
        "RawMessageDelivery": str(raw).lower(),
    }
    if policy is not None:
        attributes |= {"FilterPolicy": json.dumps(policy), "FilterPolicyScope": scope}
    if dead_letter_arn:
        attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": dead_letter_arn})
    return Resource(
        TOPIC, "get-subscription-attributes", at(seconds), json.dumps({"Attributes": attributes})
    )


def listing(*queues: str, seconds: float = -10) -> Resource:
    """What `list-subscriptions-by-topic` answers: no policies."""
    told = [
        {
            "SubscriptionArn": subscription_arn(q),
            "TopicArn": TOPIC,
            "Protocol": "sqs",
            "Endpoint": q,
        }
        for q in queues
    ]
    return Resource(
        TOPIC, "list-subscriptions-by-topic", at(seconds), json.dumps({"Subscriptions": told})
    )


def subscription_arn(queue: str) -> str:
    """One subscription a queue."""
    return f"{TOPIC}:{queue.rpartition(':')[2]}"


def mapping_of(queue: str, state: str = "Enabled", **more: Any) -> Resource:
    """An event source mapping of the queue."""
    told = {
        "UUID": "m1",
        "EventSourceArn": queue,
        "FunctionArn": f"arn:aws:lambda:{ACCOUNT}:function:charge",
        "State": state,
        **more,
    }
    return Resource(queue, "get-event-source-mapping", at(-10), json.dumps(told))


def attributes_of(queue: str, **attributes: str) -> Resource:
    """What `get-queue-attributes` answers."""
    return Resource(queue, "get-queue-attributes", at(-10), json.dumps({"Attributes": attributes}))


def trace_of_topic(
    folder: Path,
    records: Iterable[Record],
    resources: Sequence[Resource],
    *,
    read: Sequence[str] = (BILLING, SHIPPING),
    until: float = 3_600,
    holes: Iterable[tuple[str, Span]] = (),
    redaction: str | None = None,
) -> Trace:
    """A trace; the queues named were read from the beginning up to `until`."""
    writer = TraceWriter(folder, "capture", ["test"], lambda: T0, redaction=redaction)
    by_source: dict[tuple[str, str], list[Record]] = {(arn, ""): [] for arn in read}
    for record in records:
        by_source.setdefault((record.source_arn, record.partition_id), []).append(record)
    for (arn, partition), rows in by_source.items():
        spans = [Span(T0, at(until))] if arn in read else []
        spans += [hole for source, hole in holes if source == arn]
        writer.append_pages([(arn, Page(tuple(rows), Checkpoint(partition, "x"), tuple(spans)))])
    writer.append_resources(list(resources))
    writer.close()
    return open_trace(folder)
