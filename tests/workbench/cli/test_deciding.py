"""The commands that decide: a verdict, and one line where there can be none."""

import json
from pathlib import Path

import pytest

from tests.workbench.cli.running import run
from tests.workbench.findings.traces import message, trace_of
from tests.workbench.replay.invokers.processes import needs_namespaces

HANDLERS = """
import json
import boto3

def sends(event, context):
    for record in event["Records"]:
        boto3.client("sqs").send_message(QueueUrl="https://queue/next", MessageBody=record["body"])

def puts(event, context):
    for record in event["Records"]:
        boto3.client("dynamodb").put_item(
            TableName="orders", Item={"id": {"S": record["messageId"]}, "body": {"S": record["body"]}}
        )

def old(event, context):
    for record in event["Records"]:
        if json.loads(record["body"])["poison"]:
            raise ValueError("poison")

def new(event, context):
    pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    needs_namespaces()
    records = [message(f"m{n}", {"poison": n == 2}, n) for n in range(3)]
    trace_of(tmp_path / "t.trace", records).close()
    (tmp_path / "handlers.py").write_text(HANDLERS)
    (tmp_path / "queue.json").write_text('{"RedrivePolicy": {"maxReceiveCount": 2}}')
    monkeypatch.chdir(tmp_path)
    return tmp_path


QUEUE = ("--source", "sqs:orders", "--queue-attributes", "queue.json")


def test_a_handler_that_sends_is_not_idempotent_and_one_that_puts_is(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sends = run(
        capfd, "idempotency", "t.trace", "handlers.py:sends", *QUEUE, "--seeds", "1", "--json"
    )
    puts = run(
        capfd, "idempotency", "t.trace", "handlers.py:puts", *QUEUE, "--seeds", "1", "--json"
    )

    assert (sends.document["verdict"], puts.document["verdict"]) != (
        puts.document["verdict"],
        sends.document["verdict"],
    )
    assert "idempotent" in puts.document["verdict"]
    assert json.dumps(sends.document)


def test_a_queue_that_is_nobodys_dead_letter_queue_is_told_in_one_line(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(
        capfd, "redrive", "t.trace", "--source", "sqs:orders",
        "--old", "handlers.py:old", "--new", "handlers.py:new",
    )  # fmt: skip

    assert ran.code == 2
    assert "found nothing that tells; name it as origin" in ran.complaint


def test_a_handler_that_is_not_there_is_one_line(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, "idempotency", "t.trace", "nope.py:handle", *QUEUE)
    assert "nope.py" in ran.complaint
