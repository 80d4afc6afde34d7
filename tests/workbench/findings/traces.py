"""Small traces for detectors: records as a connector would give them, at chosen instants."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.record import Checkpoint, Page, Record, Span
from workbench.trace import Trace, TraceWriter, open_trace

T0 = datetime(2026, 11, 20, 10, tzinfo=UTC)
QUEUE = "arn:aws:sqs:us-east-1:111111111111:orders"
STREAM = "arn:aws:kinesis:us-east-1:111111111111:stream/orders"


def at(seconds: float) -> datetime:
    """So many seconds after the story's beginning."""
    return T0 + timedelta(seconds=seconds)


def message(
    message_id: str, body: Any, seconds: float = 0, count: int = 1, own: int = 0, queue: str = QUEUE
) -> Record:
    """A message of a queue; `own` receives are ours."""
    workbench = {"workbench": {"own_receives": own}} if own else {}
    return Record(
        service="aws:sqs",
        source_arn=queue,
        partition_id="",
        record_id=message_id,
        source_at=at(seconds),
        received_at=at(seconds + 1),
        receive_count=count,
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        attributes=json.dumps({"system": {}, "user": {}, **workbench}),
    )


def put(number: int, key: str, body: Any, seconds: float, shard: str = "shard-0") -> Record:
    """A record of a stream; its sequence number has 56 digits, as AWS's have."""
    sequence = f"49{number:054d}"
    return Record(
        service="aws:kinesis",
        source_arn=STREAM,
        partition_id=shard,
        record_id=f"{shard}:{sequence}",
        sequence_number=sequence,
        ordering_key=key,
        order_scope="partition",
        source_at=at(seconds),
        received_at=at(seconds + 1),
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
    )


def trace_of(
    folder: Path, records: Iterable[Record], read_until: float = 3_600, holes: Iterable[Span] = ()
) -> Trace:
    """A trace whose sources were read from the beginning up to `read_until` seconds, but for the holes."""
    writer = TraceWriter(folder, "capture", ["test"], lambda: T0)
    by_partition: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        by_partition.setdefault((record.source_arn, record.partition_id), []).append(record)
    for (arn, partition), rows in by_partition.items():
        spans = (Span(T0, at(read_until)), *holes)
        writer.append_pages([(arn, Page(tuple(rows), Checkpoint(partition, "x"), spans))])
    writer.close()
    return open_trace(folder)
