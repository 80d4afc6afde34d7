"""One publish twice in one queue, told from its copies in other queues and from content that was published twice."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.record import Record
from tests.factories import TOPIC, sns_notification, write_trace
from tests.workbench.findings.duplicates.mappings import dead_letters_to
from tests.workbench.findings.duplicates.requests import kinds, only
from tests.workbench.findings.traces import QUEUE, message, trace_of
from workbench.findings import find

LINK = f"https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={TOPIC}:"


def envelope(
    publish: str = "p1", subscription: str | None = "s1", said: str = "x"
) -> dict[str, Any]:
    link = {} if subscription is None else {"UnsubscribeURL": LINK + subscription}
    return {
        "Type": "Notification",
        "MessageId": publish,
        "TopicArn": TOPIC,
        "Message": said,
        **link,
    }


@pytest.mark.parametrize(("second", "by_two"), [("s1", False), ("s2", True), (None, False)])
def test_one_publish_under_two_ids_in_one_queue_is_a_duplicate(
    tmp_path: Path, second: str | None, by_two: bool
) -> None:
    sent = [
        message("m1", envelope()),
        message("m2", envelope(subscription=second), 2),
        message("m3", envelope("p2")),
    ]
    trace = trace_of(tmp_path / "t.trace", sent)

    found = find(trace)
    finding = only(found, "fanout_duplicate")

    (instance,) = finding.instances
    assert (finding.source_arn, instance["key"], instance["topic_arn"]) == (QUEUE, "p1", TOPIC)
    assert (instance["record_ids"], instance["spread_ms"]) == (["m1", "m2"], 2_000)
    assert instance["is_by_two_subscriptions"] == by_two
    assert trace.sql(finding.sql)["delivery_id"].to_list() == instance["delivery_ids"]


def test_a_copy_in_each_queue_is_as_it_should_be(tmp_path: Path) -> None:
    sent = [
        message("m1", envelope()),
        message("m2", envelope(subscription="s2"), queue=f"{QUEUE}-audit"),
    ]

    assert len(find(trace_of(tmp_path / "t.trace", sent))) == 0


def test_a_copy_that_was_delivered_again_or_captured_twice_is_one_copy(tmp_path: Path) -> None:
    sent = [
        message("m1", envelope()),
        message("m1", envelope()),
        message("m1", envelope(), count=2),
    ]

    assert kinds(find(trace_of(tmp_path / "t.trace", sent))) == {"redelivery"}


def test_a_content_published_twice_is_a_resend(tmp_path: Path) -> None:
    sent = [message("m1", envelope("p1")), message("m2", envelope("p2"), 1)]

    assert kinds(find(trace_of(tmp_path / "t.trace", sent))) == {"producer_resend"}


def tapped(sqs_id: str, subscription: str = "tap-1") -> Record:
    record = sns_notification(1, "x")
    told = json.loads(record.envelope) | {"UnsubscribeURL": LINK + subscription}
    told["sqs"]["MessageId"] = sqs_id
    return replace(record, envelope=json.dumps(told))


def test_a_publish_that_came_to_our_tap_twice_is_a_duplicate_of_the_topic(tmp_path: Path) -> None:
    finding = only(
        find(trace_of(tmp_path / "t.trace", [tapped("q1"), tapped("q2")])), "fanout_duplicate"
    )

    assert (finding.source_arn, finding.instances[0]["record_ids"]) == (TOPIC, ["q1", "q2"])


def test_the_taps_of_two_captures_hold_a_copy_each(tmp_path: Path) -> None:
    twice = [tapped("q1", "tap-1"), tapped("q2", "tap-2"), tapped("q1", "tap-1")]

    assert len(find(trace_of(tmp_path / "t.trace", twice))) == 0


def test_a_publish_that_came_back_from_a_dead_letter_queue_is_a_redrive_copy(
    tmp_path: Path,
) -> None:
    dead = f"{QUEUE}-dlq"
    sent = [
        message("m1", envelope(), count=3),
        message("m1", envelope(), count=4, queue=dead),
        message("m2", envelope(), 900),
    ]
    trace = write_trace(tmp_path / "t.trace", sent, [dead_letters_to(QUEUE, dead)])

    assert "fanout_duplicate" not in kinds(find(trace))
    assert only(find(trace), "redrive_copy").instances[0]["new_record_id"] == "m2"


@pytest.mark.parametrize(
    "body",
    [
        b'{"TopicArn": "t", "Type": "Notification"',
        b'{"TopicArn": "t", "Type": "Notification", "MessageId": null, "Message": "x"}',
        b'"TopicArn"',
        b'{"TopicArn": {"Type": "Notification"}, "MessageId": ["p"], "Message": 7}',
    ],
)
def test_what_is_no_notification_is_no_duplicate(tmp_path: Path, body: bytes) -> None:
    sent = [message(f"m{n}", body, 1_000 * n) for n in range(2)]

    assert "fanout_duplicate" not in kinds(find(trace_of(tmp_path / "t.trace", sent)))


def test_a_content_published_twice_of_which_one_publish_came_twice_is_both(tmp_path: Path) -> None:
    sent = [
        message("m1", envelope("p1")),
        message("m2", envelope("p1"), 1),
        message("m3", envelope("p2"), 2),
    ]

    findings = find(trace_of(tmp_path / "t.trace", sent))

    assert only(findings, "fanout_duplicate").instances[0]["record_ids"] == ["m1", "m2"]
    assert only(findings, "producer_resend").instances[0]["record_ids"] == ["m1", "m3"]
