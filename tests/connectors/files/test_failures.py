"""What Lambda writes when it gives up: the records inside are deliveries of their own source."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.files.shapes import (
    FUNCTION,
    QUEUE,
    SEQUENCE,
    SHARD,
    STREAM,
    TABLE_STREAM,
    TOPIC,
    bus_event,
    dynamodb_record,
    kinesis_record,
    read,
    records_of,
    resources_of,
    sns_message,
    sqs_record,
    write,
)

CONTEXT = {
    "requestId": "r-1",
    "functionArn": f"{FUNCTION}:$LATEST",
    "condition": "RetriesExhausted",
    "approximateInvokeCount": 3,
}
ASYNCHRONOUS = {
    "version": "1.0",
    "timestamp": "2019-11-14T18:16:05.568Z",
    "requestContext": CONTEXT,
    "requestPayload": bus_event(),
    "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
    "responsePayload": {"errorType": "ValueError", "errorMessage": "no"},
}
BATCH = {
    "shardId": SHARD,
    "startSequenceNumber": SEQUENCE,
    "endSequenceNumber": SEQUENCE,
    "batchSize": 1,
    "streamArn": STREAM,
}
STREAM_FAILURE = {
    "requestContext": CONTEXT | {"condition": "RetryAttemptsExhausted"},
    "version": "1.0",
    "timestamp": "2019-11-14T00:38:06.021Z",
    "KinesisBatchInfo": BATCH,
}


def failure_in(record: Any) -> Any:
    return json.loads(record.attributes).get("workbench", {}).get("failure")


def test_an_asynchronous_failure_says_what_failed_and_how(tmp_path: Path) -> None:
    (record,) = records_of(tmp_path, ASYNCHRONOUS)
    assert record.service == "aws:events"
    assert failure_in(record) == {
        "kind": "asynchronous",
        "via": "file",
        "condition": "RetriesExhausted",
        "function_arn": f"{FUNCTION}:$LATEST",
        "request_id": "r-1",
        "invoke_count": 3,
        "failed_at": "2019-11-14T18:16:05.568Z",
        "function_error": "Unhandled",
        "error_type": "ValueError",
        "error_message": "no",
    }


def test_a_call_with_an_event_of_nobody_becomes_a_delivery_to_the_function(tmp_path: Path) -> None:
    (record,) = records_of(tmp_path, ASYNCHRONOUS | {"requestPayload": {"mine": 1}})
    assert (record.service, record.source_arn) == ("aws:lambda", FUNCTION)
    assert (record.record_id, record.body) == ("r-1", b'{"mine":1}')


def test_the_change_of_a_failure_record_has_the_shard_that_it_names(tmp_path: Path) -> None:
    batch = BATCH | {"streamArn": TABLE_STREAM}
    failure = STREAM_FAILURE | {"DDBStreamBatchInfo": batch}
    del failure["KinesisBatchInfo"]
    payload = json.dumps({"Records": [dynamodb_record()]})
    (record,) = records_of(tmp_path, failure | {"payload": payload})
    assert (record.source_arn, record.partition_id) == (TABLE_STREAM, SHARD)
    assert failure_in(record)["kind"] == "stream"


def test_records_that_are_only_named_are_kept_as_a_resource_of_their_stream(
    tmp_path: Path,
) -> None:
    (part,) = read(write(tmp_path, STREAM_FAILURE))
    (resource,) = part.resources
    assert (resource.source_arn, resource.kind) == (STREAM, "on-failure-record")
    assert json.loads(resource.document) == STREAM_FAILURE
    assert len(part.skipped) == 1


@pytest.mark.parametrize("through_a_topic", [False, True])
def test_a_message_of_a_destination_is_taken_and_the_records_in_it_too(
    tmp_path: Path, through_a_topic: bool
) -> None:
    text = json.dumps(ASYNCHRONOUS)
    body = json.dumps(sns_message(Message=text)) if through_a_topic else text
    message, event = records_of(tmp_path, {"Records": [sqs_record(body=body)]})
    assert (message.source_arn, failure_in(message)) == (QUEUE, None)
    assert (event.service, failure_in(event)["via"]) == ("aws:events", QUEUE)


def test_a_message_that_names_a_range_is_taken_with_the_resource(tmp_path: Path) -> None:
    answer = {"Messages": [{"MessageId": "m", "Body": json.dumps(STREAM_FAILURE)}]}
    (message,) = records_of(tmp_path, answer, QUEUE)
    assert message.source_arn == QUEUE
    assert resources_of(tmp_path, answer, QUEUE)[0].source_arn == STREAM


@pytest.mark.parametrize("spelled", ["stringValue", "StringValue"])
def test_a_functions_dead_letter_gives_its_event_and_its_error(
    tmp_path: Path, spelled: str
) -> None:
    said = {"RequestID": "r-9", "ErrorCode": "200", "ErrorMessage": "boom"}
    user = {name: {spelled: value, "dataType": "String"} for name, value in said.items()}
    event = {"Records": [{"EventSource": "aws:sns", "Sns": sns_message()}]}
    record = sqs_record(body=json.dumps(event), messageAttributes=user)
    message, notification = records_of(tmp_path, {"Records": [record]})
    assert (message.source_arn, notification.source_arn) == (QUEUE, TOPIC)
    failure = failure_in(notification)
    assert (failure["kind"], failure["request_id"]) == ("dead_letter", "r-9")
    assert (failure["function_error"], failure["error_message"]) == ("200", "boom")


def test_a_result_on_a_bus_gives_the_event_that_failed_and_a_success_nothing(
    tmp_path: Path,
) -> None:
    kind = "Lambda Function Invocation Result - "
    failed = bus_event(**{"source": "lambda", "detail-type": f"{kind}Failure"})
    result, event = records_of(
        tmp_path, failed | {"detail": ASYNCHRONOUS | {"requestPayload": bus_event(id="e")}}
    )
    assert (result.record_id, event.record_id) == (failed["id"], "e")
    done = failed | {"detail-type": f"{kind}Success", "detail": ASYNCHRONOUS}
    assert len(records_of(tmp_path, done)) == 1


@pytest.mark.parametrize(
    "body",
    [
        '{"requestPayload": ',
        '"requestPayload"',
        '{"KinesisBatchInfo": 7}',
        '{"Type":"Notification","Message":"{\\"requestPayload"}',
        '{"requestPayload": {"Records": [{"kinesis": 1}]}}',
    ],
)
def test_a_message_that_only_looks_like_a_failure_is_just_a_message(
    tmp_path: Path, body: str
) -> None:
    (message,) = records_of(tmp_path, {"Records": [sqs_record(body=body)]})
    assert message.body == body.encode()


def test_a_payload_says_itself_what_it_is_of(tmp_path: Path) -> None:
    payload = {"Records": [kinesis_record()]}
    (record,) = records_of(tmp_path, STREAM_FAILURE | {"payload": payload})
    assert record.partition_id == SHARD
    assert failure_in(record)["condition"] == "RetryAttemptsExhausted"
