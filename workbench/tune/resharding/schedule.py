"""How long a resharding takes, and whether UpdateShardCount would do the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from workbench.tune.resharding.hash_keys import even_starts
from workbench.tune.resharding.limits import ShardLimits

CALL_S = 30.0
"""Assumed: seconds until a stream is ACTIVE again after one SplitShard or MergeShards."""
DAY_H = 24.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """The calls one after the other: each needs an ACTIVE stream, so that one at a time is the rule."""

    splits: int
    merges: int
    call_s: float
    """Assumed for each call."""
    most_shards: int
    """Open at the same time on the way; all splits come before the first merge."""

    @property
    def takes_s(self) -> float:
        """From the first call until the last one has been carried out."""
        return (self.splits + self.merges) * self.call_s

    def document(self) -> dict[str, Any]:
        """As the member `schedule` of the plan."""
        return {
            "split_calls": self.splits,
            "merge_calls": self.merges,
            "takes_ms": round(self.takes_s * 1_000),
            "assumed_call_ms": round(self.call_s * 1_000),
            "most_open_shards": self.most_shards,
        }


def schedule(operations: Sequence[dict[str, str]], open_shards: int, call_s: float) -> Schedule:
    """How the calls go.

    Args:
        operations: the calls, splits first.
        open_shards: how many there are before.
        call_s: assumed: seconds of each; the account's 5 calls a second do not bind where it is 0.2 or more.

    Example:
        >>> schedule([{"operation": "SplitShard"}, {"operation": "MergeShards"}], 4, 30.0).takes_s
        60.0

    Source: Kinesis API reference, SplitShard, MergeShards: the stream must be ACTIVE, and is UPDATING meanwhile.
    """
    splits = sum(each["operation"] == "SplitShard" for each in operations)
    return Schedule(splits, len(operations) - splits, call_s, open_shards + splits)


@dataclass(frozen=True, slots=True)
class UpdateShardCount:
    """What UpdateShardCount can do: even shards only, at most twice as many a call and at least half."""

    targets: tuple[int, ...]
    """TargetShardCount of each call, in order; empty: it cannot, or nothing is to be done."""
    hours: float
    """Until the last may be called: after so many calls a stream waits for the next 24 hours."""
    same_as_planned: bool
    """Whether the planned ranges are even ones, so that it leads to the plan itself."""
    refused: str | None
    """Why it cannot."""

    def document(self) -> dict[str, Any]:
        """As the member `update_shard_count` of the plan."""
        return {
            "target_shard_counts": list(self.targets),
            "hours_until_last": self.hours,
            "same_as_planned": self.same_as_planned,
            "refused": self.refused,
        }


def update_shard_count(
    current: int, target: int | None, planned: Sequence[int], limits: ShardLimits
) -> UpdateShardCount:
    """The calls of UpdateShardCount from a count to a count of even shards.

    Args:
        current: open shards now.
        target: even shards wanted; None where no even count holds.
        planned: starting hash keys of the plan.
        limits: those of today.

    Example:
        >>> from workbench.tune.resharding.limits import DOCUMENTED
        >>> update_shard_count(3, 17, (0,), DOCUMENTED).targets
        (6, 12, 17)

    Source: Kinesis API reference, UpdateShardCount.
    """
    same = tuple(planned) == even_starts(len(planned))
    if target is None:
        return UpdateShardCount((), 0.0, same, "no even count of shards holds the load")
    if target > limits.update_shards:
        said = f"{target:,} shards are more than the {limits.update_shards:,} that it sets"
        return UpdateShardCount((), 0.0, same, said)
    targets: list[int] = []
    while (there := targets[-1] if targets else current) != target:
        most, least = int(there * limits.update_growth), ceil(there * limits.update_shrink)
        targets.append(min(target, most) if target > there else max(target, least))
    days = max(0, len(targets) - 1) // limits.update_calls_per_24_h
    return UpdateShardCount(tuple(targets), days * DAY_H, same, None)
