"""The shards of a captured stream, as the trace's snapshots of its configuration tell them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.record import Partition
from connectors.shards import uncovered_hash_ranges
from workbench.trace import Trace
from workbench.trace.sql import load_statement


@dataclass(frozen=True, slots=True)
class StreamShards:
    """What the newest snapshots say."""

    listed: tuple[Partition, ...] = ()
    """All, with closed ones; empty where no snapshot was captured."""
    open: tuple[Partition, ...] = ()
    """Those that take records, by starting hash key; empty unless they cover the hash key space exactly."""
    on_demand: bool = False
    """AWS splits by itself and refuses the caller's splits and merges."""


def stream_shards(trace: Trace, source_arn: str) -> StreamShards:
    """The shards of a stream in the trace; the newest snapshot that has any counts.

    Source: ListShards, DescribeStream, DescribeStreamSummary.
    """
    statement = load_statement(__package__, "stream_snapshots").text
    documents = [
        json.loads(row["document"]) for row in trace.rows(statement, source_arn=source_arn)
    ]
    listings = [found for document in documents if (found := _listed(document))]
    shards = listings[0] if listings else []
    return StreamShards(
        tuple(_partition(shard) for shard in shards),
        _tiling([_partition(shard) for shard in shards if _is_open(shard)]),
        next(filter(None, map(_mode, documents)), None) == "ON_DEMAND",
    )


def _listed(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    described = document.get("StreamDescription", document)
    return list(described.get("Shards", ()))


def _mode(document: Mapping[str, Any]) -> str | None:
    described = document.get("StreamDescriptionSummary") or document.get("StreamDescription") or {}
    mode: str | None = described.get("StreamModeDetails", {}).get("StreamMode")
    return mode


def _is_open(shard: Mapping[str, Any]) -> bool:
    return "EndingSequenceNumber" not in shard.get("SequenceNumberRange", {})


def _partition(shard: Mapping[str, Any]) -> Partition:
    hash_keys = shard.get("HashKeyRange", {})
    return Partition(
        shard["ShardId"],
        starting_hash_key=hash_keys.get("StartingHashKey"),
        ending_hash_key=hash_keys.get("EndingHashKey"),
    )


def _tiling(shards: Sequence[Partition]) -> tuple[Partition, ...]:
    """The shards by range; none when a range is unknown, missing, or there twice (a listing in the middle of a reshard)."""
    if any(None in (shard.starting_hash_key, shard.ending_hash_key) for shard in shards):
        return ()
    ordered = sorted(shards, key=lambda shard: int(shard.starting_hash_key or 0))
    width = sum(
        int(shard.ending_hash_key or 0) - int(shard.starting_hash_key or 0) + 1 for shard in ordered
    )
    return tuple(ordered) if not uncovered_hash_ranges(ordered) and width == 1 << 128 else ()
