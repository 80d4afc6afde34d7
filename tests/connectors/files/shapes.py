"""AWS's documented shapes, written by hand, and the way back from a row to the record it came from."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.files import ImportedFile, read_files
from connectors.record import Record, Resource

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
QUEUE = "arn:aws:sqs:us-east-1:111122223333:orders"
FIFO = "arn:aws:sqs:us-east-1:111122223333:orders.fifo"
TOPIC = "arn:aws:sns:us-east-1:111122223333:orders"
STREAM = "arn:aws:kinesis:us-east-1:111122223333:stream/orders"
TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/orders"
TABLE_STREAM = f"{TABLE}/stream/2026-11-01T00:00:00.000"
GROUP = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/orders"
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:orders"
SHARD = "shardId-000000000001"
SEQUENCE = "49590338271490256608559692538361571095921575989136588898"


def write(folder: Path, content: Any, name: str = "file.bin") -> Path:
    """A file with these bytes, or this value as JSON."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def read(
    path: Path, source_arn: str | None = None, partition_id: str | None = None
) -> list[ImportedFile]:
    """Every part of what was read."""
    parts = read_files([path], source_arn=source_arn, partition_id=partition_id, now=lambda: NOW)
    return list(parts)


def records_of(
    folder: Path, content: Any, source_arn: str | None = None, partition_id: str | None = None
) -> list[Record]:
    """The records of a file that must be read without a skip."""
    parts = read(write(folder, content), source_arn, partition_id)
    assert [skip.reason for part in parts for skip in part.skipped] == []
    return [record for part in parts for record in part.records]


def resources_of(folder: Path, content: Any, source_arn: str | None = None) -> Sequence[Resource]:
    """The resources of a file that must be read without a skip."""
    (part,) = read(write(folder, content), source_arn)
    assert part.skipped == ()
    return part.resources


def reasons_of(folder: Path, content: Any, **said: str) -> list[str]:
    """Why parts of a file were skipped."""
    return [s.reason for part in read(write(folder, content), **said) for s in part.skipped]


def sqs_record(**changed: Any) -> dict[str, Any]:
    return {
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": "Test message.",
        "attributes": {
            "ApproximateReceiveCount": "3",
            "SentTimestamp": "1545082649183",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1545082649185",
        },
        "messageAttributes": {
            "kind": {
                "stringValue": "new",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            }
        },
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE,
        "awsRegion": "us-east-1",
    } | changed


def kinesis_record(**changed: Any) -> dict[str, Any]:
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "customer-7",
            "sequenceNumber": SEQUENCE,
            "data": "SGVsbG8=",
            "approximateArrivalTimestamp": 1545084650.987,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{SHARD}:{SEQUENCE}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::111122223333:role/orders",
        "awsRegion": "us-east-1",
        "eventSourceARN": STREAM,
    } | changed


def dynamodb_record(**changed: Any) -> dict[str, Any]:
    return {
        "eventID": "c4ca4238a0b923820dcc509a6f75849b",
        "eventName": "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1479499740,
            "Keys": {"sort": {"N": "2"}, "id": {"S": "a"}},
            "NewImage": {"id": {"S": "a"}, "sort": {"N": "2"}, "raw": {"B": "AQI="}},
            "OldImage": {"id": {"S": "a"}, "sort": {"N": "2"}},
            "SequenceNumber": "4421584500000000017450439091",
            "SizeBytes": 26,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": TABLE_STREAM,
    } | changed


def sns_message(**changed: Any) -> dict[str, Any]:
    return {
        "Type": "Notification",
        "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
        "TopicArn": TOPIC,
        "Subject": None,
        "Message": "Hello",
        "Timestamp": "2019-01-02T12:45:07.123Z",
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertUrl": "EXAMPLE",
        "UnsubscribeUrl": "EXAMPLE",
        "MessageAttributes": {"kind": {"Type": "String", "Value": "new"}},
    } | changed


def s3_record(**changed: Any) -> dict[str, Any]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2019-09-03T19:37:27.192Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "A"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "D82B88E5F771F645", "x-amz-id-2": "vlR7"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "828aa6fc",
            "bucket": {
                "name": "orders",
                "ownerIdentity": {"principalId": "A"},
                "arn": "arn:aws:s3:::orders",
            },
            "object": {
                "key": "a+b.json",
                "size": 5,
                "eTag": "b21b",
                "sequencer": "0C0F6F405D6ED209E1",
            },
        },
    } | changed


def bus_event(**changed: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "Order placed",
        "source": "shop.orders",
        "account": "111122223333",
        "time": "2017-12-22T18:43:48Z",
        "region": "us-west-1",
        "resources": [],
        "detail": {"order": 7},
    } | changed


def rest_request(**changed: Any) -> dict[str, Any]:
    return {
        "resource": "/orders",
        "path": "/orders",
        "httpMethod": "POST",
        "headers": {"Accept": "*/*"},
        "requestContext": {
            "accountId": "111122223333",
            "apiId": "abc123",
            "domainName": "abc123.execute-api.eu-west-1.amazonaws.com",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "requestTimeEpoch": 1583349317135,
            "stage": "prod",
        },
        "body": "hello",
        "isBase64Encoded": False,
    } | changed


def rebuilt(record: Record) -> dict[str, Any]:
    """The record as the file had it: the body put back into the envelope."""
    envelope: dict[str, Any] = json.loads(record.envelope)
    for note in ("awslogs", "subscription", "body_at", "event"):
        envelope.pop(note, None)
    how = envelope.pop("body_encoding", None)
    if how == "event":
        whole: dict[str, Any] = json.loads(record.body)
        return whole
    holder, member = _place(record.service, envelope)
    if record.service == "aws:dynamodb":
        holder |= json.loads(record.body)
    elif how != "absent" and member not in holder:
        holder[member] = _value(record, how, _is_base64(record.service, envelope))
    return envelope


def _place(service: str, envelope: dict[str, Any]) -> tuple[dict[str, Any], str]:
    nested = {"aws:sns": "Sns", "aws:kinesis": "kinesis", "aws:dynamodb": "dynamodb"}.get(service)
    is_api = service in ("aws:sqs", "aws:sns", "aws:kinesis") and nested not in envelope
    member = {
        "aws:sqs": "Body" if "MessageId" in envelope else "body",
        "aws:sns": "Message",
        "aws:kinesis": "Data" if is_api else "data",
        "aws:firehose": "data",
        "aws:kinesisanalytics": "data",
        "aws:logs": "message",
        "aws:s3": "s3",
        "aws:events": "alarmData" if "alarmArn" in envelope else "detail",
    }.get(service, "body")
    return envelope.get(nested or "", envelope), member


def _is_base64(service: str, envelope: dict[str, Any]) -> bool:
    is_stream = service in ("aws:kinesis", "aws:firehose", "aws:kinesisanalytics")
    return is_stream or envelope.get("isBase64Encoded") is True


def _value(record: Record, how: str | None, is_base64: bool) -> Any:
    if how == "json" or record.service in ("aws:s3", "aws:events"):
        return json.loads(record.body)
    if is_base64 and how != "undecoded":
        return base64.b64encode(record.body).decode()
    return record.body.decode("utf-8", "surrogatepass")
