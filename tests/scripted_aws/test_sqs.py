"""The scripted SQS does what AWS says SQS does."""

import json
import pickle
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.scripted_aws.clock import VirtualClock
from tests.scripted_aws.faults import Fault, aws_error, one_by_one
from tests.scripted_aws.sqs import ScriptedSqs


@pytest.fixture
def sqs() -> ScriptedSqs:
    return ScriptedSqs(VirtualClock())


def queue(sqs: ScriptedSqs, name: str = "orders", **attributes: str) -> str:
    return str(sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


def send(sqs: ScriptedSqs, url: str, *bodies: str, group: str | None = None) -> list[str]:
    fifo = {"MessageGroupId": group} if group else {}
    return [
        sqs.send_message(
            QueueUrl=url,
            MessageBody=body,
            **fifo,
            **({"MessageDeduplicationId": body} if url.endswith(".fifo") else {}),
        )["MessageId"]
        for body in bodies
    ]


def receive(sqs: ScriptedSqs, url: str, **more: Any) -> list[dict[str, Any]]:
    asked = {"MaxNumberOfMessages": 10, "WaitTimeSeconds": 1, "VisibilityTimeout": 30} | more
    return list(sqs.receive_message(QueueUrl=url, **asked).get("Messages", []))


def bodies(messages: list[dict[str, Any]]) -> list[str]:
    return [message["Body"] for message in messages]


def change(sqs: ScriptedSqs, url: str, handle: str) -> Any:
    entry = {"Id": "0", "ReceiptHandle": handle, "VisibilityTimeout": 0}
    return sqs.change_message_visibility_batch(QueueUrl=url, Entries=[entry])


def delete(sqs: ScriptedSqs, url: str, handle: str) -> Any:
    return sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "0", "ReceiptHandle": handle}])


def test_a_received_message_is_hidden_and_comes_back_counted_under_a_new_handle(
    sqs: ScriptedSqs,
) -> None:
    url = queue(sqs)
    send(sqs, url, "a")
    (first,) = receive(sqs, url)
    assert receive(sqs, url) == []
    sqs.clock.forward(seconds=30)
    (second,) = receive(sqs, url)
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    attributes = second["Attributes"]
    assert attributes["ApproximateReceiveCount"] == "2"
    assert (
        attributes["ApproximateFirstReceiveTimestamp"]
        == first["Attributes"]["ApproximateFirstReceiveTimestamp"]
    )


def test_a_long_poll_wakes_when_something_comes_to_light_and_moves_the_clock(
    sqs: ScriptedSqs,
) -> None:
    url = queue(sqs)
    send(sqs, url, "a")
    receive(sqs, url, VisibilityTimeout=3)
    before = sqs.clock.at
    assert bodies(receive(sqs, url, WaitTimeSeconds=20)) == ["a"]
    assert (sqs.clock.at - before).total_seconds() == 3


def test_a_short_poll_may_find_nothing_although_there_is_something(sqs: ScriptedSqs) -> None:
    url = queue(sqs)
    send(sqs, url, "a")
    answers = [receive(sqs, url, WaitTimeSeconds=0, VisibilityTimeout=0) for _ in range(20)]
    assert [] in answers
    assert ["a"] in [bodies(answer) for answer in answers]


def test_an_old_handle_of_a_standard_queue_succeeds_and_deletes_nothing(sqs: ScriptedSqs) -> None:
    url = queue(sqs)
    send(sqs, url, "a")
    (old,) = receive(sqs, url, VisibilityTimeout=1)
    sqs.clock.forward(seconds=1)
    receive(sqs, url)
    assert delete(sqs, url, old["ReceiptHandle"]) == {"Successful": [{"Id": "0"}]}
    assert len(sqs.account.queues["orders"].messages) == 1


def test_an_expired_handle_that_is_still_the_newest_deletes_in_a_standard_queue_only(
    sqs: ScriptedSqs,
) -> None:
    for name, code in (("orders", None), ("orders.fifo", "InvalidParameterValue")):
        url = queue(sqs, name)
        send(sqs, url, "a", group="g")
        (message,) = receive(sqs, url, VisibilityTimeout=1)
        sqs.clock.forward(seconds=1)
        failed = delete(sqs, url, message["ReceiptHandle"]).get("Failed", [{"Code": None}])
        assert failed[0]["Code"] == code


