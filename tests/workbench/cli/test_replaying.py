"""Replaying from the command line: settings by files and flags, and one line for a handler that cannot run."""

import json
import sys
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


def test_a_run_is_held_against_production(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    flags = ("--source", "sqs:orders", "--json")
    ran = run(capfd, "replay", "t.trace", "code/handlers.py:handle", *flags).document

    told = run(capfd, "compare", "t.trace", ran["run_id"], "production")
    refused = run(capfd, "compare", "t.trace", ran["run_id"], ran["run_id"], "--ignore", "headers")
    ignoring = ("--ignore", "$.batchItemFailures", "--noise", ran["run_id"], "--json")
    same = run(capfd, "compare", "t.trace", ran["run_id"], ran["run_id"], *ignoring).document

    assert "of 5 of them it is not known" in told.err
    assert (refused.code, "'headers'" in refused.complaint) == (2, True)
    assert (same["differences"], same["noise"]["hidden"]) == ([], [])


def test_one_run_cannot_be_compared(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run(capfd, "compare", "t.trace")

    assert ran.code == 2
    assert "wanted 2 runs in the trace, found" in ran.complaint


def test_a_handler_that_is_not_callable_or_takes_no_event_fails_every_record_and_the_run_says_how(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "code" / "arity.py").write_text("def handle():\n    pass\n")
    queue = ("--source", "sqs:orders", "--queue-attributes", "queue.json")

    not_callable = run(capfd, "replay", "t.trace", "code/handlers.py:not_callable", *queue)
    arity = run(capfd, "replay", "t.trace", "code/arity.py:handle", *queue)

    assert "object is not callable" in not_callable.out
    assert "takes * positional" in arity.out or "positional arguments" in arity.out
    rows = "select count(distinct record_id) as n from outcomes group by run_id"
    assert run(capfd, "sql", "t.trace", rows, "--json").document == [{"n": 5}, {"n": 5}]


def test_records_are_chosen_and_aws_is_scripted_from_the_command_line(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "code" / "reads.py").write_text(
        "import boto3\n"
        "def handle(event, context):\n"
        "    boto3.client('dynamodb').get_item(TableName='t', Key={'id': {'S': '1'}})\n"
    )
    gone = {"code": "ResourceNotFoundException", "message": "no table"}
    scripts = [{"service": "dynamodb", "operation": "GetItem", "error": gone}]
    (folder / "answers.json").write_text(json.dumps(scripts))

    ran = run(
        capfd, "replay", "t.trace", "code/reads.py:handle", "--source", "sqs:orders",
        "--queue-attributes", "queue.json", "--where", "record_id = 'm1'", "--answers", "answers.json",
    )  # fmt: skip

    assert "ResourceNotFoundException" in ran.out
    runs = run(capfd, "sql", "t.trace", "select run_id from runs", "--json").document
    again = run(
        capfd, "replay", "t.trace", "code/reads.py:handle", "--source", "sqs:orders",
        "--queue-attributes", "queue.json", "--where", "record_id = 'm1'",
        "--answers-of", runs[0]["run_id"],
    )  # fmt: skip
    assert "ResourceNotFoundException" in again.out
    assert "2 AWS calls" in ran.err, (ran.err, ran.out)
    asked = "select distinct record_id as id from outcomes"
    assert run(capfd, "sql", "t.trace", asked, "--json").document == [{"id": "m1"}]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "wanted a handler, found none"),
        (("h.py:f", "--recorded"), "found both"),
        (("code/handlers.py:handle", "--clock", "lunar"), "wanted --clock event"),
        (("code/handlers.py:handle", "--pace", "fast"), "wanted a pace"),
        (("code/handlers.py:handle", "--where", "false"), "found none chosen of the 5"),
        (("code/handlers.py:handle", "--answers", "nope.json"), "wanted a JSON list of scripts"),
        (("code/handlers.py:handle", "--filter", "{"), "Invalid filter pattern definition"),
        (("--recorded",), "log"),
    ],
)
def test_what_cannot_be_replayed_is_one_line(
    arguments: tuple[str, ...], said: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, "replay", "t.trace", *arguments, "--source", "sqs:orders")

    assert ran.code in (1, 2)
    assert said in ran.complaint


TEMPLATE = """
Resources:
  Charge:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: handlers.handle
      Runtime: RUNTIME
      Environment: {Variables: {TABLE: !Ref Table}}
      Events:
        Queue:
          Type: SQS
          Properties:
            Queue: !GetAtt Orders.Arn
            BatchSize: 4
            FunctionResponseTypes: [ReportBatchItemFailures]
  Other:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code, Handler: handlers.not_callable}
  Orders:
    Type: AWS::SQS::Queue
    Properties: {QueueName: orders, VisibilityTimeout: 5, RedrivePolicy: {maxReceiveCount: 2}}
  Table: {Type: AWS::DynamoDB::Table}
"""


@pytest.fixture
def template(folder: Path) -> Path:
    this = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (folder / "template.yaml").write_text(TEMPLATE.replace("RUNTIME", this))
    return folder / "template.yaml"


def test_a_template_says_handler_code_mapping_and_queue_and_what_it_does_not_is_a_line(
    template: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (template.parent / "answer.json").write_text(json.dumps({"Timeout": 7}))
    ran = run(
        capfd, "replay", "t.trace", "--template", "template.yaml", "--function", "Charge",
        "--function", "answer.json", "--source", "sqs:orders", "--batch-size", "3", "--json",
    )  # fmt: skip

    document = ran.document
    assert ran.code == 0
    assert document["handler"] == "handlers:handle"
    assert document["mapping"]["BatchSize"] == 3
    assert (document["records"]["succeeded"], document["records"]["dead_lettered"]) == (4, 1)
    assert document["template"]["function"] == "Charge"
    (left_out,) = document["template"]["unresolved"]
    assert left_out["intrinsic"] == "!Ref Table"
    assert (
        "template: Resources.Charge.Properties.Environment.Variables.TABLE: !Ref Table" in ran.err
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "these: Charge, Other; name it with --function"),
        (("--function", "Chrage"), "Chrage; it has Charge, Other"),
        (("--function", "Charge", "--function", "Other"), "one logical id"),
        (("--function", "Charge", "--parameter", "Stage"), "NAME=VALUE, found 'Stage'"),
        (("--function", "Charge", "--parameter", "Stage=x"), "found Stage; its parameters: none"),
    ],
)
def test_what_is_wrong_with_a_templates_use_is_one_line(
    arguments: tuple[str, ...],
    said: str,
    template: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    ran = run(
        capfd, "replay", "t.trace", "--template", template.name, *arguments, "--source", "sqs:orders"
    )  # fmt: skip

    assert ran.code == 2
    assert said in ran.complaint


def test_without_handler_and_template_there_is_nothing_to_run(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, "replay", "t.trace", "--source", "sqs:orders")
    assert (ran.code, "--template" in ran.complaint) == (2, True)
    ran = run(capfd, "replay", "t.trace", "x.py:y", "--source", "sqs:orders", "--parameter", "A=b")
    assert (ran.code, "--template" in ran.complaint) == (2, True)
