"""Queues: looked at without losing anything, or emptied without losing anything."""

import json
from typing import Any

import pytest

from connectors import (
    Access,
    ConnectorError,
    Mode,
    OperationRefusedError,
    OrderScope,
    Partition,
    SourceNotFoundError,
    local_client,
    open_connector,
)
from connectors.messages import Queue
from connectors.sqs import QueueDrain, QueuePeek
from tests.connectors.fakes import Clock, FakeQueue, NoConsumers, aws_error
from tests.connectors.local import access_to, bodies, now, unique
from workbench.local_aws import LocalAws

WHOLE = Partition("")
ARN = "arn:aws:sqs:eu-west-1:123456789012:orders"


def peek(client: Any, *, force: bool = False, **queue: Any) -> QueuePeek:
    return QueuePeek(
        queue=Queue("url", ARN, **queue),
        client=client,
        lambda_client=NoConsumers(),
        now=Clock(),
        force=force,
    )


def drain(client: Any) -> QueueDrain:
    return QueueDrain(
        queue=Queue("url", ARN), client=client, lambda_client=NoConsumers(), now=Clock()
    )


def test_a_peek_gives_back_everything_in_order_when_the_sweep_ends() -> None:
    first = [f"m{n}" for n in range(10)]
    fake = FakeQueue(first, ["m10", "m11"])
    reader = peek(fake).read(WHOLE, None)
    next(reader)
    next(reader)
    assert fake.given_back == []
    assert len(list(reader)) == 1
    assert fake.given_back == [*(f"{m}/1" for m in first), "m10/2", "m11/2"]


@pytest.mark.parametrize("end", ["close", "throw"])
def test_a_peek_cut_short_gives_back_what_it_holds(end: str) -> None:
    fake = FakeQueue(["a", "b"], ["c"])
    reader: Any = peek(fake).read(WHOLE, None)
    next(reader)
    if end == "close":
        reader.close()
    else:
        with pytest.raises(KeyboardInterrupt):
            reader.throw(KeyboardInterrupt())
    assert fake.given_back == ["a/1", "b/1"]


def test_a_peek_ends_at_an_empty_receive_and_then_proves_its_span() -> None:
    pages = list(peek(FakeQueue(["a"])).read(WHOLE, None))
    assert [page.millis_behind_latest for page in pages] == [None, 0]
    assert [len(page.spans) for page in pages] == [0, 1]


def test_a_peek_ends_when_messages_come_round_again_and_tells_whose_receives_they_were() -> None:
    fake = FakeQueue(["a", "b"], ["a", "b"], ["never"])
    pages = list(peek(fake).read(WHOLE, None))
    assert [[json.loads(r.attributes)["workbench"] for r in page.records] for page in pages] == [
        [{"mode": "peek", "own_receives": 1}] * 2,
        [{"mode": "peek", "own_receives": 2}] * 2,
    ]
    assert fake.given_back == ["a/2", "b/2"]


def test_messages_that_could_not_be_given_back_are_counted() -> None:
    with pytest.raises(ConnectorError, match=r"giving back 3 messages .* was wanted, 2 failed"):
        list(peek(FakeQueue(["a", "b", "c"], fail=2)).read(WHOLE, None))


def test_an_error_of_giving_back_does_not_hide_the_first_one() -> None:
    reader: Any = peek(FakeQueue(["a"], fail=1)).read(WHOLE, None)
    next(reader)
    with pytest.raises(ValueError, match="first") as caught:
        reader.throw(ValueError("first"))
    assert "1 failed" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("queue", "reason"),
    [({"is_fifo": True}, "FIFO"), ({"max_receive_count": 3}, "maxReceiveCount is 3")],
)
def test_a_peek_that_would_do_harm_is_refused_unless_forced(
    queue: dict[str, Any], reason: str
) -> None:
    fake = FakeQueue(["a"])
    with pytest.raises(OperationRefusedError, match=reason):
        next(peek(fake, **queue).read(WHOLE, None))
    assert fake.receives == 0
    assert bodies(list(peek(fake, force=True, **queue).read(WHOLE, None))) == [b"a"]


def test_a_peek_stops_when_a_message_has_one_receive_left() -> None:
    fake = FakeQueue(["a"], ["b"], receive_count=4)
    reader = peek(fake, max_receive_count=5).read(WHOLE, None)
    next(reader)
    with pytest.raises(OperationRefusedError, match="at most one receive left of 5"):
        next(reader)
    assert (fake.given_back, fake.receives) == (["a/1"], 1)


def test_a_drain_deletes_a_page_only_once_it_is_durable() -> None:
    fake = FakeQueue(["a", "b"], ["c"])
    reader = drain(fake).read(WHOLE, None)
    next(reader)
    assert fake.deleted == []
    next(reader)
    assert fake.deleted == ["a/1", "b/1"]
    assert len(list(reader)) == 1
    assert fake.deleted == ["a/1", "b/1", "c/2"]


def test_a_page_that_was_never_confirmed_is_given_back_and_not_deleted() -> None:
    fake = FakeQueue(["a", "b"])
    reader: Any = drain(fake).read(WHOLE, None)
    next(reader)
    reader.close()
    assert (fake.deleted, fake.given_back) == ([], ["a/1", "b/1"])


def test_a_failed_delete_is_tried_once_more() -> None:
    fake = FakeQueue(["a", "b", "c"], fail=2)
    list(drain(fake).read(WHOLE, None))
    assert fake.deleted == ["c/1", "a/1", "b/1"]


