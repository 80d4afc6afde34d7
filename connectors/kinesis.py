"""Reads a Kinesis data stream, shard by shard, from its oldest record or an instant on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.access.clients import Access
from connectors.access.failures import aws_code, call
from connectors.answers import Clock, compact_json, required, without
from connectors.errors import ConnectorError
from connectors.record import (
    Checkpoint,
    Mode,
    OrderScope,
    Page,
    Partition,
    Record,
    Resource,
    Service,
)
from connectors.shards import in_lineage_order
from connectors.snapshots import consumers_of, paged, snapshot
from connectors.source import SourceName
from connectors.stream_position import (
    StreamPosition,
    encode_position,
    reached,
    starting_position,
)

_FIRST_LIMIT = 500
_LARGEST_LIMIT = 10_000
_PAGE_BYTES = 1_000_000
"""A call that answers 10 MiB blocks the shard for its other readers for up to 5 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KinesisStream:
    """One Kinesis data stream.

    Permissions: kinesis:DescribeStreamSummary, kinesis:ListShards, kinesis:GetShardIterator,
        kinesis:GetRecords; lambda:ListEventSourceMappings and lambda:GetFunctionConfiguration
        where granted.
    Effect: none on the records. Each GetRecords counts against the 5 calls and 2 MB a second
        that all polling readers of a shard share.
    """

    source_arn: str
    client: Any
    lambda_client: Any
    created_at: datetime
    retention: timedelta
    now: Clock
    since: datetime | None = None
    until: datetime | None = None
    service: str = Service.KINESIS

    def partitions(self) -> Sequence[Partition]:
        """All shards that AWS still lists, open and closed, parents before their children."""
        return in_lineage_order([_partition(shard) for shard in self._shards()])

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        """Pages of a shard; ends with the shard, or when all up to `until` was read.

        At the tip pages are empty and `millis_behind_latest` is 0: come again later.

        Raises:
            CorruptAnswerError: An answer without its members; read again from the checkpoint.
            ThrottledError: Come again much later; production reads this shard too.
            ConnectorError: And its other classes.

        Source: GetShardIterator, GetRecords.
        """
        shard_id = partition.partition_id
        if after is not None and after.finished:
            return
        position, holes = starting_position(
            after, self.since, self.created_at, self.retention, self.now()
        )
        iterator: str | None = None
        limit = _FIRST_LIMIT
        while True:
            asked_at = self.now()
            answer, requests = self._get_records(shard_id, iterator, position, limit)
            iterator = answer.get("NextShardIterator")
            behind_ms = required(answer, "MillisBehindLatest", int, self._wanted(shard_id))
            records = tuple(self._record(shard_id, record) for record in answer["Records"])
            at_end = iterator is None or behind_ms == 0
            position, spans = position.moved(records, asked_at if at_end else None)
            checkpoint = Checkpoint(shard_id, encode_position(position), iterator is None)
            yield Page(records, checkpoint, (*holes, *spans), behind_ms, requests)
            if iterator is None or reached(position, self.until):
                return
            holes, limit = (), _next_limit(records, limit)

    def resources(self) -> Sequence[Resource]:
        """The stream's summary, its shards, and who consumes it where we may see that."""
        shards = compact_json({"Shards": self._shards()})
        return (
            snapshot(
                self.source_arn,
                "describe-stream-summary",
                self.now,
                self.client.describe_stream_summary,
                StreamARN=self.source_arn,
            ),
            Resource(self.source_arn, "list-shards", self.now(), shards),
            *consumers_of(self.source_arn, self.lambda_client, self.now),
        )

    def close(self) -> None:
        """Nothing was added, so nothing is undone."""

    def _shards(self) -> list[dict[str, Any]]:
        wanted = f"shards of {self.source_arn}"
        pages = paged(wanted, self._list_shards, "NextToken", "NextToken")
        return [shard for page in pages for shard in required(page, "Shards", list, wanted)]

    def _list_shards(self, **token: str) -> Any:
        # AWS refuses a token together with the stream that it already stands for.
        return self.client.list_shards(**(token or {"StreamARN": self.source_arn}))

    def _get_records(
        self, shard_id: str, iterator: str | None, position: StreamPosition, limit: int
    ) -> tuple[dict[str, Any], int]:
        """An answer with `Records` in it, and how many calls it took; an iterator lives 5 min."""
        renewed = iterator is None
        usable = iterator or self._iterator(shard_id, position)
        wanted = self._wanted(shard_id)
        try:
            answer = call(
                wanted,
                self.client.get_records,
                ShardIterator=usable,
                Limit=limit,
                StreamARN=self.source_arn,
            )
        except ConnectorError as error:
            if renewed or aws_code(error) != "ExpiredIteratorException":
                raise
            answer, requests = self._get_records(shard_id, None, position, limit)
            return answer, requests + 1
        required(answer, "Records", list, wanted)
        return answer, 2 if renewed else 1

    def _iterator(self, shard_id: str, position: StreamPosition) -> str:
        start: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
        if position.after is not None:
            start = {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "StartingSequenceNumber": position.after,
            }
        elif position.since_at is not None:
            start = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": position.since_at}
        wanted = f"an iterator for {shard_id} of {self.source_arn}"
        answer = call(
            wanted,
            self.client.get_shard_iterator,
            StreamARN=self.source_arn,
            ShardId=shard_id,
            **start,
        )
        return required(answer, "ShardIterator", str, wanted)

    def _wanted(self, shard_id: str) -> str:
        return f"records of {shard_id} of {self.source_arn}"

    def _record(self, shard_id: str, record: dict[str, Any]) -> Record:
        wanted = self._wanted(shard_id)
        sequence_number = required(record, "SequenceNumber", str, wanted)
        arrived_at = record.get("ApproximateArrivalTimestamp")
        return Record(
            service=self.service,
            source_arn=self.source_arn,
            partition_id=shard_id,
            record_id=f"{shard_id}:{sequence_number}",
            received_at=self.now(),
            body=required(record, "Data", bytes, wanted),
            sequence_number=sequence_number,
            ordering_key=record.get("PartitionKey"),
            order_scope=OrderScope.PARTITION,
            source_at=arrived_at.astimezone(UTC) if arrived_at else None,
            envelope=compact_json(without(record, "Data")),
        )


