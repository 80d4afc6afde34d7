"""The scripted table itself: it does what AWS says, so that what is proved against it means something."""

import pickle
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.scripted_aws.clock import VirtualClock
from tests.scripted_aws.dynamodb_streams import ScriptedMappings, ScriptedTable
from tests.scripted_aws.faults import Fault, aws_error, one_by_one


def described(table: ScriptedTable, **more: Any) -> dict[str, Any]:
    return table.describe_stream(StreamArn=table.stream.arn, **more)["StreamDescription"]


def iterator(table: ScriptedTable, shard_id: str, **more: Any) -> str:
    asked = {"ShardIteratorType": "TRIM_HORIZON"} | more
    return table.get_shard_iterator(StreamArn=table.stream.arn, ShardId=shard_id, **asked)[
        "ShardIterator"
    ]


def only_shard(table: ScriptedTable) -> str:
    (shard,) = table.stream.shards
    return shard


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return caught.value.response["Error"]["Code"]


def test_a_shard_rotates_every_four_hours_without_any_load() -> None:
    table = ScriptedTable(VirtualClock())
    table.clock.forward(hours=13)
    shards = described(table)["Shards"]
    assert len(shards) == 4
    assert [s.get("ParentShardId") for s in shards] == [None, *(s["ShardId"] for s in shards[:3])]
    ended = ["EndingSequenceNumber" in s["SequenceNumberRange"] for s in shards]
    assert ended == [True, True, True, False]


def test_at_most_a_hundred_shards_are_listed_a_page_and_ten_pages_a_second() -> None:
    table = ScriptedTable(VirtualClock(), partitions=250)
    first = described(table)
    rest = described(table, ExclusiveStartShardId=first["LastEvaluatedShardId"])
    assert (len(first["Shards"]), len(rest["Shards"])) == (100, 100)
    for _ in range(8):
        described(table)
    with pytest.raises(ClientError) as caught:
        described(table)
    assert code(caught) == "ThrottlingException"
    table.clock.forward(seconds=1)
    assert described(table)


def test_children_of_one_shard_may_be_asked_for() -> None:
    table = ScriptedTable(VirtualClock())
    parent = only_shard(table)
    table.rotate(children=2)
    asked = {"Type": "CHILD_SHARDS", "ShardId": parent}
    assert [s["ParentShardId"] for s in described(table, ShardFilter=asked)["Shards"]] == [
        parent,
        parent,
    ]


def test_sequence_numbers_are_21_to_40_digits_and_compare_only_as_numbers() -> None:
    table = ScriptedTable(VirtualClock())
    numbers = [str(table.put("a").sequence_number) for _ in range(20)]
    assert {len(number) for number in numbers} == {21, 22}
    assert numbers != sorted(numbers)
    assert numbers == sorted(numbers, key=int)


def test_a_closed_shard_ends_without_an_iterator_and_an_open_one_never() -> None:
    table = ScriptedTable(VirtualClock())
    parent = only_shard(table)
    table.put("a")
    answer = table.get_records(ShardIterator=iterator(table, parent))
    assert len(answer["Records"]) == 1
    assert "NextShardIterator" in answer
    table.rotate()
    assert "NextShardIterator" not in table.get_records(ShardIterator=iterator(table, parent))


def test_a_parent_may_look_open_for_a_while_beside_its_child() -> None:
    table = ScriptedTable(VirtualClock(), end_shown_after=timedelta(seconds=30))
    parent = only_shard(table)
    table.rotate()
    assert "EndingSequenceNumber" not in described(table)["Shards"][0]["SequenceNumberRange"]
    assert len(described(table)["Shards"]) == 2
    assert "NextShardIterator" in table.get_records(ShardIterator=iterator(table, parent))
    table.clock.forward(seconds=30)
    assert "NextShardIterator" not in table.get_records(ShardIterator=iterator(table, parent))


def test_an_iterator_lives_fifteen_minutes() -> None:
    table = ScriptedTable(VirtualClock())
    held = iterator(table, only_shard(table))
    table.clock.forward(minutes=15)
    assert table.get_records(ShardIterator=held)["Records"] == []
    table.clock.forward(seconds=1)
    with pytest.raises(ClientError) as caught:
        table.get_records(ShardIterator=held)
    assert code(caught) == "ExpiredIteratorException"


def test_what_is_older_than_a_day_is_gone_and_said_so() -> None:
    table = ScriptedTable(VirtualClock())
    shard = only_shard(table)
    gone = table.put("a")
    table.clock.forward(hours=3)
    kept = table.put("a")
    table.clock.forward(hours=22)
    after = {
        "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
        "SequenceNumber": str(gone.sequence_number),
    }
    with pytest.raises(ClientError) as caught:
        iterator(table, shard, **after)
    assert code(caught) == "TrimmedDataAccessException"
    answer = table.get_records(ShardIterator=iterator(table, shard))
    assert [r["eventID"] for r in answer["Records"]] == [kept.event_id]
    assert table.kept() == [kept]
    table.clock.forward(hours=8)
    with pytest.raises(ClientError) as caught:
        iterator(table, shard)
    assert code(caught) == "ResourceNotFoundException"


