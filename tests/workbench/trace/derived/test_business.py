"""Business fields of payloads as a relation: what a key, a whole number and an instant are."""

from pathlib import Path
from typing import Any

import pytest

from tests.factories import SHARD, kinesis_record, sqs_message, write_trace


def told(tmp_path: Path, body: Any) -> dict[str, Any]:
    with write_trace(tmp_path / "t.trace", [kinesis_record(1, body)]) as trace:
        rows = trace.sql("from business('$.id', '$.version', '$.at')")
    return rows.row(0, named=True)


@pytest.mark.parametrize(
    ("version", "number"),
    [
        (7, 7),
        ("7", 7),
        (7.0, 7),
        (7.5, None),
        ("seven", None),
        (True, None),
        (10**30, None),
        (2**62 - 1, 2**62 - 1),
        (2**62, None),
        (-(2**62) + 1, -(2**62) + 1),
    ],
)
def test_a_sequence_is_a_whole_number_or_nothing(
    tmp_path: Path, version: Any, number: int | None
) -> None:
    assert told(tmp_path, {"id": "a", "version": version})["sequence"] == number


@pytest.mark.parametrize(
    "at",
    [
        "2026-11-20T10:00:00Z",
        "2026-11-20T11:00:00.000+01:00",
        "2026-11-20 10:00:00",
        1795168800,
        1795168800.0,
        1795168800000,
        "1795168800000000",
        1795168800000000000,
    ],
)
def test_an_instant_is_told_in_iso_or_as_a_number_since_1970(tmp_path: Path, at: Any) -> None:
    assert told(tmp_path, {"at": at})["event_at"].isoformat() == "2026-11-20T10:00:00+00:00"


@pytest.mark.parametrize("at", ["yesterday", "infinity", 12, "2026-99-99", None, {"s": 1}])
def test_what_is_no_instant_is_nothing(tmp_path: Path, at: Any) -> None:
    assert told(tmp_path, {"at": at})["event_at"] is None


def test_behind_a_topic_the_fields_are_those_of_the_published_message(tmp_path: Path) -> None:
    envelope = {
        "Type": "Notification",
        "TopicArn": "arn:aws:sns:us-east-1:111111111111:orders",
        "Message": '{"id":"a","version":3}',
    }
    with write_trace(tmp_path / "t.trace", [sqs_message(1, envelope)]) as trace:
        row = trace.sql("from business('$.id', '$.version', null)").row(0, named=True)

    assert (row["key"], row["sequence"], row["partition_id"]) == ("a", 3, "")


def test_a_payload_that_is_no_json_has_no_row(tmp_path: Path) -> None:
    with write_trace(tmp_path / "t.trace", [kinesis_record(1, b"plain text")]) as trace:
        assert trace.sql("from business('$.id', null, null)").height == 0


def test_a_kept_relation_answers_as_it_did_before(tmp_path: Path) -> None:
    with write_trace(tmp_path / "t.trace", [kinesis_record(1, b"x", shard=SHARD)]) as trace:
        before = trace.sql("from log_lines")
        trace.keep("handlings")
        trace.keep("handlings")

        assert trace.sql("from log_lines").equals(before)
        assert trace.refresh().sql("from log_lines").equals(before)
