"""Shard lineage and hash ranges; pure, so that the order rules can be proved without a stream."""

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from connectors.errors import CorruptAnswerError
from connectors.record import Partition

HASH_KEY_MAX = 2**128 - 1


def in_lineage_order(shards: Sequence[Partition]) -> tuple[Partition, ...]:
    """The shards, each after all its parents; otherwise in the order given.

    A parent that is not among them has been trimmed and counts as read.

    Raises:
        CorruptAnswerError: A shard is its own ancestor.

    Example:
        >>> [s.partition_id for s in in_lineage_order([Partition("b", ("a",)), Partition("a")])]
        ['a', 'b']

    Source: Kinesis ListShards, DynamoDB Streams DescribeStream.
    """
    by_id = {shard.partition_id: shard for shard in shards}
    lineage = {
        shard.partition_id: [parent for parent in shard.parents if parent in by_id]
        for shard in shards
    }
    try:
        order = tuple(TopologicalSorter(lineage).static_order())
    except CycleError as error:
        raise CorruptAnswerError(
            f"a shard after its parents was wanted, found a circle ({error.args[1]}); list again"
        ) from error
    return tuple(by_id[shard_id] for shard_id in order)


def leaves(shards: Sequence[Partition]) -> tuple[Partition, ...]:
    """The shards that are nobody's parent among those given: where new records go.

    Example:
        >>> [s.partition_id for s in leaves([Partition("a"), Partition("b", ("a",))])]
        ['b']
    """
    parents = {parent for shard in shards for parent in shard.parents}
    return tuple(shard for shard in shards if shard.partition_id not in parents)


def uncovered_hash_ranges(shards: Sequence[Partition]) -> tuple[tuple[int, int], ...]:
    """What of the hash key space 0 … 2^128-1 no leaf covers, as inclusive ranges, ascending.

    A listing in the middle of a reshard may lack a child for a moment: look again before acting.

    Example:
        >>> uncovered_hash_ranges([Partition("a", (), "0", str(2**128 - 1))])
        ()

    Source: Kinesis API reference, HashKeyRange.
    """
    ranges = sorted(
        (int(shard.starting_hash_key), int(shard.ending_hash_key))
        for shard in leaves(shards)
        if shard.starting_hash_key is not None and shard.ending_hash_key is not None
    )
    uncovered: list[tuple[int, int]] = []
    wanted = 0
    for start, end in ranges:
        if start > wanted:
            uncovered.append((wanted, start - 1))
        wanted = max(wanted, end + 1)
    if wanted <= HASH_KEY_MAX:
        uncovered.append((wanted, HASH_KEY_MAX))
    return tuple(uncovered)
