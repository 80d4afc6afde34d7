"""Log events of requests that name what they were given, in the words of the tests of duplicates."""

import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import count

from connectors.record import Record
from tests.workbench.findings.traces import T0, at
from workbench.findings import Finding, Findings

GROUP = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/charge"
_events = count(1)


def request_id(name: str) -> str:
    """A request id out of a letter or two."""
    return f"{name.encode().hex():0>8}-0000-4000-8000-000000000000"


def message_id(number: int) -> str:
    """An id as SQS and SNS give them, which can be known in a log line."""
    return f"00000000-1111-4000-8000-{number:012d}"


def request(
    name: str,
    ids: Sequence[str],
    *,
    began: float,
    lasted: float,
    raised: bool = False,
    group: str = GROUP,
    event: object = None,
) -> list[Record]:
    """The log of one request: START, a line for each id (or the event, printed), END and REPORT.

    Args:
        name: of the request.
        ids: of the records that the lines name.
        began: START, seconds after the story's beginning.
        lasted: seconds to END.
        raised: the handler failed.
        group: ARN of the log group.
        event: printed in a line of its own.
    """
    id_ = request_id(name)
    lines = [f"START RequestId: {id_} Version: $LATEST"]
    lines += [f"[INFO]\t2026-11-20T10:00:00.000Z\t{id_}\tworking on {each}" for each in ids]
    if event is not None:
        lines.append(f"[INFO]\t2026-11-20T10:00:00.000Z\t{id_}\t{json.dumps(event)}")
    if raised:
        lines.append("[ERROR] ValueError: boom\rTraceback (most recent call last):")
    lines += [
        f"END RequestId: {id_}",
        f"REPORT RequestId: {id_}\tDuration: {lasted * 1_000:.2f} ms\tBilled Duration: 1 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 64 MB\t",
    ]
    places = len(lines) - 2
    return [
        _line(text, began + lasted * min(place, places) / places, group, name)
        for place, text in enumerate(lines)
    ]


def _line(text: str, seconds: float, group: str, instance: str) -> Record:
    number = next(_events)
    return Record(
        service="aws:logs",
        source_arn=group,
        partition_id=f"2026/11/20/[$LATEST]{instance}",
        record_id=f"{number:056d}",
        order_scope="partition",
        source_at=T0 + timedelta(seconds=round(seconds, 3)),
        received_at=at(9_999),
        body=text.encode(),
    )


def only(findings: Findings, kind: str) -> Finding:
    """The one finding of the kind."""
    (finding,) = [each for each in findings if each.kind == kind]
    return finding


def kinds(findings: Findings) -> set[str]:
    """What was found."""
    return {each.kind for each in findings}
