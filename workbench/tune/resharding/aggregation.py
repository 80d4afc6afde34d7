"""What if the producer packed records, as the Kinesis Producer Library does: fewer records, and what that risks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.tune.resharding.hash_keys import shard_numbers
from workbench.tune.resharding.key_load import KeyLoad
from workbench.tune.resharding.tally import SECOND_US, Integers
from workbench.tune.simulate.compiled import compiled

BUFFERED_MS = 100.0
"""RecordMaxBufferedTime, as the library sets it."""
MOST_BYTES = 51_200
"""AggregationMaxSize, as the library sets it."""
UNIT_BYTES = 25_600
"""Of a PUT payload unit."""

Packed = tuple[Integers, Integers, Integers, Integers, NDArray[np.bool_], Integers]


@compiled
def packed(
    shard: Integers,
    place: Integers,
    arrived_us: Integers,
    size: Integers,
    shards: int,
    window_us: int,
    most_bytes: int,
) -> Packed:
    """Records put together by shard: sent_us, shard, records, bytes, whether of several keys; waited_us of each record.

    A pack is opened by its first record, and sent when its window ends or when the next record does not fit.

    Args:
        shard: of each arrival.
        place: key of each arrival.
        arrived_us: of each arrival, ascending.
        size: data of each arrival.
        shards: how many there are.
        window_us: how long a pack waits.
        most_bytes: that a pack holds.
    """
    rows = len(shard)
    open_pack = np.full(shards, -1, dtype=np.int64)
    opened_us, first_place = np.empty(rows, dtype=np.int64), np.empty(rows, dtype=np.int64)
    sent_us, owner = np.empty(rows, dtype=np.int64), np.empty(rows, dtype=np.int64)
    records, sizes = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64)
    mixed, pack_of = np.zeros(rows, dtype=np.bool_), np.empty(rows, dtype=np.int64)
    packs = 0
    for row in range(rows):
        own, at_us = shard[row], arrived_us[row]
        pack = open_pack[own]
        if pack >= 0 and at_us >= opened_us[pack] + window_us:
            pack = -1
        if pack >= 0 and sizes[pack] + size[row] > most_bytes:
            sent_us[pack] = at_us
            pack = -1
        if pack < 0:
            pack = packs
            packs += 1
            open_pack[own], owner[pack], first_place[pack] = pack, own, place[row]
            opened_us[pack], sent_us[pack] = at_us, at_us + window_us
        records[pack] += 1
        sizes[pack] += size[row]
        mixed[pack] |= place[row] != first_place[pack]
        pack_of[row] = pack
    waited = np.empty(rows, dtype=np.int64)
    for row in range(rows):
        waited[row] = sent_us[pack_of[row]] - arrived_us[row]
    return (
        sent_us[:packs].copy(),
        owner[:packs].copy(),
        records[:packs].copy(),
        sizes[:packs].copy(),
        mixed[:packs].copy(),
        waited,
    )


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What packing would change. The framing of a pack, some ten bytes a record, is not counted."""

    records: int
    aggregates: int
    records_per_second: int
    """Highest second of the stream, packed."""
    put_units: int
    """PUT payload units of the captured time, packed."""
    put_units_unpacked: int
    added_latency_mean_ms: float
    added_latency_max_ms: float
    sharing_mean: float
    """Records that share one sequence number: they are retried, and lost, together."""
    sharing_max: int
    mixed_key_share: float
    """Share of the aggregates that hold several partition keys."""
    shards_by_bytes: int
    """Ranges that the bytes alone need: no packing needs fewer."""
    hazards: tuple[str, ...]
    refused: str | None
    """Why it must not be done; None: nothing known speaks against it but the hazards."""

    @property
    def factor(self) -> float:
        """Records of one aggregate, on average."""
        return self.records / self.aggregates

    def document(self) -> dict[str, Any]:
        """As the member `aggregation` of the plan."""
        return {
            "records": self.records,
            "aggregates": self.aggregates,
            "factor": self.factor,
            "records_per_second": self.records_per_second,
            "put_units": self.put_units,
            "put_units_unpacked": self.put_units_unpacked,
            "added_latency_mean_ms": self.added_latency_mean_ms,
            "added_latency_max_ms": self.added_latency_max_ms,
            "records_sharing_a_sequence_number": {
                "mean": self.sharing_mean,
                "max": self.sharing_max,
            },
            "mixed_key_share": self.mixed_key_share,
            "shards_by_bytes": self.shards_by_bytes,
            "hazards": list(self.hazards),
            "refused": self.refused,
        }


def aggregation(
    load: KeyLoad,
    starts: Sequence[int],
    shards_by_bytes: int,
    *,
    fan_out: bool,
    parallelization_factor: int,
    buffered_ms: float = BUFFERED_MS,
    most_bytes: int = MOST_BYTES,
) -> Aggregation:
    """Packs the captured records as one producer would that sees all of them.

    Many producers pack less: each only what it puts itself.

    Args:
        load: what arrived, at least one record.
        starts: starting hash keys of the shards that it is packed for.
        shards_by_bytes: ranges that the bytes alone need.
        fan_out: whether a Lambda function reads the stream with enhanced fan-out.
        parallelization_factor: the highest of the mappings'.
        buffered_ms: RecordMaxBufferedTime.
        most_bytes: AggregationMaxSize.

    Source: Kinesis Producer Library configuration; Developer Guide, KPL key concepts (aggregation); Lambda Developer
        Guide, Using Lambda with Kinesis (aggregated records outside their shard with enhanced fan-out).
    """
    put = load.by_time
    shard = shard_numbers(put.hash_keys, starts)[put.place]
    window_us = round(buffered_ms * 1_000)
    sent_us, _, records, sizes, mixed, waited_us = packed(
        shard, put.place, put.arrived_us, put.data_bytes, len(starts), window_us, most_bytes
    )
    _, by_second = np.unique(sent_us // SECOND_US, return_counts=True)
    refused, hazards = _doubts(float(mixed.mean()), fan_out, parallelization_factor)
    return Aggregation(
        records=len(put.place),
        aggregates=len(records),
        records_per_second=int(by_second.max()),
        put_units=_units(sizes),
        put_units_unpacked=_units(put.data_bytes),
        added_latency_mean_ms=float(waited_us.mean()) / 1_000,
        added_latency_max_ms=float(waited_us.max()) / 1_000,
        sharing_mean=float(records.mean()),
        sharing_max=int(records.max()),
        mixed_key_share=float(mixed.mean()),
        shards_by_bytes=shards_by_bytes,
        hazards=hazards,
        refused=refused,
    )


def _units(sizes: Integers) -> int:
    return int(np.maximum(1, -(-sizes // UNIT_BYTES)).sum())


def _doubts(
    mixed_share: float, fan_out: bool, parallelization_factor: int
) -> tuple[str | None, tuple[str, ...]]:
    """Why not, and what to mind."""
    hazards = [
        "records of one aggregate share a sequence number: they are retried and discarded together"
    ]
    refused = None
    if mixed_share and fan_out:
        refused = (
            "Lambda reads this stream with enhanced fan-out: it drops, without an error, records of an aggregate whose"
            " own keys belong to another shard, as happens when the stream is resharded or keys are mixed"
        )
    if mixed_share and parallelization_factor > 1:
        hazards.append(
            f"ParallelizationFactor is {parallelization_factor}: records go to lanes by the aggregate's key,"
            " so that a key's records in aggregates of other keys may be handled out of order"
        )
    if mixed_share:
        hazards.append(
            "after a reshard, aggregates that were packed for the old shards hold keys of other shards"
        )
    return refused, tuple(hazards)
