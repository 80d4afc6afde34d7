"""Records as connectors give them, with AWS's own members; and small traces of them.

All instants are counted in seconds from one fixed moment, so that a test reads like a story.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.record import Checkpoint, Page, PeekEffect, Record, Resource, Span
from workbench.trace import Trace, TraceWriter, open_trace

T0 = datetime(2026, 11, 20, 10, tzinfo=UTC)
ACCOUNT = "us-east-1:111111111111"
QUEUE = f"arn:aws:sqs:{ACCOUNT}:orders"
TOPIC = f"arn:aws:sns:{ACCOUNT}:orders"
STREAM = f"arn:aws:kinesis:{ACCOUNT}:stream/orders"
TABLE_STREAM = f"arn:aws:dynamodb:{ACCOUNT}:table/orders/stream/2026-11-20T00:00:00.000"
LOG_GROUP = f"arn:aws:logs:{ACCOUNT}:log-group:/aws/lambda/charge"
SHARD = "shardId-000000000000"


def instant(seconds: float) -> datetime:
    """So many seconds after the beginning."""
    return T0 + timedelta(seconds=seconds)


def clock() -> datetime:
    """A clock that stands still."""
    return T0


def sqs_message(
    number: int = 1,
    body: Any = None,
    *,
    seconds: float = 0,
    receive_count: int = 1,
    group: str | None = None,
    queue: str = QUEUE,
) -> Record:
    """A message as ReceiveMessage gives it; with a group it is of a FIFO queue."""
    payload = _payload({"order": number} if body is None else body)
    system = {
        "SenderId": "AIDAEXAMPLE",
        "SentTimestamp": _epoch_ms(seconds),
        "ApproximateReceiveCount": str(receive_count),
        "ApproximateFirstReceiveTimestamp": _epoch_ms(seconds + 1),
    }
    if group is not None:
        system |= {
            "MessageGroupId": group,
            "MessageDeduplicationId": hashlib.sha256(payload).hexdigest(),
            "SequenceNumber": str(18_890_000_000_000_000_000 + number),
        }
    envelope = {
        "MessageId": _uuid(number),
        "ReceiptHandle": f"handle-{number}-{receive_count}",
        "MD5OfBody": hashlib.md5(payload).hexdigest(),
        "Attributes": system,
    }
    return Record(
        service="aws:sqs",
        source_arn=queue,
        partition_id="",
        record_id=_uuid(number),
        received_at=instant(seconds + receive_count),
        body=payload,
        sequence_number=system.get("SequenceNumber"),
        ordering_key=group,
        order_scope="none" if group is None else "key",
        source_at=instant(seconds),
        receive_count=receive_count,
        attributes=_json({"system": system, "user": {}}),
        envelope=_json(envelope),
    )


def kinesis_record(
    number: int = 1,
    body: Any = None,
    *,
    key: str = "customer-1",
    seconds: float = 0,
    shard: str = SHARD,
    stream: str = STREAM,
) -> Record:
    """A record as GetRecords gives it; its sequence number has AWS's 56 digits."""
    sequence_number = f"4966{number:052d}"
    envelope = {
        "SequenceNumber": sequence_number,
        "ApproximateArrivalTimestamp": _text(seconds),
        "PartitionKey": key,
    }
    return Record(
        service="aws:kinesis",
        source_arn=stream,
        partition_id=shard,
        record_id=f"{shard}:{sequence_number}",
        received_at=instant(seconds + 1),
        body=_payload({"order": number} if body is None else body),
        sequence_number=sequence_number,
        ordering_key=key,
        order_scope="partition",
        source_at=instant(seconds),
        envelope=_json(envelope),
    )


def sns_notification(
    number: int = 1, body: Any = None, *, seconds: float = 0, topic: str = TOPIC
) -> Record:
    """A notification as a tap's queue receives it, without raw delivery."""
    envelope = {
        "Type": "Notification",
        "MessageId": _uuid(number),
        "TopicArn": topic,
        "Timestamp": _text(seconds),
        "SignatureVersion": "1",
        "Signature": base64.b64encode(b"signed").decode(),
        "sqs": {
            "MessageId": _uuid(number + 1_000_000),
            "Attributes": {"SentTimestamp": _epoch_ms(seconds), "ApproximateReceiveCount": "1"},
        },
    }
    return Record(
        service="aws:sns",
        source_arn=topic,
        partition_id="",
        record_id=_uuid(number),
        received_at=instant(seconds + 1),
        body=_payload({"order": number} if body is None else body),
        source_at=instant(seconds),
        envelope=_json(envelope),
    )


