"""A notification is told from its carrier, and whatever is none is kept as it is."""

import json
from typing import Any

import pytest

from connectors import OrderScope
from connectors.record import Record
from connectors.sns.notifications import notification_record
from tests.connectors.fakes import START, Clock

ARN = "arn:aws:sns:eu-west-1:123456789012:orders"


def record(body: str, arn: str = ARN, **system: str) -> Record:
    message = {"MessageId": "outer", "Body": body, "Attributes": {"SentTimestamp": "0"} | system}
    return notification_record(arn, message, Clock())


def notification(**more: Any) -> str:
    told = {"Type": "Notification", "MessageId": "inner", "Message": "m", "TopicArn": ARN}
    return json.dumps(told | more)


def test_both_ids_are_kept_apart() -> None:
    found = record(notification())
    assert found.record_id == "inner"
    assert json.loads(found.envelope)["sqs"]["MessageId"] == "outer"


def test_a_fifo_topics_number_is_the_topics_and_its_group_orders() -> None:
    found = record(
        notification(SequenceNumber="10"),
        f"{ARN}.fifo",
        SequenceNumber="99",
        MessageGroupId="g",
    )
    assert (found.sequence_number, found.ordering_key) == ("10", "g")
    assert found.order_scope == OrderScope.KEY
    assert json.loads(found.envelope)["sqs"]["Attributes"]["SequenceNumber"] == "99"


def test_a_fair_group_of_a_standard_topic_orders_nothing() -> None:
    found = record(notification(), MessageGroupId="g")
    assert (found.ordering_key, found.order_scope) == ("g", OrderScope.NONE)


def test_more_than_ten_attributes_and_binary_ones_arrive_with_their_types() -> None:
    user = {f"n{n}": {"Type": "Number", "Value": str(n)} for n in range(11)}
    user["raw"] = {"Type": "Binary", "Value": "AP8="}
    user["names"] = {"Type": "String.Array", "Value": '["a"]'}
    found = record(
        notification(MessageAttributes=user, Subject="s", Timestamp="2026-03-01T12:00:00.000Z")
    )
    attributes = json.loads(found.attributes)
    assert attributes["user"] == user
    assert attributes["system"] == {"Subject": "s", "Timestamp": "2026-03-01T12:00:00.000Z"}
    assert found.source_at == START


@pytest.mark.parametrize(
    "body",
    [
        "[stray",
        "[1]",
        "{}",
        '{"Type":"Notification"}',
        '{"Type":"Notification","Message":7}',
        '{"Type":"SubscriptionConfirmation","Message":"You have chosen","MessageId":"inner"}',
        '{"Message":"m","MessageId":"inner"}',
    ],
)
def test_what_is_no_notification_is_kept_as_it_is(body: str) -> None:
    found = record(body)
    assert (found.record_id, found.body) == ("outer", body.encode())
    assert found.source_at is not None


def test_a_notification_without_a_readable_instant_has_that_of_its_carrier() -> None:
    assert record(notification(Timestamp="yesterday")).source_at == record("x").source_at
