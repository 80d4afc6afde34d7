"""A tap goes away whatever happens, and says so where it could not."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import ConnectorError
from connectors.sns.tap import Tap
from tests.connectors.sns.scripted_topics import TopicAws, tap
from tests.scripted_aws.clock import START
from tests.scripted_aws.faults import Fault, FaultScript, aws_error

MAKING = (
    "CreateQueue",
    "GetQueueAttributes",
    "SetQueueAttributes",
    "Subscribe",
    "GetSubscriptionAttributes",
)
REMOVING = ("Unsubscribe", "DeleteQueue")


@pytest.fixture
def aws() -> TopicAws:
    return TopicAws()


def failing(*operations: str, times: int = 10_000, after_the_deed: bool = False) -> FaultScript:
    """These operations fail the first times they are called."""
    left = dict.fromkeys(operations, times)

    def script(operation: str, parameters: Mapping[str, Any]) -> Fault | None:
        if left.get(operation, 0) == 0:
            return None
        left[operation] -= 1
        return Fault(aws_error("InternalFailure", operation), after_the_deed=after_the_deed)

    return script


def life(made: Tap) -> list[str]:
    """Make and remove a tap; everything that was said on the way."""
    try:
        made.make()
        made.remove()
    except ConnectorError as error:
        return [str(error), *getattr(error, "__notes__", ())]
    return []


@pytest.mark.parametrize("after_the_deed", [False, True])
@pytest.mark.parametrize("operation", [*MAKING, *REMOVING])
def test_any_call_that_fails_once_leaves_nothing_behind(
    aws: TopicAws, operation: str, after_the_deed: bool
) -> None:
    arn = aws.topic()
    aws.fail(failing(operation, times=1, after_the_deed=after_the_deed))
    said = life(tap(aws, arn))
    assert aws.left() == []
    assert bool(said) == (operation in MAKING)
    assert not any("left behind" in text for text in said)


@pytest.mark.parametrize("undoing", [*REMOVING, "GetQueueUrl", "ListSubscriptionsByTopic"])
@pytest.mark.parametrize("after_the_deed", [False, True])
@pytest.mark.parametrize("operation", MAKING)
def test_what_cannot_be_undone_is_named(
    aws: TopicAws, operation: str, after_the_deed: bool, undoing: str
) -> None:
    arn = aws.topic()
    one = failing(operation, times=1, after_the_deed=after_the_deed)
    always = failing(undoing)
    aws.fail(lambda name, asked: one(name, asked) or always(name, asked))
    said = "\n".join(life(tap(aws, arn)))
    perhaps = "perhaps a subscription of workbench-tap-orders-0a1b2c3d"
    assert all(left in said or perhaps in said for left in aws.left())
    if aws.left():
        assert "workbench gc" in said


@pytest.mark.parametrize("operation", REMOVING)
def test_the_one_goes_even_where_the_other_does_not(aws: TopicAws, operation: str) -> None:
    made = tap(aws, aws.topic())
    made.make()
    aws.fail(failing(operation))
    with pytest.raises(ConnectorError, match=f"left behind: .*{operation}|left behind: .*orders"):
        made.remove()
    assert len(aws.left()) == 1
    made.remove()


def test_what_is_left_behind_is_noted_on_the_error_that_came_first(aws: TopicAws) -> None:
    made = tap(aws, aws.topic())
    made.make()
    aws.fail(failing("DeleteQueue"))

    def fail() -> None:
        try:
            raise ValueError("first")
        finally:
            made.remove()

    with pytest.raises(ValueError, match="first") as caught:
        fail()
    assert "workbench gc" in caught.value.__notes__[0]


def test_an_interrupt_while_making_removes_what_was_made(aws: TopicAws) -> None:
    def interrupted(operation: str, parameters: Mapping[str, Any]) -> Fault | None:
        fault = Fault(KeyboardInterrupt(), after_the_deed=True)  # type: ignore[arg-type]
        return fault if operation == "Subscribe" else None

    aws.fail(interrupted)
    made = tap(aws, aws.topic())
    with pytest.raises(KeyboardInterrupt):
        made.make()
    assert aws.left() == []


def test_a_subscription_that_waits_for_confirmation_is_no_tap(aws: TopicAws) -> None:
    def pending(answer: dict[str, Any]) -> dict[str, Any]:
        return {"Attributes": answer["Attributes"] | {"PendingConfirmation": "true"}}

    fault = Fault(damaged=pending)
    aws.fail(lambda name, _: fault if name == "GetSubscriptionAttributes" else None)
    with pytest.raises(ConnectorError, match="waits for confirmation by the topic's owner"):
        tap(aws, aws.topic()).make()
    assert aws.left() == []


def test_a_tap_is_made_once(aws: TopicAws) -> None:
    made = tap(aws, aws.topic())
    made.make()
    made.make()
    assert len(aws.left()) == 2


def test_only_the_topic_may_send_to_the_queue_and_its_envelope_stays(aws: TopicAws) -> None:
    arn = aws.topic()
    made = tap(aws, arn)
    made.make()
    (queue,) = aws.queues.queues.values()
    (statement,) = json.loads(queue.attributes["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": arn},
        "StringEquals": {"aws:SourceAccount": "123456789012"},
    }
    (subscription,) = aws.topics.subscriptions.values()
    assert subscription.attributes == {"RawMessageDelivery": "false"}


def test_the_tap_of_an_encrypted_topic_needs_no_key(aws: TopicAws) -> None:
    arn = aws.topic(KmsMasterKeyId="alias/orders")
    tap(aws, arn).make()
    (queue,) = aws.queues.queues.values()
    assert queue.attributes["SqsManagedSseEnabled"] == "true"
    assert "KmsMasterKeyId" not in queue.attributes


def test_a_tap_that_is_still_wanted_says_so_in_time(aws: TopicAws) -> None:
    made = tap(aws, aws.topic())
    made.make()
    (queue,) = aws.queues.queues.values()
    first = queue.tags["workbench:expires_at"]
    made.keep(START + timedelta(hours=11))
    assert queue.tags["workbench:expires_at"] == first
    made.keep(START + timedelta(hours=13))
    assert queue.tags["workbench:expires_at"] > first
    assert first.startswith(f"{START + timedelta(days=1):%Y-%m-%dT%H}")


def test_a_tag_that_could_not_be_set_is_set_the_next_time(aws: TopicAws) -> None:
    made = tap(aws, aws.topic())
    made.make()
    (queue,) = aws.queues.queues.values()
    first = queue.tags["workbench:expires_at"]
    aws.fail(failing("TagQueue", times=1))
    with pytest.raises(ConnectorError):
        made.keep(START + timedelta(hours=13))
    made.keep(START + timedelta(hours=13))
    assert queue.tags["workbench:expires_at"] > first


@pytest.mark.parametrize("ending", ["", ".fifo"])
def test_a_topic_of_any_length_has_a_queue_that_aws_accepts(aws: TopicAws, ending: str) -> None:
    for length in (1, 49, 50, 51, 250):
        made = tap(aws, aws.topic(f"{'x' * length}{ending}"))
        made.make()
        assert made.queue is not None
        name = made.queue.url.rsplit("/", 1)[-1]
        assert len(name) <= 80
        assert name.startswith("workbench-tap-x")
        assert name.endswith(f"-0a1b2c3d{ending}")
        made.remove()
