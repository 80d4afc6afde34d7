"""A look at somebody's queue: everything is given back, and what it did to the queue is written down."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import Cause, ConnectorError, OperationRefusedError, OrderScope
from connectors.errors import AccessDeniedError
from connectors.record import Page, PeekEffect
from connectors.sqs.peek import QueuePeek
from connectors.sqs.peek_plan import PeekBudget
from tests.connectors.sqs.scripted_queues import (
    WHOLE,
    as_production,
    aws,
    made,
    peek,
    received,
    sent,
    texts,
)
from tests.scripted_aws.faults import Fault, aws_error, one_by_one
from tests.scripted_aws.queue_state import QueueState
from tests.scripted_aws.sqs import ScriptedSqs
from workbench.trace.partition_reader import WHOLE_SOURCE


@pytest.fixture
def sqs() -> ScriptedSqs:
    return aws()


def counts(sqs: ScriptedSqs, queue: QueueState) -> list[int]:
    """Visible, in flight."""
    said = queue.counts(sqs.clock.at)
    start = "ApproximateNumberOfMessages"
    return [int(said[start]), int(said[f"{start}NotVisible"])]


def stored(pages: list[Page]) -> dict[tuple[str, Any], PeekEffect]:
    """Effects as the catalog keeps them: a later one of the same receive replaces the first."""
    return {(e.record_id, e.received_at): e for page in pages for e in page.peek_effects}


def operations(sqs: ScriptedSqs) -> list[str]:
    return [operation for operation, _ in sqs.calls]


def test_everything_is_given_back_when_the_sweep_ends_and_nothing_before(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, *(f"m{n}" for n in range(23)))
    pages = []
    for page in peek(sqs, queue).read(WHOLE, None):
        pages.append(page)
        if page.records:
            assert counts(sqs, queue)[1] == len(texts(pages))
    assert sorted(texts(pages)) == sorted(sent.body for sent in queue.sent)
    assert counts(sqs, queue) == [23, 0]
    hidden = {a["VisibilityTimeout"] for name, a in sqs.calls if name == "ReceiveMessage"}
    assert hidden == {30}


def test_nothing_is_ever_deleted_by_a_look(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, *"abc")
    list(peek(sqs, queue).read(WHOLE, None))
    assert set(operations(sqs)) == {
        "GetQueueAttributes",
        "ListDeadLetterSourceQueues",
        "ReceiveMessage",
        "ChangeMessageVisibilityBatch",
    }


def test_a_plan_stands_before_the_first_receive(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    next(peek(sqs, queue).read(WHOLE, None))
    first = operations(sqs).index("ReceiveMessage")
    assert {"GetQueueAttributes", "ListDeadLetterSourceQueues"} <= set(operations(sqs)[:first])


def test_effects_stand_with_their_page_and_again_once_given_back(sqs: ScriptedSqs) -> None:
    queue = made(sqs, most=9)
    sent(sqs, queue, *"ab")
    first, *rest = list(peek(sqs, queue).read(WHOLE, None))
    assert {(e.receive_count, e.receives_left, e.given_back_at) for e in first.peek_effects} == {
        (1, 8, None)
    }
    assert {e.hidden_until_at - e.received_at for e in first.peek_effects} == {
        timedelta(seconds=30)
    }
    effects = stored([first, *rest])
    assert len(effects) == 2
    assert {e.given_back_at for e in effects.values()} == {sqs.clock.at}
    assert rest[-1].records == ()


def test_killed_before_it_gives_back_the_effects_say_until_when_messages_are_hidden(
    sqs: ScriptedSqs,
) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    reader = peek(sqs, queue).read(WHOLE, None)
    (effect,) = next(reader).peek_effects  # and nothing after this reaches the disk
    assert effect.given_back_at is None
    sqs.clock.at = effect.hidden_until_at
    assert counts(sqs, queue) == [1, 0]


@pytest.mark.parametrize("end", ["close", "throw"])
def test_a_look_cut_short_gives_back_what_it_holds_and_can_tell_so(
    sqs: ScriptedSqs, end: str
) -> None:
    queue = made(sqs)
    sent(sqs, queue, *"ab")
    looking = peek(sqs, queue)
    reader: Any = looking.read(WHOLE, None)
    next(reader)
    if end == "close":
        reader.close()
    else:
        with pytest.raises(KeyboardInterrupt):
            reader.throw(KeyboardInterrupt())
    assert counts(sqs, queue) == [2, 0]
    assert [e.given_back_at for e in looking.unrecorded_effects] == [sqs.clock.at] * 2


def test_an_empty_answer_after_a_long_poll_proves_the_span(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    start = sqs.clock.at
    sqs.clock.forward(seconds=60)
    pages = list(peek(sqs, queue).read(WHOLE, None))
    assert [page.millis_behind_latest for page in pages] == [None, 0]
    assert [(s.from_at, s.to_at, s.cause) for p in pages for s in p.spans] == [
        (start, start + timedelta(seconds=60), None)
    ]


def test_an_empty_answer_to_a_short_poll_proves_nothing(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, *"abcdef")
    pages = list(peek(sqs, queue, wait_seconds=0).read(WHOLE, None))
    assert [s.cause for p in pages for s in p.spans] == [Cause.SAMPLED]


def test_a_delayed_queue_is_claimed_only_up_to_its_delay(sqs: ScriptedSqs) -> None:
    queue = made(sqs, DelaySeconds="60")
    sent(sqs, queue, "a")
    sqs.clock.forward(seconds=100)
    asked_at = sqs.clock.at
    (span,) = [s for p in peek(sqs, queue).read(WHOLE, None) for s in p.spans]
    assert span.to_at == asked_at - timedelta(seconds=60)


def test_messages_that_come_round_again_end_the_sweep_with_a_hole(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, *"ab")
    pages = []
    for page in peek(sqs, queue).read(WHOLE, None):
        pages.append(page)
        for message in queue.messages:  # at least once: SQS shows them although they are held
            message.visible_at = sqs.clock.at
    assert [len(page.records) for page in pages] == [2, 2, 0]
    assert [s.cause for p in pages for s in p.spans] == [Cause.SAMPLED]
    ours = {json.dumps(json.loads(r.attributes)["workbench"]) for p in pages for r in p.records}
    assert ours == {'{"mode": "peek", "own_receives": 1}'}


@pytest.mark.parametrize(
    "budget",
    [
        PeekBudget(messages=10),
        PeekBudget(receives=1),
        PeekBudget(sweep=timedelta(0)),
    ],
)
def test_a_budget_ends_the_sweep_with_a_hole_as_old_as_the_queue_keeps_messages(
    sqs: ScriptedSqs, budget: PeekBudget
) -> None:
    queue = made(sqs, MessageRetentionPeriod="3600")
    sent(sqs, queue, *(f"m{n}" for n in range(15)))
    pages = list(peek(sqs, queue, budget=budget).read(WHOLE, None))
    assert [len(page.records) for page in pages] == [10, 0]
    (span,) = pages[-1].spans
    assert span.cause == Cause.INTERRUPTED
    assert span.to_at - span.from_at == timedelta(hours=1)
    assert pages[-1].millis_behind_latest is None
    assert counts(sqs, queue) == [15, 0]


def test_a_sweep_is_shorter_than_messages_are_hidden() -> None:
    budget = PeekBudget()
    assert timedelta(seconds=10) <= budget.hidden <= timedelta(seconds=30)
    assert budget.sweep + timedelta(seconds=5) < budget.hidden


def test_a_fifo_queue_is_refused_before_anything_is_received(sqs: ScriptedSqs) -> None:
    queue = made(sqs, "orders.fifo")
    sent(sqs, queue, "a")
    with pytest.raises(OperationRefusedError, match="it is FIFO, and every message group"):
        next(peek(sqs, queue).read(WHOLE, None))
    assert "ReceiveMessage" not in operations(sqs)


def test_forced_on_a_fifo_queue_it_says_which_groups_are_blocked_and_what_it_did_not_see(
    sqs: ScriptedSqs,
) -> None:
    queue = made(sqs, "orders.fifo")
    sent(sqs, queue, *(f"g{n}" for n in range(12)), group="g")
    sent(sqs, queue, "h0", group="h")
    sqs.clock.forward(seconds=1)
    looking = peek(sqs, queue, force=True)
    groups, pages = [], []
    for page in looking.read(WHOLE, None):
        groups.append(looking.held_groups)
        pages.append(page)
    assert groups == [("g",), ("g", "h"), ()]
    assert texts(pages) == [*(f"g{n}" for n in range(10)), "h0"]
    assert [s.cause for p in pages for s in p.spans] == [Cause.SAMPLED]
    assert [m.body for m in queue.visible(sqs.clock.at)][:3] == ["g0", "g1", "g2"]


def test_a_small_max_receive_count_is_refused_unless_forced(sqs: ScriptedSqs) -> None:
    queue = made(sqs, most=3)
    sent(sqs, queue, "a")
    with pytest.raises(OperationRefusedError, match="maxReceiveCount is 3"):
        next(peek(sqs, queue).read(WHOLE, None))
    assert "ReceiveMessage" not in operations(sqs)
    assert texts(list(peek(sqs, queue, force=True).read(WHOLE, None))) == ["a"]


def test_a_redrive_policy_set_after_opening_is_seen(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    looking = peek(sqs, queue)
    made(sqs, "letters")
    target = sqs.account.queues["letters"].arn
    queue.attributes["RedrivePolicy"] = json.dumps(
        {"deadLetterTargetArn": target, "maxReceiveCount": 2}
    )
    with pytest.raises(OperationRefusedError, match="maxReceiveCount is 2"):
        next(looking.read(WHOLE, None))


def test_a_message_with_one_receive_left_stops_the_sweep(sqs: ScriptedSqs) -> None:
    queue = made(sqs, most=5)
    sent(sqs, queue, "a")
    for _ in range(3):
        received(as_production(sqs), queue, seconds=0)
    sent(sqs, queue, *(f"m{n}" for n in range(20)))
    reader = peek(sqs, queue).read(WHOLE, None)
    pages: list[Page] = []
    with pytest.raises(OperationRefusedError, match="at most one receive left of 5"):
        pages.extend(iter(reader))
    assert operations(sqs).count("ReceiveMessage") < 4
    assert counts(sqs, queue) == [21, 0]
    assert queue.moved == {}


def test_errors_of_sqs_stop_the_look_without_a_second_try_and_give_back(sqs: ScriptedSqs) -> None:
    for code in ("OverLimit", "KmsThrottled", "KmsAccessDenied", "KmsDisabled", "InternalError"):
        queue = made(sqs, f"orders-{code}")
        sent(sqs, queue, *(f"m{n}" for n in range(12)))
        sqs.faults = one_by_one([None, Fault(aws_error(code))], "ReceiveMessage")
        before = operations(sqs).count("ReceiveMessage")
        pages: list[Page] = []
        with pytest.raises(ConnectorError, match=code) as caught:
            pages.extend(iter(peek(sqs, queue).read(WHOLE, None)))
        # Whoever reads tries everything else again.
        assert isinstance(caught.value, WHOLE_SOURCE)
        assert operations(sqs).count("ReceiveMessage") - before == 2
        assert counts(sqs, queue) == [12, 0]


def test_a_key_that_may_not_be_used_is_named(sqs: ScriptedSqs) -> None:
    queue = made(sqs, KmsMasterKeyId="alias/orders")
    sqs.faults = one_by_one([Fault(aws_error("KmsAccessDenied"))], "ReceiveMessage")
    with pytest.raises(AccessDeniedError, match="KMS key alias/orders must allow kms:Decrypt"):
        list(peek(sqs, queue).read(WHOLE, None))


def test_an_error_in_a_sweep_stores_what_was_given_back_before_it_is_raised(
    sqs: ScriptedSqs,
) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    sqs.faults = one_by_one([None, Fault(aws_error("OverLimit"))], "ReceiveMessage")
    pages: list[Page] = []
    with pytest.raises(ConnectorError, match="OverLimit"):
        pages.extend(iter(peek(sqs, queue).read(WHOLE, None)))
    assert [e.given_back_at is None for e in stored(pages).values()] == [False]
    assert [s.cause for p in pages for s in p.spans] == [Cause.INTERRUPTED]


def test_a_lost_answer_leaves_messages_hidden_that_nobody_holds_and_is_not_tried_again(
    sqs: ScriptedSqs,
) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    sqs.faults = one_by_one(
        [Fault(aws_error("InternalFailure"), after_the_deed=True)], "ReceiveMessage"
    )
    with pytest.raises(ConnectorError):
        list(peek(sqs, queue).read(WHOLE, None))
    assert len(queue.receives) == 1
    sqs.clock.forward(seconds=30)
    assert counts(sqs, queue) == [1, 0]


def failing_to_give_back(many: int) -> Fault:
    def damaged(answer: dict[str, Any]) -> dict[str, Any]:
        done = answer["Successful"]
        failed = [{"Id": e["Id"], "Code": "InternalError"} for e in done[:many]]
        return {"Successful": done[many:], "Failed": failed}

    return Fault(damaged=damaged)


def test_messages_that_could_not_be_given_back_are_counted_and_stand_in_no_effect_as_given(
    sqs: ScriptedSqs,
) -> None:
    queue = made(sqs)
    sent(sqs, queue, *"abc")
    sqs.faults = one_by_one([failing_to_give_back(2)], "ChangeMessageVisibilityBatch")
    pages: list[Page] = []
    with pytest.raises(ConnectorError, match=r"giving back .* was wanted, 2 failed; they come"):
        pages.extend(iter(peek(sqs, queue).read(WHOLE, None)))
    assert sum(e.given_back_at is None for e in stored(pages).values()) == 2
    assert pages[-1].millis_behind_latest is None  # so that whoever reads asks on and hears it


@pytest.mark.parametrize("damaged", [{}, {"Failed": []}])
def test_a_damaged_answer_to_giving_back_is_taken_for_no_success(
    sqs: ScriptedSqs, damaged: dict[str, Any]
) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    sqs.faults = one_by_one([Fault(damaged=lambda _: damaged)], "ChangeMessageVisibilityBatch")
    with pytest.raises(ConnectorError, match="1 failed"):
        list(peek(sqs, queue).read(WHOLE, None))


def test_an_error_of_giving_back_does_not_hide_the_first_one(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    sqs.faults = one_by_one([failing_to_give_back(1)], "ChangeMessageVisibilityBatch")
    reader: Any = peek(sqs, queue).read(WHOLE, None)
    next(reader)
    with pytest.raises(ValueError, match="first") as caught:
        reader.throw(ValueError("first"))
    assert "1 failed" in caught.value.__notes__[0]


def test_a_network_that_is_gone_does_not_hold_up_the_end(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, *(f"m{n}" for n in range(80)))
    fault = Fault(aws_error("ServiceUnavailable"))
    sqs.faults = lambda name, _: fault if name == "ChangeMessageVisibilityBatch" else None
    with pytest.raises(ConnectorError, match="80 failed"):
        list(peek(sqs, queue).read(WHOLE, None))
    assert operations(sqs).count("ChangeMessageVisibilityBatch") == 2


def test_a_handle_that_ran_out_is_not_used_as_production_may_hold_the_message(
    sqs: ScriptedSqs,
) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    looking = peek(sqs, queue)
    reader: Any = looking.read(WHOLE, None)
    next(reader)
    sqs.clock.forward(seconds=30)  # the disk was slow
    received(as_production(sqs), queue)
    rest = list(reader)
    assert queue.harmed == []
    assert [e.given_back_at for p in rest for e in p.peek_effects] == []


def test_a_group_means_order_only_in_a_fifo_queue(sqs: ScriptedSqs) -> None:
    fair, fifo = made(sqs), made(sqs, "orders.fifo")
    sent(sqs, fair, "a", MessageGroupId="g")
    sent(sqs, fifo, "a")
    record = next(peek(sqs, fair).read(WHOLE, None)).records[0]
    assert (record.ordering_key, record.order_scope) == ("g", OrderScope.NONE)
    record = next(peek(sqs, fifo, force=True).read(WHOLE, None)).records[0]
    assert (record.ordering_key, record.order_scope) == ("g", OrderScope.KEY)
    assert record.sequence_number == queue_number(fifo)


def queue_number(queue: QueueState) -> str:
    return queue.messages[0].system["SequenceNumber"]


def test_a_dead_letter_tells_where_it_comes_from(sqs: ScriptedSqs) -> None:
    queue = made(sqs, most=1)
    letters = sqs.account.queues["letters"]
    sent(sqs, queue, "a")
    for _ in range(2):
        received(as_production(sqs), queue, seconds=0)
    looking = peek(sqs, letters)
    (record,) = next(looking.read(WHOLE, None)).records
    attributes = json.loads(record.attributes)
    assert attributes["system"]["DeadLetterQueueSourceArn"] == queue.arn
    sources = {r.kind: r.document for r in looking.resources()}["list-dead-letter-source-queues"]
    assert json.loads(sources) == {"queueUrls": [queue.url]}


def attempt(looking: QueuePeek, pages_most: int) -> list[Page]:
    """As a capture does, perhaps cut short."""
    pages: list[Page] = []
    reader: Any = looking.read(WHOLE, None)
    try:
        while len(pages) < pages_most:
            pages.append(next(reader))
    except (StopIteration, ConnectorError):
        return pages
    reader.close()
    return pages


@given(
    kind=st.sampled_from(["orders", "orders.fifo"]),
    most=st.sampled_from([None, 1, 4, 8]),
    sends=st.integers(0, 45),
    production=st.lists(st.integers(0, 40), max_size=6),
    faults=st.lists(st.sampled_from([None, "lost", "error", "not given back"]), max_size=12),
    cut=st.integers(1, 12),
)
def test_after_a_look_every_message_is_still_there_or_its_move_was_not_ours(
    kind: str,
    most: int | None,
    sends: int,
    production: list[int],
    faults: list[str | None],
    cut: int,
) -> None:
    """Whatever goes wrong: nothing is deleted, nothing taken from production, and moves are unavoidable."""
    sqs = aws()
    queue = made(sqs, kind, most)
    sent(sqs, queue, *(f"m{n}" for n in range(sends)), group="g")
    for seconds in production:
        received(as_production(sqs), queue, seconds=seconds % 7)
        sqs.clock.forward(seconds=seconds)
    moved_before = dict(queue.moved)
    used_up = {m.message_id for m in queue.messages if most and m.receive_count >= most}
    script = {
        None: None,
        "lost": Fault(aws_error("InternalFailure"), after_the_deed=True),
        "error": Fault(aws_error("OverLimit")),
        "not given back": Fault(aws_error("ServiceUnavailable")),
    }
    sqs.faults = one_by_one([script[fault] for fault in faults])
    pages = attempt(peek(sqs, queue, force=kind.endswith(".fifo") or most == 1), cut)
    sqs.faults = one_by_one([])
    sqs.clock.forward(seconds=30)
    moved = set(queue.moved) - set(moved_before)
    assert moved <= used_up
    assert queue.deleted_by == {}
    assert queue.harmed == []
    there = {m.message_id for m in queue.messages if not m.in_flight(sqs.clock.at)}
    letters = sqs.account.queues.get("letters.fifo" if queue.is_fifo else "letters")
    dead = {m.message_id for m in letters.messages} if letters else set()
    assert there | dead == {line.message_id for line in queue.sent}
    for effect in stored(pages).values():
        assert effect.receives_left is None or effect.receives_left >= 0
        assert effect.given_back_at is None or effect.given_back_at < effect.hidden_until_at
