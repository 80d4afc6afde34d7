"""Messages are received as SQS has it: every receive counts, a dead letter keeps its id, a peek is known as ours."""

import json

from connectors.record import Mode
from datasets.aws.queues import Message, Queue
from datasets.story import Story, at


def test_a_queue_that_nobody_looks_into_shows_nothing() -> None:
    queue = Queue(Story(1, 60), "orders")
    queue.send("{}", 1)

    assert list(queue.pages()) == []


def test_every_receive_counts_and_ours_says_so() -> None:
    queue = Queue(Story(1, 60), "orders", mode=Mode.PEEK)
    message = queue.send("{}", 1)
    queue.lambda_record(message, 2)
    queue.look(10, [message])

    [(_, page)] = queue.pages()
    told = [(record.record_id, record.receive_count) for record in page.records]
    assert told == [(message.message_id, 2), (message.message_id, 3)]
    ours = json.loads(page.records[0].attributes)["workbench"]
    assert ours == {"mode": "peek", "own_receives": 1}
    assert page.records[0].source_at == at(1)
    assert [effect.receive_count for effect in page.peek_effects] == [2, 3]


def test_a_dead_letter_keeps_id_age_and_count_and_names_its_queue() -> None:
    story = Story(1, 60)
    dead = Queue(story, "dead", mode=Mode.PEEK)
    queue = Queue(story, "orders", max_receive_count=1, dead_letters=dead)
    message = queue.send("{}", 1)
    queue.lambda_record(message, 2)
    queue.dead_letter(message)

    [(_, page)] = dead.pages()
    [record] = page.records
    assert (record.record_id, record.source_at, record.receive_count) == (
        message.message_id,
        at(1),
        2,
    )
    assert json.loads(record.attributes)["system"]["DeadLetterQueueSourceArn"] == queue.arn


def test_fifo_numbers_grow_with_time_and_the_content_deduplicates() -> None:
    queue = Queue(Story(1, 60), "orders.fifo")
    later: Message = queue.send("b", 2, group="g")
    first: Message = queue.send("a", 1, group="g")

    assert int(first.system["SequenceNumber"]) < int(later.system["SequenceNumber"])
    assert len(first.system["MessageDeduplicationId"]) == 64
