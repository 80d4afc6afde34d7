"""A printed event is a delivery of its source: exactly what was printed, once for each time it was delivered."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.record import Page, Record
from tests.factories import LOG_GROUP, QUEUE, STREAM, log_event, page, sqs_message
from workbench.trace import TraceWriter, open_trace
from workbench.trace.logged_deliveries import with_logged_deliveries
from workbench.trace.repeats import RepeatedEvents

ID = "00000000-0000-4000-8000-000000000001"
BODY = '{"order": 1,  "note":"ü \\u00e9 \\"quoted\\""}'
BUS_EVENT = {
    "version": "0",
    "id": "e1",
    "detail-type": "OrderPaid",
    "source": "shop",
    "account": "111111111111",
    "region": "us-east-1",
    "time": "2026-11-20T10:00:00Z",
    "resources": [],
    "detail": {"order": 1},
}
SNS_EVENT = {
    "Records": [
        {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": "arn:aws:sns:us-east-1:111111111111:orders:x",
            "Sns": {
                "MessageId": "n1",
                "TopicArn": "arn:aws:sns:us-east-1:111111111111:orders",
                "Message": "paid",
                "Timestamp": "2026-11-20T10:00:00.000Z",
                "MessageAttributes": {},
            },
        }
    ]
}


def sqs_event(message_id: str = "m1", receives: int = 1, body: str = BODY) -> dict[str, Any]:
    attributes = {
        "ApproximateReceiveCount": str(receives),
        "SentTimestamp": "1795168800000",
        "SenderId": "AIDAEXAMPLE",
        "ApproximateFirstReceiveTimestamp": "1795168800005",
    }
    return {
        "Records": [
            {
                "messageId": message_id,
                "receiptHandle": "h",
                "body": body,
                "attributes": attributes,
                "messageAttributes": {},
                "md5OfBody": "x",
                "eventSource": "aws:sqs",
                "eventSourceARN": QUEUE,
                "awsRegion": "us-east-1",
            }
        ]
    }


def powertools(**more: Any) -> str:
    line = {"level": "INFO", "location": "decorate:352", "function_request_id": ID}
    return json.dumps(line | more)


def told(*lines: str | Record) -> list[Record]:
    """The deliveries that lines tell of, ten seconds apart."""
    records = [
        line if isinstance(line, Record) else log_event(n, line, seconds=10 * n)
        for n, line in enumerate(lines, 1)
    ]
    before = page(*records)
    after = with_logged_deliveries(before)
    assert after.records[: len(records)] == before.records, "the lines stay, and stand first"
    return list(after.records[len(records) :])


TEXT = json.dumps(sqs_event())
WAYS: dict[str, str] = {
    "Powertools' log_event": powertools(message=sqs_event()),
    "Powertools for TypeScript": powertools(message="Lambda invocation event", event=sqs_event()),
    "Powertools, as text": powertools(message=TEXT),
    "a JSON log's message": json.dumps({"level": "INFO", "requestId": ID, "message": TEXT}),
    "a JSON log's message after words": json.dumps({"level": "INFO", "message": f"got: {TEXT}"}),
    "console.log of an object that holds it": json.dumps(
        {"level": "INFO", "message": {"event": sqs_event()}}
    ),
    "print": TEXT,
    "print with words": f"Received event: {TEXT}\n",
    "Python's logger": f"[INFO]\t2026-11-20T10:00:00.490Z\t{ID}\t{TEXT}\n",
    "console.log": f"2026-11-20T10:00:00.490Z\t{ID}\tINFO\tEVENT\t{TEXT}\n",
}


@pytest.mark.parametrize("line", WAYS.values(), ids=WAYS)
def test_an_event_is_found_however_it_was_printed(line: str) -> None:
    [delivery] = told(line)

    assert (delivery.service, delivery.source_arn, delivery.record_id) == ("aws:sqs", QUEUE, "m1")
    assert delivery.body == BODY.encode(), "byte for byte"
    assert delivery.receive_count == 1
    assert delivery.source_at is not None
    assert delivery.source_at.isoformat() == "2026-11-20T10:00:00+00:00"


def test_a_delivery_says_which_line_and_request_told_of_it() -> None:
    event = log_event(7, powertools(message=sqs_event()), seconds=3)
    [delivery] = told(event)

    assert json.loads(delivery.attributes)["workbench"] == {
        "mode": "logged",
        "log_event": event.record_id,
        "request_id": ID,
    }
    assert json.loads(delivery.attributes)["system"]["ApproximateReceiveCount"] == "1"
    assert delivery.received_at == event.received_at


@pytest.mark.parametrize(
    ("event", "services"),
    [
        (BUS_EVENT, ["aws:events"]),
        (SNS_EVENT, ["aws:sns"]),
        (
            {
                "Records": [
                    {
                        "eventSource": "aws:kinesis",
                        "eventSourceARN": STREAM,
                        "eventID": "shardId-000000000000:49",
                        "kinesis": {
                            "partitionKey": "k",
                            "sequenceNumber": "49",
                            "data": "eyJhIjoxfQ==",
                            "approximateArrivalTimestamp": 1795168800.123,
                        },
                    }
                ]
                * 2
            },
            ["aws:kinesis"] * 2,
        ),
        (
            {
                "httpMethod": "GET",
                "path": "/",
                "requestContext": {"requestId": "r", "apiId": "a", "stage": "p", "accountId": "1"},
            },
            ["aws:apigateway"],
        ),
    ],
)
def test_every_source_whose_events_are_read_is_known(event: Any, services: list[str]) -> None:
    assert [delivery.service for delivery in told(json.dumps(event))] == services


NO_EVENTS: dict[str, str] = {
    "repr": repr(sqs_event()),
    "cut off": TEXT[:-1],
    "cut off in the message": powertools(message=TEXT[:-1]),
    "more behind it": f"{TEXT} done",
    "a queue that nobody names": json.dumps({"Records": [{"messageId": "m", "body": "b"}]}),
    "an access log": json.dumps({"httpMethod": "GET", "path": "/", "requestContext": "none"}),
    "words about one": "eventSource and detail-type and requestContext {",
    "a number": '{"eventSource": ' + "9" * 5_000 + "}",
    "deep": '{"eventSource":' * 3_000 + "1" + "}" * 3_000,
    "a list": f"[{TEXT}]",
    "another service": json.dumps({"Records": [{"eventSource": "aws:kafka"}]}),
    "records of nothing": '{"Records": [], "eventSource": 1}',
    "null records": '{"Records": [null, 1], "eventSource": 1}',
}


@pytest.mark.parametrize("line", NO_EVENTS.values(), ids=NO_EVENTS)
def test_what_is_no_whole_event_is_not_taken(line: str) -> None:
    assert told(line) == []


def test_a_message_delivered_to_two_invocations_is_two_deliveries() -> None:
    lines = [
        powertools(message=sqs_event(receives=n), function_request_id=f"{ID[:-1]}{n}")
        for n in (1, 2)
    ]

    assert [delivery.receive_count for delivery in told(*lines)] == [1, 2]


def test_an_event_printed_twice_by_one_request_is_one_delivery() -> None:
    assert len(told(powertools(message=sqs_event()), powertools(event=sqs_event()))) == 1


def test_an_asynchronous_retry_under_the_old_request_id_is_another_delivery() -> None:
    lines = [log_event(n, powertools(message=SNS_EVENT), seconds=60 * n) for n in (1, 2)]

    assert len(told(*lines)) == 2


def test_other_pages_stay_as_they_are() -> None:
    queue_page = page(sqs_message(1, TEXT))
    plain = page(log_event(1, "hello"))

    assert with_logged_deliveries(queue_page) is queue_page
    assert with_logged_deliveries(plain) is plain


def test_a_line_that_is_read_again_tells_nothing_twice(tmp_path: Path) -> None:
    writer = TraceWriter(
        tmp_path / "t.trace", "capture", [LOG_GROUP], lambda: log_event().received_at
    )
    repeats = RepeatedEvents(tmp_path / "t.trace")
    stored: list[int] = []
    for _ in range(2):
        read = page(log_event(1, powertools(message=sqs_event())), log_event(2, "END"))
        fresh = with_logged_deliveries(repeats.without(LOG_GROUP, read))
        writer.append_pages([(LOG_GROUP, fresh)])
        stored.append(len(fresh.records))
    writer.close()

    assert stored == [3, 0]
    with open_trace(tmp_path / "t.trace") as trace:
        rows = trace.sql(
            "select service, attributes->>'$.workbench.mode' as mode from records order by all"
        ).rows()
    assert rows == [("aws:logs", None), ("aws:logs", None), ("aws:sqs", "logged")]


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(st.text(), st.sampled_from(sorted(WAYS)))
def test_whatever_the_payload_it_comes_out_as_it_went_in(body: str, way: str) -> None:
    line = WAYS[way]
    printed: Callable[[str], str] = json.dumps
    once, twice = printed(BODY)[1:-1], printed(printed(BODY)[1:-1])[1:-1]
    inner, outer = printed(body)[1:-1], printed(printed(body)[1:-1])[1:-1]
    changed = line.replace(twice, outer) if twice in line else line.replace(once, inner)
    [delivery] = told(changed)

    assert delivery.body.decode("utf-8", "surrogatepass") == body


@given(JSON, st.sampled_from(["Records", "detail", "requestContext", "message", "event"]))
def test_no_json_is_too_odd_to_be_looked_at(value: Any, name: str) -> None:
    odd: Page = page(log_event(1, json.dumps({name: value, "eventSource": "aws:sqs", "id": value})))

    assert len(with_logged_deliveries(odd).records) >= 1
