"""The scripted SNS does what AWS says SNS does."""

import json
from typing import Any

import pytest

from tests.scripted_aws.clock import VirtualClock
from tests.scripted_aws.sns import ScriptedSns
from tests.scripted_aws.sqs import ScriptedSqs, SqsAccount


@pytest.fixture
def sns() -> ScriptedSns:
    return ScriptedSns(VirtualClock(), SqsAccount())


def topic(sns: ScriptedSns, name: str = "orders") -> str:
    return str(sns.create_topic(Name=name)["TopicArn"])


def subscriber(sns: ScriptedSns, topic_arn: str, name: str, **attributes: str) -> str:
    statement = {
        "Action": "sqs:SendMessage",
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    policy = json.dumps({"Statement": [statement]})
    ScriptedSqs(sns.clock, sns.queues).create_queue(QueueName=name, Attributes={"Policy": policy})
    sns.subscribe(
        TopicArn=topic_arn,
        Protocol="sqs",
        Endpoint=sns.queues.queues[name].arn,
        Attributes=attributes,
    )
    sns.clock.forward(seconds=sns.account.takes_effect_seconds)
    return name


def arrived(sns: ScriptedSns, name: str) -> list[Any]:
    return [message.body for message in sns.queues.queues[name].messages]


def test_nothing_published_before_a_subscription_took_effect_is_delivered(
    sns: ScriptedSns,
) -> None:
    arn = topic(sns)
    subscriber(sns, arn, "early")
    ScriptedSqs(sns.clock, sns.queues).create_queue(QueueName="late")
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=sns.queues.queues["late"].arn)
    sns.publish(TopicArn=arn, Message="a")
    assert len(arrived(sns, "early")) == 1
    assert arrived(sns, "late") == []


def test_an_envelope_is_signed_and_a_fifo_one_is_numbered_instead(sns: ScriptedSns) -> None:
    arn, ordered = topic(sns), topic(sns, "orders.fifo")
    subscriber(sns, arn, "q")
    subscriber(sns, ordered, "q.fifo")
    binary = {"raw": {"DataType": "Binary", "BinaryValue": b"\xff"}}
    answer = sns.publish(TopicArn=arn, Message="a", Subject="s", MessageAttributes=binary)
    numbered = sns.publish(TopicArn=ordered, Message="b", MessageGroupId="g")
    (plain,), (fifo,) = arrived(sns, "q"), arrived(sns, "q.fifo")
    envelope, other = json.loads(plain), json.loads(fifo)
    assert envelope["MessageId"] == answer["MessageId"]
    assert envelope["MessageAttributes"] == {"raw": {"Type": "Binary", "Value": "/w=="}}
    assert {"Signature", "SigningCertURL", "SignatureVersion", "Subject"} <= set(envelope)
    assert other["SequenceNumber"] == numbered["SequenceNumber"]
    assert not {"Signature", "SigningCertURL", "SignatureVersion"} & set(other)
    message = sns.queues.queues["q.fifo"].messages[0]
    assert message.group == "g"
    assert message.system["SequenceNumber"] != numbered["SequenceNumber"]


def test_raw_delivery_carries_attributes_outside_and_drops_more_than_ten(sns: ScriptedSns) -> None:
    arn = topic(sns)
    subscriber(sns, arn, "raw", RawMessageDelivery="true")
    attribute = {"DataType": "String", "StringValue": "v"}
    sns.publish(TopicArn=arn, Message="a", MessageAttributes={"n": attribute})
    many = {f"n{n}": attribute for n in range(11)}
    message_id = sns.publish(TopicArn=arn, Message="b", MessageAttributes=many)["MessageId"]
    assert arrived(sns, "raw") == ["a"]
    assert [dropped for dropped, _ in sns.account.discarded] == [message_id]


@pytest.mark.parametrize(
    ("rule", "passing"),
    [
        (["red"], ["red"]),
        ([{"prefix": "r"}], ["red", "rose"]),
        ([{"anything-but": ["red"]}], ["rose", "blue"]),
        ([{"exists": False}], [None]),
    ],
)
def test_a_filter_policy_decides_who_gets_what(
    sns: ScriptedSns, rule: list[Any], passing: list[str | None]
) -> None:
    arn = topic(sns)
    subscriber(sns, arn, "some", FilterPolicy=json.dumps({"colour": rule}))
    for colour in ("red", "rose", "blue", None):
        attribute = {"colour": {"DataType": "String", "StringValue": colour}} if colour else {}
        sns.publish(TopicArn=arn, Message=str(colour), MessageAttributes=attribute)
    assert [json.loads(body)["Message"] for body in arrived(sns, "some")] == [
        str(colour) for colour in passing
    ]


def test_a_filter_policy_may_look_into_the_body(sns: ScriptedSns) -> None:
    arn = topic(sns)
    policy = json.dumps({"order": {"country": ["DE"]}})
    subscriber(sns, arn, "some", FilterPolicy=policy, FilterPolicyScope="MessageBody")
    sns.publish(TopicArn=arn, Message='{"order":{"country":"DE"}}')
    sns.publish(TopicArn=arn, Message='{"order":{"country":"FR"}}')
    assert len(arrived(sns, "some")) == 1


def test_a_second_delivery_has_the_same_inner_and_another_outer_id(sns: ScriptedSns) -> None:
    arn = topic(sns)
    subscriber(sns, arn, "q")
    message_id = sns.publish(TopicArn=arn, Message="a")["MessageId"]
    sns.deliver_again(message_id)
    first, second = sns.queues.queues["q"].messages
    assert first.message_id != second.message_id
    assert {json.loads(m.body)["MessageId"] for m in (first, second)} == {message_id}


def test_a_queue_that_is_gone_or_lets_nobody_in_gets_nothing(sns: ScriptedSns) -> None:
    arn = topic(sns)
    sqs = ScriptedSqs(sns.clock, sns.queues)
    subscriber(sns, arn, "gone")
    url = sqs.create_queue(QueueName="closed")["QueueUrl"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=sns.queues.queues["closed"].arn)
    sns.clock.forward(seconds=3)
    sqs.delete_queue(QueueUrl=sns.queues.queues["gone"].url)
    sns.publish(TopicArn=arn, Message="a")
    assert len(sns.account.undelivered) == 2
    assert sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1) == {}


def test_listings_come_in_pages(sns: ScriptedSns) -> None:
    arn = topic(sns)
    sns.account.page = 2
    for n in range(5):
        subscriber(sns, arn, f"q{n}")
    first = sns.list_subscriptions_by_topic(TopicArn=arn)
    second = sns.list_subscriptions_by_topic(TopicArn=arn, NextToken=first["NextToken"])
    third = sns.list_subscriptions(NextToken=second["NextToken"])
    assert [len(page["Subscriptions"]) for page in (first, second, third)] == [2, 2, 1]
    assert "NextToken" not in third
