"""The verdict on a dead-letter queue: by message, by cause, and the commands that would send back what is taken."""

import json
import shlex

import pytest

from tests.factories import sqs_message, write_trace
from tests.workbench.cli.running import run
from tests.workbench.replay.invokers.processes import needs_namespaces
from tests.workbench.replay.perturb.calling import CALLING
from workbench.errors import UsageError
from workbench.redrive import redrive

DLQ, ORIGIN = ("arn:aws:sqs:eu-west-1:111111111111:" + name for name in ("orders-dlq", "orders"))
HANDLERS = f"""{CALLING}
def bodies(event):
    for record in event["Records"]:
        assert record["eventSourceARN"].endswith(":orders")
        yield json.loads(record["body"])

def old(event, context):
    assert event["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1"
    for body in bodies(event):
        if body["kind"] == "net":
            raise KeyError("tax")
        if body["kind"] == "negative":
            raise ValueError(f"amount of order {{body['n']}}")

def new(event, context):
    for body in bodies(event):
        send(json.dumps(body))
        if body["kind"] == "negative":
            raise ValueError(f"amount of order {{body['n']}}")

def names(event, context):
    return {{"batchItemFailures": [{{"itemIdentifier": r["messageId"]}} for r in event["Records"]]}}

def mended(event, context):
    for body in bodies(event):
        table("PutItem", TableName="orders", Item={{"id": {{"N": str(body["n"])}}}})
"""
KINDS = ["net", "negative", "net", "fine", "net"]


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    needs_namespaces()
    folder = tmp_path_factory.mktemp("redrive")
    (folder / "shop.py").write_text(HANDLERS)
    bodies = [{"n": n, "kind": kind} for n, kind in enumerate(KINDS, 1)]
    dead = [
        sqs_message(body["n"], body, seconds=body["n"], receive_count=4, queue=DLQ)
        for body in bodies
    ]
    lively = [sqs_message(100 + n, seconds=n / 20, queue=ORIGIN) for n in range(101)]
    with write_trace(folder / "t.trace", [*dead, *lively]) as trace:
        yield trace


def judged(trace, new, **more):
    return redrive(
        trace, source="sqs:orders-dlq", origin="sqs:orders", old="shop.py:old", new=f"shop.py:{new}",
        folder=trace.path.parent, **more,
    )  # fmt: skip


def test_each_message_and_each_cause_has_its_verdict(trace):
    found = judged(trace, "new", check_idempotency=False)

    document = found.document()
    assert [each for each in document["verdicts"].values() if each] == [3, 1, 1]
    assert list(found.verdicts.values()) == [
        {"net": "would now succeed", "negative": "still fails", "fine": "never failed here"}[kind]
        for kind in KINDS
    ]
    net = found.clusters[0]
    assert (net.cause, net.signature, net.count) == ("replay", "KeyError: *", 3)
    assert (net.feature.path, net.feature.seen, net.feature.of_others) == ("$.kind", '= "net"', 0)
    negative = next(each for each in found.clusters if "ValueError" in (each.signature or ""))
    assert negative.new_signatures == {"ValueError: amount of order #": 1}


def test_only_what_is_taken_is_sent_back_by_hand(trace, tmp_path):
    found = judged(trace, "new", check_idempotency=False)

    written = found.save(tmp_path / "out")

    commands = [shlex.split(command) for command in found.document()["commands"]]
    sent = [json.loads(words[words.index("--message-body") + 1])["n"] for words in commands]
    assert sent == [1, 3, 4, 5]
    assert {tuple(words[:3]) for words in commands} == {("aws", "sqs", "send-message")}
    assert "stays in the dead-letter queue" in found.caveats[-1]
    assert written[0].read_text().count("aws sqs") == 4
    with pytest.raises(UsageError, match=r"without redrive\.sh"):
        found.save(tmp_path / "out")


def test_a_queue_that_is_taken_whole_is_moved_at_the_pace_of_its_origin(trace):
    found = judged(trace, "mended", keys={"orders": ["id"]})

    assert found.idempotency.verdict == "idempotent for what was tried"
    assert found.document()["commands"] == [
        f"aws sqs start-message-move-task --source-arn {DLQ} --max-number-of-messages-per-second 20"
    ]


def test_a_handler_that_sends_is_told_to_be_not_idempotent(trace):
    found = judged(trace, "new")
    assert found.idempotency.verdict == "not idempotent"
    assert len(found.idempotency.items) == 1


def test_an_origin_that_nothing_tells_is_asked_for(trace):
    with pytest.raises(UsageError, match="name it as origin"):
        redrive(trace, source="sqs:orders-dlq", new="shop.py:new", folder=trace.path.parent)


def test_groups_that_went_on_are_told_and_a_failure_record_is_not_replayed(tmp_path):
    needs_namespaces()
    (tmp_path / "shop.py").write_text("def new(event, context): pass")
    record = {"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}}
    dlq, origin = DLQ + ".fifo", ORIGIN + ".fifo"
    messages = [
        sqs_message(1, seconds=1, group="a", queue=dlq),
        sqs_message(2, record, seconds=2, group="b", queue=dlq),
        *(sqs_message(n, seconds=n, group="a", queue=origin) for n in (3, 4)),
    ]
    with write_trace(tmp_path / "t.trace", messages) as trace:
        found = redrive(
            trace, source=dlq, origin=origin, new="shop.py:new", folder=tmp_path,
            check_idempotency=False,
        )  # fmt: skip

    assert found.document()["order"]["gone_on"] == [{"group": "a", "later": 2}]
    assert sorted(found.verdicts.values()) == [
        "is a failure record, not replayed", "would now succeed",
    ]  # fmt: skip
    assert "--message-group-id" in found.document()["commands"][0]


def test_the_command_line_says_the_same(trace, monkeypatch, capfd):
    monkeypatch.chdir(trace.path.parent)
    flags = ("--source", "sqs:orders-dlq", "--origin", "sqs:orders", "--no-check-idempotency")

    ran = run(capfd, "redrive", "t.trace", *flags, "--old", "shop.py:old", "--new", "shop.py:new")
    as_json = run(capfd, "redrive", "t.trace", *flags, "--new", "shop.py:mended", "--json")

    assert ran.code == as_json.code == 0
    assert "3 would now succeed" in ran.out
    assert "aws sqs send-message" in ran.out
    assert as_json.document["messages"] == 5


def test_a_handler_that_names_its_failures_is_heard_where_no_mapping_was_captured(trace):
    document = judged(trace, "names", check_idempotency=False).document()

    assert document["verdicts"].get("would now succeed", 0) == 0
    assert "still fails" in document["verdicts"]
