"""Failure records: what a destination gets, against what AWS was recorded sending."""

import json
import re

import pytest

from tests.factories import dynamodb_change, instant, kinesis_record
from tests.workbench.replay.engine.recorded import recorded_cases
from tests.workbench.replay.engine.runs import run_stream

QUEUE_ARN = "arn:aws:sqs:us-east-1:111111111111:failed"
BUCKET_ARN = "arn:aws:s3:::failed"
CHARGE_ARN = "arn:aws:lambda:us-east-1:111111111111:function:charge"


def succeed(event):
    return None


def fail(event):
    raise ValueError("no")


def documents(ran):
    return [json.loads(row["document"]) for row in ran.sent]


def test_without_a_destination_nothing_is_sent():
    assert run_stream([kinesis_record(1)], fail, maximum_retry_attempts=0).sent == []


def test_a_batch_whose_retries_end_is_told_with_its_range():
    records = [kinesis_record(n, seconds=0.25 * n) for n in (1, 2)]
    ran = run_stream(
        records,
        fail,
        maximum_retry_attempts=1,
        maximum_batching_window_in_seconds=1,
        on_failure_arn=QUEUE_ARN,
    )
    (row,) = ran.sent
    assert row["invocation_id"] == "request-2"
    assert (row["destination_arn"], row["object_key"]) == (QUEUE_ARN, None)
    assert (row["condition"], row["sent_at"]) == ("RetryAttemptsExhausted", instant(2.25))
    assert documents(ran) == [
        {
            "requestContext": {
                "requestId": "request-2",
                "functionArn": CHARGE_ARN,
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": 2,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": "2026-11-20T10:00:02.250Z",
            "KinesisBatchInfo": {
                "shardId": records[0].partition_id,
                "startSequenceNumber": records[0].sequence_number,
                "endSequenceNumber": records[1].sequence_number,
                "approximateArrivalOfFirstRecord": "2026-11-20T10:00:00.250Z",
                "approximateArrivalOfLastRecord": "2026-11-20T10:00:00.500Z",
                "batchSize": 2,
                "streamArn": records[0].source_arn,
            },
        }
    ]


def test_changes_have_whole_seconds():
    ran = run_stream([dynamodb_change(1)], fail, maximum_retry_attempts=0, on_failure_arn=QUEUE_ARN)
    batch = documents(ran)[0]["DDBStreamBatchInfo"]
    assert batch["approximateArrivalOfFirstRecord"] == "2026-11-20T10:00:00Z"


def test_a_bucket_gets_the_event_too_under_a_key_that_tells_shard_and_instant():
    (record,) = records = [kinesis_record(1)]
    ran = run_stream(records, fail, maximum_retry_attempts=0, on_failure_arn=BUCKET_ARN)
    (row,), (document,) = ran.sent, documents(ran)
    assert document["payload"] == json.loads(ran.invocations[0]["event"])
    uuid = r"[0-9a-f-]{36}"
    pattern = rf"aws/lambda/{uuid}/{record.partition_id}/2026/11/20/2026-11-20T10\.00\.00-{uuid}"
    assert re.fullmatch(pattern, row["object_key"])


def test_each_half_that_is_given_up_has_a_record_of_its_own():
    ran = run_stream(
        [kinesis_record(n) for n in (1, 2)],
        fail,
        maximum_retry_attempts=0,
        bisect_batch_on_function_error=True,
        on_failure_arn=QUEUE_ARN,
    )
    assert [each["KinesisBatchInfo"]["batchSize"] for each in documents(ran)] == [1, 1]


def test_only_the_head_that_is_too_old_is_told_and_it_has_no_response():
    records = [kinesis_record(1), kinesis_record(2), kinesis_record(3, seconds=59)]
    blocked = [kinesis_record(9, shard="parent", seconds=61)]
    ran = run_stream(
        [*records, *blocked],
        succeed,
        parents={records[0].partition_id: ("parent",)},
        maximum_record_age_in_seconds=60,
        on_failure_arn=QUEUE_ARN,
    )
    (document,) = documents(ran)
    assert "responseContext" not in document
    assert document["requestContext"]["condition"] == "RecordAgeExceeded"
    assert document["requestContext"]["approximateInvokeCount"] == 1
    assert document["KinesisBatchInfo"]["batchSize"] == 2
    assert ran.sent[0]["invocation_id"] is None
    assert ran.verdicts == {"discarded_age": 2, "succeeded": 2}


@pytest.mark.parametrize("kind", ["kinesis", "dynamodb"])
def test_the_engine_does_what_aws_was_recorded_doing(shared_events, kind, capsys):
    cases = [case for case in recorded_cases(shared_events, kind) if not case.is_of_other_books]
    wrong = {case.name: found for case in cases if (found := list(case.disagreements()))}
    with capsys.disabled():
        print(f"\n{kind}: cases={len(cases)} agree={len(cases) - len(wrong)}")
    assert not wrong
    assert len(cases) >= 25
