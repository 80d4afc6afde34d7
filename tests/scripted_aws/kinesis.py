"""Kinesis Data Streams as AWS runs it: reshards, lifetimes, trims and limits that no local server has.

The state is plain and can be pickled; the client moves it with a clock and a fault script. An iterator is text that
says all that it stands for, so that another process can go on with it.
"""

import hashlib
import threading
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from connectors.shards import HASH_KEY_MAX
from tests.scripted_aws.clock import VirtualClock
from tests.scripted_aws.faults import Answer, FaultScript, answered, aws_error, no_faults

ARN_OF = "arn:aws:kinesis:eu-west-1:123456789012:stream/"
LIFETIME_MS = 300_000
"""Of an iterator and of a NextToken."""
CALLS_PER_SECOND = 5
BYTES_PER_SECOND = 2 * 1024 * 1024
CALL_BYTES = 10 * 1024 * 1024
MOST_RECORDS = 10_000
FIRST_SEQUENCE_NUMBER = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898
STEP = 1_000_003
"""Between two sequence numbers: they rise and are not dense."""


@dataclass
class Written:
    """One record that a producer was told is stored."""

    shard_id: str
    sequence_number: int
    arrived_at: datetime
    partition_key: str
    data: bytes
    created_at: datetime
    """Of the stream: two streams of one name are two."""
    hash_key: int = 0

    @property
    def record_id(self) -> str:
        """As Lambda names it."""
        return f"{self.shard_id}:{self.sequence_number}"

    @property
    def size(self) -> int:
        """Bytes that count against the limits."""
        return len(self.data) + len(self.partition_key.encode("utf-8", "surrogatepass"))


@dataclass
class Shard:
    """A range of hash keys from its creation to its end."""

    shard_id: str
    first: int
    """StartingSequenceNumber."""
    start_hash: int
    end_hash: int
    created_at: datetime
    parents: tuple[str, ...] = ()
    last: int | None = None
    """EndingSequenceNumber, once closed."""
    closed_at: datetime | None = None
    records: list[Written] = field(default_factory=list)
    """What has not been trimmed, in order."""
    calls_ms: list[tuple[str, int, int]] = field(default_factory=list)
    """Operation, instant and bytes of the calls of the last second."""
    blocked_until_ms: int = 0


@dataclass
class Stream:
    """All shards it ever had, also those that AWS no longer lists."""

    name: str
    created_at: datetime
    retention_hours: int = 24
    shards: dict[str, Shard] = field(default_factory=dict)
    consumers: list[str] = field(default_factory=list)