def test_a_delete_that_fails_twice_is_counted() -> None:
    with pytest.raises(ConnectorError, match=r"deleting 3 messages .*, 3 failed twice"):
        list(drain(FakeQueue(["a", "b", "c"], fail=100)).read(WHOLE, None))


def test_a_group_means_order_only_in_a_fifo_queue() -> None:
    class Grouped(FakeQueue):
        def receive_message(self, **asked: Any) -> dict[str, Any]:
            answer = super().receive_message(**asked)
            for message in answer.get("Messages", []):
                message["Attributes"] |= {"MessageGroupId": "g", "SequenceNumber": "7"}
            return answer

    def record(**queue: Any) -> Any:
        return next(peek(Grouped(["a"]), force=True, **queue).read(WHOLE, None)).records[0]

    assert (record().ordering_key, record().order_scope) == ("g", OrderScope.NONE)
    assert record(is_fifo=True).order_scope == OrderScope.KEY
    assert record(is_fifo=True).sequence_number == "7"


def test_a_local_queue_looked_at_keeps_every_message_with_all_its_attributes(
    local_aws: LocalAws, sqs: Any
) -> None:
    name = unique("orders")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sent = {f"ü {n}".encode() for n in range(23)}
    user = {
        "n": {"DataType": "Number", "StringValue": "1.50"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    for body in sent:
        sqs.send_message(QueueUrl=url, MessageBody=body.decode(), MessageAttributes=user)
    connector: Any = open_connector(f"sqs:{name}", access_to(local_aws), now=now, mode=Mode.PEEK)
    connector.wait_seconds = 0
    pages = list(connector.read(WHOLE, None))
    records = [record for page in pages for record in page.records]
    assert {record.body for record in records} == sent
    assert len(records) == 23
    attributes = json.loads(records[0].attributes)
    assert attributes["user"]["raw"] == {"DataType": "Binary", "BinaryValue": "AP8="}
    assert attributes["user"]["n"]["StringValue"] == "1.50"
    assert attributes["system"]["ApproximateReceiveCount"] == "1"
    assert records[0].receive_count == 1
    assert "Body" not in json.loads(records[0].envelope)
    again = list(connector.read(WHOLE, None))
    assert set(bodies(again)) == sent
    assert again[0].records[0].receive_count == 2
    connector.close()


def test_a_local_queue_drained_is_empty_and_one_cut_short_is_not(
    local_aws: LocalAws, sqs: Any
) -> None:
    name = unique("orders")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    for n in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=str(n))
    connector: Any = open_connector(f"sqs:{name}", access_to(local_aws), now=now, mode=Mode.DRAIN)
    connector.wait_seconds = 0
    reader = connector.read(WHOLE, None)
    next(reader)
    reader.close()
    pages = list(connector.read(WHOLE, None))
    assert sorted(bodies(pages)) == sorted(str(n).encode() for n in range(12))
    assert next(connector.read(WHOLE, None)).records == ()
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == "0"
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_local_dead_letter_queue_may_be_looked_at_and_its_source_may_not(
    local_aws: LocalAws, sqs: Any
) -> None:
    name = unique("orders")
    sqs.create_queue(QueueName=f"{name}-dlq")
    policy = {
        "deadLetterTargetArn": f"arn:aws:sqs:us-east-1:000000000000:{name}-dlq",
        "maxReceiveCount": "2",
    }
    sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": json.dumps(policy)})
    access = access_to(local_aws)
    source = open_connector(f"sqs:{name}", access, now=now, mode=Mode.PEEK)
    with pytest.raises(OperationRefusedError, match="maxReceiveCount is 2"):
        next(source.read(WHOLE, None))
    arn = policy["deadLetterTargetArn"]
    letters: Any = open_connector(arn, access, now=now, mode=Mode.PEEK)
    letters.wait_seconds = 0
    assert bodies(list(letters.read(WHOLE, None))) == []
    assert next(r.kind for r in letters.resources()) == "get-queue-attributes"


def test_a_queue_is_not_read_without_a_mode_that_was_agreed_to(local_aws: LocalAws) -> None:
    with pytest.raises(ConnectorError, match="name one: peek"):
        open_connector("sqs:orders", access_to(local_aws), now=now)
    careful = Access(endpoint_url=local_aws.endpoint_url)
    with pytest.raises(OperationRefusedError, match="--mode drain"):
        open_connector("sqs:orders", careful, now=now, mode=Mode.DRAIN)


def test_a_queue_that_is_not_there_is_said_so(local_aws: LocalAws) -> None:
    with pytest.raises(SourceNotFoundError, match="the queue nowhere"):
        open_connector("sqs:nowhere", access_to(local_aws), now=now, mode=Mode.PEEK)


def test_a_throttled_receive_still_gives_back_what_is_held() -> None:
    class Throttled(FakeQueue):
        def receive_message(self, **asked: Any) -> dict[str, Any]:
            if self.receives == 1:
                raise aws_error("OverLimit")
            return super().receive_message(**asked)

    fake = Throttled(["a"])
    with pytest.raises(ConnectorError, match="OverLimit"):
        list(peek(fake).read(WHOLE, None))
    assert fake.given_back == ["a/1"]


@pytest.fixture
def sqs(local_aws: LocalAws) -> Any:
    return local_client("sqs", local_aws.endpoint_url)
