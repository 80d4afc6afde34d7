"""Notifications that a tap received become what the topic pushes to a function."""

import json
from dataclasses import asdict
from pathlib import Path

from tests import factories
from tests.workbench.replay.events.rows import imported
from workbench.replay.events import event, event_record


def test_a_tapped_notification_becomes_what_the_topic_pushes_in_its_order(
    shared_events: Path,
) -> None:
    real = json.loads((shared_events / "aws-sam-cli" / "Sns.json").read_text("utf-8"))
    row = asdict(factories.sns_notification(1, b"hello"))
    found = event([row])
    assert list(found["Records"][0]) == list(real["Records"][0])
    assert list(found["Records"][0]["Sns"]) == list(real["Records"][0]["Sns"])
    sns = found["Records"][0]["Sns"]
    assert (sns["Message"], sns["Subject"], sns["MessageAttributes"]) == ("hello", None, {})
    assert sns["Signature"] == json.loads(row["envelope"])["Signature"]
    assert "sqs" not in sns


def test_all_notifications_of_a_topic_come_by_one_subscription() -> None:
    rows = [asdict(factories.sns_notification(n)) for n in (1, 2)]
    first, second = (event_record(row)["EventSubscriptionArn"] for row in rows)
    assert first == second
    assert first.startswith(f"{factories.TOPIC}:")


def test_an_envelope_that_a_queue_got_is_pushed_too() -> None:
    envelope = {
        "Type": "Notification",
        "MessageId": "m",
        "TopicArn": factories.TOPIC,
        "Message": "hi",
        "Timestamp": "2026-11-20T10:00:00.000Z",
        "SigningCertURL": "https://sns.us-east-1.amazonaws.com/cert.pem",
        "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
    }
    (row,) = imported(envelope)
    sns = event_record(row)["Sns"]
    assert (sns["Message"], sns["SigningCertUrl"]) == ("hi", envelope["SigningCertURL"])
    assert "UnsubscribeURL" not in sns
    assert "SubscriptionArn=" in sns["UnsubscribeUrl"]
