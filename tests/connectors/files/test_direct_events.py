"""Events that a caller gives a function itself: kept whole, under the best name there is."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.record import Record
from tests.connectors.files.shapes import reasons_of, records_of

API = "arn:aws:execute-api:us-east-1:111122223333:abc123"
SCHEDULE = "arn:aws:scheduler:us-east-1:111122223333:schedule/default/nightly"
RULE = "arn:aws:events:us-east-1:111122223333:rule/nightly"
TOKEN = {"type": "TOKEN", "authorizationToken": "t", "methodArn": f"{API}/prod/GET/orders"}
REQUEST = {
    "version": "2.0",
    "type": "REQUEST",
    "routeArn": f"{API}/prod/GET/orders",
    "requestContext": {"requestId": "r-1"},
}
BATCH = {
    "invocationSchemaVersion": "1.0",
    "invocationId": "i",
    "job": {"id": "j"},
    "tasks": [{"taskId": "t", "s3Key": "k"}],
}
OBJECT = {
    "xAmzRequestId": "r-2",
    "getObjectContext": {},
    "configuration": {"accessPointArn": "arn:aws:s3-object-lambda:us-east-1:1:accesspoint/a"},
}
WIDGET = {"widgetContext": {"accountId": "1", "dashboardName": "d"}}


def only(records: list[Record]) -> Record:
    (record,) = records
    return record


@pytest.mark.parametrize(
    ("event", "service", "source_arn", "record_id"),
    [
        (REQUEST, "aws:apigateway", f"{API}/authorizers", "r-1"),
        (BATCH, "aws:s3", "arn:aws:s3:::job/j", "i:t"),
        (OBJECT, "aws:s3-object-lambda", OBJECT["configuration"]["accessPointArn"], "r-2"),  # type: ignore[index]
    ],
)
def test_a_call_is_named_by_its_caller_and_kept_whole(
    tmp_path: Path, event: dict[str, Any], service: str, source_arn: str, record_id: str
) -> None:
    record = only(records_of(tmp_path, event))
    assert (record.service, record.source_arn, record.record_id) == (service, source_arn, record_id)
    assert json.loads(record.body) == event
    assert json.loads(record.envelope) == {"body_encoding": "event"}


@pytest.mark.parametrize("event", [TOKEN, WIDGET])
def test_a_call_without_an_id_is_named_by_its_content(
    tmp_path: Path, event: dict[str, Any]
) -> None:
    first = only(records_of(tmp_path, event))
    assert only(records_of(tmp_path, event)).record_id == first.record_id
    assert only(records_of(tmp_path, event | {"more": 1})).record_id != first.record_id


@pytest.mark.parametrize(
    ("source_arn", "service"), [(SCHEDULE, "aws:scheduler"), (RULE, "aws:events")]
)
@pytest.mark.parametrize("written", [{"order": 7}, "text", 7, None, {}])
def test_what_somebody_wrote_for_a_schedule_or_rule_may_be_any_json(
    tmp_path: Path, written: Any, source_arn: str, service: str
) -> None:
    content = f'{{"first": 1}}\n{json.dumps(written)}\n'
    first, record = records_of(tmp_path, content.encode(), source_arn)
    assert (record.service, record.source_arn) == (service, source_arn)
    assert json.loads(record.body) == written
    assert first.record_id != record.record_id


def test_equal_inputs_of_a_schedule_are_several_events(tmp_path: Path) -> None:
    records = records_of(tmp_path, b'{"order": 7}\n{"order": 7}\n', SCHEDULE)
    assert len({record.record_id for record in records}) == 2
    assert {record.body for record in records} == {b'{"order":7}'}


@pytest.mark.parametrize("event", [TOKEN | {"methodArn": "?"}, OBJECT | {"configuration": 1}])
def test_a_call_that_names_nobody_is_skipped_with_advice(tmp_path: Path, event: Any) -> None:
    (reason,) = reasons_of(tmp_path, event)
    assert "pass --source ARN" in reason
