"""Event records: imported ones come back as they were, captured ones become what Lambda would have sent."""

import json
import random
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from connectors.files.documents import Document
from connectors.files.origin import Origin
from connectors.files.queues import queue_record
from connectors.files.recognise import found_in
from connectors.files.streams import change_record
from connectors.files.streams import kinesis_record as imported_kinesis_record
from connectors.record import Record
from tests import factories
from tests.conftest import REPOSITORY
from tests.workbench.replay.events.rows import imported, imported_file
from workbench.errors import UsageError
from workbench.replay.events import event, event_record, frame_of, holds_several, logs
from workbench.replay.events.provenance import marks_of
from workbench.replay.events.sqs import delivered
from workbench.trace.import_files import import_files

ORIGIN = Origin(None, None, datetime(2026, 11, 20, tzinfo=UTC))


FIREHOSE = "arn:aws:firehose:us-east-1:111122223333:deliverystream/orders"
SAYS_NO_SOURCE = {
    "KinesisFirehoseApachelog": FIREHOSE,
    "KinesisFirehoseSyslog": FIREHOSE,
    "KinesisFirehoseStreamsAsSource": FIREHOSE,
    "apiGatewayProxyEventPrincipalId": "arn:aws:execute-api:us-east-1:111122223333:abc123/prod",
}
"""Sample events that name no source: a person who imports them does."""
NO_EVENTS = ("event-mapping", "kpl", "kpl_vectors")
"""Lists of events and test vectors of other programs."""
PACKED_BY_HAND = ("cloudWatchLogEventWithPolicyLevel",)
"""Its compressed text was written for people: it comes back compact."""


def sample_events():
    folder = REPOSITORY.parent / "shared" / "events"
    files = sorted(path for path in folder.glob("*/*.json") if path.stem not in NO_EVENTS)
    return [path.relative_to(folder) for path in files]


@pytest.mark.parametrize("name", sample_events(), ids=str)
def test_every_sample_event_comes_back_member_for_member_and_in_order(shared_events, name):
    path = shared_events / name
    document = json.loads(path.read_text("utf-8"))
    rows = imported_file(path, SAYS_NO_SOURCE.get(path.stem))
    found = event(rows)
    if path.stem in PACKED_BY_HAND:
        document, found = logs.opened(document), logs.opened(found)
    assert json.dumps(found) == json.dumps(document)


@pytest.mark.parametrize("name", sample_events(), ids=str)
def test_a_frame_and_its_parts_are_the_event(shared_events, name):
    rows = imported_file(shared_events / name, SAYS_NO_SOURCE.get(name.stem))
    head, tail = frame_of(rows[0])
    if head:
        whole = f"{head}{','.join(json.dumps(event_record(row)) for row in rows)}{tail}"
        assert json.loads(whole) == event(rows)
    else:
        assert json.loads(json.dumps(event_record(rows[0]))) == event(rows[:1])


WRONG = (None, 7, "x", [], {}, 2**70, True, [None, {}])


def with_one_member_wrong(document, chance):
    """A copy in which one value, at any depth, is of a kind that nobody sends, or is not there."""
    copy = json.loads(json.dumps(document))
    holder = copy
    while True:
        names = list(holder) if isinstance(holder, dict) else range(len(holder))
        name = chance.choice(list(names))
        if not isinstance(holder[name], dict | list) or not holder[name] or chance.random() < 0.2:
            break
        holder = holder[name]
    if chance.random() < 0.1:
        del holder[name]
    else:
        holder[name] = chance.choice(WRONG)
    return copy


@pytest.mark.parametrize("name", sample_events(), ids=str)
def test_an_event_with_a_member_of_the_wrong_kind_is_skipped_or_comes_back(shared_events, name):
    document = json.loads((shared_events / name).read_text("utf-8"))
    chance = random.Random(str(name))
    for _ in range(25):
        changed = with_one_member_wrong(document, chance)
        found = list(found_in(Document(0, changed), ORIGIN))
        rows = [asdict(each) for each in found if isinstance(each, Record)]
        for row in rows:
            assert list(marks_of(row))
            assert frame_of(row)
        if rows and len(rows) == len(found) and "awslogs" not in document:
            assert json.dumps(event(rows)) == json.dumps(changed)


def test_a_tumbling_windows_event_comes_back_with_its_state(shared_events):
    record = next(records_of(shared_events, "kinesisStreamEventOneRecord.json"))
    window = {
        "window": {"start": "2020-12-09T07:04:00Z", "end": "2020-12-09T07:06:00Z"},
        "state": {"1": 282},
        "shardId": "shardId-000000000006",
        "eventSourceARN": record["eventSourceARN"],
        "isFinalInvokeForWindow": False,
        "isWindowTerminatedEarly": False,
    }
    document = {"Records": [record, record], **window}
    rows = imported(document)
    assert json.dumps(event(rows)) == json.dumps(document)
    assert frame_of(rows[0]) == ('{"Records":[', "]}"), "a run has windows of its own"


