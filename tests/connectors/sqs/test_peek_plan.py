"""What a look will do is said before it is done."""

import json

import pytest

from tests.connectors.sqs.scripted_queues import as_production, aws, made, peek, received, sent
from tests.scripted_aws.sqs import ScriptedSqs


@pytest.fixture
def sqs() -> ScriptedSqs:
    return aws()


def test_a_plan_receives_nothing(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    peek(sqs, queue).plan()
    assert {name for name, _ in sqs.calls} == {"GetQueueAttributes", "ListDeadLetterSourceQueues"}


def test_a_plan_tells_receives_left_and_where_messages_would_go(sqs: ScriptedSqs) -> None:
    queue = made(sqs, most=5)
    sent(sqs, queue, *"abc")
    sent(sqs, queue, "d", DelaySeconds=60)
    received(as_production(sqs), queue)
    sent(sqs, queue, "e")
    document = json.loads(json.dumps(peek(sqs, queue).plan().document()))
    assert document["messages"] == {"visible": 1, "in_flight": 3, "delayed": 1}
    assert (document["receives_left_at_most"], document["receives_left_at_worst"]) == (4, 0)
    assert document["dead_letter_arn"] == sqs.account.queues["letters"].arn
    assert (document["hidden_seconds"], document["messages_most"]) == (30, 1000)
    assert document["refused"] is None
    assert any("moves to" in sentence for sentence in document["says"])


def test_a_plan_of_a_dead_letter_queue_names_its_sources(sqs: ScriptedSqs) -> None:
    queue = made(sqs, most=2)
    plan = peek(sqs, sqs.account.queues["letters"]).plan()
    assert plan.dead_letters_of == (queue.url,)
    assert plan.receives_left_at_worst is None


@pytest.mark.parametrize(
    ("name", "most", "reason"),
    [
        ("orders.fifo", None, "it is FIFO"),
        ("orders", 3, "maxReceiveCount is 3"),
        ("orders", 4, None),
        ("orders", None, None),
    ],
)
def test_a_plan_that_would_be_refused_says_why(
    sqs: ScriptedSqs, name: str, most: int | None, reason: str | None
) -> None:
    plan = peek(sqs, made(sqs, name, most)).plan()
    assert (plan.refused is None) == (reason is None)
    assert reason is None or reason in str(plan.refused)
    assert any("message group" in said for said in plan.sentences()) == plan.is_fifo
