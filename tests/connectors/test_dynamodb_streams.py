"""DynamoDB Streams: what a local table can show, and by script what it cannot."""

import json
from datetime import timedelta
from typing import Any

import pytest

from connectors import (
    CorruptAnswerError,
    Partition,
    SourceNotFoundError,
    local_client,
    open_connector,
)
from connectors.dynamodb_streams import TableStream
from tests.connectors.fakes import START, Clock, FakeStream, NoConsumers, Shard, aws_error
from tests.connectors.local import access_to, bodies, now, unique, until_tip
from workbench.local_aws import LocalAws

ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000"


def table(fake: FakeStream, clock: Clock | None = None, **more: Any) -> TableStream:
    fake.as_table = True
    return TableStream(
        source_arn=ARN,
        client=fake,
        table_client=None,
        lambda_client=NoConsumers(),
        created_at=START - timedelta(days=30),
        now=clock or Clock(),
        **more,
    )


def ids(pages: Any) -> list[str]:
    return [record.record_id for page in pages for record in page.records]


def test_a_rolled_over_shard_is_listed_before_its_child_over_all_pages() -> None:
    fake = FakeStream({"z-old": Shard(closed=True), "a-new": Shard(parents=("z-old",))})
    assert [p.partition_id for p in table(fake).partitions()] == ["z-old", "a-new"]


def test_a_closed_shard_ends_and_an_empty_page_is_the_tip_of_an_open_one() -> None:
    fake = FakeStream({"closed": Shard((1, 2, 3), closed=True), "open": Shard((4,))})
    pages = list(table(fake).read(Partition("closed"), None))
    assert ids(pages) == ["e1", "e2", "e3"]
    assert pages[-1].checkpoint.finished
    reader = table(fake).read(Partition("open"), None)
    assert [next(reader).millis_behind_latest for _ in range(3)] == [None, 0, 0]


def test_a_change_keeps_its_images_and_its_key() -> None:
    (page,) = table(FakeStream({"s": Shard((1,), closed=True)})).read(Partition("s"), None)
    (record,) = page.records
    body = json.loads(record.body)
    assert body["NewImage"]["raw"] == {"B": "/w=="}
    assert list(body) == ["Keys", "NewImage"]
    assert record.ordering_key == '{"at":{"N":"2"},"id":{"S":"1"}}'
    envelope = json.loads(record.envelope)
    assert envelope["eventName"] == "MODIFY"
    assert "NewImage" not in envelope["dynamodb"]
    assert envelope["dynamodb"]["SequenceNumber"] == record.sequence_number == "1"


def test_changes_older_than_asked_for_are_read_past_and_left_out() -> None:
    since = START - timedelta(hours=1) + timedelta(seconds=4, milliseconds=700)
    fake = FakeStream({"s": Shard((1, 2, 3, 4, 5), closed=True)})
    pages = list(table(fake, since=since).read(Partition("s"), None))
    assert ids(pages) == ["e4", "e5"]  # the service tells whole seconds: the fourth may be ours
    assert fake.asked[-1]["ShardIteratorType"] == "TRIM_HORIZON"
    resumed = table(fake).read(Partition("s"), pages[0].checkpoint)
    assert ids(resumed) == ["e4", "e5"]


def test_an_expired_iterator_is_renewed_behind_the_last_record() -> None:
    fake = FakeStream({"s": Shard((1, 2, 3), closed=True)})
    reader = table(fake).read(Partition("s"), None)
    first = next(reader)
    fake.answers.append(aws_error("ExpiredIteratorException"))
    assert ids([first, next(reader)]) == ["e1", "e2", "e3"]
    assert fake.asked[-1]["SequenceNumber"] == "2"


def test_trimmed_data_is_a_hole_and_reading_goes_on_at_the_oldest_change() -> None:
    clock = Clock()
    fake = FakeStream({"s": Shard((1, 2))})
    first = next(iter(table(fake, clock).read(Partition("s"), None)))
    clock.forward(hours=23, minutes=30)
    resumed = table(fake, clock).read(Partition("s"), first.checkpoint)
    fake.shards["s"] = Shard((90_000,))
    fake.answers.append(aws_error("TrimmedDataAccessException"))
    clock.forward(minutes=40)
    page = next(resumed)
    assert ids([page]) == ["e90000"]
    assert fake.asked[-1]["ShardIteratorType"] == "TRIM_HORIZON"
    assert (page.spans[0].from_at, page.spans[0].cause) == (first.spans[-1].to_at, "trimmed")


@pytest.mark.parametrize("answer", [{}, {"NextShardIterator": "x"}, {"Records": "x"}])
def test_a_damaged_answer_is_never_the_end_of_a_shard(answer: dict[str, Any]) -> None:
    fake = FakeStream({"s": Shard((1,), closed=True)}, answers=[answer])
    with pytest.raises(CorruptAnswerError, match="Records"):
        next(table(fake).read(Partition("s"), None))


def test_every_change_of_a_local_table_comes_once_in_order_and_resumes(
    local_aws: LocalAws, dynamodb: Any
) -> None:
    name = made_table(dynamodb)
    for n in range(12):
        item = {"id": {"S": f"{n % 3}"}, "n": {"N": str(n)}, "raw": {"B": b"\x00\xff"}}
        dynamodb.put_item(TableName=name, Item=item)
    dynamodb.delete_item(TableName=name, Key={"id": {"S": "0"}})
    connector = open_connector(f"dynamodb:{name}", access_to(local_aws), now=now)
    (partition,) = connector.partitions()
    pages = until_tip(connector, partition)
    records = [record for page in pages for record in page.records]
    names = [json.loads(record.envelope)["eventName"] for record in records]
    assert names == ["INSERT"] * 3 + ["MODIFY"] * 9 + ["REMOVE"]
    assert [json.loads(r.body)["NewImage"]["n"]["N"] for r in records[:12]] == [
        str(n) for n in range(12)
    ]
    assert json.loads(records[-1].body)["OldImage"]["raw"] == {"B": "AP8="}
    assert records[0].ordering_key == '{"id":{"S":"0"}}'
    dynamodb.put_item(TableName=name, Item={"id": {"S": "later"}})
    again = bodies(until_tip(connector, partition, pages[-1].checkpoint))
    assert again == [b'{"Keys":{"id":{"S":"later"}},"NewImage":{"id":{"S":"later"}}}']


def test_a_local_table_tells_its_configuration(local_aws: LocalAws, dynamodb: Any) -> None:
    arn = f"arn:aws:dynamodb:us-east-1:000000000000:table/{made_table(dynamodb)}"
    connector = open_connector(arn, access_to(local_aws), now=now)
    assert connector.source_arn.startswith(f"{arn}/stream/")
    assert [r.kind for r in connector.resources()] == [
        "describe-stream",
        "describe-table",
        "list-event-source-mappings",
    ]
    assert open_connector(connector.source_arn, access_to(local_aws), now=now).partitions()


def test_a_table_without_a_stream_is_said_so(local_aws: LocalAws, dynamodb: Any) -> None:
    name = made_table(dynamodb, stream=False)
    with pytest.raises(SourceNotFoundError, match="found none; enable one"):
        open_connector(f"dynamodb:{name}", access_to(local_aws), now=now)


def made_table(dynamodb: Any, *, stream: bool = True) -> str:
    name = unique("orders")
    images = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        **({"StreamSpecification": images} if stream else {}),
    )
    return name


@pytest.fixture
def dynamodb(local_aws: LocalAws) -> Any:
    return local_client("dynamodb", local_aws.endpoint_url)