@dataclass
class KinesisState:
    """Everything there is, and everything that was ever written."""

    streams: dict[str, Stream] = field(default_factory=dict)
    ledger: list[Written] = field(default_factory=list)
    """What producers were told is stored, in order; never trimmed."""
    lineage: dict[tuple[datetime, str], tuple[tuple[str, ...], int, int]] = field(
        default_factory=dict
    )
    """Creation of the stream and shard to the shard's parents and hash keys, also after all are gone."""
    next_sequence_number: int = FIRST_SEQUENCE_NUMBER
    shards_a_page: int = 100
    empty_pages: dict[str, int] = field(default_factory=dict)
    """Shard to how many answers are empty although there is more."""
    end_with_records: bool = False
    """The answer with a closed shard's last record has no iterator any more; otherwise the one after it."""
    unlisted: set[str] = field(default_factory=set)
    """Shards that ListShards does not tell yet, as in the middle of a reshard."""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Every call, for tests that look at how the stream was asked."""


class ScriptedKinesis:
    """A boto3 client of Kinesis over a state.

    Example:
        >>> kinesis = ScriptedKinesis(VirtualClock())
        >>> arn = kinesis.create_stream("orders", shards=2)
        >>> kinesis.put_record(StreamName="orders", Data=b"a", PartitionKey="k")["ShardId"]
        'shardId-000000000000'
    """

    def __init__(
        self,
        clock: VirtualClock,
        faults: FaultScript = no_faults,
        state: KinesisState | None = None,
    ) -> None:
        self.clock = clock
        self.faults = faults
        self.state = state or KinesisState()
        self.meta = SimpleNamespace(events=SimpleNamespace(register=lambda *hook: None))
        """Where hooks are registered; there is no body to hook into."""
        self._lock = threading.RLock()

    # What producers and operators do.

    def create_stream(self, name: str, *, shards: int = 1, retention_hours: int = 24) -> str:
        """A stream whose shards share the hash keys evenly; returns its ARN."""
        stream = Stream(name, self._now(), retention_hours)
        self.state.streams[name] = stream
        width = (HASH_KEY_MAX + 1) // shards
        for n in range(shards):
            end = HASH_KEY_MAX if n == shards - 1 else (n + 1) * width - 1
            self._add(stream, n * width, end)
        return ARN_OF + name

    def delete_stream(self, name: str) -> None:
        """Stream and records are gone; the ledger stays."""
        del self.state.streams[name]

    def put_record(self, *, late_ms: int = 0, **asked: Any) -> Answer:
        """PutRecord; `late_ms` sets the arrival time back, as the servers of one shard do by a little."""
        with self._lock:
            stream = self._stream(asked)
            key = hash_key(asked["PartitionKey"], asked.get("ExplicitHashKey"))
            shard = _owner(stream, key)
            written = Written(
                shard.shard_id,
                self._next_sequence_number(),
                self._now() - timedelta(milliseconds=late_ms),
                asked["PartitionKey"],
                asked["Data"],
                stream.created_at,
                key,
            )
            shard.records.append(written)
            self.state.ledger.append(written)
        return {"ShardId": shard.shard_id, "SequenceNumber": str(written.sequence_number)}

    def split_shard(self, name: str, shard_id: str, at: int | None = None) -> tuple[str, str]:
        """SplitShard at a hash key, or in the middle; returns the children."""
        stream = self.state.streams[name]
        shard = self._close(stream, shard_id)
        middle = at if at is not None else (shard.start_hash + shard.end_hash + 1) // 2
        low = self._add(stream, shard.start_hash, middle - 1, (shard_id,))
        high = self._add(stream, middle, shard.end_hash, (shard_id,))
        return low.shard_id, high.shard_id

    def merge_shards(self, name: str, shard_id: str, adjacent: str) -> str:
        """MergeShards of two neighbours; returns the child."""
        stream = self.state.streams[name]
        first, second = (self._close(stream, each) for each in (shard_id, adjacent))
        low, high = sorted((first, second), key=lambda shard: shard.start_hash)
        assert low.end_hash + 1 == high.start_hash, "only neighbours can be merged"
        return self._add(stream, low.start_hash, high.end_hash, (shard_id, adjacent)).shard_id

    def open_shards(self, name: str) -> list[str]:
        """The shards that take records now, by hash key."""
        shards = self.state.streams[name].shards.values()
        return [
            s.shard_id for s in sorted(shards, key=lambda s: s.start_hash) if s.closed_at is None
        ]

    # What a reader may ask.

    def describe_stream_summary(self, **asked: Any) -> Answer:
        """DescribeStreamSummary."""
        return self._answer("DescribeStreamSummary", asked, self._summary)

    def list_shards(self, **asked: Any) -> Answer:
        """ListShards, a page at a time."""
        return self._answer("ListShards", asked, self._listing)

    def list_stream_consumers(self, **asked: Any) -> Answer:
        """ListStreamConsumers."""
        return self._answer("ListStreamConsumers", asked, self._consumers)

    def get_shard_iterator(self, **asked: Any) -> Answer:
        """GetShardIterator."""
        return self._answer("GetShardIterator", asked, self._iterator)

    def get_records(self, **asked: Any) -> Answer:
        """GetRecords."""
        return self._answer("GetRecords", asked, self._records)

    def _answer(self, operation: str, asked: dict[str, Any], deed: Any) -> Any:
        with self._lock:
            self.state.asked.append((operation, asked))
            self._trim()
            return answered(self.faults(operation, asked), lambda: deed(asked))

    def _summary(self, asked: Mapping[str, Any]) -> Answer:
        stream = self._stream(asked)
        return {
            "StreamDescriptionSummary": {
                "StreamName": stream.name,
                "StreamARN": ARN_OF + stream.name,
                "StreamStatus": "ACTIVE",
                "StreamModeDetails": {"StreamMode": "PROVISIONED"},
                "RetentionPeriodHours": stream.retention_hours,
                "StreamCreationTimestamp": stream.created_at,
                "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
                "EncryptionType": "NONE",
                "OpenShardCount": len(self.open_shards(stream.name)),
                "ConsumerCount": len(stream.consumers),
                "MaxRecordSizeInKiB": 1024,
            }
        }

    def _consumers(self, asked: Mapping[str, Any]) -> Answer:
        stream = self._stream(asked)
        arn = ARN_OF + stream.name
        return {
            "Consumers": [
                {
                    "ConsumerName": name,
                    "ConsumerARN": f"{arn}/consumer/{name}:1",
                    "ConsumerStatus": "ACTIVE",
                    "ConsumerCreationTimestamp": stream.created_at,
                }
                for name in stream.consumers
            ]
        }

    def _listing(self, asked: Mapping[str, Any]) -> Answer:
        if "NextToken" in asked:
            if "StreamARN" in asked or "StreamName" in asked:
                raise _invalid("ListShards", "NextToken and the stream cannot be given together")
            name, chosen, first = self._token(asked["NextToken"])
        else:
            stream = self._stream(asked)
            name, first = stream.name, 0
            chosen = self._chosen(stream, asked.get("ShardFilter", {"Type": "FROM_TRIM_HORIZON"}))
        page = chosen[first : first + self.state.shards_a_page]
        answer: Answer = {"Shards": [_described(self.state.streams[name].shards[i]) for i in page]}
        if first + len(page) < len(chosen):
            answer["NextToken"] = f"{name}|{self._now_ms()}|{first + len(page)}|{','.join(chosen)}"
        return answer

    def _token(self, token: str) -> tuple[str, list[str], int]:
        name, issued_ms, first, chosen = token.split("|")
        if self._now_ms() - int(issued_ms) > LIFETIME_MS:
            raise aws_error("ExpiredNextTokenException", "ListShards")
        return name, chosen.split(","), int(first)

    def _chosen(self, stream: Stream, wanted: Mapping[str, Any]) -> list[str]:
        """The shards that a ShardFilter lets through; those whose records are all gone are listed by none."""
        horizon = max(self._horizon(stream), stream.created_at)
        kind, at = wanted["Type"], wanted.get("Timestamp")
        if kind == "AT_LATEST":
            return [i for i in self._listed(stream) if stream.shards[i].closed_at is None]
        if kind == "AFTER_SHARD_ID":
            return [i for i in self._listed(stream) if i > wanted["ShardId"]]
        since = max(at, horizon) if kind in ("AT_TIMESTAMP", "FROM_TIMESTAMP") else horizon
        from_then_on = [i for i in self._listed(stream) if _lived_until(stream.shards[i], since)]
        if kind in ("FROM_TIMESTAMP", "FROM_TRIM_HORIZON"):
            return from_then_on
        return [i for i in from_then_on if stream.shards[i].created_at <= since]

    def _listed(self, stream: Stream) -> list[str]:
        horizon = self._horizon(stream)
        return [
            shard.shard_id
            for shard in stream.shards.values()
            if _lived_until(shard, horizon) and shard.shard_id not in self.state.unlisted
        ]

    def _iterator(self, asked: Mapping[str, Any]) -> Answer:
        stream = self._stream(asked)
        shard = self._readable(stream, asked["ShardId"], "GetShardIterator")
        self._admit(shard, "GetShardIterator")
        after = self._start(shard, asked)
        return {"ShardIterator": self._iterator_text(stream, shard, after)}

    def _start(self, shard: Shard, asked: Mapping[str, Any]) -> int:
        """The number behind which the iterator stands; a trimmed one is taken without a word."""
        kind = asked["ShardIteratorType"]
        if kind == "TRIM_HORIZON":
            return 0
        if kind == "LATEST":
            return shard.records[-1].sequence_number if shard.records else 0
        if kind == "AT_TIMESTAMP":
            at = asked["Timestamp"]
            if at > self._now():
                raise _invalid("GetShardIterator", "The timestampInMillis is in the future")
            first = next((r for r in shard.records if r.arrived_at >= at), None)
            if first is not None:
                return first.sequence_number - 1
            return shard.records[-1].sequence_number if shard.records else 0
        number = int(asked["StartingSequenceNumber"])
        if number < shard.first or number > self.state.next_sequence_number:
            raise _invalid("GetShardIterator", f"{number} is not of {shard.shard_id}")
        return number - 1 if kind == "AT_SEQUENCE_NUMBER" else number

    def _records(self, asked: Mapping[str, Any]) -> Answer:
        stream, shard, after = self._of_iterator(asked["ShardIterator"])
        limit = asked.get("Limit", MOST_RECORDS)
        if not 1 <= limit <= MOST_RECORDS:
            raise _invalid("GetRecords", f"Limit {limit}")
        self._admit(shard, "GetRecords")
        numbers = [record.sequence_number for record in shard.records]
        waiting = shard.records[bisect_right(numbers, after) :]
        page = [] if self._is_empty(shard, waiting) else _page(waiting, limit)
        self._spend(shard, sum(record.size for record in page))
        rest = waiting[len(page) :]
        answer: Answer = {
            "Records": [_as_answered(record) for record in page],
            "MillisBehindLatest": _ms(self._now() - rest[0].arrived_at) if rest else 0,
        }
        over = shard.closed_at is not None and not rest
        if over and (not page or self.state.end_with_records):
            answer["ChildShards"] = _children(stream, shard)
        else:
            stand = page[-1].sequence_number if page else after
            answer["NextShardIterator"] = self._iterator_text(stream, shard, stand)
        return answer

    def _of_iterator(self, iterator: str) -> tuple[Stream, Shard, int]:
        parts = iterator.split("|")
        if len(parts) != 5:
            raise _invalid("GetRecords", "Invalid ShardIterator")
        name, created_ms, shard_id, after, issued_ms = parts
        if self._now_ms() - int(issued_ms) > LIFETIME_MS:
            raise aws_error("ExpiredIteratorException", "GetRecords")
        stream = self._stream({"StreamName": name})
        if _epoch_ms(stream.created_at) != int(created_ms):
            raise _invalid("GetRecords", "the iterator is of another stream")
        return stream, self._readable(stream, shard_id, "GetRecords"), int(after)

    def _iterator_text(self, stream: Stream, shard: Shard, after: int) -> str:
        created_ms = _epoch_ms(stream.created_at)
        return f"{stream.name}|{created_ms}|{shard.shard_id}|{after}|{self._now_ms()}"

    def _readable(self, stream: Stream, shard_id: str, operation: str) -> Shard:
        shard = stream.shards.get(shard_id)
        if shard is None or not _lived_until(shard, self._horizon(stream)):
            raise aws_error("ResourceNotFoundException", operation, f"Shard {shard_id} not found")
        return shard

    def _admit(self, shard: Shard, operation: str) -> None:
        now_ms = self._now_ms()
        shard.calls_ms = [call for call in shard.calls_ms if call[1] > now_ms - 1000]
        calls = sum(call[0] == operation for call in shard.calls_ms)
        spent = sum(call[2] for call in shard.calls_ms)
        blocked = operation == "GetRecords" and (
            now_ms < shard.blocked_until_ms or spent >= BYTES_PER_SECOND
        )
        if calls >= CALLS_PER_SECOND or blocked:
            raise aws_error("ProvisionedThroughputExceededException", operation)
        shard.calls_ms.append((operation, now_ms, 0))

    def _spend(self, shard: Shard, count: int) -> None:
        shard.calls_ms[-1] = (*shard.calls_ms[-1][:2], count)
        if count > BYTES_PER_SECOND:
            shard.blocked_until_ms = self._now_ms() + 1000 * count // BYTES_PER_SECOND

    def _is_empty(self, shard: Shard, waiting: list[Written]) -> bool:
        left = self.state.empty_pages.get(shard.shard_id, 0)
        if not waiting or left == 0:
            return False
        self.state.empty_pages[shard.shard_id] = left - 1
        return True

    def _stream(self, asked: Mapping[str, Any]) -> Stream:
        name = asked.get("StreamName") or asked["StreamARN"].removeprefix(ARN_OF)
        if name not in self.state.streams:
            raise aws_error("ResourceNotFoundException", "Kinesis", f"Stream {name} not found")
        return self.state.streams[name]

    def _close(self, stream: Stream, shard_id: str) -> Shard:
        shard = stream.shards[shard_id]
        assert shard.closed_at is None, "a closed shard cannot be split or merged"
        shard.last, shard.closed_at = self._next_sequence_number(), self._now()
        return shard

    def _add(self, stream: Stream, start: int, end: int, parents: tuple[str, ...] = ()) -> Shard:
        shard_id = f"shardId-{len(stream.shards):012d}"
        shard = Shard(shard_id, self._next_sequence_number(), start, end, self._now(), parents)
        stream.shards[shard_id] = shard
        self.state.lineage[stream.created_at, shard_id] = (parents, start, end)
        return shard

    def _trim(self) -> None:
        """Drop the oldest of each shard; the order is the shard's, not that of the arrival times."""
        for stream in self.state.streams.values():
            horizon = self._horizon(stream)
            for shard in stream.shards.values():
                kept = next(
                    (n for n, r in enumerate(shard.records) if r.arrived_at >= horizon),
                    len(shard.records),
                )
                del shard.records[:kept]

    def _next_sequence_number(self) -> int:
        self.state.next_sequence_number += STEP
        return self.state.next_sequence_number

    def _horizon(self, stream: Stream) -> datetime:
        return self._now() - timedelta(hours=stream.retention_hours)

    def _now(self) -> datetime:
        now = self.clock.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def _now_ms(self) -> int:
        return _epoch_ms(self._now())


