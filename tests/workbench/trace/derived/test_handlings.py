"""A record and a request are joined where the log tells it, and nowhere else."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Record, Resource
from tests.factories import (
    ACCOUNT,
    LOG_GROUP,
    QUEUE,
    SHARD,
    STREAM,
    TABLE_STREAM,
    TOPIC,
    dynamodb_change,
    kinesis_record,
    log_event,
    page,
    sns_notification,
    sqs_message,
    write_trace,
)
from tests.workbench.trace.invoked import consumed_by, invoked, printed, request
from workbench.trace.logged_deliveries import with_logged_deliveries

OTHER_GROUP = f"arn:aws:logs:{ACCOUNT}:log-group:/aws/lambda/audit"
DLQ = f"arn:aws:sqs:{ACCOUNT}:orders-dlq"
Handled = tuple[str, str, str, int, str, float]
"""Source, record, request, attempt, told by, certainty."""
Told = Callable[..., list[Handled]]


def handled(
    folder: Path, records: Iterable[Record], resources: Iterable[Resource] = ()
) -> list[Handled]:
    with write_trace(folder, records, resources) as trace:
        return trace.sql(
            """select source_arn, record_id, request_id, attempt, told_by, certainty
               from handlings order by all"""
        ).rows()


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """What `handlings` says of records, of any number of groups of them."""

    def rows(*groups: Iterable[Record], resources: Iterable[Resource] = ()) -> list[Handled]:
        return handled(tmp_path / "t.trace", [one for each in groups for one in each], resources)

    return rows


def by_line(record: Record, number: int = 1, attempt: int = 1, certainty: float = 1.0) -> Handled:
    return (record.source_arn, record.record_id, request(number), attempt, "line", certainty)


MESSAGE = sqs_message(1)
WHOLE_SEQUENCE = kinesis_record(7)


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (MESSAGE, f"charging {MESSAGE.record_id}"),
        (MESSAGE, json.dumps({"level": "INFO", "message_id": MESSAGE.record_id, "message": "x"})),
        (MESSAGE, json.dumps({"message": json.dumps({"messageId": MESSAGE.record_id})})),
        (MESSAGE, f"[INFO]\t2026-11-20T10:00:00.000Z\t{request(1)}\tmsg={MESSAGE.record_id}"),
        (sns_notification(3), f"MessageId {sns_notification(3).record_id}"),
        (WHOLE_SEQUENCE, f"at {WHOLE_SEQUENCE.sequence_number}"),
        (WHOLE_SEQUENCE, json.dumps({"eventID": WHOLE_SEQUENCE.record_id})),
        (dynamodb_change(4), f"eventID={dynamodb_change(4).record_id}"),
        (dynamodb_change(4), f'{{"itemIdentifier":"{dynamodb_change(4).sequence_number}"}}'),
        (sqs_message(5, group="a"), f"sequence {sqs_message(5, group='a').sequence_number}"),
    ],
)
def test_an_id_in_a_line_joins_the_record_with_the_request_of_the_line(
    record: Record, line: str, told: Told
) -> None:
    assert told([record], invoked(1, line, at=2)) == [by_line(record)]


def test_a_message_is_known_by_the_id_that_its_topic_gave_it(told: Told) -> None:
    envelope = {"Type": "Notification", "MessageId": request(77), "TopicArn": TOPIC, "Message": "x"}
    message = sqs_message(1, envelope)
    plain = sqs_message(2, {"MessageId": request(78)})

    found = told([message, plain], invoked(1, f"{request(77)} and {request(78)}", at=2))

    assert found == [by_line(message)]


def test_a_printed_event_joins_all_that_it_holds_and_lines_of_that_request_tell_no_more(
    told: Told,
) -> None:
    batch = [sqs_message(1), sqs_message(2)]
    elsewhere = sqs_message(3)
    log = invoked(1, printed(*batch), f"waiting for {elsewhere.record_id}", at=2)
    deliveries = with_logged_deliveries(page(*log)).records

    found = told([elsewhere], deliveries)

    assert found == [(QUEUE, each.record_id, request(1), 1, "event", 1.0) for each in batch]


def test_a_line_without_a_request_id_is_of_the_request_its_instance_works_on(told: Told) -> None:
    first, second = sqs_message(1), sqs_message(2)
    log = [
        *invoked(1, f"got {first.record_id}", at=2, log_stream="a"),
        *invoked(2, f"got {second.record_id}", at=2, log_stream="b"),
    ]
    assert told([first, second], log) == [by_line(first, 1), by_line(second, 2)]


def test_a_line_is_of_the_attempt_in_which_it_was_written(told: Told) -> None:
    record = sns_notification(1)
    log = [
        *invoked(1, f"got {record.record_id}", at=2, raised="ValueError: x"),
        *invoked(1, "got nothing yet", at=62, raised="ValueError: x", log_stream="b"),
        *invoked(1, f"got {record.record_id}", at=182, log_stream="b"),
    ]
    assert told([record], log) == [by_line(record, 1, 1), by_line(record, 1, 3)]


def test_who_sent_a_message_did_not_handle_it(told: Told) -> None:
    message = sqs_message(1, seconds=10)
    producer = invoked(
        1, f"sent {message.record_id}", f"id {message.record_id}", at=9.5, log_stream="p"
    )

    assert told([message], producer, invoked(2, f"got {message.record_id}", at=10.2)) == [
        by_line(message, 2)
    ]


def test_only_consumers_of_the_source_handle_its_records_where_they_are_known(told: Told) -> None:
    line = f"saw {MESSAGE.record_id}"
    log = [*invoked(1, line, at=2), *invoked(2, line, at=2, group=OTHER_GROUP, log_stream="o")]

    assert told([MESSAGE], log, resources=[consumed_by("charge")]) == [by_line(MESSAGE, 1)]


def test_any_log_group_may_tell_where_the_consumers_are_not_known(told: Told) -> None:
    line = f"saw {MESSAGE.record_id}"
    log = [*invoked(1, line, at=2), *invoked(2, line, at=2, group=OTHER_GROUP, log_stream="o")]

    found = told([MESSAGE], log, resources=[consumed_by("charge", source=STREAM)])

    assert found == [by_line(MESSAGE, 1), by_line(MESSAGE, 2)]


def test_a_message_in_two_queues_is_of_the_queue_whose_consumer_tells_it(told: Told) -> None:
    moved = replace(MESSAGE, source_arn=DLQ)
    log = invoked(1, f"saw {MESSAGE.record_id}", at=2)

    assert told([MESSAGE, moved], log, resources=[consumed_by()]) == [by_line(MESSAGE)]


def test_a_message_in_two_queues_of_unknown_consumers_may_be_of_either(told: Told) -> None:
    moved = replace(MESSAGE, source_arn=DLQ)

    assert told([MESSAGE, moved], invoked(1, f"saw {MESSAGE.record_id}", at=2)) == [
        by_line(MESSAGE, certainty=0.5),
        by_line(moved, certainty=0.5),
    ]


@pytest.mark.parametrize(
    "words",
    [
        "previous message %s",
        "duplicate of %s",
        '{"parentId":"%s"}',
        '{"correlation_id": "%s"}',
        "published %s",
    ],
)
def test_an_id_named_as_a_reference_is_not_certain(words: str, told: Told) -> None:
    line = words % MESSAGE.record_id

    assert told([MESSAGE], invoked(1, line, at=2)) == [by_line(MESSAGE, certainty=0.5)]


def test_a_reference_beside_the_record_s_own_line_takes_nothing_away(told: Told) -> None:
    lines = (f"previous {MESSAGE.record_id}", f"message {MESSAGE.record_id}")

    assert told([MESSAGE], invoked(1, *lines, at=2)) == [by_line(MESSAGE)]


def test_a_word_about_another_field_makes_no_reference(told: Told) -> None:
    line = json.dumps({"parent": "p1", "message_id": MESSAGE.record_id})

    assert told([MESSAGE], invoked(1, line, at=2)) == [by_line(MESSAGE)]


ROOT = "1-62e900b2-710d76f009d6e7785905449a"


def traced_message(number: int, seconds: float = 0) -> Record:
    message = sqs_message(number, seconds=seconds)
    system = json.loads(message.attributes)["system"]
    system |= {"AWSTraceHeader": f"Root={ROOT};Parent=1;Sampled=1"}
    return replace(message, attributes=json.dumps({"system": system, "user": {}}))


def test_a_trace_header_joins_with_the_consumer_s_invocations_of_that_trace(told: Told) -> None:
    message = traced_message(1, seconds=1)
    log = [
        *invoked(1, at=0, trace_id=ROOT, group=OTHER_GROUP),
        *invoked(2, at=0.5, trace_id=ROOT),
        *invoked(3, at=2, trace_id=ROOT),
        *invoked(4, at=4, trace_id=ROOT),
    ]
    assert told([message], log, resources=[consumed_by()]) == [
        (QUEUE, message.record_id, request(number), 1, "trace", 0.5) for number in (3, 4)
    ]


def test_a_trace_header_says_nothing_where_the_consumers_are_not_known(told: Told) -> None:
    assert told([traced_message(1)], invoked(1, at=2, trace_id=ROOT)) == []


def test_a_handling_shows_how_the_invocation_ended(tmp_path: Path) -> None:
    log = invoked(1, f"got {MESSAGE.record_id}", at=2, raised="ValueError: no amount")
    with write_trace(tmp_path / "t.trace", [MESSAGE, *log]) as trace:
        [row] = trace.sql("from handlings").to_dicts()
        lines = trace.sql(
            "select delivery_id, payload(body) as line from records where service = 'aws:logs'"
        )

    assert row["status"] == "error"
    assert (row["error_type"], row["error_message"]) == ("ValueError", "no amount")
    assert (row["log_group"], row["partition_id"], row["duration_ms"]) == (LOG_GROUP, "", 1000.0)
    said = dict(lines.iter_rows())
    assert said[row["line_id"]] == f"got {MESSAGE.record_id}"
    assert said[row["first_line_id"]].startswith("START")
    assert said[row["last_line_id"]].startswith("REPORT")


def test_a_shard_s_record_keeps_its_shard(tmp_path: Path) -> None:
    record = kinesis_record(1)
    log = invoked(1, str(record.sequence_number), at=2)
    with write_trace(tmp_path / "t.trace", [record, *log]) as trace:
        assert trace.sql("select source_arn, partition_id from handlings").rows() == [
            (STREAM, SHARD)
        ]


@pytest.mark.parametrize(
    "line",
    [
        '{"message_id":' * 3_000,
        '{"messageId":"\\ud800","x":NaN}',
        "\0 %s \0",
        "'); drop table records; --",
        "<b>00000000-0000-4000-8000-00000000000</b>",
        "1" * 5_000,
    ],
)
def test_a_hostile_line_joins_nothing_and_disturbs_nothing(line: str, told: Told) -> None:
    log = invoked(1, line, f"got {MESSAGE.record_id}", at=2)

    assert told([MESSAGE], log) == [by_line(MESSAGE)]


def test_records_without_instants_and_bodies_that_are_no_text_are_joined_all_the_same(
    told: Told,
) -> None:
    message = replace(MESSAGE, source_at=None, body=b"\xff")
    change = replace(dynamodb_change(1, stream=TABLE_STREAM), source_at=None)
    log = invoked(1, f"{message.record_id} {change.record_id}", at=2)
    untimed = [replace(event, source_at=None) for event in log]

    assert told([message, change], untimed) == sorted([by_line(message), by_line(change)])


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 3))
def test_who_handled_what_does_not_follow_from_the_order_in_which_records_were_written(
    shuffled: Random, twice: int
) -> None:
    messages = [sqs_message(n) for n in range(1, 5)]
    logs = [invoked(n, f"got {m.record_id}", at=10 * n) for n, m in enumerate(messages, 1)]
    records = [*messages * twice, *(event for log in logs for event in log)]
    shuffled.shuffle(records)

    with TemporaryDirectory() as aside:
        found = handled(Path(aside, "t"), records)

    assert found == [by_line(message, n) for n, message in enumerate(messages, 1)]


def test_no_line_and_no_record_is_no_handling(told: Told) -> None:
    assert told([log_event(1, "hello")], [MESSAGE]) == []
