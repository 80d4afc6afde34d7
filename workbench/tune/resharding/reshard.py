"""From the shards a stream has to the shards it should have: SplitShard and MergeShards, in a legal order."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.tune.resharding.hash_keys import HASH_KEYS

_ORDINAL = re.compile(r"shardId-(\d+)")


@dataclass(frozen=True, slots=True)
class OpenShards:
    """The shards that take records: they tile the hash key space, ascending."""

    shard_ids: tuple[str, ...]
    starts: tuple[int, ...]
    """Starting hash keys; the first is 0."""
    next_ordinal: int
    """One more than the largest number in any shard id ever seen."""


def open_shards(documents: Iterable[str]) -> OpenShards | None:
    """The open shards that configuration snapshots tell of; None where they leave part of the hash key space unknown.

    Args:
        documents: answers of ListShards and DescribeStream as JSON, the newest first. Older ones are looked at only
            where the newer ones, which may be one page of several, leave something unknown.

    Source: ListShards, DescribeStream: a shard without EndingSequenceNumber is open.
    """
    known: dict[str, dict[str, Any]] = {}
    for document in documents:
        answer = json.loads(document)
        for shard in answer.get("StreamDescription", answer).get("Shards", ()):
            known.setdefault(shard["ShardId"], shard)
        found = _tiling(known)
        if found is not None:
            return found
    return None


def operations(
    stream_arn: str, current: OpenShards, planned: Sequence[int]
) -> tuple[dict[str, str], ...]:
    """The fewest calls that turn the current ranges into the planned ones, in a legal order.

    Each call adds or removes one boundary, so none can be spared. Splits come before merges: capacity never dips.
    AWS names the new shards when it makes them; here they are predicted as the next numbers, a split's lower child
    first. So wait after each call until the stream is ACTIVE, and compare the ids with ListShards before the next.

    Args:
        stream_arn: the stream.
        current: its open shards.
        planned: starting hash keys wanted, ascending from 0.

    Returns:
        One document a call: `operation`, and the call's own parameters.

    Source: SplitShard, MergeShards.
    """
    plan = _Resharding(
        stream_arn, list(current.starts), list(current.shard_ids), current.next_ordinal
    )
    wanted = set(planned)
    splits = [plan.split(start) for start in planned if start not in set(current.starts)]
    merges = [plan.merge(start) for start in current.starts if start not in wanted]
    return (*splits, *merges)


@dataclass(slots=True)
class _Resharding:
    """A stream's open shards as they change from call to call."""

    stream_arn: str
    starts: list[int]
    shard_ids: list[str]
    next_ordinal: int

    def split(self, start: int) -> dict[str, str]:
        """A new boundary at `start`."""
        at = bisect_right(self.starts, start) - 1
        parent = self.shard_ids[at]
        self.starts.insert(at + 1, start)
        self.shard_ids[at : at + 1] = [self._new_id(), self._new_id()]
        return {
            "operation": "SplitShard",
            "StreamARN": self.stream_arn,
            "ShardToSplit": parent,
            "NewStartingHashKey": str(start),
        }

    def merge(self, start: int) -> dict[str, str]:
        """No boundary at `start` any more."""
        at = self.starts.index(start)
        lower, upper = self.shard_ids[at - 1 : at + 1]
        del self.starts[at]
        self.shard_ids[at - 1 : at + 1] = [self._new_id()]
        return {
            "operation": "MergeShards",
            "StreamARN": self.stream_arn,
            "ShardToMerge": lower,
            "AdjacentShardToMerge": upper,
        }

    def _new_id(self) -> str:
        number = self.next_ordinal
        self.next_ordinal += 1
        return f"shardId-{number:012d}"


def _tiling(known: dict[str, dict[str, Any]]) -> OpenShards | None:
    parents = {
        shard.get(member)
        for shard in known.values()
        for member in ("ParentShardId", "AdjacentParentShardId")
    }
    ranges = sorted(
        (
            int(shard["HashKeyRange"]["StartingHashKey"]),
            int(shard["HashKeyRange"]["EndingHashKey"]),
            shard_id,
        )
        for shard_id, shard in known.items()
        if shard_id not in parents
        and "EndingSequenceNumber" not in shard.get("SequenceNumberRange", {})
    )
    starts = [start for start, _, _ in ranges]
    after = [end + 1 for _, end, _ in ranges]
    if not ranges or [*starts, HASH_KEYS] != [0, *after]:
        return None
    ordinals = [int(found[1]) for each in known if (found := _ORDINAL.fullmatch(each))]
    return OpenShards(
        tuple(shard_id for _, _, shard_id in ranges),
        tuple(starts),
        max(ordinals, default=len(known) - 1) + 1,
    )