def hash_key(partition_key: str, explicit: str | None = None) -> int:
    """Where a record goes: the MD5 of its partition key, unless it says so itself."""
    if explicit is not None:
        return int(explicit)
    return int.from_bytes(hashlib.md5(partition_key.encode("utf-8", "surrogatepass")).digest())


def unexplained(
    state: KinesisState,
    stored: Iterable[str],
    holes: Iterable[tuple[str, datetime, datetime]],
    since: datetime | None = None,
    written: Iterable[Written] | None = None,
) -> list[Written]:
    """What was written, is not stored, and lies in no hole that may speak of it.

    That is a hole of the whole source, of the record's shard or an ancestor of it, or of a shard that has the same
    hash keys: where all ancestors expired unseen, only the descendant is there to say so.

    Args:
        state: Of the fake.
        stored: Record ids.
        holes: Partition, from, to; both ends belong to the hole.
        since: Older records were not asked for.
        written: Of the ledger; None: all of it.
    """
    there, known = set(stored), list(holes)
    return [
        record
        for record in (state.ledger if written is None else written)
        if record.record_id not in there
        and (since is None or record.arrived_at >= since)
        and not _explained(record, known, _spoken_of_by(state, record))
    ]


def _explained(
    record: Written, holes: list[tuple[str, datetime, datetime]], shards: set[str]
) -> bool:
    return any(
        partition in shards and from_at <= record.arrived_at <= to_at
        for partition, from_at, to_at in holes
    )


