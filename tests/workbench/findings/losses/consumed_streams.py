"""A stream, the function that its mapping feeds, and the function's log."""

import base64
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from connectors.record import Checkpoint, Page, Record, Resource, Span
from tests.workbench.findings.traces import STREAM, T0, at, put
from workbench.trace import Trace, TraceWriter, open_trace

GROUP = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/charge"


def request_id(number: int) -> str:
    """A request's id, in Lambda's form."""
    return f"00000000-0000-4000-8000-{number:012d}"


def line(text: str, seconds: float, ordinal: int) -> Record:
    """A log event of the function."""
    return Record(
        service="aws:logs",
        source_arn=GROUP,
        partition_id="2026/11/20/[$LATEST]a",
        record_id=f"{ordinal:056x}",
        order_scope="partition",
        source_at=at(seconds),
        received_at=at(seconds + 1),
        body=text.encode(),
    )


def invocation(
    number: int,
    seconds: float,
    told: Iterable[Record],
    *,
    failed: bool = False,
    event: bool = False,
) -> list[Record]:
    """The lines of one invocation that tells of these records: an id a line, or the whole event."""
    request, lines = request_id(number), [f"START RequestId: {request_id(number)} Version: $LATEST"]
    at_text = "2026-11-20T10:00:00.000Z"
    if event:
        lines.append(
            f"[INFO]\t{at_text}\t{request}\t{json.dumps({'Records': [_in_event(r) for r in told]})}"
        )
    else:
        lines += [
            f"[INFO]\t{at_text}\t{request}\thandling {record.sequence_number}" for record in told
        ]
    if failed:
        lines.append(
            f"[ERROR]\t{at_text}\t{request}\tValueError: no\nTraceback (most recent call last):"
        )
        lines.append(f"[ERROR] ValueError: no Traceback (most recent call last): {request}")
    lines.append(f"END RequestId: {request}")
    status = "\tStatus: error\tError Type: Unhandled" if failed else ""
    lines.append(
        f"REPORT RequestId: {request}\tDuration: 5.00 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\t"
        f"Max Memory Used: 64 MB{status}\t"
    )
    return [line(text, seconds + n / 1_000, number * 1_000 + n) for n, text in enumerate(lines)]


def _in_event(record: Record) -> dict[str, Any]:
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.ordering_key,
            "sequenceNumber": record.sequence_number,
            "data": base64.b64encode(record.body).decode(),
            "approximateArrivalTimestamp": record.source_at.timestamp() if record.source_at else 0,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": record.record_id,
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::111111111111:role/r",
        "awsRegion": "us-east-1",
        "eventSourceARN": record.source_arn,
    }


def mapping(state: str = "Enabled", seconds: float = -10, **more: Any) -> Resource:
    """The stream's event source mapping."""
    told = {
        "UUID": "m1",
        "EventSourceArn": STREAM,
        "FunctionArn": "arn:aws:lambda:us-east-1:111111111111:function:charge",
        "State": state,
        **more,
    }
    return Resource(STREAM, "get-event-source-mapping", at(seconds), json.dumps(told))


def filtered(pattern: Any) -> dict[str, Any]:
    """FilterCriteria with one pattern."""
    return {"FilterCriteria": {"Filters": [{"Pattern": json.dumps(pattern)}]}}


def retention(hours: int) -> Resource:
    """What `describe-stream-summary` tells of it."""
    return Resource(
        STREAM,
        "describe-stream-summary",
        at(-10),
        json.dumps({"StreamDescriptionSummary": {"RetentionPeriodHours": hours}}),
    )


def puts(count: int = 40, apart: float = 10) -> list[Record]:
    """Records of one shard, evenly apart."""
    return [put(n, f"k{n}", {"order": n}, n * apart) for n in range(count)]


def story(
    records: Sequence[Record],
    *missing: int,
    size: int = 2,
    failed: Sequence[int] = (),
    event: bool = False,
) -> list[Record]:
    """The records, and the log of a function that is given them in batches a second later, but for the missing."""
    given = [record for n, record in enumerate(records) if n not in missing]
    lines: list[Record] = []
    for number in range(0, len(given), size):
        batch = given[number : number + size]
        last_at = max(record.source_at for record in batch if record.source_at)
        seconds = (last_at - T0).total_seconds() + 1
        lines += invocation(
            number // size, seconds, batch, failed=number // size in failed, event=event
        )
    return [*records, *lines]


def trace_of_stream(
    folder: Path,
    records: Iterable[Record],
    resources: Sequence[Resource],
    *,
    until: float = 100_000,
    holes: Iterable[Span] = (),
    redaction: str | None = None,
    imported: bool = False,
) -> Trace:
    """A trace whose stream and log were read up to `until`, or came out of files; the holes are the log's."""
    writer = TraceWriter(folder, "capture", ["test"], lambda: T0, redaction=redaction)
    if imported:
        writer.append_records(list(records))
        records = ()
    by_source: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        by_source.setdefault((record.source_arn, record.partition_id), []).append(record)
    for (arn, partition), rows in by_source.items():
        spans = [Span(T0, at(until)), *(holes if arn == GROUP else ())]
        writer.append_pages([(arn, Page(tuple(rows), Checkpoint(partition, "x"), tuple(spans)))])
    writer.append_resources(list(resources))
    writer.close()
    return open_trace(folder)
