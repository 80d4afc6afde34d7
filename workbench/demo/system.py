"""The order system on a local AWS: what is built, and how its producers send."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from connectors import local_client
from workbench.demo.traffic import Event, Traffic
from workbench.errors import WorkbenchError

VISIBILITY_TIMEOUT_S = 2
MAX_RECEIVE_COUNT = 3
SHARDS = 4
EVENTS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class OrderSystem:
    """Clients and names of what was built."""

    clients: dict[str, Any]
    topic_arn: str
    fulfilment_url: str
    dlq_url: str


def build(endpoint_url: str) -> OrderSystem:
    """Topic, two queues (one with a dead-letter queue and a function), stream with four shards, table with a stream."""
    clients = {
        name: local_client(name, endpoint_url)
        for name in ("sns", "sqs", "kinesis", "dynamodb", "lambda", "iam")
    }
    sqs, sns = clients["sqs"], clients["sns"]
    topic_arn = sns.create_topic(Name="orders")["TopicArn"]
    dlq_url = sqs.create_queue(QueueName="orders-dlq")["QueueUrl"]
    redrive = {
        "deadLetterTargetArn": _queue_arn(sqs, dlq_url),
        "maxReceiveCount": MAX_RECEIVE_COUNT,
    }
    fulfilment_url = sqs.create_queue(
        QueueName="orders-fulfilment",
        Attributes={
            "VisibilityTimeout": str(VISIBILITY_TIMEOUT_S),
            "RedrivePolicy": json.dumps(redrive),
        },
    )["QueueUrl"]
    audit_url = sqs.create_queue(QueueName="orders-audit")["QueueUrl"]
    for url in (fulfilment_url, audit_url):
        sns.subscribe(
            TopicArn=topic_arn,
            Protocol="sqs",
            Endpoint=_queue_arn(sqs, url),
            Attributes={"RawMessageDelivery": "true"},
        )
    clients["kinesis"].create_stream(StreamName="order-events", ShardCount=SHARDS)
    _create_table(clients["dynamodb"])
    _create_function(clients, _queue_arn(sqs, fulfilment_url))
    return OrderSystem(clients, topic_arn, fulfilment_url, dlq_url)


def send(system: OrderSystem, traffic: Traffic) -> Iterator[int]:
    """Send the traffic; yields how much was sent so far, after each step."""
    steps = _in_steps(traffic)
    for number, (placements, events) in enumerate(steps, 1):
        for message in placements:
            system.clients["sns"].publish(TopicArn=system.topic_arn, Message=message)
        _put_events(system.clients["kinesis"], events)
        for _, event in events:
            _write_item(system.clients["dynamodb"], json.loads(event))
        yield number * 100 // len(steps)


def wait_for(what: str, holds: Callable[[], bool], timeout_s: float = 40) -> None:
    """Wait until the system has come so far.

    Raises:
        WorkbenchError: it did not within the time.
    """
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise WorkbenchError(
                f"waited {timeout_s:.0f} s for {what} and it did not come; run the demo again"
            )
        time.sleep(0.1)


def messages_in(system: OrderSystem, queue_url: str) -> int:
    """Messages in a queue, visible or in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = system.clients["sqs"].get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)


def subscriptions(system: OrderSystem) -> int:
    """Subscriptions of the topic, a tap's included."""
    return len(
        system.clients["sns"].list_subscriptions_by_topic(TopicArn=system.topic_arn)[
            "Subscriptions"
        ]
    )


def _in_steps(traffic: Traffic) -> list[tuple[tuple[str, ...], tuple[Event, ...]]]:
    """Messages and records side by side, so that topic and stream are busy at the same time."""
    count = -(-len(traffic.events) // EVENTS_AT_ONCE)
    messages_at_once = -(-len(traffic.placements) // count)
    return [
        (
            traffic.placements[step * messages_at_once : (step + 1) * messages_at_once],
            traffic.events[step * EVENTS_AT_ONCE : (step + 1) * EVENTS_AT_ONCE],
        )
        for step in range(count)
    ]


def _put_events(kinesis: Any, events: tuple[Event, ...]) -> None:
    entries = [{"PartitionKey": key, "Data": event.encode()} for key, event in events]
    answer = kinesis.put_records(StreamName="order-events", Records=entries)
    if answer["FailedRecordCount"]:
        raise WorkbenchError(
            f"the local stream refused {answer['FailedRecordCount']} records; run the demo again"
        )


def _write_item(dynamodb: Any, event: dict[str, Any]) -> None:
    dynamodb.put_item(
        TableName="orders",
        Item={
            "order_id": {"S": event["order_id"]},
            "status": {"S": event["status"]},
            "version": {"N": str(event["version"])},
        },
    )


def _queue_arn(sqs: Any, url: str) -> str:
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


def _create_table(dynamodb: Any) -> None:
    dynamodb.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )


def _create_function(clients: dict[str, Any], queue_arn: str) -> None:
    """The function `charge` behind the fulfilment queue; a local AWS asks for a role and never uses it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("charge.py", handler_source("charge.py"))
    clients["lambda"].create_function(
        FunctionName="charge",
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/demo",
        Handler="charge.handle",
        Code={"ZipFile": packed.getvalue()},
        Timeout=5,
    )
    clients["lambda"].create_event_source_mapping(
        EventSourceArn=queue_arn,
        FunctionName="charge",
        BatchSize=5,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )


def handler_source(name: str) -> str:
    """The text of one of the demo's handlers."""
    return files("workbench.demo").joinpath("handlers", name).read_text("utf-8")
