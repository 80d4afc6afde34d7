"""Replay from end to end: a trace, a real handler in its sandbox, rows in the trace."""

import json
import sys
from pathlib import Path

import pytest

from tests.factories import (
    QUEUE,
    STREAM,
    clock,
    dynamodb_change,
    kinesis_record,
    log_event,
    sqs_message,
    write_trace,
)
from tests.workbench.replay.invokers.processes import needs_namespaces
from tests.workbench.trace.invoked import consumed_by, invoked, printed
from workbench import replay as room
from workbench.errors import HandlerError, ReplayRefusedError, TraceError, UsageError
from workbench.replay import compare, replay
from workbench.replay.invokers.runtime_invoker import RuntimeInvoker
from workbench.replay.isolation import sandbox as isolation
from workbench.replay.opening import Environments
from workbench.trace import open_trace
from workbench.trace.export import export

CHARGE = """
import json

def handle(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])["order"]
        if order == 3:
            raise ValueError("cannot charge order 3")
    return {"charged": len(event["Records"])}

def fixed(event, context):
    return None

def echo(event, context):
    return event
"""
ONE_RETRY = {"RedrivePolicy": {"maxReceiveCount": 2}}


@pytest.fixture
def folder(tmp_path):
    needs_namespaces()
    (tmp_path / "charge.py").write_text(CHARGE)
    return tmp_path


@pytest.fixture
def trace(folder):
    messages = [sqs_message(n, seconds=n) for n in range(1, 6)]
    again = sqs_message(2, seconds=2, receive_count=2)
    records = [kinesis_record(n) for n in range(1, 4)]
    with write_trace(folder / "incident.trace", [*messages, again, *records]) as trace:
        yield trace


def run(trace, handler="charge.py:handle", source="sqs:orders", **more):
    more = {"queue_attributes": ONE_RETRY} | more
    return replay(trace, handler, source=source, now=clock, folder=trace.path.parent, **more)


def test_a_run_says_what_became_of_every_record(trace):
    document = run(trace).document()
    assert document["source_arn"] == QUEUE
    assert document["records"] == {
        "total": 5,
        "succeeded": 4,
        "failed": 0,
        "dead_lettered": 1,
        "discarded": 0,
        "filtered": 0,
        "not_reached": 0,
    }
    assert document["invocations"] == 6
    assert document["mapping"]["BatchSize"] == 10
    assert document["effects"] == 0
    assert document["isolation"]["tier"] == "A"
    assert "reached" not in document["isolation"]["canary"].values()
    assert json.loads(json.dumps(document)) == document


def test_a_record_captured_twice_is_replayed_once(trace):
    outcomes = run(trace, "charge.py:fixed").outcomes()
    assert outcomes.height == 5
    assert outcomes["record_id"].n_unique() == 5


def test_rows_are_in_the_trace_for_whoever_opens_it_next(trace):
    run_id = run(trace).run_id
    with open_trace(trace.path) as again:
        (row,) = again.sql("select * from runs").to_dicts()
        assert row["run_id"] == run_id
        assert json.loads(row["summary"])["records"]["dead_lettered"] == 1
        assert again.sql("select count(*) from outcomes").item() == 6
        assert again.sql("select count(*) from invocations").item() == 6


def test_an_invocation_has_the_whole_event_and_the_whole_answer(trace):
    (row, *_) = run(trace, "charge.py:echo").invocations().to_dicts()
    assert json.loads(row["event"]) == json.loads(row["response"])
    assert json.loads(row["event"])["Records"][0]["eventSourceARN"] == QUEUE
    assert (row["batch_size"], row["closed_by"], row["cold"]) == (1, "poll", True)


def test_an_outcome_has_the_error_and_the_virtual_instant(trace):
    failed = run(trace).outcomes().filter(error_type="ValueError")
    assert failed["verdict"].to_list() == ["failed", "dead_lettered"]
    assert failed["attempt"].to_list() == [1, 2]
    assert failed["error_message"].unique().to_list() == ["cannot charge order 3"]
    assert (failed["started_at"][1] - failed["started_at"][0]).total_seconds() == 30


