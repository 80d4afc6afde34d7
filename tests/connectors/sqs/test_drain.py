"""A drain loses nothing: what it deletes is durable, what it repeats is recognised as its own."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import Cause, Checkpoint, ConnectorError, Page
from connectors.errors import CorruptAnswerError
from tests.connectors.sqs.scripted_queues import (
    WHOLE,
    as_production,
    aws,
    drain,
    made,
    received,
    sent,
    texts,
    to_tip,
)
from tests.scripted_aws.faults import Fault, aws_error, one_by_one
from tests.scripted_aws.sqs import ScriptedSqs

LOST = Fault(aws_error("InternalFailure"), after_the_deed=True)


def iter_to_tip(reader: Iterator[Page]) -> Iterator[Page]:
    """Pages up to the tip, each as it comes."""
    for page in reader:
        yield page
        if page.millis_behind_latest == 0:
            return


@pytest.fixture
def sqs() -> ScriptedSqs:
    return aws()


def own(pages: list[Page]) -> list[int]:
    records = [record for page in pages for record in page.records]
    return [json.loads(record.attributes)["workbench"]["own_receives"] for record in records]


def test_a_page_is_deleted_only_once_it_is_durable(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, *"abc")
    reader = drain(sqs, queue).read(WHOLE, None)
    next(reader)
    assert (len(queue.messages), queue.deleted_by) == (3, {})
    next(reader)
    assert (queue.messages, len(queue.deleted_by)) == ([], 3)


def test_a_page_that_was_never_confirmed_is_given_back(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, *"ab")
    reader: Any = drain(sqs, queue).read(WHOLE, None)
    next(reader)
    reader.close()
    assert queue.deleted_by == {}
    assert len(queue.visible(sqs.clock.at)) == 2


def test_every_receive_asks_all_hosts_so_that_one_empty_answer_may_end_it(
    sqs: ScriptedSqs,
) -> None:
    queue = made(sqs)
    sent(sqs, queue, *(f"m{n}" for n in range(95)))
    pages = to_tip(drain(sqs, queue).read(WHOLE, None))
    assert sorted(texts(pages)) == sorted(line.body for line in queue.sent)
    assert all(a["WaitTimeSeconds"] > 0 for name, a in sqs.calls if name == "ReceiveMessage")
    assert queue.messages == []


def test_it_goes_on_at_the_tip_and_claims_what_it_proved(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    start = sqs.clock.at
    sqs.clock.forward(minutes=5)
    reader = drain(sqs, queue).read(WHOLE, None)
    pages = to_tip(reader)
    sent(sqs, queue, "b")
    pages += to_tip(reader)
    assert texts(pages) == ["a", "b"]
    spans = [span for page in pages for span in page.spans]
    assert spans[0].from_at == start
    assert all(a.to_at == b.from_at for a, b in pairwise(spans))
    assert {span.cause for span in spans} == {None}


@pytest.mark.parametrize(("name", "code"), [("orders", None), ("orders.fifo", "expired")])
def test_a_message_whose_handle_ran_out_while_it_was_stored_comes_again_as_ours(
    sqs: ScriptedSqs, name: str, code: str | None
) -> None:
    queue = made(sqs, name)
    sent(sqs, queue, "a")
    reader = drain(sqs, queue).read(WHOLE, None)
    first = next(reader)
    sqs.clock.forward(seconds=61)  # the disk was slow
    if code is None:  # an old handle of a standard queue fails only once somebody received again
        received(as_production(sqs), queue, seconds=1)
        sqs.clock.forward(seconds=1)
    pages = to_tip(reader)
    again = [record for page in pages for record in page.records]
    assert [r.record_id for r in again] == [first.records[0].record_id]
    assert own([first, *pages]) == [1, 1]
    assert again[0].receive_count == (3 if code is None else 2)
    assert queue.messages == []


def test_a_crash_between_storing_and_deleting_brings_the_same_id_accounted_for_as_ours(
    sqs: ScriptedSqs,
) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    reader = drain(sqs, queue).read(WHOLE, None)
    first = next(reader)  # committed, and then the process is killed
    pages = to_tip(drain(sqs, queue).read(WHOLE, first.checkpoint))
    (again,) = [record for page in pages for record in page.records]
    assert again.record_id == first.records[0].record_id
    assert again.receive_count == sum(own([first, *pages])) == 2
    assert queue.messages == []


def test_after_a_crash_an_empty_answer_is_not_the_end_until_hidden_messages_came_back(
    sqs: ScriptedSqs,
) -> None:
    queue = made(sqs)
    sent(sqs, queue, *(f"m{n}" for n in range(12)))
    reader = drain(sqs, queue).read(WHOLE, None)
    first = next(reader)
    next(reader)  # received, and killed before it was stored
    resumed = drain(sqs, queue).read(WHOLE, first.checkpoint)
    pages = to_tip(resumed)
    assert sorted(texts([first, *pages])) == sorted(line.body for line in queue.sent)


def test_a_first_process_killed_before_it_stored_anything_is_seen_in_the_counts(
    sqs: ScriptedSqs,
) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    killed = drain(sqs, queue).read(WHOLE, None)
    next(killed)
    assert texts(to_tip(drain(sqs, queue).read(WHOLE, None))) == ["a"]


def test_a_lost_answer_is_not_taken_for_the_end_and_its_receives_count_as_ours(
    sqs: ScriptedSqs,
) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")
    sqs.faults = one_by_one([LOST], "ReceiveMessage")
    draining = drain(sqs, queue)
    with pytest.raises(ConnectorError):
        next(draining.read(WHOLE, None))
    pages = to_tip(draining.read(WHOLE, None))
    assert texts(pages) == ["a"]
    assert pages[0].millis_behind_latest is None
    assert own(pages) == [2]


def test_a_fifo_receive_whose_answer_was_lost_is_asked_for_again_under_the_same_attempt(
    sqs: ScriptedSqs,
) -> None:
    queue = made(sqs, "orders.fifo")
    sent(sqs, queue, *"abc")
    sqs.faults = one_by_one([LOST], "ReceiveMessage")
    draining = drain(sqs, queue)
    with pytest.raises(ConnectorError):
        next(draining.read(WHOLE, None))
    assert texts([next(draining.read(WHOLE, None))]) == ["a", "b", "c"]
    attempts = [a["ReceiveRequestAttemptId"] for n, a in sqs.calls if n == "ReceiveMessage"]
    assert len(attempts) == 2
    assert len(set(attempts)) == 1


def test_each_answered_receive_has_an_attempt_of_its_own_and_a_standard_queue_none(
    sqs: ScriptedSqs,
) -> None:
    for name, wanted in (("orders.fifo", 3), ("orders", 1)):
        queue = made(sqs, name)
        sqs.calls.clear()
        reader = drain(sqs, queue).read(WHOLE, None)
        for _ in range(3):
            next(reader)
        asked = [a for n, a in sqs.calls if n == "ReceiveMessage"]
        assert len({a.get("ReceiveRequestAttemptId") for a in asked}) == wanted


def test_the_order_of_each_fifo_group_is_kept(sqs: ScriptedSqs) -> None:
    queue = made(sqs, "orders.fifo")
    for n in range(25):
        sent(sqs, queue, f"g{n}", group="g")
        sent(sqs, queue, f"h{n}", group="h")
    pages = to_tip(drain(sqs, queue).read(WHOLE, None))
    for group in "gh":
        read = [text for text in texts(pages) if text.startswith(group)]
        assert read == [f"{group}{n}" for n in range(25)]


def failed(code: str, many: int) -> Fault:
    def damaged(answer: dict[str, Any]) -> dict[str, Any]:
        done = answer["Successful"]
        return {
            "Successful": done[many:],
            "Failed": [{"Id": e["Id"], "Code": code} for e in done[:many]],
        }

    return Fault(damaged=damaged)


def test_a_failed_delete_is_tried_once_more(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, *"abc")
    sqs.faults = one_by_one([failed("InternalError", 2)], "DeleteMessageBatch")
    to_tip(drain(sqs, queue).read(WHOLE, None))
    entries = [len(a["Entries"]) for name, a in sqs.calls if name == "DeleteMessageBatch"]
    assert entries == [3, 2]


@pytest.mark.parametrize("fault", [failed("InternalError", 3), Fault(damaged=lambda _: {})])
def test_a_delete_that_fails_twice_is_counted_and_a_damaged_answer_is_no_success(
    sqs: ScriptedSqs, fault: Fault
) -> None:
    queue = made(sqs)
    sent(sqs, queue, *"abc")
    sqs.faults = one_by_one([fault, fault], "DeleteMessageBatch")
    reader = drain(sqs, queue).read(WHOLE, None)
    next(reader)
    with pytest.raises(ConnectorError, match=r"deleting 3 messages .*, 3 failed twice"):
        next(reader)


def test_what_the_queue_dropped_between_two_drains_is_a_hole(sqs: ScriptedSqs) -> None:
    queue = made(sqs, MessageRetentionPeriod="3600")
    pages = to_tip(drain(sqs, queue).read(WHOLE, None))
    sqs.clock.forward(seconds=10)
    pages = to_tip(drain(sqs, queue).read(WHOLE, None))
    reader = drain(sqs, queue).read(WHOLE, pages[-1].checkpoint)
    pages = to_tip(reader)
    read_to_at = pages[-1].spans[-1].to_at
    sent(sqs, queue, "never seen")
    sqs.clock.forward(hours=5)
    resumed = to_tip(drain(sqs, queue).read(WHOLE, pages[-1].checkpoint))
    holes = [s for p in resumed for s in p.spans if s.cause]
    assert [(s.from_at, s.cause) for s in holes] == [(read_to_at, Cause.TRIMMED)]
    assert holes[0].to_at <= sqs.clock.at - timedelta(hours=1)
    assert queue.expired


def test_a_message_that_cannot_be_read_is_given_back_and_ends_nothing(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, "a")

    def damaged(answer: dict[str, Any]) -> dict[str, Any]:
        (message,) = answer["Messages"]
        bad = message["Attributes"] | {"ApproximateReceiveCount": "many"}
        return {"Messages": [message | {"Attributes": bad}]}

    sqs.faults = one_by_one([Fault(damaged=damaged)], "ReceiveMessage")
    draining = drain(sqs, queue)
    with pytest.raises(CorruptAnswerError, match="numbers in its attributes"):
        next(draining.read(WHOLE, None))
    assert len(queue.visible(sqs.clock.at)) == 1
    assert texts(to_tip(draining.read(WHOLE, None))) == ["a"]


def test_a_right_that_is_taken_away_leaves_a_hole_as_old_as_the_queue_keeps_messages(
    sqs: ScriptedSqs,
) -> None:
    queue = made(sqs, MessageRetentionPeriod="3600")
    for code, cause in (
        ("AccessDenied", Cause.UNREADABLE),
        ("QueueDoesNotExist", Cause.GONE),
    ):
        sqs.faults = one_by_one([Fault(aws_error(code))], "ReceiveMessage")
        reader = drain(sqs, queue).read(WHOLE, None)
        (span,) = next(reader).spans
        assert (span.cause, span.to_at - span.from_at) == (cause, timedelta(hours=1))
        with pytest.raises(ConnectorError, match=code):
            next(reader)


@pytest.mark.parametrize("name", ["orders", "orders.fifo"])
def test_a_message_that_spoils_every_answer_is_parted_from_the_others_and_given_up_with_a_hole(
    sqs: ScriptedSqs, name: str
) -> None:
    queue = made(sqs, name)
    for n in range(30):
        sent(sqs, queue, f"m{n}", group=f"g{n}")
    start = sqs.clock.at

    def spoiled(answer: dict[str, Any]) -> dict[str, Any]:
        if any(message["Body"] == "m7" for message in answer.get("Messages", [])):
            raise aws_error("InternalFailure")
        return answer

    fault = Fault(damaged=spoiled)
    sqs.faults = lambda operation, _: fault if operation == "ReceiveMessage" else None
    draining = drain(sqs, queue)
    pages: list[Page] = []
    for _ in range(20):
        after = pages[-1].checkpoint if pages else None
        try:
            pages.extend(iter_to_tip(draining.read(WHOLE, after)))
        except ConnectorError:
            continue
        break
    assert sorted(texts(pages)) == sorted(f"m{n}" for n in range(30) if n != 7)
    holes = [s for page in pages for s in page.spans if s.cause]
    assert [s.cause for s in holes] == [Cause.CORRUPT_PAGE]
    assert holes[0].from_at < start < holes[0].to_at
    assert [m.body for m in queue.messages] == ["m7"]


def test_a_position_of_something_else_is_told(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    with pytest.raises(ConnectorError, match="a queue's position was wanted, found 'x'"):
        next(drain(sqs, queue).read(WHOLE, Checkpoint("", "x")))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(1, 12)),
        st.tuples(st.just("production"), st.integers(0, 20)),
        st.tuples(st.just("pages"), st.integers(1, 4)),
        st.tuples(st.just("crash"), st.integers(0, 1)),
        st.tuples(st.just("wait"), st.integers(1, 90)),
    ),
    max_size=25,
)
FAULTS = st.lists(
    st.sampled_from([None, None, LOST, Fault(aws_error("RequestThrottled")), failed("X", 1)]),
    max_size=15,
)


class Run:
    """A drain under a schedule, checked page by page."""

    def __init__(self, kind: str, faults: list[Fault | None]) -> None:
        self.sqs = aws()
        self.queue = made(self.sqs, kind)
        self.faults = faults
        self.sqs.faults = self.fault
        self.stored: list[Page] = []
        self.after: Checkpoint | None = None
        self.reader: Any = None
        self.killed: list[Any] = []

    def fault(self, operation: str, asked: object) -> Fault | None:
        faulty = operation in ("ReceiveMessage", "DeleteMessageBatch")
        return self.faults.pop() if self.faults and faulty else None

    def send(self, many: int) -> None:
        first = len(self.queue.sent)
        sent(self.sqs, self.queue, *(f"m{first + n}" for n in range(many)))

    def production(self, number: int) -> None:
        client = as_production(self.sqs)
        for message in received(client, self.queue, seconds=number)[: number % 3]:
            entry = {"Id": "0", "ReceiptHandle": message["ReceiptHandle"]}
            client.delete_message_batch(QueueUrl=self.queue.url, Entries=[entry])

    def pages(self, many: int) -> None:
        for _ in range(many):
            self.page()

    def crash(self, in_good_order: int) -> None:
        if self.reader is not None and in_good_order:
            self.reader.close()  # what was not confirmed is given back
        self.killed.append(self.reader)  # else Python itself would close it
        self.reader = None

    def wait(self, seconds: int) -> None:
        self.sqs.clock.forward(seconds=seconds)

    def page(self) -> Page | None:
        self.reader = self.reader or drain(self.sqs, self.queue).read(WHOLE, self.after)
        try:
            found: Page = next(self.reader)
        except ConnectorError:
            self.reader = None
            return None
        self.stored.append(found)
        self.after = found.checkpoint
        self.check_claims(found)
        return found

    def ids(self) -> set[str]:
        return {record.record_id for page in self.stored for record in page.records}

    def not_ours(self) -> set[str]:
        """What production took, and what it holds: still its to give back or delete."""
        taken = {i for i, who in self.queue.deleted_by.items() if who == "production"}
        return taken | {m.message_id for m in self.queue.messages if m.held_by == "production"}

    def check_claims(self, page: Page) -> None:
        """What a span says was read is stored by then, not later."""
        for span in page.spans:
            claimed = {
                line.message_id
                for line in self.queue.sent
                if span.from_at <= line.sent_at < span.to_at
            }
            assert claimed - self.not_ours() <= self.ids()


@given(kind=st.sampled_from(["orders", "orders.fifo"]), steps=STEPS, faults=FAULTS)
def test_stored_is_what_was_sent_less_what_production_took(
    kind: str, steps: list[tuple[str, int]], faults: list[Fault | None]
) -> None:
    """Whatever is sent, taken, lost or killed: nothing is missing, repeats are told by id and count."""
    run = Run(kind, faults)
    for step, number in steps:
        getattr(run, step)(number)
    run.faults.clear()
    for _ in range(400):
        found = run.page()
        if found is not None and found.millis_behind_latest == 0:
            break
    queue, ids = run.queue, run.ids()
    assert {line.message_id for line in queue.sent} - run.not_ours() <= ids
    assert {m.message_id for m in queue.messages} <= run.not_ours()
    records = [record for page in run.stored for record in page.records]
    for message_id in ids:
        receive_counts = [r.receive_count for r in records if r.record_id == message_id]
        assert receive_counts == sorted(set(receive_counts))
    if queue.is_fifo:
        order = list(dict.fromkeys(record.body for record in records))
        assert order == sorted(order, key=lambda body: int(body[1:]))
