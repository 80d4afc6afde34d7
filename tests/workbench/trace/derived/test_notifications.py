"""SNS notifications in queue messages, told from messages that only speak of topics."""

import json
from pathlib import Path
from typing import Any

from tests.factories import TOPIC, sqs_message, write_trace
from workbench.trace import Trace

NOTIFICATION = {
    "Type": "Notification",
    "MessageId": "p1",
    "TopicArn": TOPIC,
    "Message": '{"MessageId": "inner", "TopicArn": "inner"}',
    "UnsubscribeURL": f"https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={TOPIC}:s1",
}


def told(trace: Trace) -> list[tuple[Any, ...]]:
    return trace.sql(
        "select topic_arn, published_id, subscription_arn, content from notifications order by delivery_id"
    ).rows()


def test_a_notification_tells_its_topic_its_publish_and_its_subscription(tmp_path: Path) -> None:
    trace = write_trace(tmp_path / "t.trace", [sqs_message(1, NOTIFICATION)])

    content = trace.sql("select md5($said)", said=NOTIFICATION["Message"]).item()

    assert told(trace) == [(TOPIC, "p1", f"{TOPIC}:s1", content)]


def test_the_spelling_of_the_envelope_and_a_missing_link_make_no_difference(tmp_path: Path) -> None:
    bare = {name: NOTIFICATION[name] for name in ("Message", "TopicArn", "MessageId", "Type")}
    trace = write_trace(
        tmp_path / "t.trace",
        [sqs_message(1, NOTIFICATION), sqs_message(2, json.dumps(bare, indent=2).encode())],
    )

    one, other = told(trace)

    assert (other[0], other[1], other[3]) == (one[0], one[1], one[3])
    assert other[2] is None


def test_of_a_name_that_stands_twice_pythons_choice_counts(tmp_path: Path) -> None:
    twice = json.dumps(NOTIFICATION).replace(
        '"MessageId": "p1"', '"MessageId": "p0", "MessageId": "p1"'
    )
    trace = write_trace(tmp_path / "t.trace", [sqs_message(1, twice.encode())])

    assert [row[1] for row in told(trace)] == ["p1"]


def test_what_only_speaks_of_a_topic_is_no_notification(tmp_path: Path) -> None:
    bodies: list[Any] = [
        {**NOTIFICATION, "Type": "SubscriptionConfirmation"},
        {"TopicArn": TOPIC, "Type": "Notification"},
        {**NOTIFICATION, "MessageId": None},
        [NOTIFICATION],
        json.dumps(NOTIFICATION),
        b'{"TopicArn": "cut off',
        b'\xff "TopicArn"',
        b"[" * 100_000 + b'"TopicArn"',
        b'{"TopicArn": "\\ud800", "Type": NaN}',
    ]
    trace = write_trace(
        tmp_path / "t.trace", [sqs_message(n, body) for n, body in enumerate(bodies)]
    )

    assert told(trace) == []
