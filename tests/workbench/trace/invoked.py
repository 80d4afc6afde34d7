"""Log events of invocations as Lambda writes them, and the mapping that says who consumes a source."""

import json
from collections.abc import Iterable
from itertools import count

from connectors.record import Record, Resource
from tests.factories import LOG_GROUP, QUEUE, T0, log_event

STREAM_NAME = "2026/11/20/[$LATEST]0123456789abcdef"
_numbers = count(1)


def request(number: int) -> str:
    """A request id."""
    return f"aaaaaaaa-0000-4000-8000-{number:012d}"


def invoked(
    number: int,
    *lines: str,
    at: float = 0,
    lasting: float = 1,
    raised: str | None = None,
    timed_out: bool = False,
    killed: bool = False,
    group: str = LOG_GROUP,
    log_stream: str = STREAM_NAME,
    trace_id: str | None = None,
) -> list[Record]:
    """The log of one invocation from START to REPORT.

    Args:
        number: of the request.
        lines: the handler's own, without a request id, evenly spread.
        at: START, seconds after the beginning.
        lasting: seconds to the REPORT.
        raised: an unhandled error as the runtime prints it: `ValueError: boom`.
        timed_out: the platform ended it.
        killed: it ran out of memory.
        group: the log group.
        log_stream: the instance.
        trace_id: X-Ray's, in the REPORT.
    """
    name = request(number)
    said = [f"START RequestId: {name} Version: $LATEST", *lines]
    if raised:
        said.append(f"[ERROR] {raised}\rTraceback (most recent call last):")
    if timed_out:
        said.append(f"2026-11-20T10:00:00.000Z {name} Task timed out after 3.00 seconds")
    status = "\tStatus: timeout" if timed_out else ""
    status += "\tStatus: error\tError Type: Runtime.OutOfMemory" if killed else ""
    trace = f"\nXRAY TraceId: {trace_id}\tSegmentId: 8" if trace_id else ""
    said += [
        f"END RequestId: {name}",
        f"REPORT RequestId: {name}\tDuration: {lasting * 1000:.2f} ms\tBilled Duration: 1 ms\t"
        f"Memory Size: 128 MB\tMax Memory Used: 64 MB{status}{trace}",
    ]
    step = lasting / (len(said) - 1)
    return [
        log_event(next(_numbers), line, seconds=at + n * step, group=group, log_stream=log_stream)
        for n, line in enumerate(said)
    ]


def consumed_by(
    function: str = "charge",
    source: str = QUEUE,
    *,
    partial: bool = False,
    batch_size: int = 10,
) -> Resource:
    """The answer to GetEventSourceMapping: the function that consumes the source."""
    document = {
        "UUID": f"mapping-of-{function}",
        "EventSourceArn": source,
        "FunctionArn": f"arn:aws:lambda:us-east-1:111111111111:function:{function}",
        "State": "Enabled",
        "BatchSize": batch_size,
        "FunctionResponseTypes": ["ReportBatchItemFailures"] if partial else [],
    }
    return Resource(source, "get-event-source-mapping", T0, json.dumps(document))


def queue_attributes(
    queue: str, *, dead_letter: str | None = None, receives: int = 3, **more: str
) -> Resource:
    """The answer to GetQueueAttributes, with a redrive policy where there is a dead-letter queue."""
    policy = json.dumps({"deadLetterTargetArn": dead_letter, "maxReceiveCount": receives})
    attributes = {"VisibilityTimeout": "30", "MessageRetentionPeriod": "345600"} | more
    attributes |= {"RedrivePolicy": policy} if dead_letter else {}
    return Resource(queue, "get-queue-attributes", T0, json.dumps({"Attributes": attributes}))


def printed(*records: Record) -> str:
    """The line of a handler that prints its event of these messages."""
    return json.dumps({"Records": list(_event_records(records))})


def _event_records(records: Iterable[Record]) -> Iterable[dict[str, object]]:
    for record in records:
        yield {
            "messageId": record.record_id,
            "receiptHandle": "h",
            "body": record.body.decode(),
            "attributes": json.loads(record.attributes)["system"],
            "messageAttributes": {},
            "md5OfBody": "x",
            "eventSource": record.service,
            "eventSourceARN": record.source_arn,
            "awsRegion": "us-east-1",
        }
