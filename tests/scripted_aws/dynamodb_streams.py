"""DynamoDB Streams as AWS has it: shards that rotate, trim and end late, behind boto3's client methods.

Limits and lifetimes are those of AWS's documentation; what it leaves open (how long an open parent stands beside its
child, how many answers are empty on the way to a change) is a setting here, so that tests can take it to its edges.
"""

import base64
import json
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Any, ClassVar

from tests.scripted_aws.clock import VirtualClock
from tests.scripted_aws.faults import Answer, FaultScript, answered, aws_error, no_faults

RETENTION = timedelta(hours=24)
ITERATOR_LIFE = timedelta(minutes=15)
ROTATION = timedelta(hours=4)
SHARDS_A_PAGE = 100
DESCRIBES_PER_SECOND = 10
RECORDS_A_PAGE = 1_000
BYTES_A_PAGE = 1_000_000
KEY_SPACE = 2**32
REGION, ACCOUNT = "eu-west-1", "123456789012"


@dataclass
class Change:
    """One stream record that was written."""

    sequence_number: int
    written_at: datetime
    event_id: str
    event_name: str
    change: dict[str, Any]
    """Keys and images, as boto3 gives them."""
    size_bytes: int
    user_identity: dict[str, str] | None = None


@dataclass
class Shard:
    """One shard; `low` to `high` is its part of the hidden key space."""

    shard_id: str
    opened_at: datetime
    first_sequence_number: int
    low: int
    high: int
    parent: str | None = None
    closed_at: datetime | None = None
    changes: list[Change] = field(default_factory=list)

    def trimmed(self, now: datetime) -> int:
        """How many of its changes are gone."""
        return sum(change.written_at < now - RETENTION for change in self.changes)


@dataclass
class Stream:
    """One stream of a table; another one begins when streaming is enabled again."""

    label: str
    arn: str
    enabled_at: datetime
    disabled_at: datetime | None = None
    shards: dict[str, Shard] = field(default_factory=dict)

    def leaves(self) -> list[Shard]:
        """The shards that take changes."""
        return [shard for shard in self.shards.values() if shard.closed_at is None]


