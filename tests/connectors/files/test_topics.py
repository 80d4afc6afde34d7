"""SNS notifications out of Lambda events and as envelopes."""

import json
from datetime import UTC, datetime
from pathlib import Path

from tests.connectors.files.shapes import TOPIC, reasons_of, rebuilt, records_of, sns_message


def test_a_lambda_record_loses_its_message_to_the_body(tmp_path: Path) -> None:
    event = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": f"{TOPIC}:1",
        "Sns": sns_message(),
    }
    (record,) = records_of(tmp_path, {"Records": [event]})
    assert (record.service, record.source_arn, record.body) == ("aws:sns", TOPIC, b"Hello")
    assert record.record_id == "95df01b4-ee98-5cb9-9903-4c221d41eb5e"
    assert record.source_at == datetime(2019, 1, 2, 12, 45, 7, 123000, tzinfo=UTC)
    assert json.loads(record.attributes)["user"] == {"kind": {"Type": "String", "Value": "new"}}
    assert rebuilt(record) == event


def test_an_envelope_of_its_own_is_a_delivery_of_the_topic(tmp_path: Path) -> None:
    envelope = sns_message(SequenceNumber="10000000000000000000")
    (record,) = records_of(tmp_path, envelope)
    assert (record.source_arn, record.body) == (TOPIC, b"Hello")
    assert record.sequence_number == "10000000000000000000"
    assert rebuilt(record) == envelope


def test_a_subscription_confirmation_is_no_message(tmp_path: Path) -> None:
    (reason,) = reasons_of(tmp_path, sns_message(Type="SubscriptionConfirmation"))
    assert "SubscriptionConfirmation" in reason


def test_a_notification_without_id_or_topic_is_told(tmp_path: Path) -> None:
    without_id = {"EventSource": "aws:sns", "Sns": sns_message(MessageId="")}
    without_topic = {"EventSource": "aws:sns", "Sns": sns_message(TopicArn=None)}
    first, second = reasons_of(tmp_path, {"Records": [without_id, without_topic]})
    assert "without MessageId" in first
    assert "pass --source" in second
