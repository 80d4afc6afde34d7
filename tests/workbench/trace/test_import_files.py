"""Importing keeps every delivery, says what it skipped, and claims no more than it knows."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.errors import UnrecognisedError
from workbench.trace import open_trace
from workbench.trace.import_files import import_files

QUEUE = "arn:aws:sqs:us-east-1:111111111111:orders"


def now() -> datetime:
    return datetime(2026, 11, 20, 12, tzinfo=UTC)


def sqs_event(*messages: tuple[str, str, int]) -> dict[str, object]:
    return {
        "Records": [
            {
                "messageId": id_,
                "receiptHandle": "handle",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": str(count),
                    "SentTimestamp": "1795168800000",
                    "SenderId": "AIDA",
                    "ApproximateFirstReceiveTimestamp": "1795168800001",
                },
                "messageAttributes": {},
                "md5OfBody": "x",
                "eventSource": "aws:sqs",
                "eventSourceARN": QUEUE,
                "awsRegion": "us-east-1",
            }
            for id_, body, count in messages
        ]
    }


def test_a_record_given_twice_is_two_deliveries(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(sqs_event(("m1", "x", 1))))
    (tmp_path / "b.json").write_text(json.dumps(sqs_event(("m1", "x", 2))))

    imported = import_files(
        tmp_path / "t.trace", [tmp_path / "a.json", tmp_path / "b.json"], now=now
    )

    assert imported.document() == {
        "files": 2,
        "records": 2,
        "resources": 0,
        "skipped": [],
        "sources": {QUEUE: 2},
    }


def test_an_imported_span_is_assumed_and_never_called_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(sqs_event(("m1", "x", 1))))

    import_files(tmp_path / "t.trace", [tmp_path / "a.json"], now=now)

    with open_trace(tmp_path / "t.trace") as trace:
        assert trace.coverage()["state"].to_list() == ["assumed"]


def test_a_truncated_file_is_skipped_with_its_name_and_the_rest_is_taken(tmp_path: Path) -> None:
    whole = json.dumps(sqs_event(("m1", "x", 1)))
    (tmp_path / "whole.json").write_text(whole)
    (tmp_path / "cut.json").write_text(whole[:-20])
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")

    names = ("cut.json", "whole.json", "picture.png")
    imported = import_files(tmp_path / "t.trace", [tmp_path / name for name in names], now=now)

    assert imported.records == 1
    assert sorted(Path(file).name for file, _ in imported.skipped) == ["cut.json", "picture.png"]


def test_a_path_that_is_not_there_makes_no_trace(tmp_path: Path) -> None:
    with pytest.raises(UnrecognisedError):
        import_files(tmp_path / "t.trace", [tmp_path / "nope.json"], now=now)

    assert not (tmp_path / "t.trace").exists()


def test_what_cannot_be_parsed_is_a_row_with_its_status(tmp_path: Path) -> None:
    bodies = ['{"a": 1}', "hello", '{"a": ', "[" * 5_000, ""]
    (tmp_path / "a.json").write_text(
        json.dumps(sqs_event(*((f"m{n}", body, 1) for n, body in enumerate(bodies))))
    )

    import_files(tmp_path / "t.trace", [tmp_path / "a.json"], now=now)

    with open_trace(tmp_path / "t.trace") as trace:
        statuses = trace.sql("select parse_status from records order by record_id")[
            "parse_status"
        ].to_list()
    assert statuses == ["json", "text", "broken_json", "too_deep", "empty"]


def test_every_sample_event_goes_in_or_is_refused_with_a_reason(
    shared_events: Path, tmp_path: Path
) -> None:
    imported = import_files(tmp_path / "t.trace", [shared_events], now=now)

    assert imported.records > 60
    assert all(reason for _, reason in imported.skipped)
    with open_trace(tmp_path / "t.trace") as trace:
        services = set(trace.sql("select distinct service from records")["service"])
    assert services >= {
        "aws:sqs",
        "aws:sns",
        "aws:kinesis",
        "aws:dynamodb",
        "aws:logs",
        "aws:s3",
        "aws:events",
        "aws:apigateway",
    }


def test_events_that_a_log_printed_are_deliveries_of_their_source_too(tmp_path: Path) -> None:
    printed = {"level": "INFO", "message": sqs_event(("m1", "x", 3))}
    line = {"timestamp": 1795168801000, "eventId": "e1", "message": json.dumps(printed)}
    answer = {"events": [line | {"logStreamName": "s", "ingestionTime": 1795168802000}]}
    (tmp_path / "a.json").write_text(json.dumps(answer))
    group = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/charge"

    imported = import_files(tmp_path / "t.trace", [tmp_path / "a.json"], now=now, source_arn=group)

    assert imported.sources == {group: 1, QUEUE: 1}
    with open_trace(tmp_path / "t.trace") as trace:
        told = trace.sql(
            "select record_id, receive_count, attributes->>'$.workbench.mode' from records"
            " where service = 'aws:sqs'"
        )
    assert told.rows() == [("m1", 3, "logged")]
