"""Reads the stream of a DynamoDB table, shard by shard, from the oldest change kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.access.clients import Access
from connectors.access.failures import aws_code, call
from connectors.answers import (
    Clock,
    compact_json,
    encoded,
    required,
    without,
)
from connectors.errors import ConnectorError, SourceNotFoundError
from connectors.record import (
    Checkpoint,
    Mode,
    OrderScope,
    Page,
    Partition,
    Record,
    Resource,
    Service,
    Span,
)
from connectors.shards import in_lineage_order
from connectors.snapshots import consumers_of, paged, snapshot, where_allowed
from connectors.source import SourceName
from connectors.stream_position import (
    StreamPosition,
    encode_position,
    reached,
    starting_position,
)

_RETENTION = timedelta(hours=24)
_LIMIT = 1000
_IMAGES = ("Keys", "NewImage", "OldImage")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableStream:
    """The stream of one DynamoDB table; enabling a stream again makes another one.

    Permissions: dynamodb:DescribeTable on the table; dynamodb:DescribeStream,
        dynamodb:GetShardIterator, dynamodb:GetRecords on the stream;
        lambda:ListEventSourceMappings and lambda:GetFunctionConfiguration where granted.
    Effect: none on the records. More than two readers of one shard may be throttled, and a Lambda
        mapping is one of them.
    """

    source_arn: str
    client: Any
    table_client: Any
    lambda_client: Any
    created_at: datetime
    now: Clock
    since: datetime | None = None
    until: datetime | None = None
    service: str = Service.DYNAMODB

    def partitions(self) -> Sequence[Partition]:
        """All shards that AWS still lists, parents before their children."""
        return in_lineage_order([_partition(shard) for shard in self._shards()])

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        """Pages of a shard; ends with the shard, or when all up to `until` was read.

        The service takes no instant to start from, so older changes are read and left out.
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
            after, self.since, self.created_at, _RETENTION, self.now()
        )
        iterator: str | None = None
        while True:
            asked_at = self.now()
            position, lost, answer, requests = self._get_records(shard_id, iterator, position)
            iterator = answer.get("NextShardIterator")
            records = tuple(self._record(shard_id, record) for record in answer["Records"])
            at_end = iterator is None or not records
            position, spans = position.moved(records, asked_at if at_end else None)
            checkpoint = Checkpoint(shard_id, encode_position(position), iterator is None)
            kept = _not_before(records, position.since_at)
            behind_ms = 0 if at_end else None
            yield Page(kept, checkpoint, (*holes, *lost, *spans), behind_ms, requests)
            if iterator is None or reached(position, self.until):
                return
            holes = ()

    def resources(self) -> Sequence[Resource]:
        """The stream with its shards, the table, and who consumes it where we may see that."""
        table = self.source_arn.rsplit("/stream/", 1)[0].rsplit("/", 1)[-1]
        return (
            Resource(self.source_arn, "describe-stream", self.now(), compact_json(self._stream())),
            *where_allowed(
                lambda: [
                    snapshot(
                        self.source_arn,
                        "describe-table",
                        self.now,
                        self.table_client.describe_table,
                        TableName=table,
                    )
                ]
            ),
            *consumers_of(self.source_arn, self.lambda_client, self.now),
        )

    def close(self) -> None:
        """Nothing was added, so nothing is undone."""

    def _stream(self) -> dict[str, Any]:
        wanted = f"the stream {self.source_arn}"
        shards: list[dict[str, Any]] = []
        description: dict[str, Any] = {}
        for page in paged(wanted, self._describe, "ExclusiveStartShardId", "LastEvaluatedShardId"):
            description = page
            shards += required(page, "Shards", list, wanted)
        return {
            "StreamDescription": without(description, "LastEvaluatedShardId") | {"Shards": shards}
        }

    def _describe(self, **token: str) -> Any:
        answer = self.client.describe_stream(StreamArn=self.source_arn, **token)
        return answer.get("StreamDescription")

    def _shards(self) -> list[dict[str, Any]]:
        return list(self._stream()["StreamDescription"]["Shards"])

    def _get_records(
        self, shard_id: str, iterator: str | None, position: StreamPosition
    ) -> tuple[StreamPosition, tuple[Span, ...], dict[str, Any], int]:
        """An answer with `Records` in it, from where, after what hole, and in how many calls."""
        wanted = f"records of {shard_id} of {self.source_arn}"
        try:
            usable = iterator or self._iterator(shard_id, position)
            answer = call(wanted, self.client.get_records, ShardIterator=usable, Limit=_LIMIT)
        except ConnectorError as error:
            again = self._recovered(aws_code(error), iterator, position)
            if again is None:
                raise
            restarted, hole = again
            moved, lost, answer, requests = self._get_records(shard_id, None, restarted)
            return moved, (*hole, *lost), answer, requests + 1
        required(answer, "Records", list, wanted)
        return position, (), answer, 1 if iterator else 2

    def _recovered(
        self, code: str, iterator: str | None, position: StreamPosition
    ) -> tuple[StreamPosition, tuple[Span, ...]] | None:
        """Where to go on after an error of an iterator, and the hole; None: no such error."""
        if code == "ExpiredIteratorException" and iterator is not None:
            return position, ()
        if code == "TrimmedDataAccessException" and position.after is not None:
            moved, hole = position.skipped_to(self.now() - _RETENTION)
            return replace(moved, after=None), hole
        return None

    def _iterator(self, shard_id: str, position: StreamPosition) -> str:
        start = {"ShardIteratorType": "TRIM_HORIZON"}
        if position.after is not None:
            start = {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "SequenceNumber": position.after,
            }
        wanted = f"an iterator for {shard_id} of {self.source_arn}"
        answer = call(
            wanted,
            self.client.get_shard_iterator,
            StreamArn=self.source_arn,
            ShardId=shard_id,
            **start,
        )
        return required(answer, "ShardIterator", str, wanted)

    def _record(self, shard_id: str, record: dict[str, Any]) -> Record:
        wanted = f"records of {shard_id} of {self.source_arn}"
        change = required(record, "dynamodb", dict, wanted)
        created_at = change.get("ApproximateCreationDateTime")
        images = {name: change[name] for name in _IMAGES if name in change}
        return Record(
            service=self.service,
            source_arn=self.source_arn,
            partition_id=shard_id,
            record_id=required(record, "eventID", str, wanted),
            received_at=self.now(),
            body=encoded(compact_json(images)),
            sequence_number=required(change, "SequenceNumber", str, wanted),
            ordering_key=_item_key(change.get("Keys")),
            order_scope=OrderScope.PARTITION,
            source_at=created_at.astimezone(UTC) if created_at else None,
            envelope=compact_json(record | {"dynamodb": without(change, *_IMAGES)}),
        )