def open_stream(
    name: SourceName,
    access: Access,
    *,
    now: Clock,
    since: datetime | None = None,
    until: datetime | None = None,
) -> KinesisStream:
    """The connector of a stream, its ARN, age and retention asked of AWS.

    Raises:
        SourceNotFoundError: No such stream.
        ConnectorError: And its other classes.

    Source: DescribeStreamSummary.
    """
    client = access.client("kinesis", Mode.OBSERVE)
    which = {"StreamARN": name.arn} if name.arn else {"StreamName": name.name}
    wanted = f"the stream {name.name}"
    answer = call(wanted, client.describe_stream_summary, **which)
    summary = required(answer, "StreamDescriptionSummary", dict, wanted)
    return KinesisStream(
        source_arn=required(summary, "StreamARN", str, wanted),
        client=client,
        lambda_client=access.client("lambda", Mode.OBSERVE),
        created_at=required(summary, "StreamCreationTimestamp", datetime, wanted).astimezone(UTC),
        retention=timedelta(hours=required(summary, "RetentionPeriodHours", int, wanted)),
        now=now,
        since=since,
        until=until,
    )


def _partition(shard: dict[str, Any]) -> Partition:
    hash_keys = shard.get("HashKeyRange", {})
    parents = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
    return Partition(
        required(shard, "ShardId", str, "a shard"),
        tuple(parent for parent in parents if parent),
        hash_keys.get("StartingHashKey"),
        hash_keys.get("EndingHashKey"),
    )


def _next_limit(records: Sequence[Record], limit: int) -> int:
    """How many records to ask for next, so that an answer stays about `_PAGE_BYTES` large."""
    if not records:
        return limit
    mean_bytes = sum(len(record.body) for record in records) // len(records) + 1
    return max(1, min(_LARGEST_LIMIT, _PAGE_BYTES // mean_bytes))
