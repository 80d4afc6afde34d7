"""Records that grew too old untouched: of streams, of queues, and on arrival in a dead-letter queue."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.record import Record, Resource
from tests.workbench.findings.losses.consumed_streams import (
    GROUP,
    filtered,
    invocation,
    line,
    mapping,
    puts,
    request_id,
    retention,
    story,
    trace_of_stream,
)
from tests.workbench.findings.losses.topics import (
    BILLING,
    BILLING_DLQ,
    attributes_of,
    trace_of_topic,
)
from tests.workbench.findings.traces import STREAM, at, put
from workbench.findings import Finding, find
from workbench.measures import measure

ID = "11111111-0000-4000-8000-000000000001"


def gone(trace: Any, **asked: Any) -> list[Finding]:
    return list(find(trace, only=["expired"], **asked))


def blocked(*missing: int) -> list[Record]:
    """A shard that stands still for two hours after its twentieth record."""
    records = [*puts(20), *(put(n, "k", {"order": n}, 8_000 + n) for n in range(20, 40))]
    return story(records, *missing, size=1)


@pytest.mark.parametrize(
    ("resources", "limit"),
    [
        ([mapping(MaximumRecordAgeInSeconds=3_600)], "maximum_record_age"),
        ([mapping(MaximumRecordAgeInSeconds=3_600), retention(24)], "maximum_record_age"),
        ([mapping(MaximumRecordAgeInSeconds=-1), retention(1)], "retention"),
        ([mapping(MaximumRecordAgeInSeconds=86_400), retention(1)], "retention"),
    ],
)
def test_a_record_whose_turn_came_too_late_is_expired_by_what_ended_first(
    tmp_path: Path, resources: list[Resource], limit: str
) -> None:
    trace = trace_of_stream(tmp_path / "t.trace", blocked(19), resources)

    (finding,) = gone(trace)

    assert (finding.source_arn, finding.instances[0]["key"]) == (STREAM, puts()[19].record_id)
    assert (finding.instances[0]["limit"], finding.instances[0]["expired_at"]) == (
        limit,
        at(190 + 3_600),
    )
    assert finding.confidence == round(40 / 42, 3)
    witness = trace.sql(finding.sql)
    assert set(witness["role"]) == {"record", "line_before", "line_after"}
    assert witness["delivery_id"].to_list() == finding.instances[0]["delivery_ids"]
    assert list(find(trace, only=["unhandled"])) == []


@pytest.mark.parametrize(
    "resources",
    [
        [mapping(MaximumRecordAgeInSeconds=-1)],
        [mapping(MaximumRecordAgeInSeconds=-1), retention(24)],
        [mapping(MaximumRecordAgeInSeconds=3_600, **filtered({"data": {"order": [1]}}))],
    ],
)
def test_a_record_that_was_in_time_or_filtered_is_not_expired(
    tmp_path: Path, resources: Any
) -> None:
    assert gone(trace_of_stream(tmp_path / "t.trace", blocked(19), resources)) == []


def test_an_invocation_that_tells_of_nothing_may_have_reached_it(tmp_path: Path) -> None:
    records = [*blocked(19), *invocation(900, 300, [])]

    assert (
        gone(
            trace_of_stream(
                tmp_path / "t.trace", records, [mapping(MaximumRecordAgeInSeconds=3_600)]
            )
        )
        == []
    )


def message(
    seen: float,
    *,
    count: int = 1,
    own: int = 1,
    mode: str = "peek",
    queue: str = BILLING,
    ident: str = ID,
) -> Record:
    """A message sent at the beginning."""
    return Record(
        service="aws:sqs",
        source_arn=queue,
        partition_id="",
        record_id=ident,
        source_at=at(0),
        received_at=at(seen),
        receive_count=count,
        body=b"{}",
        attributes=json.dumps(
            {"system": {}, "user": {}, "workbench": {"mode": mode, "own_receives": own}},
            separators=(",", ":"),
        ),
    )


def queue_trace(
    folder: Path, *messages: Record, until: float = 1_100, seconds: int = 1_000, **more: Any
) -> Any:
    resources = [attributes_of(BILLING, MessageRetentionPeriod=str(seconds), **more)]
    return trace_of_topic(folder, messages, resources, read=(BILLING,), until=until)


def test_a_message_seen_untaken_near_its_end_and_gone_after_is_expired(tmp_path: Path) -> None:
    trace = queue_trace(tmp_path / "t.trace", message(100), message(950, count=2))

    (finding,) = gone(trace)

    assert (finding.source_arn, finding.instances[0]["key"], finding.confidence) == (
        BILLING,
        ID,
        0.95,
    )
    assert (finding.instances[0]["limit"], finding.instances[0]["expired_at"]) == (
        "retention",
        at(1_000),
    )


@pytest.mark.parametrize(
    ("messages", "until"),
    [
        ([message(950)], 999),  # not read on past its end
        ([message(500)], 1_100),  # whoever wanted it had half its life
        ([message(950, count=2)], 1_100),  # somebody else received it
        ([message(950, mode="drain")], 1_100),  # we took it
        ([message(100), message(950, count=2, mode="drain")], 1_100),
        ([message(1_050)], 1_100),  # still there: the retention is another
    ],
)
def test_a_message_that_may_have_been_taken_is_not_expired(
    tmp_path: Path, messages: list[Record], until: float
) -> None:
    assert gone(queue_trace(tmp_path / "t.trace", *messages, until=until)) == []


def test_the_next_to_expire_is_told_beside(tmp_path: Path) -> None:
    other = Record(
        service="aws:sqs",
        source_arn=BILLING,
        partition_id="",
        record_id="later",
        source_at=at(500),
        received_at=at(950),
        receive_count=1,
        body=b"{}",
        attributes=message(0).attributes,
    )
    trace = queue_trace(tmp_path / "t.trace", message(950), other)

    (finding,) = gone(trace)

    assert finding.notes == (
        "of 2 messages seen in the queue the next expires at 2026-11-20T10:16:40.000000Z",
    )
    assert measure(trace, "expiring")["messages"].to_list() == [2]


def dead_letters(*, retention_s: int = 1_000) -> list[Resource]:
    redrive = json.dumps({"deadLetterTargetArn": BILLING_DLQ, "maxReceiveCount": 3})
    return [
        attributes_of(
            BILLING, MessageRetentionPeriod="345600", VisibilityTimeout="30", RedrivePolicy=redrive
        ),
        attributes_of(BILLING_DLQ, MessageRetentionPeriod=str(retention_s)),
    ]


def failing(seconds: float) -> list[Record]:
    """The third attempt, and the lines of its request."""
    third = Record(
        service="aws:sqs",
        source_arn=BILLING,
        partition_id="",
        record_id=ID,
        source_at=at(0),
        received_at=at(seconds),
        receive_count=3,
        body=b"{}",
        attributes='{"system":{},"user":{}}',
    )
    request = request_id(1)
    texts = [
        f"START RequestId: {request} Version: $LATEST",
        f"[INFO]\t2026-11-20T10:00:00.000Z\t{request}\thandling {ID}",
        "[ERROR] ValueError: no\nTraceback (most recent call last):",
        f"END RequestId: {request}",
        f"REPORT RequestId: {request}\tDuration: 5.00 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\t",
    ]
    return [third, *(line(text, seconds + n / 1_000, n) for n, text in enumerate(texts))]


def test_a_message_too_old_for_its_dead_letter_queue_is_dropped_on_arrival(tmp_path: Path) -> None:
    def trace(name: str, *more: Record, seconds: float = 1_500, **settings: Any) -> Any:
        return trace_of_topic(
            tmp_path / name,
            [*failing(seconds), *more],
            dead_letters(**settings),
            read=(BILLING, BILLING_DLQ, GROUP),
            until=9_000,
        )

    (finding,) = gone(trace("t.trace"))

    assert (finding.source_arn, finding.instances[0]["limit"]) == (BILLING, "dead_letter_retention")
    assert finding.instances[0]["expired_at"] == at(1_000)
    assert gone(trace("in_time.trace", seconds=900)) == []
    assert gone(trace("long.trace", retention_s=345_600)) == []
    assert gone(trace("there.trace", message(1_600, queue=BILLING_DLQ))) == []


def test_a_message_in_a_dead_letter_queue_is_judged_by_its_receives_there(tmp_path: Path) -> None:
    resources = dead_letters()
    lies = [message(100, count=4, queue=BILLING_DLQ), message(980, count=5, queue=BILLING_DLQ)]
    taken = [message(100, count=4, queue=BILLING_DLQ), message(980, count=6, queue=BILLING_DLQ)]

    (finding,) = gone(trace_of_topic(tmp_path / "t.trace", lies, resources, read=(BILLING_DLQ,)))

    assert (finding.source_arn, finding.instances[0]["limit"]) == (
        BILLING_DLQ,
        "dead_letter_retention",
    )
    assert gone(trace_of_topic(tmp_path / "u.trace", taken, resources, read=(BILLING_DLQ,))) == []
