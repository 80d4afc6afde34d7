"""The fake keeps AWS's rules: each one a sentence."""

import pickle
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.scripted_aws.clock import START, VirtualClock
from tests.scripted_aws.faults import Fault, aws_error, one_by_one
from tests.scripted_aws.kinesis import (
    ARN_OF,
    KinesisState,
    ScriptedKinesis,
    hash_key,
    unexplained,
)
from tests.scripted_aws.schedules import play, seeded

ARN = ARN_OF + "orders"
SHARD = "shardId-000000000000"


@pytest.fixture
def kinesis() -> ScriptedKinesis:
    fake = ScriptedKinesis(VirtualClock())
    fake.create_stream("orders")
    return fake


def put(kinesis: ScriptedKinesis, *bodies: bytes, key: str = "k", late_ms: int = 0) -> None:
    for body in bodies:
        kinesis.put_record(StreamName="orders", Data=body, PartitionKey=key, late_ms=late_ms)


def iterator(kinesis: ScriptedKinesis, kind: str = "TRIM_HORIZON", **start: Any) -> str:
    shard = start.pop("ShardId", SHARD)
    answer = kinesis.get_shard_iterator(
        StreamARN=ARN, ShardId=shard, ShardIteratorType=kind, **start
    )
    return str(answer["ShardIterator"])


def bodies(answer: dict[str, Any]) -> list[bytes]:
    return [record["Data"] for record in answer["Records"]]


def refused(code: str) -> Any:
    return pytest.raises(ClientError, match=code)


def test_sequence_numbers_have_56_digits_rise_and_are_larger_in_children(
    kinesis: ScriptedKinesis,
) -> None:
    put(kinesis, b"1", b"2")
    kinesis.split_shard("orders", SHARD)
    put(kinesis, b"3")
    numbers = [written.sequence_number for written in kinesis.state.ledger]
    assert {len(str(number)) for number in numbers} == {56}
    assert numbers == sorted(set(numbers))


def test_a_record_goes_where_the_md5_of_its_key_says_unless_it_says_so_itself() -> None:
    fake = ScriptedKinesis(VirtualClock())
    fake.create_stream("orders", shards=4)
    for key in ("a", "b", "c", "d", "e"):
        answer = fake.put_record(StreamName="orders", Data=b"", PartitionKey=key)
        assert answer["ShardId"] == f"shardId-{hash_key(key) >> 126:012d}"
    answer = fake.put_record(
        StreamName="orders", Data=b"", PartitionKey="a", ExplicitHashKey=str(2**128 - 1)
    )
    assert answer["ShardId"] == "shardId-000000000003"


def test_an_iterator_lives_300_seconds(kinesis: ScriptedKinesis) -> None:
    at = iterator(kinesis)
    kinesis.clock.forward(seconds=300)
    assert bodies(kinesis.get_records(ShardIterator=at)) == []
    kinesis.clock.forward(seconds=0.001)
    with refused("ExpiredIteratorException"):
        kinesis.get_records(ShardIterator=at)


def test_a_listing_goes_on_by_a_token_that_lives_300_seconds_and_stands_alone(
    kinesis: ScriptedKinesis,
) -> None:
    kinesis.split_shard("orders", SHARD)
    kinesis.state.shards_a_page = 2
    first = kinesis.list_shards(StreamARN=ARN)
    with refused("InvalidArgumentException"):
        kinesis.list_shards(StreamARN=ARN, NextToken=first["NextToken"])
    second = kinesis.list_shards(NextToken=first["NextToken"])
    assert len(first["Shards"]) == 2
    assert len(second["Shards"]) == 1
    assert "NextToken" not in second
    kinesis.clock.forward(seconds=301)
    with refused("ExpiredNextTokenException"):
        kinesis.list_shards(NextToken=first["NextToken"])


