"""Lease tables of every version of the library are read whole, and nothing else in them is taken for a lease."""

import json
from typing import Any

import pytest

from connectors import local_client, open_connector
from connectors.errors import ConnectorError, SourceNotFoundError
from connectors.kinesis.kcl_leases import leases_of
from tests.connectors.local import access_to, now, unique
from tests.scripted_aws.clock import START, VirtualClock
from tests.scripted_aws.faults import aws_error
from workbench.local_aws import LocalAws

ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"


class LeaseTable:
    """Rows of a table behind boto3's client; what it was asked is kept."""

    def __init__(
        self, rows: list[dict[str, Any]], key: str = "leaseKey", items: int | None = None
    ) -> None:
        self.rows, self.key, self.items = rows, key, items
        self.asked: list[dict[str, Any]] = []

    def describe_table(self, **asked: Any) -> dict[str, Any]:
        if asked["TableName"] != "billing":
            raise aws_error("ResourceNotFoundException", "DescribeTable")
        keys = [{"AttributeName": self.key, "KeyType": "HASH"}]
        items = len(self.rows) if self.items is None else self.items
        return {"Table": {"KeySchema": keys, "ItemCount": items, "TableSizeBytes": items * 400}}

    def scan(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        at = int(asked.get("ExclusiveStartKey", {"at": "0"})["at"])
        page = self.rows[at : at + asked["Limit"]]
        more = at + len(page) < len(self.rows)
        return {"Items": page} | ({"LastEvaluatedKey": {"at": str(at + len(page))}} if more else {})


def lease(key: str, checkpoint: str = "4966", **more: Any) -> dict[str, Any]:
    return {
        "leaseKey": {"S": key},
        "checkpoint": {"S": checkpoint},
        "checkpointSubSequenceNumber": {"N": "3"},
        "leaseCounter": {"N": "1204"},
        "leaseOwner": {"S": "worker-1"},
        "ownerSwitchesSinceCheckpoint": {"N": "0"},
    } | more


def read(table: LeaseTable) -> dict[str, Any]:
    (resource,) = leases_of(ARN, "billing", table, VirtualClock().now)()
    assert (resource.kind, resource.source_arn, resource.observed_at) == ("kcl-leases", ARN, START)
    document: dict[str, Any] = json.loads(resource.document)
    return document


def test_a_lease_keeps_every_attribute_that_the_library_gave_it() -> None:
    newer = lease(
        "shardId-000000000001",
        "SHARD_END",
        parentShardId={"SS": ["shardId-000000000000"]},
        childShardIds={"SS": ["shardId-000000000003", "shardId-000000000002"]},
        startingHashKey={"S": "0"},
        endingHashKey={"S": str(2**128 - 1)},
        throughputKBps={"N": "12.5"},
        pendingCheckpointState={"B": b"\xff"},
        somethingNew={"M": {"deep": {"L": [{"NULL": True}, {"BOOL": False}]}}},
    )
    document = read(LeaseTable([newer, lease("shardId-000000000000")]))
    first, second = document["leases"]
    assert first == {
        "leaseKey": "shardId-000000000000",
        "shardId": "shardId-000000000000",
        "checkpoint": "4966",
        "checkpointSubSequenceNumber": 3,
        "leaseCounter": 1204,
        "leaseOwner": "worker-1",
        "ownerSwitchesSinceCheckpoint": 0,
    }
    assert second["childShardIds"] == ["shardId-000000000002", "shardId-000000000003"]
    assert (second["throughputKBps"], second["pendingCheckpointState"]) == ("12.5", "/w==")
    assert second["somethingNew"] == {"deep": [None, False]}
    assert (document["application"], document["observed_at"]) == (
        "billing",
        "2026-03-01T12:00:00.000000Z",
    )


@pytest.mark.parametrize(
    "checkpoint", ["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP", "SHARD_END", "49" * 28]
)
def test_a_checkpoint_is_a_number_or_a_word(checkpoint: str) -> None:
    (found,) = read(LeaseTable([lease("shardId-000000000000", checkpoint)]))["leases"]
    assert found["checkpoint"] == checkpoint


def test_rows_that_are_no_leases_are_left_out_and_counted() -> None:
    rows = [
        lease("shardId-000000000000"),
        lease("shardId-000000000001", entityType={"S": "LEASE"}),
        {"leaseKey": {"S": "worker-1"}, "entityType": {"S": "WORKER_METRIC_STATS"}},
        {"leaseKey": {"S": "Migration3.0"}, "entityType": {"S": "COORDINATOR_STATE"}},
        {"leaseCounter": {"N": "1"}},
    ]
    document = read(LeaseTable(rows))
    assert [each["shardId"] for each in document["leases"]] == [
        "shardId-000000000000",
        "shardId-000000000001",
    ]
    assert document["other_rows"] == 3


def test_of_a_table_for_several_streams_only_this_one_s_leases_are_taken() -> None:
    rows = [
        lease("123456789012:orders:1700000000:shardId-000000000000"),
        lease("123456789012:orders-dlq:1700000000:shardId-000000000000"),
        lease("999999999999:orders:1700000000:shardId-000000000000"),
    ]
    document = read(LeaseTable(rows))
    (found,) = document["leases"]
    assert found["shardId"] == "shardId-000000000000"
    assert document["of_other_streams"] == 2


def test_the_table_is_scanned_a_hundred_rows_at_a_time_and_never_consistently() -> None:
    table = LeaseTable([lease(f"shardId-{n:012}") for n in range(250)])
    assert len(read(table)["leases"]) == 250
    assert [asked["Limit"] for asked in table.asked] == [100, 100, 100]
    assert not any("ConsistentRead" in asked for asked in table.asked)


def test_a_table_that_is_no_lease_table_is_refused_before_it_is_scanned() -> None:
    table = LeaseTable([], key="id")
    with pytest.raises(ConnectorError, match="found a table with the key id; name"):
        read(table)
    with pytest.raises(ConnectorError, match="found 90000 rows"):
        read(LeaseTable([], items=90_000))
    with pytest.raises(SourceNotFoundError, match="the lease table bilings"):
        leases_of(ARN, "bilings", table, VirtualClock().now)
    assert table.asked == []


def test_where_an_application_stands_is_captured_with_its_stream(local_aws: LocalAws) -> None:
    dynamodb = local_client("dynamodb", local_aws.endpoint_url)
    kinesis = local_client("kinesis", local_aws.endpoint_url)
    stream, application = unique("orders"), unique("billing")
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    dynamodb.create_table(
        TableName=application,
        KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for n in range(130):
        dynamodb.put_item(TableName=application, Item=lease(f"shardId-{n:012}"))
    connector = open_connector(
        f"kinesis:{stream}", access_to(local_aws), now=now, lease_table=application
    )
    (taken,) = [each for each in connector.resources() if each.kind == "kcl-leases"]
    assert len(json.loads(taken.document)["leases"]) == 130
    with pytest.raises(SourceNotFoundError, match="the lease table nobody"):
        open_connector(f"kinesis:{stream}", access_to(local_aws), now=now, lease_table="nobody")
