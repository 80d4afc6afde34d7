"""A publish reaches the tap, and each queue whose filter lets it pass, under one id."""

import json
from typing import Any

from connectors.record import Mode
from datasets.aws.queues import Queue
from datasets.aws.topics import Subscription, Topic
from datasets.story import Story


def system() -> tuple[Topic, Queue, Queue]:
    story = Story(1, 60)
    wants_all, wants_paid = (Queue(story, name, mode=Mode.DRAIN) for name in ("all", "paid"))
    paid = Subscription(
        wants_paid, {"event": ["paid"]}, passes=lambda message, said: said.get("event") == "paid"
    )
    return Topic(story, "orders", [Subscription(wants_all), paid]), wants_all, wants_paid


def ids_in(queue: Queue) -> list[Any]:
    return [json.loads(r.body)["MessageId"] for _, page in queue.pages() for r in page.records]


def test_a_publish_is_in_the_tap_and_in_the_queues_that_want_it() -> None:
    topic, wants_all, wants_paid = system()
    placed, _ = topic.publish({"n": 1}, 1, attributes={"event": "placed"})
    paid, copies = topic.publish({"n": 2}, 2, attributes={"event": "paid"})

    assert [r.record_id for _, page in topic.pages() for r in page.records] == [placed, paid]
    assert ids_in(wants_all) == [placed, paid]
    assert ids_in(wants_paid) == [paid]
    assert copies.keys() == {"all", "paid"}


def test_a_publish_can_be_lost_on_its_way_to_one_queue() -> None:
    topic, wants_all, wants_paid = system()
    paid, _ = topic.publish({"n": 2}, 2, attributes={"event": "paid"}, lost_at=(wants_all,))

    assert (ids_in(wants_all), ids_in(wants_paid)) == ([], [paid])


def test_filters_are_among_the_answers_of_the_account() -> None:
    topic, _, wants_paid = system()
    told = [json.loads(each.document) for each in topic.resources() if "get-sub" in each.kind]

    policies = {
        each["Attributes"]["Endpoint"]: each["Attributes"].get("FilterPolicy") for each in told
    }
    assert json.loads(policies[wants_paid.arn] or "") == {"event": ["paid"]}
    assert list(policies.values()).count(None) == 1