def test_a_split_closes_the_parent_whose_end_names_the_children(kinesis: ScriptedKinesis) -> None:
    put(kinesis, b"1")
    low, high = kinesis.split_shard("orders", SHARD)
    first = kinesis.get_records(ShardIterator=iterator(kinesis))
    last = kinesis.get_records(ShardIterator=first["NextShardIterator"])
    assert bodies(first) == [b"1"]
    assert "NextShardIterator" not in last
    assert [child["ShardId"] for child in last["ChildShards"]] == [low, high]
    assert [child["ParentShards"] for child in last["ChildShards"]] == [[SHARD]] * 2
    parent, *children = kinesis.list_shards(StreamARN=ARN)["Shards"]
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]
    assert {child["ParentShardId"] for child in children} == {SHARD}
    assert not any("EndingSequenceNumber" in c["SequenceNumberRange"] for c in children)


def test_a_merge_has_two_parents(kinesis: ScriptedKinesis) -> None:
    low, high = kinesis.split_shard("orders", SHARD)
    merged = kinesis.merge_shards("orders", low, high)
    described = kinesis.list_shards(StreamARN=ARN)["Shards"][-1]
    assert described["ShardId"] == merged
    assert (described["ParentShardId"], described["AdjacentParentShardId"]) == (low, high)


def test_a_shard_is_listed_until_its_last_record_could_be_trimmed(
    kinesis: ScriptedKinesis,
) -> None:
    children = kinesis.split_shard("orders", SHARD)
    kinesis.clock.forward(hours=24)
    assert len(kinesis.list_shards(StreamARN=ARN)["Shards"]) == 3
    kinesis.clock.forward(seconds=1)
    listed = kinesis.list_shards(StreamARN=ARN)["Shards"]
    assert [shard["ShardId"] for shard in listed] == list(children)
    with refused("ResourceNotFoundException"):
        iterator(kinesis)


@pytest.mark.parametrize(
    ("wanted", "listed"),
    [
        ({"Type": "AT_LATEST"}, [1, 2]),
        ({"Type": "FROM_TRIM_HORIZON"}, [0, 1, 2]),
        ({"Type": "AT_TRIM_HORIZON"}, [0]),
        ({"Type": "AT_TIMESTAMP", "Timestamp": START}, [0]),
        ({"Type": "AT_TIMESTAMP", "Timestamp": START + timedelta(hours=2)}, [1, 2]),
        ({"Type": "FROM_TIMESTAMP", "Timestamp": START}, [0, 1, 2]),
        ({"Type": "FROM_TIMESTAMP", "Timestamp": START + timedelta(hours=2)}, [1, 2]),
        ({"Type": "AFTER_SHARD_ID", "ShardId": SHARD}, [1, 2]),
    ],
)
def test_a_shard_filter_cuts_through_the_stream(
    kinesis: ScriptedKinesis, wanted: dict[str, Any], listed: list[int]
) -> None:
    kinesis.clock.forward(hours=1)
    kinesis.split_shard("orders", SHARD)
    kinesis.clock.forward(hours=2)
    shards = kinesis.list_shards(StreamARN=ARN, ShardFilter=wanted)["Shards"]
    assert [shard["ShardId"] for shard in shards] == [f"shardId-{n:012d}" for n in listed]


def test_iterators_begin_where_they_say(kinesis: ScriptedKinesis) -> None:
    put(kinesis, b"1")
    kinesis.clock.forward(seconds=10)
    put(kinesis, b"2")
    number = str(kinesis.state.ledger[0].sequence_number)
    found = {}
    for kind, start in {
        "TRIM_HORIZON": {},
        "LATEST": {},
        "AT_SEQUENCE_NUMBER": {"StartingSequenceNumber": number},
        "AFTER_SEQUENCE_NUMBER": {"StartingSequenceNumber": number},
        "AT_TIMESTAMP": {"Timestamp": START + timedelta(seconds=1)},
    }.items():
        kinesis.clock.forward(seconds=1)
        found[kind] = bodies(kinesis.get_records(ShardIterator=iterator(kinesis, kind, **start)))
    assert found == {
        "TRIM_HORIZON": [b"1", b"2"],
        "LATEST": [],
        "AT_SEQUENCE_NUMBER": [b"1", b"2"],
        "AFTER_SEQUENCE_NUMBER": [b"2"],
        "AT_TIMESTAMP": [b"2"],
    }