def log_event(
    number: int = 1,
    message: str = "handled",
    *,
    seconds: float = 0,
    log_stream: str = "2026/11/20/[$LATEST]0123456789abcdef",
    group: str = LOG_GROUP,
) -> Record:
    """A log event as FilterLogEvents gives it."""
    envelope = {
        "eventId": f"{number:056d}",
        "logStreamName": log_stream,
        "timestamp": int(_epoch_ms(seconds)),
        "ingestionTime": int(_epoch_ms(seconds + 0.5)),
    }
    return Record(
        service="aws:logs",
        source_arn=group,
        partition_id=log_stream,
        record_id=str(envelope["eventId"]),
        received_at=instant(seconds + 1),
        body=message.encode(),
        order_scope="partition",
        source_at=instant(seconds),
        envelope=_json(envelope),
    )


def dynamodb_change(
    number: int = 1,
    new: Mapping[str, Any] | None = None,
    old: Mapping[str, Any] | None = None,
    *,
    key: str = "order-1",
    seconds: int = 0,
    shard: str = "shardId-00000001700000000000-abcdef01",
    stream: str = TABLE_STREAM,
) -> Record:
    """A change as DynamoDB Streams gives it, with images in DynamoDB's own JSON; instants are whole seconds."""
    keys = {"id": {"S": key}}
    images = (
        {"Keys": keys} | ({"NewImage": new} if new else {}) | ({"OldImage": old} if old else {})
    )
    change = {
        "ApproximateCreationDateTime": _text(seconds),
        "SequenceNumber": f"{100_000_000_000 + number:021d}",
        "SizeBytes": len(_json(images)),
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    name = "REMOVE" if old and not new else "MODIFY" if old else "INSERT"
    envelope = {
        "eventID": hashlib.md5(str(number).encode()).hexdigest(),
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": change,
    }
    return Record(
        service="aws:dynamodb",
        source_arn=stream,
        partition_id=shard,
        record_id=str(envelope["eventID"]),
        received_at=instant(seconds + 1),
        body=_json(images).encode(),
        sequence_number=str(change["SequenceNumber"]),
        ordering_key=_json(keys),
        order_scope="partition",
        source_at=instant(seconds),
        envelope=_json(envelope),
    )


def page(
    *records: Record,
    shard: str = "",
    position: str = "1",
    spans: Iterable[Span] = (),
    peek_effects: Iterable[PeekEffect] = (),
) -> Page:
    """One answer with these records, and the position after them."""
    shard = records[0].partition_id if records else shard
    checkpoint = Checkpoint(shard, position)
    return Page(tuple(records), checkpoint, tuple(spans), peek_effects=tuple(peek_effects))


def write_trace(
    folder: Path, records: Iterable[Record], resources: Iterable[Resource] = ()
) -> Trace:
    """A trace of these records, one page a source and partition, each read from its first record to its last."""
    by_partition: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        by_partition.setdefault((record.source_arn, record.partition_id), []).append(record)
    writer = TraceWriter(folder, "capture", ["test"], clock)
    for (source_arn, _), rows in by_partition.items():
        instants = [row.source_at for row in rows if row.source_at is not None]
        spans = [Span(min(instants), max(instants))] if instants else []
        writer.append_pages([(source_arn, page(*rows, spans=spans))])
    writer.append_resources(list(resources))
    writer.close()
    return open_trace(folder)


def _payload(body: Any) -> bytes:
    return body if isinstance(body, bytes) else _json(body).encode()


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def _epoch_ms(seconds: float) -> str:
    return str(round(instant(seconds).timestamp() * 1_000))


def _text(seconds: float) -> str:
    return instant(seconds).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