def test_a_stream_is_replayed_too(trace):
    found = run(trace, "charge.py:fixed", STREAM, mapping={"BatchSize": 2})
    assert found.document()["records"]["succeeded"] == 3
    assert found.invocations()["batch_size"].to_list() == [2, 1]


def test_what_a_destination_would_have_got_is_kept(trace):
    destination = "arn:aws:sqs:us-east-1:111111111111:failed"
    mapping = {
        "MaximumRetryAttempts": 0,
        "DestinationConfig": {"OnFailure": {"Destination": destination}},
    }
    found = run(trace, "charge.py:handle", STREAM, mapping=mapping)
    (row,) = found.destination_records().to_dicts()
    assert found.document()["destination_records"] == 1
    assert (row["destination_arn"], row["condition"]) == (destination, "RetryAttemptsExhausted")
    assert json.loads(row["document"])["requestContext"]["requestId"] == row["invocation_id"]


def test_a_table_stream_is_replayed_too(folder):
    changes = [dynamodb_change(n, {"id": {"S": "a"}}, seconds=n) for n in (1, 2)]
    with write_trace(folder / "table.trace", changes) as trace:
        found = run(trace, "charge.py:echo", "dynamodb:orders")
        records = found.document()["records"]
    assert records["succeeded"] == records["total"] == 2
    assert found.document()["mapping"]["BatchSize"] == 100


def test_equal_seeds_give_equal_request_ids(trace):
    ids = [run(trace, seed=seed).invocations()["invocation_id"].to_list() for seed in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]


def test_an_interrupted_run_keeps_what_was_done(trace):
    def interrupt(settled, total):
        assert total == 5
        if settled >= 2:
            raise KeyboardInterrupt

    found = run(trace, "charge.py:fixed", progress=interrupt)
    assert found.interrupted
    assert found.document()["records"]["not_reached"] == 3
    assert found.outcomes().height == 5
    unreached = found.outcomes().filter(verdict="not_reached")
    assert unreached["attempt"].unique().to_list() == [0]


def test_where_no_namespaces_can_be_had_landlock_shuts_in(trace, monkeypatch):
    monkeypatch.setattr(isolation, "find_bwrap", lambda: Path("/bin/false"))
    found = run(trace).document()
    assert found["isolation"]["tier"] == "B"
    assert "reached" not in found["isolation"]["canary"].values()
    assert found["records"]["succeeded"] == 4


def test_where_nothing_shuts_in_the_users_word_counts(trace, monkeypatch):
    monkeypatch.setattr(isolation, "find_bwrap", lambda: Path("/bin/false"))
    monkeypatch.setattr(isolation.restrictions, "landlock_abi", lambda: 0)
    with pytest.raises(ReplayRefusedError, match="--allow-cooperative"):
        run(trace)
    found = run(trace, allow_cooperative=True).document()
    told = {name: found["isolation"][name] for name in ("tier", "means", "canary")}
    assert told == {"tier": "C", "means": "clean environment", "canary": None}
    assert found["records"]["succeeded"] == 4


def test_the_strongest_isolation_is_taken_also_with_the_users_word(trace):
    assert run(trace, allow_cooperative=True).isolation["tier"] == "A"


def test_a_run_that_cannot_go_on_keeps_what_was_done_and_says_why(trace, monkeypatch):
    invoke = RuntimeInvoker.invoke

    def out_of_namespaces(self, batch, request_id):
        if request_id.startswith("00000003"):
            raise ReplayRefusedError("no more namespaces")
        return invoke(self, batch, request_id)

    monkeypatch.setattr(RuntimeInvoker, "invoke", out_of_namespaces)
    with pytest.raises(ReplayRefusedError, match="no more"):
        run(trace, "charge.py:fixed")
    verdicts = trace.sql("select verdict, count(*) as n from outcomes group by 1 order by 1")
    assert dict(verdicts.iter_rows()) == {"not_reached": 3, "succeeded": 2}
    assert trace.sql("select count(*) from runs").item() == 1


