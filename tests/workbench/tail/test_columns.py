"""What of a record stands on its line, and that nothing in it can do anything to a terminal."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.record import Record
from tests.factories import (
    dynamodb_change,
    kinesis_record,
    log_event,
    sns_notification,
    sqs_message,
)
from workbench.tail.columns import columns_of, on_one_line


def told(record: Record) -> tuple[list[str], str]:
    columns = columns_of(record)
    return [cell.text for cell in columns.cells], columns.text


def test_a_message_shows_its_id_receives_and_group() -> None:
    cells, text = told(sqs_message(7, {"order": 1}, receive_count=3, group="customer-1"))

    assert cells == ["00000000-0000-4000-8000-000000000007", "x3", "customer-1"]
    assert text == '{"order":1}'


def test_a_notification_shows_its_subject_and_attributes() -> None:
    plain = sns_notification(1, "hello")
    envelope = json.dumps({"Subject": "order placed"})
    user = {"kind": {"Type": "String", "Value": "placed"}, "of": {"StringValue": "shop"}}
    attributes = json.dumps({"system": {}, "user": user})

    assert told(replace(plain, envelope=envelope, attributes=attributes)) == (
        ["order placed", "kind=placed of=shop"],
        '"hello"',
    )
    assert told(plain) == (["", ""], '"hello"')


def test_a_stream_record_shows_its_shard_and_key() -> None:
    assert told(kinesis_record(1, b"x", key="k"))[0] == ["shardId-000000000000", "k"]


NEW = {"state": {"S": "PAID"}, "v": {"N": "2"}, "tags": {"L": [{"S": "a"}]}}
OLD = {"state": {"S": "NEW"}, "v": {"N": "2"}, "gone": {"BOOL": True}}


@pytest.mark.parametrize(
    ("record", "name", "text"),
    [
        (
            dynamodb_change(1, NEW, OLD),
            "MODIFY",
            'state: NEW → PAID, +tags: [{"S":"a"}], -gone: true',
        ),
        (dynamodb_change(1, NEW), "INSERT", 'state: PAID, v: 2, tags: [{"S":"a"}]'),
        (dynamodb_change(1, None, OLD), "REMOVE", "-state: NEW, -v: 2, -gone: true"),
        (dynamodb_change(1), "INSERT", ""),
    ],
)
def test_a_change_shows_its_name_its_keys_and_what_changed(
    record: Record, name: str, text: str
) -> None:
    assert told(record) == ([name, "id=order-1"], text)


REQUEST = "00000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("line", "level", "request_id", "text"),
    [
        (f"START RequestId: {REQUEST} Version: $LATEST\n", "START", REQUEST, None),
        (f"REPORT RequestId: {REQUEST}\tDuration: 2 ms\t\n", "REPORT", REQUEST, None),
        ("INIT_START Runtime Version: python:3.12\n", "INIT", "", None),
        (f"[ERROR]\t2026-01-05T10:00:00.490Z\t{REQUEST}\tno\n", "ERROR", REQUEST, "no"),
        (f"2026-01-05T10:00:00.490Z\t{REQUEST}\tWARN\tslow\n", "WARN", REQUEST, "slow"),
        ("[ERROR] ValueError: boom\n", "ERROR", "", "ValueError: boom"),
        (
            f"2026-01-05T10:00:05.002Z {REQUEST} Task timed out after 3.00 seconds\n\n",
            "",
            REQUEST,
            "Task timed out after 3.00 seconds",
        ),
        ('{"level":"INFO","requestId":"r","message":"hi"}', "INFO", "r", "hi"),
        ('{"level":"INFO","message":{"a":1}}', "INFO", "", None),
        (
            '{"type":"platform.report","record":{"requestId":"r","metrics":{}}}',
            "report",
            "r",
            None,
        ),
        ("just printed", "", "", None),
        ("", "", "", None),
        ('{"level": broken', "", "", None),
        ("[1, 2]", "", "", None),
    ],
)
def test_a_log_line_shows_level_and_request_and_of_json_its_message(
    line: str, level: str, request_id: str, text: str | None
) -> None:
    cells, said = told(log_event(1, line))

    assert cells[1:] == [level, request_id]
    assert said == (on_one_line(line.rstrip()) if text is None else text)


def test_every_line_that_lambda_writes_has_its_columns(shared_events: Path) -> None:
    lines = [
        line
        for file in sorted((shared_events / "lambda-logs").iterdir())
        for line in file.read_text("utf-8").splitlines()
    ]

    assert lines
    for line in lines:
        assert len(told(log_event(1, line))[0]) == 3


def test_a_record_of_another_service_shows_its_id_and_payload() -> None:
    assert told(replace(sqs_message(1, b"x"), service="aws:s3"))[1] == "x"


HOSTILE = st.binary(max_size=60) | st.text(max_size=60).map(
    lambda text: text.encode("utf-8", "replace")
)
MAKERS = [
    lambda body: sqs_message(1, body),
    lambda body: kinesis_record(1, body, key=body.decode("utf-8", "replace")),
    lambda body: sns_notification(1, body),
    lambda body: log_event(1, body.decode("utf-8", "replace")),
    lambda body: replace(dynamodb_change(1), body=body, envelope=body.decode("utf-8", "replace")),
    lambda body: replace(sns_notification(1), envelope=body.decode("utf-8", "replace")),
]


@given(HOSTILE, st.sampled_from(MAKERS))
def test_whatever_a_record_holds_its_columns_are_one_line_that_can_be_seen(
    body: bytes, make: object
) -> None:
    cells, text = told(make(body))  # type: ignore[operator]

    assert all(part.isprintable() for part in [*cells, text])


def test_json_that_is_nested_beyond_all_reason_is_shown_as_it_is() -> None:
    deep = b"{" * 1 + b'"a":' + b"[" * 100_000
    assert told(log_event(1, deep.decode()))[1].startswith('{"a":[[')
