"""Secrets planted in everything that a capture or an import takes in, and a look at everything that it leaves."""

import base64
import dataclasses
import gzip
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from connectors.errors import CorruptAnswerError
from connectors.record import Checkpoint, Page, Partition, Record, Resource
from tests.factories import (
    ACCOUNT,
    LOG_GROUP,
    QUEUE,
    T0,
    dynamodb_change,
    kinesis_record,
    log_event,
    page,
    sns_notification,
    sqs_message,
)
from tests.workbench.trace.redaction.vectors import levels

Carry = Callable[[int, str], Record]
"""A record with that number that carries a text."""


def _with_attribute(number: int, text: str) -> Record:
    user = {"note": {"StringValue": text, "DataType": "String"}}
    message = sqs_message(number)
    return dataclasses.replace(
        message,
        attributes=json.dumps({"system": {}, "user": user}),
        envelope=json.dumps({**json.loads(message.envelope), "MessageAttributes": user}),
    )


def _with_subject(number: int, text: str) -> Record:
    told = sns_notification(number)
    return dataclasses.replace(
        told, envelope=json.dumps({**json.loads(told.envelope), "Subject": text})
    )


def _packed(text: str) -> str:
    return base64.b64encode(gzip.compress(f"a line with {text} in it".encode())).decode()


RECORDS: dict[str, Carry] = {
    "an SQS body": lambda n, text: sqs_message(n, {"order": n, "note": text}),
    "an SQS body of text": lambda n, text: sqs_message(n, f"note {text}\n".encode()),
    "an SQS attribute": _with_attribute,
    "an SQS group": lambda n, text: sqs_message(n, group=text),
    "SNS in SQS": lambda n, text: sqs_message(
        n, {"Type": "Notification", "Message": json.dumps({"note": text})}
    ),
    "an SNS message": lambda n, text: sns_notification(n, {"note": [text]}),
    "an SNS subject": _with_subject,
    "a Kinesis body": lambda n, text: kinesis_record(n, {"note": {"deep": text}}),
    "a partition key": lambda n, text: kinesis_record(n, key=text),
    "a Kinesis body in gzip": lambda n, text: kinesis_record(n, gzip.compress(text.encode())),
    "a Kinesis aggregate": lambda n, text: kinesis_record(
        n, b"\xf3\x89\x9a\xc2\x0a\x05" + text.encode() + b"\x9c\xff"
    ),
    "a new image": lambda n, text: dynamodb_change(n, {"note": {"S": text}}),
    "an old image": lambda n, text: dynamodb_change(
        n, old={"m": {"M": {"l": {"L": [{"S": text}]}}}}
    ),
    "an item's key": lambda n, text: dynamodb_change(n, {"a": {"N": "1"}}, key=text),
    "a log line": lambda n, text: log_event(
        n, f"2026-11-20T10:00:00.000Z\t8f5f\tINFO\tnote {text}\n"
    ),
    "a log line in JSON": lambda n, text: log_event(n, json.dumps({"message": f"note {text}"})),
    "an event that a handler printed": lambda n, text: log_event(
        n, json.dumps({"event": {"Records": [{"body": json.dumps({"note": text})}]}})
    ),
    "a subscription's data": lambda n, text: kinesis_record(
        n, {"awslogs": {"data": _packed(text)}}
    ),
}
"""One way each for a text to come with a record."""

