"""What went in comes out, is lost, or is not known; by sets, in Jepsen's words."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Record, Resource, Span
from tests.factories import (
    LOG_GROUP,
    QUEUE,
    T0,
    TOPIC,
    instant,
    log_event,
    sns_notification,
    sqs_message,
)
from tests.workbench.findings.traces import trace_of
from workbench.measures import measure
from workbench.trace import Trace, TraceWriter, open_trace

FIGURES = ("attempted", "acknowledged", "ok", "lost", "unexpected", "duplicated", "recovered")
Figures = dict[str, Any]


def copy(published: int, number: int = 0, *, queue: str = QUEUE, seconds: float = 10) -> Record:
    """A notification of the topic as a queue behind it holds it."""
    notification = {
        "Type": "Notification",
        "MessageId": sns_notification(published).record_id,
        "TopicArn": TOPIC,
        "Message": "{}",
        "Timestamp": instant(seconds).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    return sqs_message(1_000 + 10 * published + number, notification, seconds=seconds, queue=queue)


def subscription(queue: str = QUEUE, **attributes: str) -> Resource:
    told = {
        "SubscriptionArn": f"{TOPIC}:{queue[-6:]}",
        "TopicArn": TOPIC,
        "Protocol": "sqs",
        "Endpoint": queue,
        **attributes,
    }
    return Resource(TOPIC, "get-subscription-attributes", T0, json.dumps({"Attributes": told}))


def traced(
    folder: Path,
    records: Iterable[Record],
    resources: Iterable[Resource] = (),
    holes: Iterable[Span] = (),
) -> Trace:
    trace_of(folder / "t.trace", records, holes=holes).close()
    writer = TraceWriter(folder / "t.trace", "capture", ["test"], lambda: T0)
    writer.append_resources(list(resources))
    writer.close()
    return open_trace(folder / "t.trace")


def figures(trace: Trace, consumer: str = QUEUE) -> Figures:
    with trace:
        rows = measure(trace, "conservation").filter(consumer_arn=consumer)
    return rows.row(0, named=True)


def counts(trace: Trace, consumer: str = QUEUE) -> tuple[int | None, ...]:
    told = figures(trace, consumer)
    return tuple(told[name] for name in FIGURES)


def published(*numbers: int) -> list[Record]:
    return [sns_notification(number, seconds=10) for number in numbers]


def test_what_was_published_and_stands_in_the_queue_is_ok_and_what_does_not_is_lost(
    tmp_path: Path,
) -> None:
    records = [*published(1, 2, 3), copy(1), copy(2), copy(2, 1)]

    assert counts(traced(tmp_path, records, [subscription()])) == (3, 3, 2, 1, 0, 1, 0)


def test_a_copy_that_another_queue_has_too_was_attempted_and_is_recovered(tmp_path: Path) -> None:
    other = f"{QUEUE}-other"
    records = [*published(1), copy(1), copy(2), copy(2, 5, queue=other), copy(3)]

    assert counts(traced(tmp_path, records, [subscription()])) == (2, 1, 2, 0, 1, 0, 1)


@pytest.mark.parametrize(
    "resource", [subscription(FilterPolicy='{"kind":["a"]}'), None], ids=["filter", "not told"]
)
def test_where_a_filter_may_be_the_reason_nothing_is_known_to_be_lost(
    tmp_path: Path, resource: Resource | None
) -> None:
    records = [*published(1, 2), copy(1)]

    told = figures(traced(tmp_path, records, [resource] if resource else []))

    assert (told["ok"], told["lost"]) == (1, None)


def test_where_nothing_is_missing_a_filter_is_no_reason_to_doubt(tmp_path: Path) -> None:
    told = figures(traced(tmp_path, [*published(1), copy(1)]))

    assert told["lost"] == 0


def test_what_others_may_have_taken_from_a_peeked_queue_is_not_known_to_be_lost(
    tmp_path: Path,
) -> None:
    peeked = '{"system":{},"user":{},"workbench":{"mode":"peek","own_receives":1}}'
    records = [*published(1, 2), replace(copy(1), attributes=peeked)]

    assert figures(traced(tmp_path, records, [subscription()]))["lost"] is None


def test_raw_copies_have_no_id_of_the_topic_and_a_topic_not_captured_no_figures(
    tmp_path: Path,
) -> None:
    raw = subscription(RawMessageDelivery="true")

    assert counts(traced(tmp_path / "a", [*published(1), sqs_message(9)], [raw])) == (
        1,
        1,
        *[None] * 5,
    )
    assert counts(traced(tmp_path / "b", [copy(1)], [subscription()])) == (None,) * 7


def test_what_may_lie_in_a_hole_or_still_come_is_not_counted(tmp_path: Path) -> None:
    late = sns_notification(2, seconds=3_598)
    hidden = sns_notification(3, seconds=50)
    hole = Span(instant(49), instant(51), "trimmed")
    records = [*published(1), late, hidden, copy(1)]

    assert counts(traced(tmp_path, records, [subscription()], [hole])) == (1, 1, 1, 0, 0, 0, 0)


FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:charge"
MAPPING = {"UUID": "m", "EventSourceArn": QUEUE, "FunctionArn": FUNCTION, "State": "Enabled"}
MAPPED = Resource(
    QUEUE, "list-event-source-mappings", T0, json.dumps({"EventSourceMappings": [MAPPING]})
)


def request(number: int, *handled: Record, seconds: float = 20) -> list[Record]:
    """The lines of one invocation that names the messages it was given."""
    request_id = f"11111111-0000-4000-8000-{number:012d}"
    lines = [
        f"START RequestId: {request_id} Version: $LATEST",
        *(
            f"2026-11-20T10:00:20.000Z\t{request_id}\tINFO\thandled {record.record_id}"
            for record in handled
        ),
        f"END RequestId: {request_id}",
        f"REPORT RequestId: {request_id}\tDuration: 1.00 ms\tBilled Duration: 1 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 64 MB",
    ]
    return [
        log_event(100 * number + place, line, seconds=seconds + place / 1_000)
        for place, line in enumerate(lines)
    ]


def messages(*numbers: int) -> list[Record]:
    return [sqs_message(number, seconds=10) for number in numbers]


def test_a_message_in_a_request_is_ok_and_one_in_none_is_lost(tmp_path: Path) -> None:
    one, two, three = messages(1, 2, 3)
    lines = request(1, one, two) + request(2, two, seconds=30)

    told = counts(traced(tmp_path, [one, two, three, *lines], [MAPPED]), LOG_GROUP)

    assert told == (3, 3, 2, 1, 0, 1, 0)


def test_a_message_in_the_dead_letter_queue_is_not_lost(tmp_path: Path) -> None:
    one, two = messages(1, 2)
    dead = replace(two, source_arn=f"{QUEUE}-dlq")
    redrive = json.dumps({"deadLetterTargetArn": f"{QUEUE}-dlq", "maxReceiveCount": 3})
    attributes = json.dumps({"Attributes": {"RedrivePolicy": redrive}})
    settings_told = Resource(QUEUE, "get-queue-attributes", T0, attributes)
    trace = traced(tmp_path, [one, two, dead, *request(1, one)], [MAPPED, settings_told])

    told = figures(trace, LOG_GROUP)

    assert (told["ok"], told["lost"], told["dead_lettered"]) == (1, 0, 1)


def test_requests_that_do_not_tell_their_records_may_have_had_them(tmp_path: Path) -> None:
    one, two = messages(1, 2)
    lines = request(1, one) + request(2, seconds=30)

    told = figures(traced(tmp_path, [one, two, *lines], [MAPPED]), LOG_GROUP)

    assert (told["ok"], told["lost"], told["dead_lettered"]) == (1, None, None)


def test_an_empty_trace_has_no_pairs(tmp_path: Path) -> None:
    with traced(tmp_path, []) as trace:
        assert measure(trace, "conservation").is_empty()


numbers = st.lists(st.integers(0, 6), max_size=8)


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(0, 6), min_size=1), numbers, numbers)
def test_the_figures_are_those_of_the_sets(
    acknowledged: set[int], here: list[int], there: list[int]
) -> None:
    other = f"{QUEUE}-other"
    marker = [sqs_message(999, "no notification", queue=queue) for queue in (QUEUE, other)]
    records = [
        *marker,
        *published(*acknowledged, *acknowledged),
        *(copy(number, place) for place, number in enumerate(here)),
        *(copy(number, place, queue=other) for place, number in enumerate(there)),
    ]
    arrived, attempted = set(here), acknowledged | set(there)

    with TemporaryDirectory() as folder:
        told = counts(traced(Path(folder), records, [subscription()]))

    assert told == (
        len(attempted),
        len(acknowledged),
        len(arrived & attempted),
        len(acknowledged - arrived),
        len(arrived - attempted),
        len(here) - len(arrived),
        len(arrived & (attempted - acknowledged)),
    )
