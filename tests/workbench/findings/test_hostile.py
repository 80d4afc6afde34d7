"""Payloads that nobody would send on purpose: every detector skips them or says something, and none breaks."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.record import Record
from tests.factories import (
    clock,
    dynamodb_change,
    kinesis_record,
    log_event,
    sns_notification,
    sqs_message,
    write_trace,
)
from workbench.findings import DETECTORS, find
from workbench.trace import Trace, TraceWriter, open_trace
from workbench.trace.compaction import compact

KEY, SEQUENCE, EVENT_TIME = "$.id", "$.v", "$.at"
BUSINESS = {"key": KEY, "sequence": SEQUENCE, "event_time": EVENT_TIME}
BODIES: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"hello",
    "broken JSON": b'{"id": "a", "v": ',
    "names twice": b'{"id":"a","id":"b","v":1,"v":2}',
    "a lone surrogate": b'{"id":"\\ud800","v":1}',
    "a raw lone surrogate": b'{"id":"\xed\xa0\x80","v":1}',
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"id":' * 100_000 + b"1" + b"}" * 100_000,
    "a number of 5,000 digits": b'{"id":"a","v":' + b"9" * 5_000 + b"}",
    "a number of 4,000 digits": b'{"id":"a","v":' + b"9" * 4_000 + b"}",
    "the largest numbers": b'{"id":"a","v":9223372036854775807,"at":9223372036854775807}',
    "beyond the largest": b'{"id":"a","v":9223372036854775808,"at":99999999999999999999}',
    "the least numbers": b'{"id":"a","v":-9223372036854775808,"at":-1}',
    "no number": b'{"id":"a","v":NaN,"at":Infinity}',
    "infinity by size": b'{"id":"a","v":1e400,"at":1e400}',
    "text for a number": b'{"id":"a","v":"seven","at":"yesterday"}',
    "containers for scalars": b'{"id":{"x":1},"v":[1],"at":{}}',
    "truths": b'{"id":true,"v":false,"at":null}',
    "nulls": b'{"id":null,"v":null,"at":null}',
    "fractions": b'{"id":1.5,"v":1.5,"at":1.5}',
    "null bytes": b'{"id":"a\\u0000b","v":3,"at":"2026-11-20T10:00:00Z"}',
    "raw null bytes": b"\x00\x00{}\x00",
    "invalid UTF-8": b'{"id":"\xff\xfe","v":4}',
    "UTF-16": '{"id":"a","v":1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"id":"a","v":5}',
    "quotes and markup": b'{"id":"\'; drop view records; --<script>alert(1)</script>","v":6}',
    "a comma too many": b'{"id":"a","v":1,}',
    "an envelope of nothing": b'{"Type":"Notification","TopicArn":"t"}',
    "an envelope of bytes": b'{"Type":"Notification","TopicArn":"t","MessageId":7,"Message":"\\ud800"}',
    "far instants": b'{"id":"a","v":7,"at":"9999-12-31T23:59:59Z"}',
    "a far past": b'{"id":"a","v":8,"at":"0001-01-01T00:00:00Z"}',
    "a packed record that is none": b"\xf3\x89\x9a\xc2" + b"\xff" * 40,
    "a report that is none": b"REPORT RequestId: \tDuration: 1e400 ms\tBilled Duration: x ms",
    "a start without an id": b"START RequestId: ",
    "a platform's line in pieces": b'{"type":"platform.report","time":1,"record":[]}',
}
PYTHON_S = '{"system":{},"user":{"a":"\\ud800"},"workbench":{"mode":"peek","own_receives":1}}'
"""JSON that Python takes and DuckDB refuses."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def deliveries(body: bytes) -> Iterator[Record]:
    """The payload in every service, twice, once with whatever may be missing missing."""
    for number, made in enumerate(
        (
            sqs_message(1, body, receive_count=3),
            sqs_message(2, body, group="g"),
            kinesis_record(1, body),
            kinesis_record(2, body),
            sns_notification(1, body),
            replace(dynamodb_change(1, {"id": {"S": "a"}}), body=body),
            replace(log_event(1), body=body),
        )
    ):
        yield made
        yield replace(made, record_id=f"bare-{number}", sequence_number=None, ordering_key=None,
                      source_at=None, receive_count=None, attributes="{}", envelope="{}")  # fmt: skip
        yield replace(made, record_id=f"old-{number}", source_at=LONG_AGO, received_at=LONG_AGO)


def searched(trace: Trace, **asked: str) -> None:
    """Look for every kind; what is found is JSON, and its statement runs alone."""
    found = find(trace, **asked)
    json.dumps([*found.documents(), list(found.remarks)])
    for finding in found:
        assert trace.sql(finding.sql).height >= finding.count
    for remark in found.remarks:
        assert "\n" not in remark


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it in one trace."""
    folder = tmp_path_factory.mktemp("hostile") / "t.trace"
    together = [record for body in BODIES.values() for record in deliveries(body)]
    write_trace(folder, together).close()
    return folder


@pytest.mark.parametrize("kind", DETECTORS)
def test_a_detector_bears_every_payload_at_once(everything: Path, kind: str) -> None:
    with open_trace(everything) as trace:
        for finding in find(trace, **BUSINESS, only=[kind]):
            json.dumps(finding.document())
            assert trace.sql(finding.sql).height >= finding.count


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_every_detector_bears_each_payload_alone(tmp_path: Path, body: bytes) -> None:
    with write_trace(tmp_path / "t.trace", deliveries(body)) as trace:
        searched(trace, **BUSINESS)


def test_attributes_that_only_python_reads_are_borne(tmp_path: Path) -> None:
    strange = [
        replace(made, attributes=told, envelope=told)
        for made in deliveries(b'{"id":"a","v":1}')
        for told in (PYTHON_S, PYTHON_S.replace("peek", "logged"))
    ]
    with write_trace(tmp_path / "t.trace", strange) as trace:
        searched(trace, **BUSINESS)


def test_a_compacted_trace_gives_the_same_answers(everything: Path, tmp_path: Path) -> None:
    with open_trace(everything) as trace:
        before = find(trace, **BUSINESS).documents()
        compact(everything, now=clock, fields=BUSINESS)
        trace.refresh()
        assert find(trace, **BUSINESS).documents() == before


def test_paths_that_match_nothing_are_said(everything: Path) -> None:
    with open_trace(everything) as trace:
        found = find(trace, key="$.not.there", sequence='$."neither \' is"[3]', event_time="$[9]")

    said = " ".join(found.remarks)
    assert all(path in said for path in ("$.not.there", "neither ' is", "$[9]"))


def test_an_empty_trace_has_nothing_to_bear(tmp_path: Path) -> None:
    TraceWriter(tmp_path / "t.trace", "import", [], clock).close()
    with open_trace(tmp_path / "t.trace") as trace:
        searched(trace, **BUSINESS)
        searched(trace)


def test_many_distinct_keys_are_borne(tmp_path: Path) -> None:
    bodies = ({"id": f"k{number}", "v": 1, "at": number} for number in range(3_000))
    records = [kinesis_record(n, body, key=f"k{n}", seconds=n) for n, body in enumerate(bodies, 1)]
    with write_trace(tmp_path / "t.trace", records) as trace:
        searched(trace, **BUSINESS)
