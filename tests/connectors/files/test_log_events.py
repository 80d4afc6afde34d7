"""Log events: subscriptions, answers, and files of lines."""

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.files import log_events
from tests.connectors.files.shapes import (
    FUNCTION,
    GROUP,
    QUEUE,
    read,
    reasons_of,
    rebuilt,
    records_of,
    write,
)

EVENTS = [
    {"id": "1", "timestamp": 1440442987000, "message": "START RequestId: a Version: 1"},
    {"id": "2", "timestamp": 1440442987001, "message": "END RequestId: a"},
]
MESSAGE = {
    "messageType": "DATA_MESSAGE",
    "owner": "111122223333",
    "logGroup": "/aws/lambda/orders",
    "logStream": "2015/08/24/[$LATEST]aa",
    "subscriptionFilters": ["all"],
    "logEvents": EVENTS,
}
FILTERED = {
    "logStreamName": "2015/08/24/[$LATEST]aa",
    "timestamp": 1440442987000,
    "message": "hello",
    "ingestionTime": 1440442988000,
    "eventId": "36072",
}


def subscription(message: Any, pack: Callable[[bytes], bytes] = gzip.compress) -> dict[str, Any]:
    packed = pack(json.dumps(message).encode())
    return {"awslogs": {"data": base64.b64encode(packed).decode()}}


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_subscription_gives_its_log_events(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    first, second = records_of(tmp_path, subscription(MESSAGE, pack), GROUP)
    assert (first.service, first.source_arn) == ("aws:logs", GROUP)
    assert first.partition_id == "2015/08/24/[$LATEST]aa"
    assert (first.record_id, first.body) == ("1", b"START RequestId: a Version: 1")
    assert second.source_at == datetime(2015, 8, 24, 19, 3, 7, 1000, tzinfo=UTC)
    assert [rebuilt(first), rebuilt(second)] == EVENTS
    rest = json.loads(first.envelope)["awslogs"]
    assert rest == {name: value for name, value in MESSAGE.items() if name != "logEvents"}


@pytest.mark.parametrize("said", [None, QUEUE, f"{GROUP}-other:*"])
def test_a_subscription_names_its_own_group(tmp_path: Path, said: str | None) -> None:
    record = records_of(tmp_path, subscription(MESSAGE), said)[0]
    assert record.source_arn == "arn:aws:logs::111122223333:log-group:/aws/lambda/orders"


def test_a_probe_of_cloudwatch_logs_is_told(tmp_path: Path) -> None:
    (reason,) = reasons_of(tmp_path, subscription(MESSAGE | {"messageType": "CONTROL_MESSAGE"}))
    assert "CONTROL_MESSAGE" in reason


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("{{{data}}}", "not base64 of gzip or zlib"),
        ("aGVsbG8=", "not base64 of gzip or zlib"),
        (7, "wanted base64 text, found int"),
        (base64.b64encode(gzip.compress(b"{}")[:-9]).decode(), "cut off"),
        (base64.b64encode(gzip.compress(b"{")).decode(), "JSON is cut off"),
        (base64.b64encode(gzip.compress(b"{}")).decode(), "wanted logGroup and logEvents"),
        (base64.b64encode(gzip.compress(b"[]")).decode(), "wanted logGroup and logEvents"),
    ],
)
def test_damaged_subscription_data_is_told(tmp_path: Path, data: Any, told: str) -> None:
    (reason,) = reasons_of(tmp_path, {"awslogs": {"data": data}})
    assert told in reason


def test_subscription_data_inflates_only_up_to_the_bound(tmp_path: Path) -> None:
    bomb = gzip.compress(b" " * (log_events.SUBSCRIPTION_BYTES_MAX + 1))
    (reason,) = reasons_of(tmp_path, {"awslogs": {"data": base64.b64encode(bomb).decode()}})
    assert "inflates to more than 16,777,216 bytes" in reason


@pytest.mark.parametrize("said", [GROUP, f"{GROUP}:*", FUNCTION, f"{FUNCTION}:prod"])
def test_filtered_events_belong_to_the_users_group_or_function(tmp_path: Path, said: str) -> None:
    answer = {"events": [FILTERED], "searchedLogStreams": [], "nextToken": "t"}
    (record,) = records_of(tmp_path, answer, said)
    assert (record.source_arn, record.record_id) == (GROUP, "36072")
    assert (record.partition_id, record.order_scope) == (FILTERED["logStreamName"], "partition")
    assert rebuilt(record) == FILTERED


def test_an_answer_without_a_group_is_told_once(tmp_path: Path) -> None:
    (reason,) = reasons_of(tmp_path, {"events": [FILTERED, FILTERED], "searchedLogStreams": []})
    assert reason == (
        "line 1: log lines without a group: pass --source ARN of the log group or the function"
    )


