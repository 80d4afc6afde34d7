"""Topics: a tap sees what is published, and leaves nothing behind."""

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from connectors import OrderScope, Partition, SourceNotFoundError, local_client, open_connector
from tests.connectors.local import access_to, bodies, now, unique
from workbench.local_aws import LocalAws

WHOLE = Partition("")


@pytest.fixture
def sns(local_aws: LocalAws) -> Any:
    return local_client("sns", local_aws.endpoint_url)


@pytest.fixture
def sqs(local_aws: LocalAws) -> Any:
    return local_client("sqs", local_aws.endpoint_url)


def tapped(local_aws: LocalAws, source: str, **more: Any) -> Any:
    connector: Any = open_connector(source, access_to(local_aws), now=now, **more)
    connector.wait_seconds = 0
    return connector


def leftovers(sns: Any, sqs: Any, topic_arn: str) -> list[str]:
    topic = topic_arn.rsplit(":", 1)[-1].removesuffix(".fifo")
    queues = sqs.list_queues(QueueNamePrefix=f"workbench-tap-{topic}").get("QueueUrls", [])
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=topic_arn)["Subscriptions"]
    return [*queues, *(s["SubscriptionArn"] for s in subscriptions)]


def test_what_is_published_behind_the_first_partitions_call_is_read_whole(
    local_aws: LocalAws, sns: Any, sqs: Any
) -> None:
    arn = sns.create_topic(Name=unique("orders"))["TopicArn"]
    connector = tapped(local_aws, arn)
    assert leftovers(sns, sqs, arn) == []
    (partition,) = connector.partitions()
    sent = {}
    for n in range(12):
        attributes = {"n": {"DataType": "Number", "StringValue": str(n)}}
        text = f'{{"ü": {n}}}'
        answer = sns.publish(TopicArn=arn, Message=text, MessageAttributes=attributes, Subject="s")
        sent[answer["MessageId"]] = text.encode()
    reader = connector.read(partition, None)
    pages = [next(reader) for _ in range(4)]
    records = {r.record_id: r for page in pages for r in page.records}
    assert {i: r.body for i, r in records.items()} == sent
    record = next(iter(records.values()))
    envelope = json.loads(record.envelope)
    assert envelope["Type"] == "Notification"
    assert envelope["Subject"] == "s"
    assert "Message" not in envelope
    assert envelope["sqs"]["MessageId"] != record.record_id
    assert "SentTimestamp" in envelope["sqs"]["Attributes"]
    assert json.loads(record.attributes)["user"]["n"]["Type"] == "Number"
    assert record.source_at is not None
    assert pages[-1].millis_behind_latest == 0
    spans = [span for page in pages for span in page.spans]
    assert all(a.to_at == b.from_at for a, b in pairwise(spans))
    connector.close()
    assert leftovers(sns, sqs, arn) == []
    connector.close()


def test_the_taps_own_queue_is_tagged_bound_to_the_topic_and_short_lived(
    local_aws: LocalAws, sns: Any, sqs: Any
) -> None:
    arn = sns.create_topic(Name=unique("orders"))["TopicArn"]
    connector = tapped(local_aws, arn, until=now() + timedelta(hours=3))
    connector.partitions()
    url = connector.tap.queue.url
    tags = sqs.list_queue_tags(QueueUrl=url)["Tags"]
    assert set(tags) == {"workbench:owner", "workbench:capture", "workbench:expires_at"}
    assert tags["workbench:owner"].startswith("arn:aws:")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert 3600 <= int(attributes["MessageRetentionPeriod"]) <= 86_400
    (statement,) = json.loads(attributes["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Condition"]["ArnEquals"] == {"aws:SourceArn": arn}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "000000000000"}
    connector.close()


def test_a_fifo_topic_is_tapped_in_order(local_aws: LocalAws, sns: Any, sqs: Any) -> None:
    arn = sns.create_topic(
        Name=f"{unique('orders')}.fifo",
        Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"},
    )["TopicArn"]
    connector = tapped(local_aws, arn)
    connector.partitions()
    for n in range(5):
        sns.publish(TopicArn=arn, Message=str(n), MessageGroupId="g")
    page = next(connector.read(WHOLE, None))
    assert bodies([page]) == [b"0", b"1", b"2", b"3", b"4"]
    assert {(r.ordering_key, r.order_scope) for r in page.records} == {("g", OrderScope.KEY)}
    connector.close()
    assert leftovers(sns, sqs, arn) == []


def test_a_page_is_deleted_only_once_it_is_durable(local_aws: LocalAws, sns: Any, sqs: Any) -> None:
    arn = sns.create_topic(Name=unique("orders"))["TopicArn"]
    connector = tapped(local_aws, arn)
    connector.partitions()
    sns.publish(TopicArn=arn, Message="a")
    reader = connector.read(WHOLE, None)
    next(reader)
    asked = {
        "QueueUrl": connector.tap.queue.url,
        "AttributeNames": ["ApproximateNumberOfMessagesNotVisible"],
    }
    held = "ApproximateNumberOfMessagesNotVisible"
    assert sqs.get_queue_attributes(**asked)["Attributes"][held] == "1"
    next(reader)
    assert sqs.get_queue_attributes(**asked)["Attributes"][held] == "0"
    connector.close()


def test_a_tap_ends_once_everything_up_to_until_was_read(local_aws: LocalAws, sns: Any) -> None:
    arn = sns.create_topic(Name=unique("orders"))["TopicArn"]
    connector = tapped(local_aws, arn, until=now())
    assert [page.records for page in connector.read(WHOLE, None)] == [()]
    connector.close()


def test_a_message_that_is_no_notification_is_kept_as_it_is(
    local_aws: LocalAws, sns: Any, sqs: Any
) -> None:
    arn = sns.create_topic(Name=unique("orders"))["TopicArn"]
    connector = tapped(local_aws, arn)
    connector.partitions()
    sqs.send_message(QueueUrl=connector.tap.queue.url, MessageBody="[stray")
    (record,) = next(connector.read(WHOLE, None)).records
    assert record.body == b"[stray"
    assert record.record_id == json.loads(record.envelope)["sqs"]["MessageId"]
    connector.close()


def test_a_topic_by_name_tells_its_configuration(local_aws: LocalAws, sns: Any) -> None:
    name = unique("orders")
    arn = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(
        TopicArn=arn,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:us-east-1:000000000000:other",
        ReturnSubscriptionArn=True,
    )
    connector = tapped(local_aws, f"sns:{name}")
    assert connector.source_arn == arn
    assert [r.kind for r in connector.resources()] == [
        "get-topic-attributes",
        "list-subscriptions-by-topic",
        "get-subscription-attributes",
    ]


def test_a_topic_that_is_not_there_is_said_so_and_nothing_is_made(
    local_aws: LocalAws, sqs: Any
) -> None:
    with pytest.raises(SourceNotFoundError, match="the topic nowhere"):
        open_connector("sns:nowhere", access_to(local_aws), now=now)
    assert not sqs.list_queues(QueueNamePrefix="workbench-tap-nowhere").get("QueueUrls")
