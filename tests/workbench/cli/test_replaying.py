"""Replaying from the command line: settings by files and flags, and one line for a handler that cannot run."""

import json
from pathlib import Path

import pytest

from tests.workbench.cli.running import run
from tests.workbench.findings.traces import QUEUE, message, trace_of

HANDLER = """
import json

def handle(event, context):
    failed = [r["messageId"] for r in event["Records"] if json.loads(r["body"])["poison"]]
    return {"batchItemFailures": [{"itemIdentifier": id_} for id_ in failed]}

not_callable = 1
"""
REPORT = ("--function-response-types", "ReportBatchItemFailures")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    records = [message(f"m{n}", {"poison": n == 3}, n) for n in range(5)]
    trace_of(tmp_path / "t.trace", records).close()
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "handlers.py").write_text(HANDLER)
    policy = json.dumps({"maxReceiveCount": 2})
    (tmp_path / "queue.json").write_text(
        json.dumps({"Attributes": {"RedrivePolicy": policy, "VisibilityTimeout": "5"}})
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_poison_message_is_dead_lettered_and_the_rest_succeed(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(
        capfd, "replay", "t.trace", "code/handlers.py:handle", "--source", "sqs:orders",
        "--queue-attributes", "queue.json", *REPORT, "--json",
    )  # fmt: skip

    document = ran.document
    assert ran.code == 0
    assert document["source_arn"] == QUEUE
    assert (document["records"]["succeeded"], document["records"]["dead_lettered"]) == (4, 1)
    assert document["effects"] == 0
    attempts = run(
        capfd, "sql", "t.trace", "select max(attempt) as n from outcomes", "--json"
    ).document
    assert attempts == [{"n": 2}]


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        ("code/nope.py:handle", "nope.py"),
        ("code/handlers.py:handel", "handle"),
        ("code/handlers.py:not_callable", "not_callable"),
        ("code/handlers.py", "handlers.py"),
        ("no.such.module:handle", "no"),
    ],
)
def test_a_handler_that_does_not_load_is_one_line(
    handler: str, said: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, "replay", "t.trace", handler, "--source", "sqs:orders")

    assert ran.code in (1, 2)
    assert said in ran.complaint


def test_a_mapping_that_aws_would_refuse_is_wrong_use(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(
        capfd,
        "replay",
        "t.trace",
        "code/handlers.py:handle",
        "--source",
        "sqs:orders",
        "--batch-size",
        11,
    )

    assert ran.code == 2
    assert "Maximum batch window" in ran.complaint


def test_a_saved_answer_that_is_none_is_wrong_use(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(
        capfd,
        "replay",
        "t.trace",
        "code/handlers.py:handle",
        "--source",
        "sqs:orders",
        "--mapping",
        "code/handlers.py",
    )

    assert ran.code == 2
    assert "handlers.py" in ran.complaint


def test_the_last_two_runs_are_compared(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for flags in (REPORT, ()):
        arguments = (
            "t.trace",
            "code/handlers.py:handle",
            "--source",
            "sqs:orders",
            "--queue-attributes",
            "queue.json",
        )
        assert run(capfd, "replay", *arguments, *flags).code == 0

    document = run(capfd, "compare", "t.trace", "--json").document

    assert document["differing"] == 1
    assert (document["changes"][0]["verdict_a"], document["changes"][0]["verdict_b"]) == (
        "dead_lettered",
        "succeeded",
    )


def test_one_run_cannot_be_compared(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run(capfd, "compare", "t.trace")

    assert ran.code == 2
    assert "two runs" in ran.complaint
