"""What a trace keeps of a queue's configuration."""

import json

import pytest

from tests.connectors.sqs.scripted_queues import aws, made, peek, sent
from tests.scripted_aws.faults import Fault, aws_error
from tests.scripted_aws.sqs import ScriptedSqs


@pytest.fixture
def sqs() -> ScriptedSqs:
    return aws()


def test_the_counts_after_a_sweep_stand_in_the_attributes(sqs: ScriptedSqs) -> None:
    queue = made(sqs)
    sent(sqs, queue, *"ab")
    taken = peek(sqs, queue).resources()[0]
    assert taken.kind == "get-queue-attributes"
    assert json.loads(taken.document)["Attributes"]["ApproximateNumberOfMessages"] == "2"


def test_all_queues_whose_dead_letters_a_queue_gets_are_listed_over_pages(
    sqs: ScriptedSqs,
) -> None:
    for n in range(5):
        made(sqs, f"orders-{n}", most=3)
    sqs.account.page = 2
    letters = sqs.account.queues["letters"]
    documents = {r.kind: r.document for r in peek(sqs, letters).resources()}
    urls = json.loads(documents["list-dead-letter-source-queues"])["queueUrls"]
    assert [url.rsplit("/", 1)[-1] for url in urls] == [f"orders-{n}" for n in range(5)]


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAction"])
def test_dead_letter_sources_that_are_not_ours_to_know_are_left_out(
    sqs: ScriptedSqs, code: str
) -> None:
    queue = made(sqs)
    fault = Fault(aws_error(code))
    sqs.faults = lambda name, _: fault if name == "ListDeadLetterSourceQueues" else None
    assert "list-dead-letter-source-queues" not in [r.kind for r in peek(sqs, queue).resources()]
    assert peek(sqs, queue).plan().dead_letters_of is None
