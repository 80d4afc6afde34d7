"""Topics: a tap sees what is published, and leaves nothing behind."""

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import (
    Cause,
    Checkpoint,
    ConnectorError,
    OrderScope,
    Page,
    Partition,
    SourceNotFoundError,
    local_client,
    open_connector,
)
from connectors.errors import AccessDeniedError
from tests.connectors.local import access_to, bodies, now, unique
from tests.connectors.sns.scripted_topics import TopicAws, topic_tap
from tests.connectors.sqs.scripted_queues import texts, to_tip
from tests.scripted_aws.clock import START
from tests.scripted_aws.faults import Fault, aws_error, one_by_one
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


@pytest.fixture
def aws() -> TopicAws:
    return TopicAws()


def spans(pages: list[Page]) -> list[tuple[float, float, Any]]:
    """In seconds since the scripted beginning."""
    return [
        ((s.from_at - START).total_seconds(), (s.to_at - START).total_seconds(), s.cause)
        for page in pages
        for s in page.spans
    ]


def test_coverage_begins_with_the_first_message_and_before_it_stands_a_hole(aws: TopicAws) -> None:
    arn = aws.topic()
    connector = topic_tap(aws, arn)
    connector.partitions()
    aws.publish(arn, "missed: the subscription has not taken effect")
    aws.clock.forward(seconds=5)
    reader = connector.read(WHOLE, None)
    pages = to_tip(reader)
    aws.clock.forward(seconds=3)
    aws.publish(arn, "a")
    pages += to_tip(reader)
    assert texts(pages) == ["a"]
    assert spans(pages) == [(0, 5, Cause.LATEST_START), (5, 10, Cause.LATEST_START)]
    pages = to_tip(reader)
    assert spans(pages) == [(10, 12, None)]
    connector.close()


def test_what_was_asked_for_before_the_tap_is_a_hole_too(aws: TopicAws) -> None:
    connector = topic_tap(aws, aws.topic(), since=START - timedelta(hours=2))
    aws.clock.forward(seconds=1)
    assert spans(to_tip(connector.read(WHOLE, None))) == [(-7200, 1, Cause.LATEST_START)]


def test_after_fifteen_minutes_a_quiet_topic_is_claimed_as_quiet(aws: TopicAws) -> None:
    connector = topic_tap(aws, aws.topic())
    reader = connector.read(WHOLE, None)
    to_tip(reader)
    aws.clock.forward(minutes=20)
    start, _, cause = spans(to_tip(reader))[-1]
    assert (start, cause) == (900, None)


def test_what_lies_between_two_taps_is_a_hole_of_the_second(aws: TopicAws) -> None:
    arn = aws.topic()
    first = topic_tap(aws, arn)
    first.partitions()
    aws.clock.forward(seconds=5)
    aws.publish(arn, "a")
    pages = to_tip(first.read(WHOLE, None))
    first.close()
    read_to = spans(pages)[-1][1]
    aws.publish(arn, "missed")
    aws.clock.forward(minutes=1)
    second = topic_tap(aws, arn, suffix="11111111")
    second.partitions()
    aws.clock.forward(seconds=5)
    aws.publish(arn, "b")
    pages = to_tip(second.read(WHOLE, pages[-1].checkpoint))
    assert texts(pages) == ["b"]
    assert spans(pages)[0][0] == read_to
    assert spans(pages)[0][2] == Cause.LATEST_START


def test_a_redelivery_is_two_deliveries_of_one_id_under_two_carriers(aws: TopicAws) -> None:
    arn = aws.topic()
    connector = topic_tap(aws, arn)
    connector.partitions()
    aws.clock.forward(seconds=5)
    (message_id,) = aws.publish(arn, "a")
    aws.publisher.deliver_again(message_id)
    records = [r for page in to_tip(connector.read(WHOLE, None)) for r in page.records]
    assert [r.record_id for r in records] == [message_id] * 2
    assert len({json.loads(r.envelope)["sqs"]["MessageId"] for r in records}) == 2


def test_a_fifo_topic_is_tapped_without_deduplication_of_the_queues_own(aws: TopicAws) -> None:
    arn = aws.topic("orders.fifo", FifoTopic="true")
    connector = topic_tap(aws, arn)
    connector.partitions()
    (queue,) = aws.queues.queues.values()
    assert (queue.attributes["FifoQueue"], "ContentBasedDeduplication" in queue.attributes) == (
        "true",
        False,
    )
    aws.clock.forward(seconds=5)
    aws.publish(arn, *(str(n) for n in range(25)))
    records = [r for page in to_tip(connector.read(WHOLE, None)) for r in page.records]
    assert [r.body.decode() for r in records] == [str(n) for n in range(25)]
    assert {(r.ordering_key, r.order_scope) for r in records} == {("g", OrderScope.KEY)}
    numbers = [p.sequence_number for p in aws.topics.published]
    assert [r.sequence_number for r in records] == numbers
    assert "Signature" not in json.loads(records[0].envelope)


