"""Resharding calls against a stream that obeys AWS's rules."""

import json

from hypothesis import given
from hypothesis import strategies as st

from workbench.tune.resharding.hash_keys import even_starts
from workbench.tune.resharding.reshard import OpenShards, open_shards, operations

SPACE = 2**128
ARN = "arn:aws:kinesis:us-east-1:111111111111:stream/orders"
cuts = st.lists(
    st.integers(1, SPACE // 1_000 - 1).map(lambda n: n * 1_000), max_size=8, unique=True
)


def shard(number, start, end, *, closed=False, parents=()):
    sequence = {"StartingSequenceNumber": "1"} | ({"EndingSequenceNumber": "2"} if closed else {})
    members = dict(zip(("ParentShardId", "AdjacentParentShardId"), parents, strict=False))
    return {
        "ShardId": f"shardId-{number:012d}",
        "HashKeyRange": {"StartingHashKey": str(start), "EndingHashKey": str(end)},
        "SequenceNumberRange": sequence,
        **members,
    }


class Stream:
    """A stream that obeys SplitShard and MergeShards as AWS's error messages tell their rules."""

    def __init__(self, there: OpenShards) -> None:
        ends = [*(start - 1 for start in there.starts[1:]), SPACE - 1]
        self.open = {
            name: ends_at
            for name, *ends_at in zip(there.shard_ids, there.starts, ends, strict=True)
        }
        self.next_ordinal = there.next_ordinal

    def call(self, operation, StreamARN, **parameters):
        assert StreamARN == ARN
        {"SplitShard": self.split, "MergeShards": self.merge}[operation](**parameters)

    def split(self, ShardToSplit, NewStartingHashKey):
        low, high = self.open.pop(ShardToSplit)
        assert low + 1 < int(NewStartingHashKey) < high
        self.add(low, int(NewStartingHashKey) - 1)
        self.add(int(NewStartingHashKey), high)

    def merge(self, ShardToMerge, AdjacentShardToMerge):
        (low, middle), (after, high) = (
            self.open.pop(ShardToMerge),
            self.open.pop(AdjacentShardToMerge),
        )
        assert middle + 1 == after
        self.add(low, high)

    def add(self, low, high):
        self.open[f"shardId-{self.next_ordinal:012d}"] = [low, high]
        self.next_ordinal += 1


def stream_of(starts):
    return OpenShards(
        tuple(f"shardId-{n:012d}" for n in range(len(starts))), tuple(starts), len(starts)
    )


@given(cuts, cuts)
def test_the_calls_are_legal_and_lead_to_the_plan_in_the_fewest_steps(there, wanted):
    current, planned = stream_of([0, *sorted(there)]), (0, *sorted(wanted))
    calls = operations(ARN, current, planned)
    stream, sizes = Stream(current), []
    for call in calls:
        stream.call(**call)
        sizes.append(len(stream.open))
    assert sorted(low for low, _ in stream.open.values()) == list(planned)
    assert len(calls) == len(set(there) ^ set(wanted))
    assert all(size >= min(len(current.starts), len(planned)) for size in sizes)
    kinds = [call["operation"] for call in calls]
    assert kinds == sorted(kinds, reverse=True), "splits come before merges"


def test_a_stream_that_is_as_planned_needs_no_call():
    assert operations(ARN, stream_of(even_starts(4)), even_starts(4)) == ()


def test_the_parameters_are_those_of_aws():
    split, merge = operations(ARN, stream_of((0, 1_000)), (0, 5_000))
    assert split == {
        "operation": "SplitShard",
        "StreamARN": ARN,
        "ShardToSplit": "shardId-000000000001",
        "NewStartingHashKey": "5000",
    }
    assert merge == {
        "operation": "MergeShards",
        "StreamARN": ARN,
        "ShardToMerge": "shardId-000000000000",
        "AdjacentShardToMerge": "shardId-000000000002",
    }


def test_only_open_shards_are_current_and_new_numbers_go_on_behind_closed_ones():
    half = SPACE // 2
    listed = {
        "Shards": [
            shard(0, 0, SPACE - 1, closed=True),
            shard(1, 0, half - 1, parents=("shardId-000000000000",)),
            shard(2, half, SPACE - 1, parents=("shardId-000000000000",)),
            shard(3, 5, 6, closed=True),
        ]
    }
    there = open_shards([json.dumps(listed)])
    assert there == OpenShards(("shardId-000000000001", "shardId-000000000002"), (0, half), 4)


def test_a_listing_that_leaves_ranges_unknown_is_no_layout():
    assert open_shards([]) is None
    assert open_shards(['{"Shards":[]}']) is None
    assert open_shards([json.dumps({"Shards": [shard(1, 0, 99)]})]) is None
    overlapping = [shard(1, 0, SPACE - 1), shard(2, 5, SPACE - 1)]
    assert open_shards([json.dumps({"Shards": overlapping})]) is None


def test_the_pages_of_a_description_are_put_together():
    half = SPACE // 2
    pages = [
        json.dumps({"StreamDescription": {"Shards": [shard(1, half, SPACE - 1)]}}),
        json.dumps({"StreamDescription": {"Shards": [shard(0, 0, half - 1)]}}),
    ]
    found = open_shards(pages)
    assert found is not None
    assert found.starts == (0, half)