def test_there_is_no_iterator_at_an_instant() -> None:
    table = ScriptedTable(VirtualClock())
    with pytest.raises(KeyError):
        iterator(table, only_shard(table), ShardIteratorType="AT_TIMESTAMP")


def test_a_page_holds_at_most_a_thousand_records_or_a_megabyte() -> None:
    table = ScriptedTable(VirtualClock())
    for _ in range(1_001):
        table.put("a")
    page = table.get_records(ShardIterator=iterator(table, only_shard(table)))
    assert len(page["Records"]) == 1_000
    large = ScriptedTable(VirtualClock())
    for _ in range(4):
        large.put("a", text={"S": "x" * 300_000})
    page = large.get_records(ShardIterator=iterator(large, only_shard(large)))
    assert len(page["Records"]) == 2  # the second has the first as its old image


def test_answers_may_be_empty_on_the_way_to_a_change() -> None:
    table = ScriptedTable(VirtualClock(), empty_answers=3, first_sequence_number=10**21)
    for _ in range(3):
        table.put("a")
    held, counts = iterator(table, only_shard(table)), []
    for _ in range(20):
        answer = table.get_records(ShardIterator=held, Limit=1)
        held = answer["NextShardIterator"]
        counts.append(len(answer["Records"]))
    assert sum(counts) == 3
    assert counts[: counts.index(1) + 2] != [1, 1]


def test_creation_instants_are_whole_seconds() -> None:
    table = ScriptedTable(VirtualClock())
    table.clock.forward(milliseconds=1_700)
    change = table.put("a")
    page = table.get_records(ShardIterator=iterator(table, only_shard(table)))
    told = page["Records"][0]["dynamodb"]["ApproximateCreationDateTime"]
    assert change.written_at - told == timedelta(milliseconds=700)


def test_a_disabled_stream_is_readable_for_a_day_and_another_one_has_another_arn() -> None:
    table = ScriptedTable(VirtualClock())
    table.put("a")
    former = table.stream
    table.disable()
    table.put("b")
    assert described(table)["StreamStatus"] == "DISABLED"
    assert "NextShardIterator" not in table.get_records(
        ShardIterator=iterator(table, only_shard(table))
    )
    table.clock.forward(hours=1)
    assert table.enable().arn != former.arn
    assert len(table.written) == 1
    listed = table.list_streams(TableName="orders")
    more = table.list_streams(
        TableName="orders", ExclusiveStartStreamArn=listed["LastEvaluatedStreamArn"]
    )
    assert [s["StreamArn"] for s in listed["Streams"] + more["Streams"]] == [
        former.arn,
        table.stream.arn,
    ]
    assert table.describe_table(TableName="orders")["Table"]["LatestStreamArn"] == table.stream.arn
    table.clock.forward(hours=24)
    with pytest.raises(ClientError) as caught:
        table.describe_stream(StreamArn=former.arn)
    assert code(caught) == "ResourceNotFoundException"


def test_a_change_goes_to_the_shard_that_holds_its_key_for_ever_so_its_order_is_kept() -> None:
    table = ScriptedTable(VirtualClock(), partitions=3)
    for n in range(30):
        table.put(f"{n % 5}")
        if n % 10 == 9:
            table.rotate(children=2)
    lineage = {s.shard_id: s.parent for s in table.stream.shards.values()}
    last: dict[str, str] = {}
    for _, shard_id, change in table.written:
        key = change.change["Keys"]["id"]["S"]
        before = last.get(key, shard_id)
        ancestors = [shard_id]
        while parent := lineage[ancestors[-1]]:
            ancestors.append(parent)
        assert before in ancestors
        last[key] = shard_id


def test_an_expired_item_says_who_deleted_it() -> None:
    table = ScriptedTable(VirtualClock())
    table.put("a")
    table.delete("a", expired=True)
    page = table.get_records(ShardIterator=iterator(table, only_shard(table)))
    assert [r["eventName"] for r in page["Records"]] == ["INSERT", "REMOVE"]
    assert page["Records"][1]["userIdentity"]["Type"] == "Service"


def test_faults_come_before_the_answer() -> None:
    table = ScriptedTable(
        VirtualClock(), faults=one_by_one([Fault(aws_error("InternalServerError"))])
    )
    with pytest.raises(ClientError):
        described(table)
    assert described(table)


def test_its_state_is_plain() -> None:
    table = ScriptedTable(VirtualClock())
    table.put("a")
    state = {name: value for name, value in vars(table).items() if name not in ("clock", "faults")}
    assert pickle.loads(pickle.dumps(state))["written"] == table.written  # noqa: S301 - our own


def test_mappings_are_listed_a_page_each() -> None:
    mappings = ScriptedMappings([{"EventSourceArn": "a", "UUID": n} for n in "12"])
    first = mappings.list_event_source_mappings(EventSourceArn="a")
    assert first["NextMarker"] == "1"
    assert "NextMarker" not in mappings.list_event_source_mappings(EventSourceArn="a", Marker="1")
    assert mappings.list_event_source_mappings(EventSourceArn="b")["EventSourceMappings"] == []
