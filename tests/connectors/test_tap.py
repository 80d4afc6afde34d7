"""A tap goes away whatever happens, and says so where it could not."""

from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import AccessDeniedError, ConnectorError
from connectors.tap import Tap
from tests.connectors.fakes import START, Clock, aws_error

ARN = "arn:aws:sns:eu-west-1:123456789012:orders"


class Account:
    """SNS and SQS in one, with operations that fail where they are told to."""

    def __init__(self, *failing: str) -> None:
        self.failing = failing
        self.done: list[str] = []
        self.tags: dict[str, str] = {}

    def __getattr__(self, operation: str) -> Any:
        def perform(**asked: Any) -> dict[str, Any]:
            if operation in self.failing:
                raise aws_error("AccessDenied", operation)
            self.done.append(operation)
            self.tags.update(asked.get("tags", asked.get("Tags", {})))
            return {
                "QueueUrl": f"https://sqs.example/{asked.get('QueueName')}",
                "Attributes": {"QueueArn": "arn:aws:sqs:eu-west-1:123456789012:workbench-tap-x"},
                "SubscriptionArn": f"{ARN}:1",
            }

        return perform


def tap(account: Account, topic_arn: str = ARN, clock: Clock | None = None) -> Tap:
    return Tap(
        topic_arn=topic_arn,
        client=account,
        queue_client=account,
        now=clock or Clock(),
        suffix="0a1b2c3d",
        owner="arn:aws:iam::123456789012:user/me",
    )


@pytest.mark.parametrize("failing", ["get_queue_attributes", "set_queue_attributes", "subscribe"])
def test_what_was_made_is_removed_when_the_rest_cannot_be(failing: str) -> None:
    account = Account(failing)
    made = tap(account)
    with pytest.raises(AccessDeniedError):
        made.make()
    assert account.done[-1] == "delete_queue"
    assert made.queue is None


def test_the_queue_goes_even_where_the_subscription_does_not() -> None:
    account = Account("unsubscribe")
    made = tap(account)
    made.make()
    with pytest.raises(ConnectorError, match=r"left behind: .*unsubscribe|left behind: .*orders:1"):
        made.remove()
    assert account.done[-1] == "delete_queue"
    made.remove()


def test_what_is_left_behind_is_noted_on_the_error_that_came_first() -> None:
    made = tap(Account("delete_queue"))
    made.make()

    def fail() -> None:
        try:
            raise ValueError("first")
        finally:
            made.remove()

    with pytest.raises(ValueError, match="first") as caught:
        fail()
    assert "workbench gc" in caught.value.__notes__[0]


def test_a_tap_is_made_once() -> None:
    account = Account()
    made = tap(account)
    made.make()
    made.make()
    assert account.done.count("create_queue") == account.done.count("subscribe") == 1


def test_a_tap_that_is_still_wanted_says_so_in_time() -> None:
    clock, account = Clock(), Account()
    made = tap(account, clock=clock)
    made.make()
    first = account.tags["workbench:expires_at"]
    made.keep(clock.at + timedelta(hours=11))
    assert account.tags["workbench:expires_at"] == first
    made.keep(clock.at + timedelta(hours=13))
    assert account.tags["workbench:expires_at"] > first
    assert first.startswith(f"{START + timedelta(days=1):%Y-%m-%dT%H}")


def test_a_long_topic_and_a_fifo_one_have_a_queue_that_aws_accepts() -> None:
    made = tap(Account(), f"{ARN}{'x' * 240}.fifo")
    made.make()
    assert made.queue is not None
    name = made.queue.url.rsplit("/", 1)[-1]
    assert len(name) <= 80
    assert name.startswith("workbench-tap-orders")
    assert name.endswith("-0a1b2c3d.fifo")