@dataclass
class ScriptedTable:
    """A table with its streams; stands for both clients, `dynamodb` and `dynamodbstreams`."""

    clock: VirtualClock
    name: str = "orders"
    partitions: int = 1
    """Shards that a new stream begins with."""
    faults: FaultScript = no_faults
    end_shown_after: timedelta = timedelta(0)
    """For so long after a rotation the parent looks open beside its child."""
    children_shown_after: timedelta = timedelta(0)
    """For so long after a rotation the child is not listed."""
    empty_answers: int = 0
    """At most so many answers without records stand before those with records."""
    first_sequence_number: int = 10**21 - 40
    """21 digits, soon 22: compared as text the order is wrong. Any up to 40 digits."""
    streams: list[Stream] = field(default_factory=list)
    written: list[tuple[str, str, Change]] = field(default_factory=list)
    """The ledger: stream ARN, shard id and change, in the order written."""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    _described_at: list[datetime] = field(default_factory=list)
    _numbers: int = 0
    _one_at_a_time: ClassVar[Any] = (
        threading.RLock()
    )  # of the class, so that a table can be pickled

    def __post_init__(self) -> None:
        if not self.streams:
            self.enable()

    # What happens to the table.

    @property
    def stream(self) -> Stream:
        """The latest stream."""
        return self.streams[-1]

    def enable(self) -> Stream:
        """Begin a stream, with an ARN of its own."""
        now = self.clock.now()
        label = now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03}"
        table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{self.name}"
        stream = Stream(label, f"{table}/stream/{label}", now)
        self.streams.append(stream)
        bounds = [n * KEY_SPACE // self.partitions for n in range(self.partitions + 1)]
        for low, high in pairwise(bounds):
            self._open_shard(stream, low, high, now, None)
        return stream

    def disable(self) -> None:
        """End the stream; its shards stay readable for 24 h."""
        self.advance()
        self.stream.disabled_at = self.clock.now()
        for shard in self.stream.leaves():
            shard.closed_at = self.clock.now()

    def rotate(self, shard_id: str | None = None, children: int = 1) -> None:
        """Close one shard, or all, and open its children; two make a split."""
        self.advance()
        for shard in self.stream.leaves():
            if shard_id in (None, shard.shard_id):
                self._rotate(self.stream, shard, self.clock.now(), children)

    def put(self, key: str, **attributes: Any) -> Change:
        """Write an item: INSERT or MODIFY."""
        item = {"id": {"S": key}} | attributes
        images = {"Keys": {"id": {"S": key}}, "NewImage": item}
        if key in self.items:
            images["OldImage"] = self.items[key]
        self.items[key] = item
        return self._write(key, "MODIFY" if "OldImage" in images else "INSERT", images)

    def delete(self, key: str, *, expired: bool = False) -> Change:
        """Delete an item that is there; `expired` by its time to live."""
        images = {"Keys": {"id": {"S": key}}, "OldImage": self.items.pop(key)}
        by = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"} if expired else None
        return self._write(key, "REMOVE", images, by)

    def advance(self) -> None:
        """Let shards rotate that have been open for four hours by now, and forget those long closed."""
        now = self.clock.now()
        for stream in self.streams:
            while due := [s for s in stream.leaves() if s.opened_at + ROTATION <= now]:
                for shard in due:
                    self._rotate(stream, shard, shard.opened_at + ROTATION, 1)

    def kept(self, stream: Stream | None = None) -> list[Change]:
        """What of the ledger could still be read now."""
        wanted = (stream or self.stream).arn
        oldest = self.clock.now() - RETENTION
        return [c for arn, _, c in self.written if arn == wanted and c.written_at >= oldest]

    # boto3's `dynamodbstreams` and `dynamodb`.

    def describe_stream(self, **asked: Any) -> Any:
        """At most 100 shards a page and ten calls a second."""
        return self._answer("DescribeStream", asked, lambda: self._describe(**asked))

    def get_shard_iterator(self, **asked: Any) -> Any:
        """An iterator; it lives 15 minutes."""
        return self._answer("GetShardIterator", asked, lambda: self._iterator(**asked))

    def get_records(self, **asked: Any) -> Any:
        """At most 1,000 records or 1 MB."""
        return self._answer("GetRecords", asked, lambda: self._records(**asked))

    def list_streams(self, **asked: Any) -> Any:
        """Every stream that can still be read, one a page."""
        return self._answer("ListStreams", asked, lambda: self._list(**asked))

    def describe_table(self, **asked: Any) -> Any:
        """The table with its latest stream."""
        return self._answer("DescribeTable", asked, lambda: self._table(**asked))

    def _answer(self, operation: str, asked: dict[str, Any], deed: Any) -> Any:
        with self._one_at_a_time:
            self.advance()
            self.asked.append((operation, asked))
            return answered(self.faults(operation, asked), deed)

    def _describe(
        self,
        StreamArn: str,
        ExclusiveStartShardId: str | None = None,
        Limit: int = SHARDS_A_PAGE,
        ShardFilter: dict[str, str] | None = None,
    ) -> Answer:
        self._take_describe()
        stream = self._stream_of(StreamArn, "DescribeStream")
        listed = self._listed(stream)
        if ShardFilter is not None:
            assert ShardFilter["Type"] == "CHILD_SHARDS"
            listed = [shard for shard in listed if shard.parent == ShardFilter["ShardId"]]
        rest = [s for s in listed if s.shard_id > (ExclusiveStartShardId or "")]
        page = rest[: min(Limit, SHARDS_A_PAGE)]
        more = {"LastEvaluatedShardId": page[-1].shard_id} if len(page) < len(rest) else {}
        return {
            "StreamDescription": {
                "StreamArn": stream.arn,
                "StreamLabel": stream.label,
                "StreamStatus": "DISABLED" if stream.disabled_at else "ENABLED",
                "StreamViewType": "NEW_AND_OLD_IMAGES",
                "CreationRequestDateTime": stream.enabled_at,
                "TableName": self.name,
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "Shards": [self._described(shard) for shard in page],
                **more,
            }
        }

    def _take_describe(self) -> None:
        """DescribeStream: ten calls a second; refused with an error that its model does not declare."""
        now = self.clock.now()
        self._described_at = [at for at in self._described_at if at > now - timedelta(seconds=1)]
        if len(self._described_at) >= DESCRIBES_PER_SECOND:
            raise aws_error("ThrottlingException", "DescribeStream", "Rate exceeded")
        self._described_at.append(now)

    def _described(self, shard: Shard) -> dict[str, Any]:
        numbers = {"StartingSequenceNumber": str(shard.first_sequence_number)}
        if self._end_is_shown(shard):
            last = [c.sequence_number for c in shard.changes[-1:]] or [shard.first_sequence_number]
            numbers["EndingSequenceNumber"] = str(last[0])
        parent = {"ParentShardId": shard.parent} if shard.parent else {}
        return {"ShardId": shard.shard_id, "SequenceNumberRange": numbers, **parent}

    def _iterator(
        self,
        StreamArn: str,
        ShardId: str,
        ShardIteratorType: str,
        SequenceNumber: str | None = None,
    ) -> Answer:
        stream = self._stream_of(StreamArn, "GetShardIterator")
        listed = {shard.shard_id: shard for shard in self._listed(stream)}
        if ShardId not in listed:
            raise aws_error("ResourceNotFoundException", "GetShardIterator", f"no shard {ShardId}")
        shard = listed[ShardId]
        trimmed = shard.trimmed(self.clock.now())
        if SequenceNumber is not None:
            position = int(SequenceNumber)
            self._refuse_trimmed(shard, trimmed, position, "GetShardIterator")
            inclusive = ShardIteratorType == "AT_SEQUENCE_NUMBER"
            index = sum(c.sequence_number < position + (not inclusive) for c in shard.changes)
        else:
            index = {"TRIM_HORIZON": trimmed, "LATEST": len(shard.changes)}[ShardIteratorType]
        return {"ShardIterator": self._sealed(stream, shard, index, self._empties_at(index))}

    def _refuse_trimmed(self, shard: Shard, trimmed: int, position: int, operation: str) -> None:
        if trimmed and position <= shard.changes[trimmed - 1].sequence_number:
            raise aws_error(
                "TrimmedDataAccessException", operation, f"{position} is past the trim horizon"
            )

    def _records(self, ShardIterator: str, Limit: int = RECORDS_A_PAGE) -> Answer:
        arn, shard_id, index, empties, issued_at = json.loads(base64.b64decode(ShardIterator))
        now = self.clock.now()
        if datetime.fromisoformat(issued_at) < now - ITERATOR_LIFE:
            raise aws_error("ExpiredIteratorException", "GetRecords", "older than 15 minutes")
        if not 1 <= Limit <= RECORDS_A_PAGE:
            raise aws_error("ValidationException", "GetRecords", f"Limit is {Limit}")
        stream = self._stream_of(arn, "GetRecords")
        shard = stream.shards[shard_id]
        trimmed = shard.trimmed(now)
        if index < trimmed:
            self._refuse_trimmed(shard, trimmed, shard.changes[index].sequence_number, "GetRecords")
        if empties:
            return {
                "Records": [],
                "NextShardIterator": self._sealed(stream, shard, index, empties - 1),
            }
        page = list(islice(_up_to_bytes(shard.changes[index:], BYTES_A_PAGE), Limit))
        index += len(page)
        answer: Answer = {"Records": [_as_boto3(change) for change in page]}
        if index < len(shard.changes) or not self._end_is_shown(shard):
            answer["NextShardIterator"] = self._sealed(
                stream, shard, index, self._empties_at(index) if page else 0
            )
        return answer

    def _list(
        self,
        TableName: str | None = None,
        ExclusiveStartStreamArn: str | None = None,
        Limit: int = 100,
    ) -> Answer:
        readable = [
            {"StreamArn": s.arn, "TableName": self.name, "StreamLabel": s.label}
            for s in self.streams
            if self._is_there(s) and TableName in (None, self.name)
        ]
        rest = [s for s in readable if s["StreamArn"] > (ExclusiveStartStreamArn or "")]
        more = {"LastEvaluatedStreamArn": rest[0]["StreamArn"]} if len(rest) > 1 else {}
        return {"Streams": rest[:1], **more}

    def _table(self, TableName: str) -> Answer:
        if TableName != self.name:
            raise aws_error("ResourceNotFoundException", "DescribeTable", f"no table {TableName}")
        enabled = self.stream.disabled_at is None
        specification = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        return {
            "Table": {
                "TableName": self.name,
                "TableStatus": "ACTIVE",
                "ItemCount": len(self.items),
                "LatestStreamArn": self.stream.arn,
                "LatestStreamLabel": self.stream.label,
                **({"StreamSpecification": specification} if enabled else {}),
            }
        }

    # How it works inside.

    def _is_there(self, stream: Stream) -> bool:
        return stream.disabled_at is None or stream.disabled_at >= self.clock.now() - RETENTION

    def _stream_of(self, arn: str, operation: str) -> Stream:
        for stream in self.streams:
            if stream.arn == arn and self._is_there(stream):
                return stream
        raise aws_error("ResourceNotFoundException", operation, f"no stream {arn}")

    def _listed(self, stream: Stream) -> list[Shard]:
        """By id: open shards, and closed ones for 24 h; children a little after their birth."""
        now = self.clock.now()
        return sorted(
            (
                shard
                for shard in stream.shards.values()
                if (shard.closed_at is None or shard.closed_at >= now - RETENTION)
                and (shard.parent is None or shard.opened_at + self.children_shown_after <= now)
            ),
            key=lambda shard: shard.shard_id,
        )

    def _end_is_shown(self, shard: Shard) -> bool:
        closed_at = shard.closed_at
        return closed_at is not None and closed_at + self.end_shown_after <= self.clock.now()

    def _empties_at(self, index: int) -> int:
        return (index * 2_654_435_761 >> 7) % (self.empty_answers + 1)

    def _sealed(self, stream: Stream, shard: Shard, index: int, empties: int) -> str:
        parts = [stream.arn, shard.shard_id, index, empties, self.clock.now().isoformat()]
        return base64.b64encode(json.dumps(parts).encode()).decode()

    def _next_number(self) -> int:
        self._numbers += 1
        steps = self._numbers * 7 + self._numbers % 5  # rising, never dense
        return self.first_sequence_number + steps

    def _open_shard(
        self, stream: Stream, low: int, high: int, at: datetime, parent: str | None
    ) -> None:
        number = self._next_number()
        crc = zlib.crc32(f"{stream.arn}{number}".encode())
        # AWS's ids begin with the instant of birth; names say nothing about lineage.
        shard_id = f"shardId-{int(at.timestamp() * 1000):020}-{crc:08x}"
        stream.shards[shard_id] = Shard(shard_id, at, number, low, high, parent)

    def _rotate(self, stream: Stream, shard: Shard, at: datetime, children: int) -> None:
        shard.closed_at = at
        bounds = [shard.low + n * (shard.high - shard.low) // children for n in range(children + 1)]
        for low, high in pairwise(bounds):
            self._open_shard(stream, low, high, at, shard.shard_id)

    def _write(
        self,
        key: str,
        name: str,
        images: dict[str, Any],
        by: dict[str, str] | None = None,
    ) -> Change:
        self.advance()
        now = self.clock.now()
        number = self._next_number()
        event_id = f"{zlib.crc32(str(number).encode()):08x}{number:x}"
        size = len(json.dumps(images, default=str))
        change = Change(number, now, event_id, name, images, size, by)
        if self.stream.disabled_at is None:
            place = zlib.crc32(key.encode())
            shard = next(s for s in self.stream.leaves() if s.low <= place < s.high)
            shard.changes.append(change)
            self.written.append((self.stream.arn, shard.shard_id, change))
        return change


@dataclass
class ScriptedMappings:
    """Lambda's event source mappings, one a page."""

    mappings: Sequence[dict[str, Any]] = ()
    error: Exception | None = None

    def list_event_source_mappings(self, **asked: Any) -> Answer:
        """Those of one source."""
        if self.error is not None:
            raise self.error
        of_source = [
            m for m in self.mappings if m.get("EventSourceArn") == asked.get("EventSourceArn")
        ]
        at = int(asked.get("Marker", "0"))
        more = {"NextMarker": str(at + 1)} if at + 1 < len(of_source) else {}
        return {"EventSourceMappings": of_source[at : at + 1], **more}

    def get_function_configuration(self, **asked: Any) -> Answer:
        """Little: enough to be stored."""
        return {"FunctionName": asked["FunctionName"], "Timeout": 3}


def _up_to_bytes(changes: Sequence[Change], most: int) -> Iterator[Change]:
    """Changes while they fit; always the first."""
    total = 0
    for change in changes:
        total += change.size_bytes
        if total > most and change is not changes[0]:
            return
        yield change


def _as_boto3(change: Change) -> dict[str, Any]:
    created_at = change.written_at.replace(microsecond=0)  # AWS tells whole seconds
    record = {
        "eventID": change.event_id,
        "eventName": change.event_name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": {
            "ApproximateCreationDateTime": created_at,
            **change.change,
            "SequenceNumber": str(change.sequence_number),
            "SizeBytes": change.size_bytes,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }
    return record | ({"userIdentity": change.user_identity} if change.user_identity else {})