def test_records_to_transform_are_framed_by_what_is_known_of_their_stream():
    records = [{"recordId": str(n), "data": ""} for n in (1, 2)]
    rows = imported({"invocationId": "i", "deliveryStreamArn": FIREHOSE, "records": records})
    head, tail = frame_of(rows[1])
    assert json.loads(f"{head}{tail}") == {
        "invocationId": "i",
        "deliveryStreamArn": FIREHOSE,
        "region": "us-east-1",
        "records": [],
    }


def test_what_comes_alone_is_refused_together():
    row = imported({"id": "e", "detail-type": "t", "source": "s", "detail": {}})[0]
    with pytest.raises(UsageError, match="found 2"):
        event([row, row])
    assert not holds_several("aws:events")
    assert holds_several("aws:sqs")


def records_of(folder, *names):
    for name in names:
        document = json.loads((folder / "powertools-lambda-python" / name).read_text("utf-8"))
        yield from document["Records"]


def test_an_imported_message_comes_back_member_for_member_and_in_order(shared_events):
    names = ("sqsEvent.json", "snsSqsEvent.json", "snsSqsFifoEvent.json", "sqsDlqTriggerEvent.json")
    for record in records_of(shared_events, *names):
        back = event_record(asdict(queue_record(record, ORIGIN)))
        assert json.dumps(back) == json.dumps(record)


def test_an_imported_kinesis_record_comes_back_member_for_member_and_in_order(shared_events):
    names = ("kinesisStreamEvent.json", "kinesisStreamEventOneRecord.json")
    for record in records_of(shared_events, *names):
        back = event_record(asdict(imported_kinesis_record(record, ORIGIN)))
        assert json.dumps(back) == json.dumps(record)


LONG = 2**63


@pytest.mark.parametrize(
    "body", ["text", "", None, 7, LONG, -LONG - 1, [-LONG - 1], {"a": LONG * 4}, "caf\u00e9 \ud83d"]
)
def test_a_message_comes_back_whatever_its_body_was(body):
    record = {"messageId": "m", "eventSourceARN": factories.QUEUE, "body": body}
    assert event_record(asdict(queue_record(record, ORIGIN))) == record


def test_a_message_without_a_body_comes_back_without_one():
    record = {"messageId": "m", "eventSourceARN": factories.QUEUE}
    assert event_record(asdict(queue_record(record, ORIGIN))) == record


def test_a_received_message_becomes_what_lambda_sends_in_lambdas_order():
    row = asdict(factories.sqs_message(1, b"hello"))
    found = event_record(row)
    assert list(found) == [
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    ]
    assert list(found["attributes"]) == [
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
    ]
    assert found["md5OfBody"] == "5d41402abc4b2a76b9719d911017c592"
    assert (found["awsRegion"], found["eventSource"]) == ("us-east-1", "aws:sqs")


def test_message_attributes_have_their_two_lists_as_in_the_event_that_aws_recorded(shared_events):
    file = "localstack/esm-snapshots/test_lambda_integration_sqs.snapshot.json"
    snapshots = json.loads((shared_events / file).read_text("utf-8"))
    recorded = next(
        snapshot["recorded-content"]["first_attempt"]["Messages"][0]["Body"]["event"]["Records"][0]
        for name, snapshot in snapshots.items()
        if name.endswith("::test_message_body_and_attributes_passed_correctly")
    )
    row = asdict(factories.sqs_message(1, b"x"))
    envelope = json.loads(row["envelope"]) | {
        "MD5OfMessageAttributes": recorded["md5OfMessageAttributes"],
        "MessageAttributes": {
            "WeeksOn": {"StringValue": "6", "DataType": "Number"},
            "Author": {"StringValue": "John Grisham", "DataType": "String"},
            "Title": {"StringValue": "The Whistler", "DataType": "String"},
        },
    }
    found = event_record(row | {"envelope": json.dumps(envelope)})
    assert json.dumps(found["messageAttributes"]) == json.dumps(recorded["messageAttributes"])
    assert list(found) == list(recorded)
    assert list(found["attributes"]) == list(recorded["attributes"])


def test_each_delivery_has_its_own_handle_and_one_receive_more():
    row = asdict(factories.sqs_message(1, receive_count=3))
    first, second = (delivered(row, n, f"handle {n}", factories.T0) for n in (1, 2))
    assert first["attributes"]["ApproximateReceiveCount"] == "3"
    assert second["attributes"]["ApproximateReceiveCount"] == "4"
    assert second["receiptHandle"] == "handle 2"