def test_two_runs_are_compared_record_by_record(trace):
    old, new = run(trace), run(trace, "charge.py:fixed")
    found = compare(old, new)
    assert found.document()["verdicts"] == [
        {"verdict_a": "succeeded", "verdict_b": "succeeded", "count": 4},
        {"verdict_a": "dead_lettered", "verdict_b": "succeeded", "count": 1},
    ]
    (change,) = found.document()["changes"]
    assert change["error_a"] == "ValueError: cannot charge order 3"
    assert change["error_b"] is None
    assert change["examples"] == [sqs_message(3).record_id]
    assert compare(old.run_id, new.run_id, trace).to_frame().equals(found.to_frame())


def test_two_runs_of_one_handler_do_not_differ(trace):
    assert compare(run(trace), run(trace)).document()["differing"] == 0


def test_a_run_that_is_not_there_is_told_with_those_that_are(trace):
    old = run(trace)
    with pytest.raises(UsageError, match=old.run_id):
        compare(old, "nonsense")
    with pytest.raises(UsageError, match="trace="):
        compare("a", "b")


def test_a_source_that_is_not_there_is_told_with_those_that_are(trace):
    with pytest.raises(UsageError, match="sqs:orders"):
        run(trace, source="sqs:nonsense")


def test_events_of_a_source_without_a_mapping_are_handed_over_one_by_one(folder):
    with write_trace(folder / "logs.trace", [log_event()]) as trace:
        found = run(trace, "charge.py:echo", "lambda:charge", queue_attributes=None)
        assert found.document()["mapping"] == {}
        assert found.records["succeeded"] == found.records["total"] == 1
        (row,) = found.invocations().to_dicts()
        assert set(json.loads(row["event"])) == {"awslogs"}


def test_a_handler_that_does_not_load_leaves_no_run(trace):
    with pytest.raises(HandlerError):
        run(trace, "charge.py:nonsense")
    assert trace.sql("select count(*) from runs").item() == 0


def test_a_sealed_export_is_refused_before_anything_runs(trace, folder):
    export(trace, folder / "sealed.duckdb")
    with open_trace(folder / "sealed.duckdb") as sealed, pytest.raises(TraceError, match="sealed"):
        run(sealed)


def test_the_room_itself_can_be_called(trace):
    found = room(trace, "charge.py:fixed", source=QUEUE, now=clock, folder=trace.path.parent)
    assert found.document()["records"]["succeeded"] == 5


def test_a_long_run_is_written_piece_by_piece(trace, monkeypatch):
    monkeypatch.setattr("workbench.replay.journal.PIECE_ROWS", 2)
    assert run(trace).outcomes().height == 6
    pieces = trace.sql("select count(*) from segments where relation = 'outcomes'").item()
    assert pieces == 3


def test_a_callable_runs_in_this_process_by_the_users_word_alone(trace):
    seen = []

    def keep(event, context):
        seen.extend(record["messageId"] for record in event["Records"])

    with pytest.raises(ReplayRefusedError, match="allow_cooperative"):
        run(trace, keep)
    assert seen == []
    found = run(trace, keep, allow_cooperative=True)
    assert found.document()["records"]["succeeded"] == len(seen) == 5
    assert found.isolation["tier"] == "C"
    assert found.handler.endswith(":keep")


def test_any_program_that_speaks_the_runtime_api_is_a_handler(trace):
    (trace.path.parent / "main.py").write_text(
        "import sys; from awslambdaric.__main__ import main; main(['', 'charge.handle'])"
    )
    found = run(trace, None, runtime=f"{sys.executable} main.py")
    assert found.document()["records"]["dead_lettered"] == 1


