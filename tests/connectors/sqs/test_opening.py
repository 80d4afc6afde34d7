"""Queues of a local AWS, opened by name: looked at or emptied without losing anything."""

import json
from typing import Any

import pytest

from connectors import (
    Access,
    ConnectorError,
    Mode,
    OperationRefusedError,
    Partition,
    SourceNotFoundError,
    local_client,
    open_connector,
)
from tests.connectors.local import access_to, bodies, now, unique, until_tip
from workbench.local_aws import LocalAws

WHOLE = Partition("")


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
    pages = until_tip(connector, WHOLE)
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


@pytest.fixture
def sqs(local_aws: LocalAws) -> Any:
    return local_client("sqs", local_aws.endpoint_url)