def test_events_without_id_get_one_that_repeats_with_the_answer(tmp_path: Path) -> None:
    event = {name: FILTERED[name] for name in ("timestamp", "message", "ingestionTime")}
    answer = {"events": [event, event, event | {"message": "other"}], "nextForwardToken": "f/1"}
    ids = [r.record_id for r in records_of(tmp_path, answer, GROUP, "stream")]
    assert len(set(ids)) == 3
    assert ids == [r.record_id for r in records_of(tmp_path, answer, GROUP, "stream")]
    assert not set(ids) & {r.record_id for r in records_of(tmp_path, answer, GROUP, "another")}


def test_json_lines_of_a_log_are_events_of_the_users_group(tmp_path: Path) -> None:
    lines = (
        b'{"time":"2026-01-05T10:00:00.100Z","type":"platform.start","record":{}}',
        b'{"timestamp":"2026-01-05T10:00:00Z","level":"INFO","message":"m"}',
        b'{"anything": "else"}',
        b"printed past the logger",
    )
    records = records_of(tmp_path, b"\n".join(lines), GROUP, "stream")
    assert [record.body for record in records] == list(lines)
    assert records[0].source_at == datetime(2026, 1, 5, 10, 0, 0, 100000, tzinfo=UTC)
    assert records[3].source_at is None
    assert {record.partition_id for record in records} == {"stream"}


def test_an_array_of_telemetry_is_a_log_too(tmp_path: Path) -> None:
    telemetry = [{"time": "2026-01-05T10:00:00Z", "type": "function", "record": "hello\n"}] * 2
    records = records_of(tmp_path, telemetry, GROUP)
    assert len({record.record_id for record in records}) == 2
    assert json.loads(records[0].body) == telemetry[0]


def test_text_lines_are_events_with_the_instants_they_say(tmp_path: Path) -> None:
    text = (
        b"START RequestId: 1 Version: $LATEST\r\n"
        b"[INFO]\t2026-01-05T10:00:00.490Z\t1\tprocessing\r\n\r\n"
        b"2026-01-05T10:00:05.002Z 1 Task timed out after 3.00 seconds\n"
        b"caf\xe9\n"
    )
    records = records_of(tmp_path, text, GROUP)
    assert (
        [record.body for record in records]
        == [
            b"START RequestId: 1 Version: $LATEST",
            b"[INFO]\t2026-01-05T10:00:00.490Z\t1\tprocessing",
            b"2026-01-05T10:00:05.002Z 1 Task timed out after 3.00 seconds",
            b"caf\xe9",
        ]
        if records
        else False
    )
    assert records[0].source_at is None
    assert records[1].source_at == datetime(2026, 1, 5, 10, 0, 0, 490000, tzinfo=UTC)


def test_an_exports_instants_leave_the_message_and_lines_without_one_go_on(tmp_path: Path) -> None:
    text = (
        b"2026-01-05T10:00:00.490Z [ERROR] ValueError: boom\n"
        b"  File app.py\n"
        b"2026-01-05T10:00:01Z END RequestId: 1\n"
    )
    first, second = records_of(tmp_path, text, GROUP)
    assert first.body == b"[ERROR] ValueError: boom\n  File app.py"
    assert first.source_at == datetime(2026, 1, 5, 10, 0, 0, 490000, tzinfo=UTC)
    assert second.body == b"END RequestId: 1"


def test_a_line_of_a_timeout_is_no_exports_instant(tmp_path: Path) -> None:
    line = b"2026-01-05T10:00:05.002Z 00000000-0000-4000-8000-000000000003 Task timed out"
    first, second = records_of(tmp_path, line + b" after 3.00 seconds\nEND RequestId: 1\n", GROUP)
    assert first.body == line + b" after 3.00 seconds"
    assert second.body == b"END RequestId: 1"


def test_tailed_lines_name_their_stream(tmp_path: Path) -> None:
    text = b"2026-01-05T10:00:00.490000+00:00 2026/01/05/[$LATEST]0a1b END RequestId: 1\n"
    (record,) = records_of(tmp_path, text, GROUP)
    assert record.partition_id == "2026/01/05/[$LATEST]0a1b"
    assert record.body == b"END RequestId: 1"


def test_text_without_a_group_is_told_by_what_it_looks_like(tmp_path: Path) -> None:
    assert reasons_of(tmp_path, b"START RequestId: 1 Version: 2\n")[0].startswith("log lines")
    assert "it begins with 'Dear reader'" in reasons_of(tmp_path, b"\n  Dear reader\n")[0]


def test_the_shared_log_files_are_taken_line_by_line(shared_events: Path, tmp_path: Path) -> None:
    for name in ("system-log-json.synthetic.jsonl", "text-log-lines.synthetic.txt"):
        content = (shared_events / "lambda-logs" / name).read_bytes()
        (part,) = read(write(tmp_path, content), GROUP)
        lines = [line for line in content.split(b"\n") if line.strip()]
        assert [record.body for record in part.records] == lines
        assert len({record.record_id for record in part.records}) == len(lines)
