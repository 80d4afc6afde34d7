"""The verdict on handlers of which one knows whether they are idempotent."""

import pytest

from tests.factories import kinesis_record, sqs_message, write_trace
from tests.workbench.replay.invokers.processes import needs_namespaces
from tests.workbench.replay.perturb.calling import CALLING
from workbench.replay.idempotency import idempotency

HANDLER = f"""{CALLING}
import time, uuid, urllib.error, base64

seen = set()

def sends(event, context):
    for n in orders(event):
        if n == 3:
            send("charge 3")
        table("PutItem", TableName="orders", Item={{"id": {{"S": str(n)}}}})

def puts(event, context):
    for n in orders(event):
        item = {{"id": {{"S": str(n)}}, "at": {{"N": str(time.time())}}, "by": {{"S": context.aws_request_id}}}}
        table("GetItem", TableName="orders", Key={{"id": {{"S": str(n)}}}})
        table("PutItem", TableName="orders", Item=item)

def new_key(event, context):
    for n in orders(event):
        table("GetItem", TableName="orders", Key={{"id": {{"S": "x"}}}})
        table("PutItem", TableName="orders", Item={{"id": {{"S": uuid.uuid4().hex}}, "n": {{"N": str(n)}}}})

def first_only(event, context):
    for n in orders(event):
        try:
            table("PutItem", TableName="seen", Item={{"id": {{"S": str(n)}}}},
                ConditionExpression="attribute_not_exists(id)")
        except urllib.error.HTTPError:
            continue
        table("UpdateItem", TableName="sums", Key={{"id": {{"S": "all"}}}}, UpdateExpression="ADD n :n",
            ExpressionAttributeValues={{":n": {{"N": str(n)}}}})

def in_memory(event, context):
    for n in orders(event):
        if n not in seen:
            seen.add(n)
            send(str(n))

def versioned(event, context):
    for n in orders(event):
        table("UpdateItem", TableName="t", Key={{"id": {{"S": "1"}}}}, UpdateExpression="SET n = n + :one",
            ConditionExpression="n < :n", ExpressionAttributeValues={{":one": {{"N": "1"}}, ":n": {{"N": "9"}}}})

def sums(event, context):
    size = str(len(orders(event)))
    table("PutItem", TableName="sums", Item={{"id": {{"S": str(orders(event)[0])}}, "n": {{"N": size}}}})

def quiet(event, context):
    return None

def picky(event, context):
    for record in event["Records"]:
        assert record["attributes"]["ApproximateReceiveCount"] == "1"
        send("once")

def stream(event, context):
    for record in event["Records"]:
        send(record["kinesis"]["sequenceNumber"])
"""


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    needs_namespaces()
    folder = tmp_path_factory.mktemp("idempotency")
    (folder / "shop.py").write_text(HANDLER)
    records = [sqs_message(n, seconds=n // 2, receive_count=4) for n in range(1, 5)]
    records += [kinesis_record(n, seconds=n // 2) for n in range(1, 5)]
    with write_trace(folder / "t.trace", records) as trace:
        yield trace


def verdict(trace, function, source="sqs:orders", **more):
    return idempotency(
        trace, f"shop.py:{function}", source=source, folder=trace.path.parent,
        mapping={"BatchSize": 2}, seeds=1, **more,
    )  # fmt: skip


def test_what_is_sent_twice_is_found_with_the_one_record_that_shows_it(trace):
    found = verdict(trace, "sends")

    assert found.verdict == "not idempotent"
    assert [item.record_id[-2:] for item in found.items] == ["03"]
    ((left, more),) = found.beyond
    assert (left.operation, more) == ("SendMessage", 1)
    assert found.document()["what_if"] == "duplicate:1"


def test_a_state_set_again_is_no_change_though_times_and_request_ids_differ(trace):
    found = verdict(trace, "puts")

    assert (found.verdict, found.items) == ("idempotent for what was tried", ())
    assert all(each["injected"] for each in found.tried)


def test_a_write_behind_a_condition_is_made_once(trace):
    found = verdict(trace, "first_only")

    beyond = {each["what_if"]: each["beyond"] for each in found.tried}
    assert beyond["duplicate:1"] == beyond["split"] == 0


def test_an_item_under_a_new_key_each_time_is_one_more_each_time(trace):
    assert verdict(trace, "new_key").verdict == "not idempotent"


def test_memory_of_one_execution_environment_is_not_enough(trace):
    assert verdict(trace, "in_memory").verdict == "not idempotent"


def test_what_depends_on_the_borders_of_batches_is_told(trace):
    found = verdict(trace, "sums", keys={"sums": ["id"]})

    assert found.verdict == "not idempotent"
    assert found.tried[-1]["what_if"] == "split"
    assert found.tried[-1]["beyond"] > 0


def test_a_stream_read_again_shows_it_too(trace):
    assert verdict(trace, "stream", source="kinesis:orders").verdict == "not idempotent"


def test_a_condition_that_is_not_evaluated_is_no_verdict(trace):
    found = verdict(trace, "versioned")

    assert found.verdict == "cannot say"
    assert "dynamodb UpdateItem (unsure)" in found.reasons[0]


def test_a_handler_that_fails_when_a_record_comes_again_is_told_of(trace):
    found = verdict(trace, "picky", records_most=1)

    assert found.tried[0]["failed"] > 0
    assert any("more invocations than in the plain run failed" in each for each in found.reasons)


def test_a_handler_that_calls_nothing_leaves_nothing_to_say(trace):
    found = verdict(trace, "quiet", records_most=2)

    assert found.verdict == "cannot say"
    assert found.reasons[0] == "the handler made no AWS call that leaves anything behind"
    assert found.reasons[-1] == "2 more records were not tried"