def test_a_junk_handle_is_refused_and_a_message_not_in_flight_cannot_be_shown_again(
    sqs: ScriptedSqs,
) -> None:
    url = queue(sqs)
    send(sqs, url, "a")
    assert delete(sqs, url, "junk")["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"
    (message,) = receive(sqs, url)
    assert "Failed" not in change(sqs, url, message["ReceiptHandle"])
    assert change(sqs, url, message["ReceiptHandle"])["Failed"][0]["Code"] == "MessageNotInflight"


def test_showing_a_message_that_another_holds_by_now_is_remembered_as_harm(
    sqs: ScriptedSqs,
) -> None:
    url = queue(sqs)
    (message_id,) = send(sqs, url, "a")
    (old,) = receive(sqs, url, VisibilityTimeout=1)
    sqs.clock.forward(seconds=1)
    receive(ScriptedSqs(sqs.clock, sqs.account, who="production"), url)
    change(sqs, url, old["ReceiptHandle"])
    assert sqs.account.queues["orders"].harmed == [message_id]


def redriven(sqs: ScriptedSqs, kind: str = "", most: int = 2) -> tuple[str, str]:
    letters = queue(sqs, f"letters{kind}")
    arn = sqs.account.queues[f"letters{kind}"].arn
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": str(most)})
    return queue(sqs, f"orders{kind}", RedrivePolicy=policy), letters


def test_a_message_goes_to_the_dead_letter_queue_when_its_count_would_exceed_the_most(
    sqs: ScriptedSqs,
) -> None:
    url, letters = redriven(sqs)
    (message_id,) = send(sqs, url, "a")
    assert [len(receive(sqs, url, VisibilityTimeout=0)) for _ in range(3)] == [1, 1, 0]
    (letter,) = receive(sqs, letters)
    assert letter["MessageId"] == message_id
    assert letter["Attributes"]["DeadLetterQueueSourceArn"].endswith(":orders")
    assert sqs.list_dead_letter_source_queues(QueueUrl=letters)["queueUrls"] == [url]


def test_a_fifo_dead_letter_queue_loses_the_deduplication_id_and_begins_a_new_enqueue_time(
    sqs: ScriptedSqs,
) -> None:
    url, letters = redriven(sqs, ".fifo", most=1)
    (message_id,) = send(sqs, url, "a", group="g")
    receive(sqs, url, VisibilityTimeout=0)
    sqs.clock.forward(seconds=60)
    receive(sqs, url, WaitTimeSeconds=0)
    (letter,) = receive(sqs, letters)
    assert letter["Attributes"]["MessageDeduplicationId"] == message_id
    assert sqs.account.queues["letters.fifo"].messages[0].sent_at == sqs.clock.at


def test_a_fifo_group_gives_its_first_ten_and_then_nothing_until_they_are_gone(
    sqs: ScriptedSqs,
) -> None:
    url = queue(sqs, "orders.fifo")
    send(sqs, url, *(f"g{n}" for n in range(12)), group="g")
    first = receive(sqs, url)
    assert bodies(first) == [f"g{n}" for n in range(10)]
    send(sqs, url, "h0", group="h")
    assert bodies(receive(sqs, url)) == ["h0"]
    for message in first:
        delete(sqs, url, message["ReceiptHandle"])
    assert bodies(receive(sqs, url)) == ["g10", "g11"]


def test_a_repeated_receive_attempt_brings_the_same_set_with_the_same_handles(
    sqs: ScriptedSqs,
) -> None:
    url = queue(sqs, "orders.fifo")
    send(sqs, url, "a", "b", group="g")
    first = receive(sqs, url, ReceiveRequestAttemptId="t")
    assert receive(sqs, url, ReceiveRequestAttemptId="t") == first
    assert receive(sqs, url, ReceiveRequestAttemptId="u") == []


def test_a_fifo_duplicate_within_five_minutes_is_accepted_and_dropped(sqs: ScriptedSqs) -> None:
    url = queue(sqs, "orders.fifo")
    first, second = send(sqs, url, "a", "a", group="g")
    assert first == second
    assert len(sqs.account.queues["orders.fifo"].sent) == 1
    sqs.clock.forward(minutes=5)
    assert send(sqs, url, "a", group="g") != [first]


def test_a_group_of_a_standard_queue_blocks_nothing(sqs: ScriptedSqs) -> None:
    url = queue(sqs)
    send(sqs, url, *"abc", group="g")
    receive(sqs, url, MaxNumberOfMessages=1)
    assert len(receive(sqs, url)) == 2


def test_messages_expire_with_the_retention(sqs: ScriptedSqs) -> None:
    url = queue(sqs, MessageRetentionPeriod="60")
    (message_id,) = send(sqs, url, "a")
    sqs.clock.forward(seconds=60)
    assert receive(sqs, url) == []
    assert sqs.account.queues["orders"].expired == [message_id]


def test_too_many_in_flight_are_an_error_in_a_standard_queue_and_silence_in_a_fifo_one(
    sqs: ScriptedSqs,
) -> None:
    for name in ("orders", "orders.fifo"):
        url = queue(sqs, name)
        send(sqs, url, "a", "b", group="g")
        sqs.account.queues[name].in_flight_limit = 1
        receive(sqs, url, MaxNumberOfMessages=1)
        if name == "orders":
            with pytest.raises(ClientError, match="OverLimit"):
                receive(sqs, url)
        else:
            assert receive(sqs, url) == []


def test_a_lost_answer_still_counts(sqs: ScriptedSqs) -> None:
    url = queue(sqs)
    send(sqs, url, "a")
    sqs.faults = one_by_one([Fault(aws_error("InternalFailure"), after_the_deed=True)])
    with pytest.raises(ClientError):
        receive(sqs, url)
    assert receive(sqs, url) == []
    sqs.clock.forward(seconds=30)
    assert receive(sqs, url)[0]["Attributes"]["ApproximateReceiveCount"] == "2"


def test_counts_tell_visible_hidden_and_delayed_apart(sqs: ScriptedSqs) -> None:
    url = queue(sqs)
    send(sqs, url, *"abc")
    sqs.send_message(QueueUrl=url, MessageBody="d", DelaySeconds=9)
    receive(sqs, url, MaxNumberOfMessages=1)
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    names = ("", "NotVisible", "Delayed")
    assert [counts[f"ApproximateNumberOfMessages{n}"] for n in names] == ["2", "1", "1"]


def test_the_account_can_be_pickled(sqs: ScriptedSqs) -> None:
    url = queue(sqs, "orders.fifo")
    send(sqs, url, "a", group="g")
    account = pickle.loads(pickle.dumps(sqs.account))  # noqa: S301 - our own bytes
    assert bodies(receive(ScriptedSqs(sqs.clock, account), url)) == ["a"]
