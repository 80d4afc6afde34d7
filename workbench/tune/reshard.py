"""Resharding: the calls that lead from the ranges that a stream has to those that it should have; pure."""

from bisect import bisect_left, insort
from collections.abc import Sequence

FIRST_DIGITS = "shardId-"


def operations(
    stream_arn: str, shards: Sequence[tuple[str, int]], starts: Sequence[int], next_ordinal: int
) -> list[dict[str, str]]:
    """The fewest calls, splits before merges so that capacity never dips; one at a time, the stream ACTIVE between.

    Each call adds or removes one boundary, so there are as many as boundaries differ. Ids of shards that do not exist
    yet are assumed: AWS numbers shards on, the lower child of a split before the upper. Compare before each call.

    Args:
        stream_arn: the stream.
        shards: open shards as (id, starting hash key), tiling the hash key space.
        starts: starting hash keys that are wanted.
        next_ordinal: the number that the next new shard gets.

    Returns:
        Documents with `operation` and AWS's own parameters; hash keys as decimal strings.

    Example:
        >>> operations("arn", [("shardId-000000000000", 0)], [0, 8], 1)[0]["NewStartingHashKey"]
        '8'

    Source: SplitShard, MergeShards.
    """
    ids = {start: shard_id for shard_id, start in shards}
    there, calls = sorted(ids), []
    for start in sorted(set(starts) - set(ids)):
        left = there[bisect_left(there, start) - 1]
        calls.append(
            _call("SplitShard", stream_arn, ShardToSplit=ids[left], NewStartingHashKey=str(start))
        )
        ids[left], ids[start] = shard_name(next_ordinal), shard_name(next_ordinal + 1)
        insort(there, start)
        next_ordinal += 2
    for start in sorted(set(ids) - set(starts)):
        left = there[there.index(start) - 1]
        calls.append(
            _call(
                "MergeShards", stream_arn, ShardToMerge=ids[left], AdjacentShardToMerge=ids[start]
            )
        )
        ids[left] = shard_name(next_ordinal)
        there.remove(start)
        next_ordinal += 1
    return calls


def _call(operation: str, stream_arn: str, **parameters: str) -> dict[str, str]:
    return {"operation": operation, "StreamARN": stream_arn, **parameters}


def shard_name(ordinal: int) -> str:
    """The id of a stream's shard of that number.

    Example:
        >>> shard_name(4)
        'shardId-000000000004'
    """
    return f"{FIRST_DIGITS}{ordinal:012d}"


def ordinal_of(shard_id: str) -> int:
    """The number in a shard's id; -1 where it has none."""
    digits = shard_id.removeprefix(FIRST_DIGITS)
    return int(digits) if digits.isdecimal() else -1
