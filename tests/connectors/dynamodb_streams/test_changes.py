"""A change keeps every attribute type as a Lambda handler sees it, and who made it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.dynamodb_streams.changes import change_record, not_before
from connectors.errors import CorruptAnswerError
from tests.scripted_aws.clock import START, VirtualClock
from tests.scripted_aws.dynamodb_streams import ScriptedTable

EVERY_TYPE: dict[str, Any] = {
    "text": {"S": "ä\u2028\U0001f600"},
    "empty": {"S": ""},
    "number": {"N": "0.10000000000000000000000000000000000001"},
    "large": {"N": "99999999999999999999999999999999999999"},
    "bytes": {"B": b"\x00\xff"},
    "texts": {"SS": ["b", "a"]},
    "numbers": {"NS": ["10", "9"]},
    "blobs": {"BS": [b"\xff", b""]},
    "list": {"L": [{"NULL": True}, {"BOOL": False}, {"M": {"deep": {"B": b"x"}}}]},
    "map": {"M": {"n": {"N": "1"}}},
}
AS_LAMBDA = EVERY_TYPE | {
    "bytes": {"B": "AP8="},
    "blobs": {"BS": ["/w==", ""]},
    "list": {"L": [{"NULL": True}, {"BOOL": False}, {"M": {"deep": {"B": "eA=="}}}]},
}


def read(table: ScriptedTable) -> list[dict[str, Any]]:
    (shard,) = table.stream.shards
    told = table.get_shard_iterator(
        StreamArn=table.stream.arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )
    records: list[dict[str, Any]] = table.get_records(**told)["Records"]
    return records


def test_every_attribute_type_is_kept_as_lambda_spells_it() -> None:
    table = ScriptedTable(VirtualClock())
    table.put("1", **EVERY_TYPE)
    (told,) = read(table)
    record = change_record("arn", "shard", told, START)
    body = json.loads(record.body)
    assert body == {"Keys": {"id": {"S": "1"}}, "NewImage": {"id": {"S": "1"}} | AS_LAMBDA}
    assert record.sequence_number == told["dynamodb"]["SequenceNumber"]
    assert (record.partition_id, record.record_id) == ("shard", told["eventID"])
    envelope = json.loads(record.envelope)
    assert envelope["dynamodb"].keys() == {
        "ApproximateCreationDateTime",
        "SequenceNumber",
        "SizeBytes",
        "StreamViewType",
    }
    assert (envelope["eventName"], envelope["eventVersion"]) == ("INSERT", "1.1")


def test_a_delete_by_time_to_live_says_so() -> None:
    table = ScriptedTable(VirtualClock())
    table.put("1")
    table.delete("1", expired=True)
    record = change_record("arn", "shard", read(table)[1], START)
    assert json.loads(record.envelope)["userIdentity"] == {
        "Type": "Service",
        "PrincipalId": "dynamodb.amazonaws.com",
    }
    assert list(json.loads(record.body)) == ["Keys", "OldImage"]


def test_the_key_of_an_item_does_not_depend_on_the_order_of_its_attributes() -> None:
    keys = [{"id": {"S": "1"}, "at": {"N": "2"}}, {"at": {"N": "2"}, "id": {"S": "1"}}]
    told = [{"eventID": "e", "dynamodb": {"SequenceNumber": "1", "Keys": each}} for each in keys]
    found = {change_record("arn", "s", each, START).ordering_key for each in told}
    assert found == {'{"at":{"N":"2"},"id":{"S":"1"}}'}


@pytest.mark.parametrize(
    "told", [None, {}, {"eventID": "e"}, {"eventID": 1, "dynamodb": {"SequenceNumber": "1"}}]
)
def test_a_change_without_what_aws_always_sends_is_damage(told: Any) -> None:
    with pytest.raises(CorruptAnswerError):
        change_record("arn", "s", told, START)


def test_what_is_older_for_sure_is_left_out_and_the_second_asked_for_is_not() -> None:
    table = ScriptedTable(VirtualClock())
    for _ in range(3):
        table.put("1")
        table.clock.forward(seconds=1)
    records = [change_record("arn", "s", each, START) for each in read(table)]
    assert len(not_before(records, START + timedelta(milliseconds=1_700))) == 2
    assert len(not_before(records, None)) == 3