def _spoken_of_by(state: KinesisState, record: Written) -> set[str]:
    found, waiting = {""}, [record.shard_id]
    while waiting:
        each = waiting.pop()
        found.add(each)
        waiting += state.lineage.get((record.created_at, each), ((), 0, 0))[0]
    return found | {
        shard_id
        for (created_at, shard_id), (_, start, end) in state.lineage.items()
        if created_at == record.created_at and start <= record.hash_key <= end
    }


def _owner(stream: Stream, key: int) -> Shard:
    return next(
        shard
        for shard in stream.shards.values()
        if shard.closed_at is None and shard.start_hash <= key <= shard.end_hash
    )


def _lived_until(shard: Shard, at: datetime) -> bool:
    return shard.closed_at is None or shard.closed_at >= at


def _page(waiting: list[Written], limit: int) -> list[Written]:
    page: list[Written] = []
    size = 0
    for record in waiting[:limit]:
        size += record.size
        if page and size > CALL_BYTES:
            break
        page.append(record)
    return page


def _as_answered(record: Written) -> Answer:
    return {
        "SequenceNumber": str(record.sequence_number),
        "ApproximateArrivalTimestamp": record.arrived_at,
        "Data": record.data,
        "PartitionKey": record.partition_key,
    }


def _children(stream: Stream, shard: Shard) -> list[Answer]:
    return [
        {
            "ShardId": child.shard_id,
            "ParentShards": list(child.parents),
            "HashKeyRange": _hash_keys(child),
        }
        for child in stream.shards.values()
        if shard.shard_id in child.parents
    ]


def _described(shard: Shard) -> Answer:
    numbers = {"StartingSequenceNumber": str(shard.first)}
    if shard.last is not None:
        numbers["EndingSequenceNumber"] = str(shard.last)
    names = ("ParentShardId", "AdjacentParentShardId")
    return {
        "ShardId": shard.shard_id,
        "HashKeyRange": _hash_keys(shard),
        "SequenceNumberRange": numbers,
        **dict(zip(names, shard.parents, strict=False)),
    }


def _hash_keys(shard: Shard) -> Answer:
    return {"StartingHashKey": str(shard.start_hash), "EndingHashKey": str(shard.end_hash)}


def _invalid(operation: str, message: str) -> Exception:
    return aws_error("InvalidArgumentException", operation, message)


def _ms(span: timedelta) -> int:
    return max(1, int(span / timedelta(milliseconds=1)))


def _epoch_ms(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
