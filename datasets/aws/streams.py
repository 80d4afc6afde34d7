"""Streams: records put under keys that hash to shards, and shards that split."""

import hashlib
import itertools
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.answers import compact_json
from connectors.kinesis.pages import Damaged, Origin, read_answer
from connectors.record import Checkpoint, Page, Record, Resource, Service, Span
from datasets.aws.kpl import ToPack, packed
from datasets.story import T0, Story, arn, at, epoch_ms

HASH_KEYS = 2**128


@dataclass(slots=True, eq=False)
class Shard:
    """A range of hash keys, from when it opens to when it is split."""

    shard_id: str
    low: int
    high: int
    parent: "Shard | None" = None
    opens_s: float = 0.0
    closes_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Put:
    """A record where the stream put it."""

    shard_id: str
    sequence_number: str
    arrived_s: float
    key: str
    data: bytes

    @property
    def record_id(self) -> str:
        """As the trace calls it."""
        return f"{self.shard_id}:{self.sequence_number}"


@dataclass(slots=True, eq=False)
class Stream:
    """One stream, read from its beginning to the story's end."""

    story: Story
    name: str
    shard_count: int = 4
    shards: list[Shard] = field(default_factory=list, init=False)
    puts: list[Put] = field(default_factory=list, init=False)
    left_out: set[Put] = field(default_factory=set, init=False)
    """Puts that the capture did not get."""
    _holes: list[tuple[str, Span]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.story.tellers.append(self)
        borders = [HASH_KEYS * n // self.shard_count for n in range(self.shard_count + 1)]
        for low, after in itertools.pairwise(borders):
            self.shards.append(Shard(self._next_id(), low, after - 1))

    @property
    def arn(self) -> str:
        """Its ARN."""
        return arn("kinesis", f"stream/{self.name}")

    def put(self, key: str, data: bytes, now_s: float, *, hash_key: int | None = None) -> Put:
        """A record put; a time later gives a greater number."""
        shard = self.shard_of(key, now_s, hash_key)
        number = (epoch_ms(now_s) << 20) + self.story.number(self.arn) % 2**20
        put = Put(shard.shard_id, f"4966{number:052d}", now_s, key, data)
        self.puts.append(put)
        return put

    def aggregate(self, records: Sequence[ToPack], now_s: float) -> Put:
        """User records put as one, by the library: under the first one's key."""
        return self.put(records[0].partition_key, packed(records), now_s)

    def shard_of(self, key: str, now_s: float = 0.0, hash_key: int | None = None) -> Shard:
        """Where a key belongs at an instant."""
        place = hash_of(key) if hash_key is None else hash_key
        return next(
            shard
            for shard in self.shards
            if shard.low <= place <= shard.high
            and shard.opens_s <= now_s
            and (shard.closes_s is None or now_s < shard.closes_s)
        )

    def key_in(self, shard: Shard, stem: str) -> str:
        """A new key that hashes into the shard."""
        while True:
            key = f"{stem}-{self.story.number(f'{self.arn}:{stem}')}"
            if shard.low <= hash_of(key) <= shard.high:
                return key

    def split(self, shard: Shard, now_s: float) -> tuple[Shard, Shard]:
        """The shard closes, and two open with half of its range each."""
        shard.closes_s = now_s
        middle = (shard.low + shard.high) // 2
        first = Shard(self._next_id(), shard.low, middle, shard, now_s)
        self.shards.append(first)
        second = Shard(self._next_id(), middle + 1, shard.high, shard, now_s)
        self.shards.append(second)
        return first, second

    def miss(self, shard: Shard, from_s: float, to_s: float, cause: str) -> None:
        """A span of a shard that is known not to be read; what was put then is not in the trace."""
        self._holes.append((shard.shard_id, Span(at(from_s), at(to_s), cause)))
        self.left_out |= {
            put
            for put in self.puts
            if put.shard_id == shard.shard_id and from_s <= put.arrived_s <= to_s
        }

    def pages(self) -> Iterator[tuple[str, Page]]:
        """Each shard from its opening on."""
        by_shard: dict[str, list[Put]] = {shard.shard_id: [] for shard in self.shards}
        for put in self.puts:
            if put not in self.left_out:
                by_shard[put.shard_id].append(put)
        for shard in self.shards:
            puts = sorted(by_shard[shard.shard_id], key=lambda put: put.sequence_number)
            ends_at = self.story.captured_at if shard.closes_s is None else at(shard.closes_s)
            holes = [span for shard_id, span in self._holes if shard_id == shard.shard_id]
            spans = (Span(max(T0, at(shard.opens_s)), ends_at), *holes)
            position = Checkpoint(shard.shard_id, "{}", finished=shard.closes_s is not None)
            yield self.arn, Page(self._read(shard.shard_id, puts), position, spans)

    def resources(self) -> Iterator[Resource]:
        """Its shards, those that were split too."""
        document = compact_json({"Shards": [_listed(shard) for shard in self.shards]})
        yield Resource(self.arn, "list-shards", self.story.captured_at, document)

    def lambda_record(self, put: Put) -> dict[str, Any]:
        """The record as Lambda hands it to a function."""
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": put.key,
                "sequenceNumber": put.sequence_number,
                "data": b64encode(put.data).decode(),
                "approximateArrivalTimestamp": epoch_ms(put.arrived_s) / 1_000,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": put.record_id,
            "eventName": "aws:kinesis:record",
            "eventSourceARN": self.arn,
        }

    def _read(self, shard_id: str, puts: list[Put]) -> tuple[Record, ...]:
        answer = {
            "Records": [
                {
                    "SequenceNumber": put.sequence_number,
                    "ApproximateArrivalTimestamp": at(put.arrived_s),
                    "Data": put.data,
                    "PartitionKey": put.key,
                }
                for put in puts
            ],
            "MillisBehindLatest": 0,
        }
        origin = Origin(Service.KINESIS, self.arn, shard_id, self.story.captured_at)
        entries = read_answer(answer, origin).entries
        return tuple(entry for entry in entries if not isinstance(entry, Damaged))

    def _next_id(self) -> str:
        return f"shardId-{len(self.shards):012d}"


def hash_of(key: str) -> int:
    """A partition key's place among hash keys.

    Source: Kinesis API reference, PutRecord.
    """
    return int.from_bytes(hashlib.md5(key.encode(), usedforsecurity=False).digest())


def _listed(shard: Shard) -> dict[str, Any]:
    numbers = {"StartingSequenceNumber": f"4966{epoch_ms(shard.opens_s) << 20:052d}"}
    if shard.closes_s is not None:
        numbers["EndingSequenceNumber"] = f"4966{epoch_ms(shard.closes_s) << 20:052d}"
    listed: dict[str, Any] = {
        "ShardId": shard.shard_id,
        "HashKeyRange": {"StartingHashKey": str(shard.low), "EndingHashKey": str(shard.high)},
        "SequenceNumberRange": numbers,
    }
    return listed | ({"ParentShardId": shard.parent.shard_id} if shard.parent else {})