def open_table_stream(
    name: SourceName,
    access: Access,
    *,
    now: Clock,
    since: datetime | None = None,
    until: datetime | None = None,
) -> TableStream:
    """The connector of a table's latest stream, or of the stream whose ARN was given.

    Raises:
        SourceNotFoundError: No such table, or it has no stream.
        ConnectorError: And its other classes.

    Source: DescribeTable, DescribeStream.
    """
    client = access.client("dynamodbstreams", Mode.OBSERVE)
    tables = access.client("dynamodb", Mode.OBSERVE)
    stream_arn = name.arn or _latest_stream(tables, name.name)
    wanted = f"the stream {stream_arn}"
    answer = call(wanted, client.describe_stream, StreamArn=stream_arn, Limit=1)
    description = required(answer, "StreamDescription", dict, wanted)
    created_at = description.get("CreationRequestDateTime")
    return TableStream(
        source_arn=stream_arn,
        client=client,
        table_client=tables,
        lambda_client=access.client("lambda", Mode.OBSERVE),
        created_at=created_at.astimezone(UTC) if created_at else now() - _RETENTION,
        now=now,
        since=since,
        until=until,
    )


def _latest_stream(tables: Any, table: str) -> str:
    wanted = f"the table {table}"
    answer = call(wanted, tables.describe_table, TableName=table)
    arn = required(answer, "Table", dict, wanted).get("LatestStreamArn")
    if not isinstance(arn, str):
        raise SourceNotFoundError(
            f"a stream of the table {table} was wanted, found none; enable one "
            "(NEW_AND_OLD_IMAGES), or give the ARN of a former one"
        )
    return arn


def _partition(shard: Mapping[str, Any]) -> Partition:
    parent = shard.get("ParentShardId")
    return Partition(required(shard, "ShardId", str, "a shard"), (parent,) if parent else ())


def _item_key(keys: Mapping[str, Any] | None) -> str | None:
    return compact_json(dict(sorted(keys.items()))) if keys else None


def _not_before(records: Sequence[Record], since: datetime | None) -> tuple[Record, ...]:
    if since is None:
        return tuple(records)
    whole_second = since.replace(microsecond=0)  # the service tells no finer
    return tuple(r for r in records if r.source_at is None or r.source_at >= whole_second)