def test_the_first_receive_is_the_captured_one_where_there_is_one():
    row = asdict(factories.sqs_message(1))
    captured = json.loads(row["envelope"])["Attributes"]["ApproximateFirstReceiveTimestamp"]
    found = delivered(row, 1, "h", factories.T0)
    assert found["attributes"]["ApproximateFirstReceiveTimestamp"] == captured


def test_the_first_receive_is_the_runs_where_none_was_captured():
    row = asdict(factories.sqs_message(1)) | {"envelope": '{"MessageId":"m","ReceiptHandle":"r"}'}
    found = delivered(row, 2, "h", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    assert found["attributes"]["ApproximateFirstReceiveTimestamp"] == "1000"


def test_a_read_kinesis_record_becomes_what_lambda_sends_in_lambdas_order(shared_events):
    (real,) = records_of(shared_events, "kinesisStreamEventOneRecord.json")
    found = event_record(asdict(factories.kinesis_record(1, b"hello", seconds=0.987)))
    assert list(found) == list(real)
    assert list(found["kinesis"]) == list(real["kinesis"])
    assert found["kinesis"]["data"] == "aGVsbG8="
    assert found["kinesis"]["approximateArrivalTimestamp"] == 1795168800.987
    shard, _, sequence = found["eventID"].partition(":")
    assert (shard, sequence) == (factories.SHARD, found["kinesis"]["sequenceNumber"])


def test_a_source_that_calls_no_function_is_refused_by_name():
    with pytest.raises(UsageError, match="aws:swf"):
        event_record({"service": "aws:swf"})


def test_an_imported_change_comes_back_member_for_member(shared_events):
    for record in records_of(shared_events, "dynamoStreamEvent.json"):
        back = event_record(asdict(change_record(record, ORIGIN)))
        assert back == record
        assert list(back) == list(record)


def test_a_read_change_becomes_what_lambda_sends():
    new = {"id": {"S": "order-1"}, "data": {"B": "aGk="}}
    row = asdict(factories.dynamodb_change(1, new, seconds=5))
    envelope = json.loads(row["envelope"])
    envelope["userIdentity"] = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    found = event_record(row | {"envelope": json.dumps(envelope)})
    assert list(found["dynamodb"]) == [
        "ApproximateCreationDateTime",
        "Keys",
        "NewImage",
        "SequenceNumber",
        "SizeBytes",
        "StreamViewType",
    ]
    assert found["dynamodb"]["ApproximateCreationDateTime"] == factories.instant(5).timestamp()
    assert found["dynamodb"]["NewImage"] == new
    assert found["userIdentity"] == {"principalId": "dynamodb.amazonaws.com", "type": "Service"}
    assert found["eventSourceARN"] == factories.TABLE_STREAM


FAILED = """
with failed as (
  select delivery_id from records where json_extract_string(attributes, '$.workbench.failure.kind') is not null
  union
  select delivery_id
  from records join (
    select source_arn,
           coalesce(document -> '$.KinesisBatchInfo', document -> '$.DDBStreamBatchInfo') as batch
    from (select source_arn, document::json as document from resources where kind = 'on-failure-record')
  ) using (source_arn)
  where partition_id in ('', batch ->> '$.shardId')
    and sequence_number::bignum between (batch ->> '$.startSequenceNumber')::bignum
                                    and (batch ->> '$.endSequenceNumber')::bignum
)
select service, record_id from failed join records using (delivery_id) order by all
"""


def test_what_failed_is_found_in_a_trace_whether_it_was_carried_or_only_named(tmp_path):
    trace = factories.write_trace(
        tmp_path / "a.trace", [factories.kinesis_record(n) for n in (1, 2, 3, 4)]
    )
    batch = {
        "shardId": factories.SHARD,
        "startSequenceNumber": f"4966{2:052d}",
        "endSequenceNumber": f"4966{3:052d}",
        "batchSize": 2,
        "streamArn": factories.STREAM,
    }
    bus_event = {"id": "e", "detail-type": "t", "source": "s", "detail": {}}
    documents = [
        {"requestContext": {"condition": "RetryAttemptsExhausted"}, "KinesisBatchInfo": batch},
        {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": bus_event},
    ]
    path = tmp_path / "failures.json"
    path.write_text(json.dumps(documents), "utf-8")
    import_files(trace.path, [path], now=factories.clock)
    trace.refresh()
    named = [("aws:kinesis", f"{factories.SHARD}:4966{n:052d}") for n in (2, 3)]
    assert trace.sql(FAILED).rows() == [("aws:events", "e"), *named]
