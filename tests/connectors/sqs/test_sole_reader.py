"""When an empty answer means an empty queue."""

from datetime import timedelta

import pytest

from connectors import ConnectorError
from connectors.sqs.sole_reader import VISIBILITY, SoleReader
from tests.connectors.sqs.scripted_queues import as_production, aws, made, received, sent, settings
from tests.scripted_aws.faults import Fault, aws_error, one_by_one
from tests.scripted_aws.queue_state import QueueState
from tests.scripted_aws.sqs import ScriptedSqs

LOST = Fault(aws_error("InternalFailure"), after_the_deed=True)


@pytest.fixture
def sqs() -> ScriptedSqs:
    return aws()


def reader_of(sqs: ScriptedSqs, queue: QueueState) -> SoleReader:
    return SoleReader(queue=settings(sqs, queue), client=sqs, now=sqs.clock.now)


def test_ten_messages_become_durable_long_before_their_handles_run_out() -> None:
    assert timedelta(seconds=30) <= VISIBILITY <= timedelta(seconds=60)


def test_an_empty_answer_proves_all_up_to_its_question(sqs: ScriptedSqs) -> None:
    reader = reader_of(sqs, made(sqs))
    asked_at = sqs.clock.at
    messages = reader.receive()
    assert reader.is_empty(messages)
    assert reader.read_to_at(messages, asked_at) == asked_at


def test_a_queue_under_steady_traffic_is_claimed_a_minute_behind(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    reader = reader_of(sqs, queue)
    asked_at = sqs.clock.at
    assert reader.read_to_at(reader.receive(), asked_at) == asked_at - timedelta(seconds=60)


def test_a_nearly_empty_answer_proves_nothing_of_a_queue_that_was_never_empty(
    sqs: ScriptedSqs,
) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    reader = reader_of(sqs, queue)
    reader.begin(resumed=False)
    assert reader.read_to_at(reader.receive(), sqs.clock.at) is None


def test_after_two_lost_answers_messages_are_asked_for_one_by_one(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    reader = reader_of(sqs, queue)
    sqs.faults = one_by_one([LOST, LOST], "ReceiveMessage")
    for _ in range(2):
        with pytest.raises(ConnectorError):
            reader.receive()
    sent(sqs, queue, *"abc")
    assert len(reader.receive()) == 1


def test_a_full_answer_proves_nothing(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, *(f"m{n}" for n in range(10)))
    reader = reader_of(sqs, queue)
    assert reader.read_to_at(reader.receive(), sqs.clock.at) is None


def test_an_empty_answer_to_a_short_poll_proves_nothing(sqs: ScriptedSqs) -> None:
    reader = reader_of(sqs, made(sqs))
    reader.wait_seconds = 0
    assert reader.read_to_at(reader.receive(), sqs.clock.at) is None


def test_after_a_lost_answer_nothing_is_proved_until_what_it_hid_is_back(
    sqs: ScriptedSqs,
) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    reader = reader_of(sqs, queue)
    sqs.faults = one_by_one([LOST], "ReceiveMessage")
    with pytest.raises(ConnectorError):
        reader.receive()
    messages = reader.receive()
    assert messages == []
    assert not reader.is_empty(messages)
    sqs.clock.forward(seconds=58)
    (message,) = reader.receive()
    assert reader.own_receives(message) == 2


def test_a_receive_by_others_is_not_counted_as_ours(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    received(as_production(sqs), queue, seconds=0)
    sqs.clock.forward(minutes=1)
    reader = reader_of(sqs, queue)
    sqs.faults = one_by_one([LOST], "ReceiveMessage")
    with pytest.raises(ConnectorError):
        reader.receive()
    sqs.clock.forward(minutes=1)
    (message,) = reader.receive()
    assert reader.own_receives(message) == 1


def test_at_a_first_beginning_the_counts_are_believed_and_at_a_resumed_one_not(
    sqs: ScriptedSqs,
) -> None:
    for resumed in (False, True):
        reader = reader_of(sqs, made(sqs, f"orders-{resumed}"))
        reader.begin(resumed=resumed)
        assert reader.is_empty(reader.receive()) is not resumed
    sqs.clock.forward(seconds=60)
    assert reader.is_empty(reader.receive())


def test_a_fifo_group_that_somebody_else_holds_keeps_the_end_away(sqs: ScriptedSqs) -> None:
    queue = made(sqs, "orders.fifo")
    sent(sqs, queue, "a")
    received(as_production(sqs), queue, seconds=30)
    sent(sqs, queue, "b")
    reader = reader_of(sqs, queue)
    messages = reader.receive()
    assert messages == []
    assert reader.read_to_at(messages, sqs.clock.at) is None
    assert not reader.is_empty(messages)


def test_an_attempt_id_is_not_kept_longer_than_sqs_knows_it(sqs: ScriptedSqs) -> None:
    reader = reader_of(sqs, made(sqs, "orders.fifo"))
    sqs.faults = one_by_one([LOST, LOST], "ReceiveMessage")
    for _ in range(2):
        with pytest.raises(ConnectorError):
            reader.receive()
        sqs.clock.forward(minutes=5)
    attempts = [a["ReceiveRequestAttemptId"] for n, a in sqs.calls if n == "ReceiveMessage"]
    assert len(set(attempts)) == 2
