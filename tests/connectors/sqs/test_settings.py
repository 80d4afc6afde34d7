"""A queue's settings as AWS spells them."""

import json
from datetime import timedelta

import pytest

from connectors.errors import CorruptAnswerError
from connectors.sqs.settings import MessageCounts, counts_of, queue_of

ARN = "arn:aws:sqs:eu-west-1:123456789012:orders"


@pytest.mark.parametrize("most", [5, "5"])
def test_a_redrive_policy_may_hold_its_number_as_a_text(most: object) -> None:
    policy = json.dumps({"deadLetterTargetArn": "d", "maxReceiveCount": most})
    queue = queue_of("u", {"QueueArn": ARN, "RedrivePolicy": policy}, "it")
    assert (queue.dead_letter_arn, queue.max_receive_count) == ("d", 5)


@pytest.mark.parametrize("policy", ["{}", "[", '{"maxReceiveCount":"x"}', "7"])
def test_a_redrive_policy_that_cannot_be_read_is_no_missing_one(policy: str) -> None:
    with pytest.raises(CorruptAnswerError, match="a maxReceiveCount were wanted"):
        queue_of("u", {"QueueArn": ARN, "RedrivePolicy": policy}, "it")


def test_what_is_not_said_is_as_aws_has_it_by_default() -> None:
    queue = queue_of("u", {"QueueArn": ARN}, "it")
    assert queue.max_receive_count is None
    assert queue.retention == timedelta(days=4)
    assert (queue.is_fifo, queue.delay, queue.key_id) == (False, timedelta(0), None)


def test_a_number_that_is_none_is_said_so() -> None:
    with pytest.raises(CorruptAnswerError, match="a number was wanted for DelaySeconds"):
        queue_of("u", {"QueueArn": ARN, "DelaySeconds": "soon"}, "it")


def test_counts_tell_the_three_kinds_apart() -> None:
    start = "ApproximateNumberOfMessages"
    said = {start: "1", f"{start}NotVisible": "2", f"{start}Delayed": "3"}
    assert counts_of(said, "it") == MessageCounts(1, 2, 3)