def test_an_instant_before_the_horizon_is_the_horizon_and_one_ahead_is_refused(
    kinesis: ScriptedKinesis,
) -> None:
    put(kinesis, b"1")
    early = iterator(kinesis, "AT_TIMESTAMP", Timestamp=START - timedelta(days=400))
    assert bodies(kinesis.get_records(ShardIterator=early)) == [b"1"]
    with refused("InvalidArgumentException"):
        iterator(kinesis, "AT_TIMESTAMP", Timestamp=START + timedelta(seconds=1))


def test_a_trimmed_record_is_passed_over_without_a_word(kinesis: ScriptedKinesis) -> None:
    put(kinesis, b"1")
    kinesis.clock.forward(hours=2)
    put(kinesis, b"2")
    kinesis.clock.forward(hours=23)
    number = str(kinesis.state.ledger[0].sequence_number)
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        at = iterator(kinesis, kind, StartingSequenceNumber=number)
        assert bodies(kinesis.get_records(ShardIterator=at)) == [b"2"]


def test_a_sequence_number_of_another_shard_is_refused(kinesis: ScriptedKinesis) -> None:
    with refused("InvalidArgumentException"):
        iterator(kinesis, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber="12")


def test_a_shard_gives_five_answers_a_second(kinesis: ScriptedKinesis) -> None:
    at = iterator(kinesis)
    for _ in range(5):
        kinesis.get_records(ShardIterator=at)
    with refused("ProvisionedThroughputExceededException"):
        kinesis.get_records(ShardIterator=at)
    kinesis.clock.forward(seconds=1)
    kinesis.get_records(ShardIterator=at)


def test_two_mebibytes_are_a_second_s_share(kinesis: ScriptedKinesis) -> None:
    put(kinesis, *[b"x" * 2**20] * 4)
    first = kinesis.get_records(ShardIterator=iterator(kinesis), Limit=2)
    with refused("ProvisionedThroughputExceededException"):
        kinesis.get_records(ShardIterator=first["NextShardIterator"])
    kinesis.clock.forward(seconds=1.1)
    kinesis.get_records(ShardIterator=first["NextShardIterator"])


def test_an_answer_has_ten_mebibytes_at_most_and_then_the_shard_is_blocked_for_seconds(
    kinesis: ScriptedKinesis,
) -> None:
    put(kinesis, *[b"x" * (2**20 - 1)] * 12)
    answer = kinesis.get_records(ShardIterator=iterator(kinesis))
    assert len(answer["Records"]) == 10
    assert answer["MillisBehindLatest"] > 0
    kinesis.clock.forward(seconds=4.9)
    with refused("ProvisionedThroughputExceededException"):
        kinesis.get_records(ShardIterator=answer["NextShardIterator"])
    kinesis.clock.forward(seconds=0.2)
    rest = kinesis.get_records(ShardIterator=answer["NextShardIterator"])
    assert len(rest["Records"]) == 2
    assert rest["MillisBehindLatest"] == 0


@pytest.mark.parametrize("limit", [0, 10_001])
def test_a_limit_is_one_to_ten_thousand(kinesis: ScriptedKinesis, limit: int) -> None:
    with refused("InvalidArgumentException"):
        kinesis.get_records(ShardIterator=iterator(kinesis), Limit=limit)


def test_an_answer_may_be_empty_although_there_is_more(kinesis: ScriptedKinesis) -> None:
    put(kinesis, b"1")
    kinesis.state.empty_pages[SHARD] = 1
    first = kinesis.get_records(ShardIterator=iterator(kinesis))
    assert bodies(first) == []
    assert first["MillisBehindLatest"] > 0
    assert bodies(kinesis.get_records(ShardIterator=first["NextShardIterator"])) == [b"1"]