def test_without_a_handler_productions_log_says_what_becomes_of_a_record(folder):
    messages = [sqs_message(n, seconds=n) for n in (1, 2)]
    failed = invoked(1, printed(messages[0]), at=5, lasting=2, raised="ValueError: boom")
    fine = invoked(2, printed(messages[1]), at=6, lasting=0.5)
    with write_trace(
        folder / "logged.trace", [*messages, *failed, *fine], [consumed_by()]
    ) as trace:
        runs = [run(trace, None) for _ in range(2)]
        outcomes = [each.outcomes().drop("run_id") for each in runs]
    assert outcomes[0].equals(outcomes[1])
    assert runs[0].document()["records"] | {"total": 2} == runs[0].document()["records"]
    assert (
        runs[0].document()["records"]["dead_lettered"],
        runs[0].document()["records"]["succeeded"],
    ) == (1, 1)
    assert set(outcomes[0].filter(error_type="ValueError")["duration_ms"]) == {2000.0}
    assert runs[0].isolation["tier"] is None


def test_environments_may_be_many_cold_and_at_event_time(trace):
    pytest.importorskip("libfaketime")
    (trace.path.parent / "now.py").write_text(
        "import time\ndef handle(event, context): return time.time()"
    )
    wanted = Environments(parallel=2, cold=True, event_clock=True)
    rows = run(trace, "now.py:handle", environments=wanted).invocations()
    assert rows["cold"].all()
    for row in rows.to_dicts():
        assert 0 <= float(row["response"]) - row["started_at"].timestamp() < 5


CALLS = """
import boto3

table = boto3.client("dynamodb")

def handle(event, context):
    for record in event["Records"]:
        table.put_item(TableName="orders", Item={"id": {"S": record["messageId"]}})
"""


def test_the_calls_of_a_handler_are_kept_with_what_they_asked_for(trace):
    (trace.path.parent / "calls.py").write_text(CALLS)

    found = run(trace, "calls.py:handle")

    assert found.document()["effects"] == 5
    effects = trace.sql("from effects order by invocation_id, ordinal").to_dicts()
    assert {(each["service"], each["operation"]) for each in effects} == {("dynamodb", "PutItem")}
    ids = {json.loads(each["parameters"])["Item"]["id"]["S"] for each in effects}
    assert ids == set(found.outcomes()["record_id"])
    assert json.loads(effects[0]["answered_with"])["means"] == "minimal"


def test_a_handler_that_only_crashes_is_stopped_and_every_record_has_its_row(trace):
    (trace.path.parent / "crash.py").write_text(
        "import os\ndef handle(event, context):\n    os._exit(3)\n"
    )

    with pytest.raises(HandlerError, match="found 3 crashes in a row"):
        run(trace, "crash.py:handle", stop_after_crashes=3)

    assert trace.sql("select count(distinct record_id) from outcomes").item() == 5


def test_a_template_is_all_that_a_run_needs_to_be_told(folder, trace):
    properties = {
        "Handler": "index.handle",
        "Runtime": "python3.12",
        "Code": {"ZipFile": CHARGE},
        "Environment": {"Variables": {"QUEUE": {"Ref": "Orders"}}},
    }
    members = {"FunctionName": {"Ref": "F"}, "EventSourceArn": QUEUE, "BatchSize": 1}
    resources = {
        "F": {"Type": "AWS::Lambda::Function", "Properties": properties},
        "M": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": members},
        "Orders": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders"}},
    }
    (folder / "template.json").write_text(json.dumps({"Resources": resources}))
    run = replay(
        trace, None, source=QUEUE, template=folder / "template.json", queue_attributes=ONE_RETRY
    )
    assert run.document()["records"]["dead_lettered"] == 1
    assert run.document()["records"]["succeeded"] == 4
    assert run.document()["mapping"]["BatchSize"] == 1


def test_a_handler_that_is_named_is_run_with_the_templates_settings(folder, trace):
    (folder / "template.yaml").write_text(
        "Resources: {F: {Type: AWS::Serverless::Function, Properties: {Timeout: 3}}}"
    )
    run = replay(
        trace, "charge.py:fixed", source=QUEUE, template=folder / "template.yaml", folder=folder
    )
    assert run.document()["records"]["succeeded"] == 5
