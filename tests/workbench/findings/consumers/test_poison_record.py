"""A record is poison when it alone never succeeds; nobody is named where others could be the cause."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from connectors.record import Record
from tests.factories import (
    ACCOUNT,
    QUEUE,
    SHARD,
    STREAM,
    kinesis_record,
    sns_notification,
    sqs_message,
    write_trace,
)
from tests.workbench.findings.consumers.stories import found
from tests.workbench.trace.invoked import consumed_by, invoked, printed, queue_attributes, request
from workbench.findings import Finding, find

Poison = Callable[..., list[Finding]]
BAD = sqs_message(1)
BOOM = "ValueError: order %d has no amount"
DLQ = f"arn:aws:sqs:{ACCOUNT}:orders-dlq"


@pytest.fixture
def poison(tmp_path: Path) -> Poison:
    return lambda *groups, **more: found("poison_record", tmp_path / "t.trace", *groups, **more)


def alone(
    number: int, message: Record, at: float, raised: str | None = None, stream: str = "a"
) -> list[Record]:
    """A request of one message that it names."""
    return invoked(number, f"got {message.record_id}", at=at, raised=raised, log_stream=stream)


def failing(times: int = 3, message: Record = BAD) -> list[Record]:
    """Attempts 30 s apart, each with another number in its message."""
    return [
        event
        for n in range(times)
        for event in alone(n + 1, message, 2 + 30 * n, BOOM % (100 + n), stream=f"p{n}")
    ]


def well(count: int = 20, first: int = 100, at: float = 3) -> list[Record]:
    """Other messages, each handled well, 3 s apart."""
    messages = [sqs_message(first + n, seconds=at + 3 * n) for n in range(count)]
    logs = [alone(first + n, m, at + 3 * n + 0.5, stream="w") for n, m in enumerate(messages)]
    return [*messages, *(event for log in logs for event in log)]


def test_a_message_that_always_fails_alike_while_others_succeed_is_poison(poison: Poison) -> None:
    (finding,) = poison([BAD], failing(), well())

    (instance,) = finding.instances
    assert finding.source_arn == QUEUE
    assert instance["key"] == BAD.record_id
    assert instance["signature"] == "ValueError: order # has no amount"
    assert (instance["attempts"], instance["batch_mates"]) == (3, 0)
    assert (instance["neighbours"], instance["neighbours_succeeded"]) == (20, 20)
    assert len(instance["delivery_ids"]) == 1 + 3 * 3, (
        "itself, and of each attempt START, its id, REPORT"
    )
    assert finding.confidence == pytest.approx(1 - (1 / 22) ** 2)


def test_fewer_attempts_than_asked_say_nothing(poison: Poison) -> None:
    assert poison([BAD], failing(2), well()) == []
    assert poison([BAD], failing(3), well(), least_attempts=4) == []


def test_a_message_that_once_succeeded_is_no_poison(poison: Poison) -> None:
    assert poison([BAD], failing(), alone(9, BAD, 100), well(40)) == []


def test_failures_of_different_kinds_are_not_one_poison(poison: Poison) -> None:
    others = ["KeyError: 'amount'", "ValueError: x", "OSError: refused"]
    logs = [alone(n, BAD, 30 * n, raised, f"p{n}") for n, raised in enumerate(others, 1)]

    assert poison([BAD], *logs, well(40)) == []


def test_an_outage_in_which_all_fail_has_no_poison(poison: Poison) -> None:
    messages = [sqs_message(n) for n in range(1, 6)]
    logs = [
        alone(10 * k + n, m, 2 + 30 * k + 2 * n, BOOM % n, f"s{n}")
        for k in range(3)
        for n, m in enumerate(messages)
    ]
    assert poison(messages, *logs, well(5, at=200)) == []


def test_a_batch_that_always_fails_as_one_names_nobody(poison: Poison) -> None:
    batch = [BAD, sqs_message(2)]
    logs = [
        invoked(n, printed(*batch), at=30 * n, raised=BOOM % n, log_stream=f"p{n}")
        for n in range(1, 4)
    ]
    assert poison(*logs, well(40)) == []


def test_batch_mates_that_succeed_elsewhere_leave_the_one_that_does_not(poison: Poison) -> None:
    mates = [sqs_message(n) for n in (2, 3, 4)]
    logs = [
        invoked(n, printed(BAD, mate), at=30 * n, raised=BOOM % n, log_stream=f"p{n}")
        for n, mate in enumerate(mates, 1)
    ]
    later = [alone(20 + n, mate, 130 + n) for n, mate in enumerate(mates)]

    (finding,) = poison(*logs, *later, well(40))

    assert [(each["key"], each["batch_mates"]) for each in finding.instances] == [
        (BAD.record_id, 3)
    ]


def test_a_batch_that_times_out_and_then_goes_well_has_no_poison(poison: Poison) -> None:
    batch = [BAD, sqs_message(2)]
    slow = invoked(1, printed(*batch), at=2, timed_out=True)

    assert poison(slow, alone(2, BAD, 40), alone(3, batch[1], 44), well(), least_attempts=1) == []


def partial(number: int, at: float, *lines: str) -> list[Record]:
    batch = [BAD, sqs_message(200 + number)]
    return invoked(number, printed(*batch), *lines, at=at, log_stream=f"p{number}")


COMPLAINT = json.dumps(
    {"level": "ERROR", "message": f"record {BAD.record_id} refused", "errorType": "SchemaError"}
)


def test_a_partial_answer_hides_no_poison_whose_id_an_error_line_names(poison: Poison) -> None:
    logs = [partial(n, 30 * n, COMPLAINT) for n in range(1, 4)]

    (finding,) = poison(*logs, well(40), resources=[consumed_by(partial=True)])

    (instance,) = finding.instances
    assert (instance["key"], instance["signature"]) == (
        BAD.record_id,
        "SchemaError: record # refused",
    )


def test_a_partial_answer_hides_no_poison_that_comes_again_and_ends_in_the_dead_letter_queue(
    poison: Poison,
) -> None:
    logs = [partial(n, 30 * n) for n in range(1, 4)]
    dead = sqs_message(1, receive_count=4, queue=DLQ)
    configured = [consumed_by(partial=True), queue_attributes(QUEUE, dead_letter=DLQ)]

    (finding,) = poison(*logs, [dead], well(40), resources=configured)

    assert finding.source_arn == QUEUE
    assert [(each["key"], each["signature"]) for each in finding.instances] == [
        (BAD.record_id, "in batchItemFailures")
    ]


def test_a_success_that_is_not_known_to_be_partial_is_no_failure(poison: Poison) -> None:
    logs = [partial(n, 30 * n) for n in range(1, 4)]

    assert poison(*logs, well(40)) == []
    assert poison(*logs, well(40), resources=[consumed_by()]) == []


def test_in_a_shard_a_bisected_batch_leads_to_the_one_record(poison: Poison) -> None:
    records = [kinesis_record(n) for n in range(1, 5)]
    sequences = [str(each.sequence_number) for each in records]
    trail = [(sequences, True), (sequences[:2], False), (sequences[2:], True)]
    trail += [(sequences[2:3], True), (sequences[2:3], True), (sequences[3:], False)]
    logs = [
        invoked(n, " ".join(batch), at=10 * n, raised="KeyError: 'id'" if bad else None)
        for n, (batch, bad) in enumerate(trail, 1)
    ]
    before = kinesis_record(100, seconds=-20)
    after = kinesis_record(101, seconds=80)
    logs += [
        invoked(50, str(before.sequence_number), at=-10),
        invoked(51, str(after.sequence_number), at=90),
    ]
    (finding,) = poison([before, *records, after], *logs)

    assert finding.source_arn == STREAM
    (instance,) = finding.instances
    assert instance["key"] == f"{SHARD}:{sequences[2]}"
    assert (instance["attempts"], instance["signature"]) == (4, "KeyError: *")


def test_a_blocked_shard_is_no_poison_while_nothing_went_well_behind_it(poison: Poison) -> None:
    record = kinesis_record(1)
    logs = [
        invoked(n, str(record.sequence_number), at=10 * n, raised="KeyError: 'id'")
        for n in range(1, 9)
    ]
    before = kinesis_record(100, seconds=-20)
    logs.append(invoked(50, str(before.sequence_number), at=-10))

    assert poison([before, record], *logs) == []


def test_retries_of_an_asynchronous_event_are_attempts(poison: Poison) -> None:
    event = sns_notification(1)
    logs = [
        invoked(1, f"got {event.record_id}", at=at, raised="ValueError: x", log_stream=f"p{at}")
        for at in (2, 62, 182)
    ]
    (finding,) = poison([event], *logs, well(40))

    assert finding.instances[0]["attempts"] == 3


def test_an_attempt_whose_end_is_not_known_leaves_the_record_out(poison: Poison) -> None:
    cut = [event for event in alone(9, BAD, 100) if not event.body.startswith(b"REPORT")][:2]

    assert poison([BAD], failing(), cut, well(60)) == []


def test_attempts_on_a_dead_letter_queue_are_left_to_its_own_kind(poison: Poison) -> None:
    dead = sqs_message(1, queue=DLQ)

    assert (
        poison([dead], failing(), well(), resources=[queue_attributes(QUEUE, dead_letter=DLQ)])
        == []
    )


def test_the_statement_alone_returns_the_witness(tmp_path: Path) -> None:
    with write_trace(tmp_path / "t.trace", [BAD, *failing(), *well()]) as trace:
        (finding,) = find(trace, only=["poison_record"])
        rows = trace.sql(finding.sql)

    assert rows["delivery_id"].to_list() == list(finding.instances[0]["delivery_ids"])
    assert rows["request_id"].drop_nulls().unique().sort().to_list() == [
        request(n) for n in (1, 2, 3)
    ]


def test_without_an_id_in_any_line_it_is_said_that_none_can_be_told(tmp_path: Path) -> None:
    with write_trace(tmp_path / "t.trace", [BAD, *invoked(1, "hello", at=2)]) as trace:
        findings = find(trace, only=["poison_record"])

    assert len(findings) == 0
    assert "no log line names a record" in findings.remarks[0]


@settings(max_examples=6, deadline=None, phases=[Phase.generate])
@given(st.randoms(use_true_random=False), st.integers(1, 2))
def test_what_is_found_does_not_follow_from_the_order_of_writing(
    shuffled: Random, captured: int
) -> None:
    attempts = [alone(n + 1, BAD, 2 + 30 * n, BOOM % n, stream=f"p{n}") for n in range(3)]
    groups = [[BAD]] * captured + [*attempts, well()]
    shuffled.shuffle(groups)

    with TemporaryDirectory() as aside:
        (finding,) = found("poison_record", Path(aside, "t.trace"), *groups)

    (instance,) = finding.instances
    assert (instance["key"], instance["attempts"], instance["neighbours"]) == (BAD.record_id, 3, 20)
    assert len(instance["delivery_ids"]) == captured + 9
