"""What is copied runs where it is pasted, and nothing of a payload runs with it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connectors.record import Record, Resource
from tests.factories import (
    STREAM,
    T0,
    dynamodb_change,
    kinesis_record,
    log_event,
    sns_notification,
    sqs_message,
    write_trace,
)
from workbench.errors import UsageError
from workbench.replay.events import event
from workbench.trace import Trace
from workbench.views.copied import copied
from workbench.views.deliveries import delivery

HOSTILE = 'it\'s "quoted" $(touch harmed) `touch harmed`\n\'\'\'"""\\ !! %s\x03\x1b[2J\x7f\r; touch harmed #\u202eé'
RECORDS = {
    "sqs": sqs_message(1, HOSTILE.encode()),
    "fifo": sqs_message(2, HOSTILE.encode(), group=HOSTILE),
    "sns": sns_notification(3, HOSTILE.encode()),
    "kinesis": kinesis_record(4, HOSTILE.encode(), key=HOSTILE),
    "dynamodb": dynamodb_change(5, {"id": {"S": HOSTILE}}, key=HOSTILE),
    "logs": log_event(6, HOSTILE),
}


def row_of(folder: Path, record: Record) -> tuple[Trace, dict[str, Any]]:
    trace = write_trace(folder / "t.trace", [record])
    return trace, delivery(trace, 1)


def run_by_shell(text: str, folder: Path) -> None:
    """With an `aws` that does nothing."""
    (folder / "aws").write_text("#!/bin/sh\n")
    (folder / "aws").chmod(0o755)
    path = f"{folder}:/usr/bin:/bin"
    subprocess.run(["sh", "-e", "-c", text], cwd=folder, env={"PATH": path}, check=True)


@pytest.mark.parametrize("kind", RECORDS)
def test_a_copied_test_runs_and_its_event_is_that_of_the_record(kind: str, tmp_path: Path) -> None:
    trace, row = row_of(tmp_path, RECORDS[kind])
    text = copied(trace, row, "pytest")
    file = tmp_path / "test_copied.py"
    file.write_text(text, "utf-8")

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "1 passed" in ran.stdout
    names: dict[str, Any] = {}
    exec(compile(text, "copied", "exec"), names)  # noqa: S102 - what a reader would do
    assert names["EVENT"] == event([row])
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("kind", RECORDS)
def test_copied_commands_write_the_event_and_nothing_else(kind: str, tmp_path: Path) -> None:
    trace, row = row_of(tmp_path, RECORDS[kind])
    text = copied(trace, row, "aws")

    run_by_shell(text, tmp_path)

    assert json.loads((tmp_path / "event-1.json").read_text()) == event([row])
    assert not (tmp_path / "harmed").exists()
    assert text.isascii()
    assert text.replace("\n", "").isprintable(), "a terminal takes control characters for keys"


def test_a_message_is_sent_again_as_it_was(tmp_path: Path) -> None:
    trace, row = row_of(tmp_path, RECORDS["fifo"])

    run_by_shell(copied(trace, row, "aws"), tmp_path)

    said = json.loads((tmp_path / "message-1.json").read_text())
    assert said["QueueUrl"] == "https://sqs.us-east-1.amazonaws.com/111111111111/orders"
    assert said["MessageBody"] == said["MessageGroupId"] == HOSTILE


def test_only_a_message_of_a_queue_is_sent_again(tmp_path: Path) -> None:
    trace, row = row_of(tmp_path, RECORDS["kinesis"])
    assert "send-message" not in copied(trace, row, "aws")


def test_the_statement_returns_the_record(tmp_path: Path) -> None:
    trace, row = row_of(tmp_path, RECORDS["sqs"])
    assert trace.sql(copied(trace, row, "sql")).row(0, named=True) == row


def test_the_function_is_named_where_one_mapping_tells_it(tmp_path: Path) -> None:
    trace, row = row_of(tmp_path, RECORDS["kinesis"])
    assert "--function-name FUNCTION " in copied(trace, row, "aws")

    arn = "arn:aws:lambda:us-east-1:111111111111:function:charge"
    with _mapped(tmp_path / "mapped.trace", arn) as mapped:
        assert f"--function-name {arn} " in copied(mapped, row, "aws")
    with _mapped(tmp_path / "odd.trace", "x\x03; touch harmed") as odd:
        assert "--function-name FUNCTION " in copied(odd, row, "aws")


def test_a_form_that_is_none_is_refused_with_those_that_are(tmp_path: Path) -> None:
    trace, row = row_of(tmp_path, RECORDS["sqs"])
    with pytest.raises(UsageError, match="sql, pytest, aws"):
        copied(trace, row, "curl")


def _mapped(folder: Path, function_arn: str) -> Trace:
    mapping = {"UUID": "u", "EventSourceArn": STREAM, "FunctionArn": function_arn}
    document = json.dumps({"EventSourceMappings": [mapping]})
    told = Resource(STREAM, "list-event-source-mappings", T0, document)
    return write_trace(folder, [RECORDS["kinesis"]], [told])