DOCUMENTS: dict[str, Callable[[int, str], Any]] = {
    "an SQS event": lambda n, text: {
        "Records": [
            {
                "messageId": f"m{n}",
                "receiptHandle": "h",
                "body": json.dumps({"note": text}),
                "attributes": {},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": QUEUE,
            }
        ]
    },
    "an SNS event": lambda n, text: {
        "Records": [
            {
                "EventSource": "aws:sns",
                "Sns": {
                    "MessageId": f"n{n}",
                    "TopicArn": f"arn:aws:sns:{ACCOUNT}:t",
                    "Message": text,
                    "Timestamp": "2026-11-20T10:00:00.000Z",
                },
            }
        ]
    },
    "a Kinesis event": lambda n, text: {
        "Records": [
            {
                "eventSource": "aws:kinesis",
                "eventID": f"shardId-000000000000:{n}",
                "eventSourceARN": f"arn:aws:kinesis:{ACCOUNT}:stream/s",
                "kinesis": {
                    "sequenceNumber": str(n),
                    "partitionKey": "k",
                    "data": base64.b64encode(text.encode()).decode(),
                    "approximateArrivalTimestamp": 1795168800,
                },
            }
        ]
    },
    "a DynamoDB event": lambda n, text: {
        "Records": [
            {
                "eventSource": "aws:dynamodb",
                "eventID": f"e{n}",
                "eventName": "INSERT",
                "eventSourceARN": f"arn:aws:dynamodb:{ACCOUNT}:table/t/stream/2026",
                "dynamodb": {
                    "Keys": {"id": {"S": "k"}},
                    "NewImage": {"note": {"S": text}},
                    "SequenceNumber": str(n),
                    "ApproximateCreationDateTime": 1795168800,
                },
            }
        ]
    },
    "an S3 event": lambda n, text: {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventTime": "2026-11-20T10:00:00.000Z",
                "eventName": "ObjectCreated:Put",
                "responseElements": {"x-amz-request-id": f"r{n}"},
                "s3": {
                    "bucket": {"name": "b", "arn": "arn:aws:s3:::b"},
                    "object": {"key": f"of {text}", "sequencer": f"{n:016X}"},
                },
            }
        ]
    },
    "an EventBridge event": lambda n, text: {
        "id": f"b{n}",
        "source": "shop",
        "detail-type": "order",
        "account": "111111111111",
        "region": "us-east-1",
        "time": "2026-11-20T10:00:00Z",
        "resources": [],
        "version": "0",
        "detail": {"note": text},
    },
    "an API's request": lambda n, text: {
        "version": "2.0",
        "rawPath": "/x",
        "headers": {"x-note": text},
        "body": f"note={text}",
        "isBase64Encoded": False,
        "requestContext": {
            "requestId": f"q{n}",
            "apiId": "api",
            "stage": "s",
            "accountId": "111111111111",
            "http": {"method": "POST"},
            "timeEpoch": 1795168800000,
        },
    },
    "an answer of receive-message": lambda n, text: {
        "Messages": [
            {
                "MessageId": f"a{n}",
                "ReceiptHandle": "h",
                "Body": f"note {text}",
                "MD5OfBody": "0" * 32,
            }
        ]
    },
    "an answer of filter-log-events": lambda n, text: {
        "searchedLogStreams": [],
        "events": [
            {
                "eventId": f"{n:056d}",
                "logStreamName": "s",
                "timestamp": 1795168800000,
                "message": f"note {text}",
                "ingestionTime": 1795168800001,
            }
        ],
    },
    "a queue's policy": lambda n, text: {
        "Attributes": {
            "QueueArn": QUEUE,
            "VisibilityTimeout": "30",
            "Policy": json.dumps({"Statement": [{"Sid": text}]}),
        }
    },
    "a function's configuration": lambda n, text: {
        "FunctionName": f"f{n}",
        "FunctionArn": f"arn:aws:lambda:{ACCOUNT}:function:f{n}",
        "Runtime": "python3.12",
        "Handler": "a.b",
        "Timeout": 3,
        "MemorySize": 128,
        "Description": f"note {text}",
    },
}
"""Files that people have on disk."""
WHOSE = {"an answer of receive-message": QUEUE, "an answer of filter-log-events": LOG_GROUP}
"""What the user says of files that do not say whose they are."""


class Planted:
    """A source with one page of records, configuration that tells, and an error that quotes."""

    service = "aws:sqs"
    source_arn = QUEUE

    def __init__(
        self, records: Sequence[Record], told: Sequence[str], quoted: Sequence[str]
    ) -> None:
        self._records, self._told, self._quoted = records, told, quoted

    def partitions(self) -> Sequence[Partition]:
        """One."""
        return [Partition("")]

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        """One page, then errors where there is something to quote."""
        if after is None:
            yield page(*self._records)
        if self._quoted:
            raise CorruptAnswerError(f"numbers were wanted, found {' '.join(self._quoted)}")

    def resources(self) -> Sequence[Resource]:
        """A queue's attributes."""
        document = json.dumps({"Policy": json.dumps({"Statement": self._told})})
        return [Resource(QUEUE, "get-queue-attributes", T0, document)]

    def close(self) -> None:
        """Nothing to undo."""


def left_in(folder: Path) -> Iterator[str]:
    """Everything there is to read in a folder of traces, exports and pages, at every level of packing."""
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    yield from [file.read_bytes().decode("latin-1") for file in files]
    for file in files:
        if file.suffix == ".parquet":
            table = pq.read_table(file)
            yield from _values(
                value for name in table.column_names for value in table[name].to_pylist()
            )
        elif file.suffix == ".sqlite":
            with sqlite3.connect(file) as catalog:
                tables = catalog.execute(
                    "select name from sqlite_master where type = 'table'"
                ).fetchall()
                for (name,) in tables:
                    yield from _values(
                        value for row in catalog.execute(f"select * from {name}") for value in row
                    )
            catalog.close()
        elif file.suffix == ".duckdb":
            with duckdb.connect(str(file), read_only=True) as sealed:
                for (name,) in sealed.execute("select table_name from duckdb_tables()").fetchall():
                    rows = sealed.execute(f"from {name}").fetchall()
                    yield from _values(value for row in rows for value in row)


def _values(values: Iterator[Any]) -> Iterator[str]:
    for value in values:
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        if isinstance(value, bytes) and value.startswith(b"\x1f\x8b"):
            with suppress(OSError, EOFError):  # a hash may begin so
                text = gzip.decompress(value).decode("utf-8", "replace")
        if isinstance(text, str):
            yield from levels(text)