def test_more_than_ten_attributes_arrive_because_the_envelope_carries_them(aws: TopicAws) -> None:
    arn = aws.topic()
    connector = topic_tap(aws, arn)
    connector.partitions()
    aws.clock.forward(seconds=5)
    user: dict[str, Any] = {
        f"n{n}": {"DataType": "String", "StringValue": str(n)} for n in range(11)
    }
    user["raw"] = {"DataType": "Binary", "BinaryValue": b"\x00\xff"}
    aws.publish(arn, "a", MessageAttributes=user)
    (record,) = next(connector.read(WHOLE, None)).records
    kept = json.loads(record.attributes)["user"]
    assert len(kept) == 12
    assert kept["raw"] == {"Type": "Binary", "Value": "AP8="}


def test_unread_messages_are_read_and_stored_when_reading_ends_in_good_order(
    aws: TopicAws,
) -> None:
    arn = aws.topic()
    connector = topic_tap(aws, arn)
    connector.partitions()
    aws.clock.forward(seconds=5)
    aws.publish(arn, *(f"m{n}" for n in range(35)))
    reader = connector.read(WHOLE, None)
    pages = [next(reader)]
    connector.finish()
    aws.publish(arn, "too late")
    pages += list(reader)
    assert sorted(texts(pages)) == sorted(f"m{n}" for n in range(35))
    assert len(aws.left()) == 1  # the queue
    connector.close()
    assert aws.left() == []


def test_after_a_lost_answer_nothing_is_claimed_before_its_messages_came_again(
    aws: TopicAws,
) -> None:
    arn = aws.topic()
    connector = topic_tap(aws, arn)
    connector.partitions()
    aws.clock.forward(seconds=5)
    aws.publish(arn, "a")
    pages = to_tip(connector.read(WHOLE, None))
    aws.publish(arn, "b")
    fault = Fault(aws_error("InternalFailure"), after_the_deed=True)
    aws.fail(one_by_one([fault], "ReceiveMessage"))
    with pytest.raises(ConnectorError):
        next(connector.read(WHOLE, None))
    reader = connector.read(WHOLE, pages[-1].checkpoint)
    empty = next(reader)
    assert (empty.records, empty.spans, empty.millis_behind_latest) == ((), (), None)
    assert texts(to_tip(reader)) == ["b"]
    connector.close()


def test_a_subscription_that_cannot_be_ended_at_first_is_ended_by_closing(aws: TopicAws) -> None:
    connector = topic_tap(aws, aws.topic())
    connector.partitions()
    aws.fail(one_by_one([Fault(aws_error("InternalFailure"))] * 2, "Unsubscribe"))
    connector.finish()
    connector.close()
    assert aws.left() == []


def test_a_tap_queue_that_somebody_deletes_is_a_hole_and_an_error(aws: TopicAws) -> None:
    arn = aws.topic()
    connector = topic_tap(aws, arn)
    connector.partitions()
    aws.clock.forward(seconds=5)
    aws.publish(arn, "a")
    reader = connector.read(WHOLE, None)
    pages = to_tip(reader)
    aws.queues.queues.clear()
    aws.clock.forward(seconds=9)
    gone = next(reader)
    assert [cause for *_, cause in spans([gone])] == [Cause.GONE]
    assert gone.spans[0].from_at == pages[0].spans[-1].to_at
    with pytest.raises(SourceNotFoundError):
        next(reader)
    connector.close()
    assert aws.left() == []


def test_a_key_that_may_not_be_used_is_told(aws: TopicAws) -> None:
    connector = topic_tap(aws, aws.topic())
    connector.partitions()
    aws.fail(one_by_one([Fault(aws_error("KmsAccessDenied"))], "ReceiveMessage"))
    with pytest.raises(AccessDeniedError, match="kms:Decrypt"):
        next(connector.read(WHOLE, None))
    connector.close()
    assert aws.left() == []