def test_arrival_times_of_a_shard_are_a_little_out_of_order(kinesis: ScriptedKinesis) -> None:
    put(kinesis, b"1")
    put(kinesis, b"2", late_ms=700)
    first, second = kinesis.get_records(ShardIterator=iterator(kinesis))["Records"]
    assert second["ApproximateArrivalTimestamp"] < first["ApproximateArrivalTimestamp"]


def test_a_stream_made_again_under_its_name_is_another_one(kinesis: ScriptedKinesis) -> None:
    put(kinesis, b"old")
    at = iterator(kinesis)
    before = summary(kinesis)
    kinesis.delete_stream("orders")
    with refused("ResourceNotFoundException"):
        kinesis.get_records(ShardIterator=at)
    kinesis.clock.forward(seconds=5)
    kinesis.create_stream("orders")
    put(kinesis, b"new")
    after = summary(kinesis)
    assert before["StreamARN"] == after["StreamARN"]
    assert after["StreamCreationTimestamp"] > before["StreamCreationTimestamp"]
    assert bodies(kinesis.get_records(ShardIterator=iterator(kinesis))) == [b"new"]


def summary(kinesis: ScriptedKinesis) -> dict[str, Any]:
    answer = kinesis.describe_stream_summary(StreamName="orders")
    return dict(answer["StreamDescriptionSummary"])


def test_consumers_are_listed(kinesis: ScriptedKinesis) -> None:
    kinesis.state.streams["orders"].consumers.append("billing")
    (consumer,) = kinesis.list_stream_consumers(StreamARN=ARN)["Consumers"]
    assert consumer["ConsumerARN"] == f"{ARN}/consumer/billing:1"


def test_a_fault_comes_in_place_of_an_answer(kinesis: ScriptedKinesis) -> None:
    kinesis.faults = one_by_one([Fault(damaged=lambda answer: {}), Fault(error=aws_error("X"))])
    assert kinesis.list_shards(StreamARN=ARN) == {}
    with refused("X"):
        kinesis.list_shards(StreamARN=ARN)


def test_the_state_lives_on_in_another_process_iterators_and_all(kinesis: ScriptedKinesis) -> None:
    put(kinesis, b"1")
    at = iterator(kinesis)
    state: KinesisState = pickle.loads(pickle.dumps(kinesis.state))  # noqa: S301 - our own
    there = ScriptedKinesis(kinesis.clock, state=state)
    assert bodies(there.get_records(ShardIterator=at)) == [b"1"]


def test_what_is_neither_stored_nor_in_a_hole_of_its_lineage_is_unexplained(
    kinesis: ScriptedKinesis,
) -> None:
    put(kinesis, b"1")
    low, high = kinesis.split_shard("orders", SHARD)
    kinesis.clock.forward(seconds=10)
    put(kinesis, b"2")
    first, second = kinesis.state.ledger
    later = START + timedelta(seconds=10)

    def left(holes: list[tuple[str, datetime, datetime]]) -> list[bytes]:
        return [w.data for w in unexplained(kinesis.state, [first.record_id], holes)]

    other = low if second.shard_id == high else high
    assert left([]) == [b"2"]
    assert left([(other, START, later)]) == [b"2"]
    assert left([(second.shard_id, START, START)]) == [b"2"]
    for partition in (second.shard_id, SHARD, ""):
        assert left([(partition, START, later)]) == []


def test_a_seed_gives_the_same_schedule_and_every_record_is_in_the_shard_of_its_hash() -> None:
    states = []
    for _ in range(2):
        fake = ScriptedKinesis(VirtualClock())
        fake.create_stream("orders", shards=2)
        play(fake, "orders", seeded(7))
        states.append(fake.state)
    assert states[0] == states[1]
    stream = states[0].streams["orders"]
    assert len(stream.shards) > 4
    assert states[0].ledger
    for written in states[0].ledger:
        shard = stream.shards[written.shard_id]
        assert shard.start_hash <= hash_key(written.partition_key) <= shard.end_hash
        assert shard.first < written.sequence_number < (shard.last or 10**60)
