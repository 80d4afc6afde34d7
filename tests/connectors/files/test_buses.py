"""EventBridge events and alarms."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.connectors.files.shapes import bus_event, reasons_of, rebuilt, records_of

BUS = "arn:aws:events:us-west-1:111122223333:event-bus/shop"


def test_an_event_without_a_bus_is_of_the_default_one(tmp_path: Path) -> None:
    (record,) = records_of(tmp_path, bus_event())
    assert record.service == "aws:events"
    assert record.source_arn == "arn:aws:events:us-west-1:111122223333:event-bus/default"
    assert record.record_id == "6a7e8feb-b491-4cf7-a9f1-bf3703467718"
    assert record.body == b'{"order":7}'
    assert record.source_at == datetime(2017, 12, 22, 18, 43, 48, tzinfo=UTC)
    assert json.loads(record.attributes)["user"]["detail-type"] == "Order placed"
    assert rebuilt(record) == bus_event()


def test_the_user_may_name_the_bus(tmp_path: Path) -> None:
    (record,) = records_of(tmp_path, bus_event(), BUS)
    assert record.source_arn == BUS


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_a_derived_arn_has_its_regions_partition(
    tmp_path: Path, region: str, partition: str
) -> None:
    (record,) = records_of(tmp_path, bus_event(region=region))
    assert record.source_arn.startswith(f"arn:{partition}:events:{region}:")


def test_a_scheduled_event_needs_no_version(tmp_path: Path) -> None:
    event = bus_event(source="aws.events", detail={}) | {"detail-type": "Scheduled Event"}
    del event["version"]
    (record,) = records_of(tmp_path, event)
    assert record.body == b"{}"
    assert rebuilt(record) == event


def test_an_alarm_that_calls_a_function_is_its_own_source(tmp_path: Path) -> None:
    arn = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:late"
    event = {
        "source": "aws.cloudwatch",
        "alarmArn": arn,
        "accountId": "111122223333",
        "time": "2023-08-04T12:56:46.138+0000",
        "region": "us-east-1",
        "alarmData": {"alarmName": "late", "state": {"value": "ALARM"}},
    }
    (record,) = records_of(tmp_path, event)
    assert (record.service, record.source_arn) == ("aws:events", arn)
    assert record.source_at == datetime(2023, 8, 4, 12, 56, 46, 138000, tzinfo=UTC)
    assert rebuilt(record) == event


def test_an_event_without_id_is_told(tmp_path: Path) -> None:
    assert reasons_of(tmp_path, bus_event(id=None)) == ["line 1: an EventBridge event without id"]