def test_subscribers_of_production_stand_in_the_resources_and_our_tap_does_not(
    aws: TopicAws,
) -> None:
    arn = aws.topic()
    wanted = {
        "RawMessageDelivery": "true",
        "FilterPolicy": '{"colour":["red"]}',
        "FilterPolicyScope": "MessageAttributes",
        "RedrivePolicy": '{"deadLetterTargetArn":"d"}',
    }
    aws.topics.page = 2
    for n in range(5):
        endpoint = f"arn:aws:sqs:eu-west-1:123456789012:other-{n}"
        aws.publisher.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=endpoint, Attributes=wanted)
    connector = topic_tap(aws, arn)
    connector.partitions()
    found = connector.resources()
    listing = json.loads(found[1].document)["Subscriptions"]
    assert [s["Endpoint"].rsplit(":", 1)[-1] for s in listing] == [f"other-{n}" for n in range(5)]
    attributes = [json.loads(r.document)["Attributes"] for r in found[2:]]
    assert len(attributes) == 5
    assert all(wanted.items() <= each.items() for each in attributes)


def test_a_steady_topic_is_claimed_although_its_queue_is_never_empty(aws: TopicAws) -> None:
    arn = aws.topic()
    connector = topic_tap(aws, arn)
    connector.partitions()
    reader = connector.read(WHOLE, None)
    pages = []
    for n in range(100):
        aws.clock.forward(seconds=3)
        aws.publish(arn, str(n))
        pages.append(next(reader))
    assert all(page.records for page in pages)
    assert spans(pages)[-1][1:] == (300 - 60, None)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["publish", "page", "wait", "again"]),
        st.integers(1, 12),
    ),
    max_size=30,
)


class Run:
    """A tap under a schedule, checked page by page."""

    def __init__(self, name: str, lost: list[bool]) -> None:
        self.aws, self.lost = TopicAws(), lost
        self.arn = self.aws.topic(name)
        self.connector = topic_tap(self.aws, self.arn)
        self.connector.partitions()
        self.aws.sqs.faults = self.fault
        self.stored: list[Page] = []
        self.after: Checkpoint | None = None
        self.reader: Any = None

    def fault(self, operation: str, asked: object) -> Fault | None:
        is_lost = operation == "ReceiveMessage" and self.lost and self.lost.pop()
        return Fault(aws_error("InternalFailure"), after_the_deed=True) if is_lost else None

    def publish(self, many: int) -> None:
        first = len(self.aws.topics.published)
        self.aws.publish(self.arn, *(f"m{first + n}" for n in range(many)))

    def again(self, number: int) -> None:
        published = self.aws.topics.published
        if published and not self.arn.endswith(".fifo"):
            self.aws.publisher.deliver_again(published[number % len(published)].message_id)

    def wait(self, seconds: int) -> None:
        self.aws.clock.forward(seconds=seconds)

    def page(self, _: int = 0) -> Page | None:
        self.reader = self.reader or self.connector.read(WHOLE, self.after)
        try:
            found: Page = next(self.reader)
        except (ConnectorError, StopIteration):
            self.reader = None
            return None
        self.stored.append(found)
        self.after = found.checkpoint
        self.check_claims(found)
        return found

    def ids(self) -> set[str]:
        return {record.record_id for page in self.stored for record in page.records}

    def check_claims(self, page: Page) -> None:
        """What a span says was read is stored by then, not later."""
        for span in (span for span in page.spans if span.cause is None):
            claimed = {
                line.message_id
                for line in self.aws.topics.published
                if span.from_at <= line.published_at < span.to_at
            }
            assert claimed <= self.ids()


@given(
    name=st.sampled_from(["orders", "orders.fifo"]),
    steps=STEPS,
    lost=st.lists(st.booleans(), max_size=10),
)
def test_what_a_tap_claims_is_stored_and_what_it_misses_is_in_a_hole(
    name: str, steps: list[tuple[str, int]], lost: list[bool]
) -> None:
    """Whatever is published, delivered twice or lost on the way to us."""
    run = Run(name, lost)
    for step, number in steps:
        getattr(run, step)(number)
    run.lost.clear()
    run.connector.finish()
    for _ in range(200):
        found = run.page()
        if found is not None and found.millis_behind_latest == 0:
            break
    run.connector.close()
    assert run.aws.left() == []
    missed = [line for line in run.aws.topics.published if line.message_id not in run.ids()]
    # The subscription takes effect after 3 s; whatever came later is stored.
    assert all(line.published_at < START + timedelta(seconds=3) for line in missed)
    told = sorted((s for page in run.stored for s in page.spans), key=lambda span: span.from_at)
    assert not told or told[0].from_at == START
    assert all(a.to_at == b.from_at for a, b in pairwise(told))
