"""Log events read from CloudWatch Logs become what a subscription sends."""

import base64
import gzip
import json
from dataclasses import asdict

from tests import factories
from workbench.replay.events import event
from workbench.replay.events.logs import message, opened


def test_read_log_events_become_the_message_of_a_subscription() -> None:
    rows = [asdict(factories.log_event(n, f"line {n}", seconds=n)) for n in (1, 2)]
    packed = base64.b64decode(event(rows)["awslogs"]["data"])
    found = json.loads(gzip.decompress(packed))
    assert list(found) == [
        "messageType",
        "owner",
        "logGroup",
        "logStream",
        "subscriptionFilters",
        "logEvents",
    ]
    assert (found["owner"], found["logGroup"]) == ("111111111111", "/aws/lambda/charge")
    assert found["logStream"] == rows[0]["partition_id"]
    assert [list(each) for each in found["logEvents"]] == [["id", "timestamp", "message"]] * 2
    assert [each["message"] for each in found["logEvents"]] == ["line 1", "line 2"]


def test_a_line_of_a_file_gets_the_instant_that_the_trace_has() -> None:
    row = asdict(factories.log_event(1)) | {"envelope": '{"line":1}', "record_id": "hash"}
    (found,) = message([row])["logEvents"]
    assert found == {"id": "hash", "timestamp": 1795168800000, "message": "handled"}


def test_only_what_is_a_subscriptions_event_is_opened() -> None:
    row = asdict(factories.log_event(1))
    assert opened(event([row]))["awslogs"]["data"] == message([row])
    for other in ({"awslogs": 1}, {"awslogs": {"data": "?"}}, {"Records": []}, []):
        assert opened(other) == other
