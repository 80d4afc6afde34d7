"""Reads the stream of a DynamoDB table, shard by shard, from the oldest change kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.access.clients import Access
from connectors.access.failures import call
from connectors.answers import Clock, compact_json, required
from connectors.dynamodb_streams.position import (
    RETENTION,
    ShardProgress,
    decode_progress,
    encode_progress,
    first_progress,
    inherited_progress,
    trim_horizon,
    unbegun_progress,
)
from connectors.dynamodb_streams.shard_reader import ShardReader
from connectors.dynamodb_streams.shards import ShardListing, streams_of
from connectors.errors import AccessDeniedError, SourceNotFoundError
from connectors.record import (
    Cause,
    Checkpoint,
    Mode,
    Page,
    Partition,
    Resource,
    Service,
    Span,
)
from connectors.shards import in_lineage_order
from connectors.snapshots import consumers_of, snapshot, where_allowed
from connectors.source import SourceName
from connectors.stream_position import reached
from connectors.stream_readers import readers_of, refuse_third_reader

_BEGUN_TOGETHER = timedelta(minutes=10)
"""The first shards of a source are begun one after the other; what is trimmed meanwhile is no loss."""


@dataclass(slots=True, kw_only=True)
class TableStream:
    """The stream of one DynamoDB table; enabling a stream again makes another one.

    Permissions: dynamodb:DescribeTable on the table; dynamodb:DescribeStream,
        dynamodb:GetShardIterator, dynamodb:GetRecords on the stream; dynamodb:ListStreams,
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
    leases: Callable[[], Sequence[Resource]] = tuple
    """Snapshots of lease tables, where one was named."""
    service: str = Service.DYNAMODB
    _listing: ShardListing = field(init=False, repr=False)
    _known: dict[str, ShardProgress] = field(default_factory=dict, init=False, repr=False)
    """Progress of shards that were read, by this or an earlier capture."""
    _limits: dict[str, int] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._listing = ShardListing(self.source_arn, self.client, self.now)

    def partitions(self) -> Sequence[Partition]:
        """All shards that AWS still lists, parents before their children; one call a second at most.

        Source: DescribeStream.
        """
        return in_lineage_order(self._listing.shards())

    def resume(self, checkpoints: Mapping[str, Checkpoint]) -> tuple[Page, ...]:
        """Learn where earlier captures came to, and tell what can no longer be read.

        Args:
            checkpoints: Of this source, by shard.

        Returns:
            A page without records for each shard that has expired before it was read to its end,
            or whose descendants came and went unread: it carries the hole, which stands for the
            descendants too, and the shard is finished. Store them before reading.

        Raises:
            ConnectorError: AWS did not list the shards, or a position is none of ours.

        Source: DescribeStream.
        """
        if not checkpoints:
            return ()
        known = {shard_id: decode_progress(each) for shard_id, each in checkpoints.items()}
        listed = self._listing.shards(ask=True)
        there = {shard.partition_id for shard in listed}
        parents = {parent for shard in listed for parent in shard.parents}
        parents |= {parent for progress in known.values() for parent in progress.parents}
        self._known |= known
        horizon = trim_horizon(self.now())
        return tuple(
            _lost(shard_id, known[shard_id], each.finished, horizon)
            for shard_id, each in checkpoints.items()
            if shard_id not in there
            and not (each.finished and (shard_id in parents or known[shard_id].settled))
        )

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        """Pages of a shard; ends with the shard, or when all up to `until` was read.

        The service takes no instant to start from, so older changes are read and left out.
        At the tip pages are empty and `millis_behind_latest` is 0: come again later.

        Raises:
            CorruptAnswerError: A damaged answer, down to one record, or an end that nothing
                proves; read again from the checkpoint.
            ThrottledError: Come again much later; production reads this shard too.
            ConnectorError: And its other classes.

        Source: GetShardIterator, GetRecords, DescribeStream.
        """
        if after is not None and after.finished:
            return
        if after is not None:
            progress, fresh = decode_progress(after), False
        else:
            progress, fresh = self._beginning(partition)
        reader = ShardReader(
            shard_id=partition.partition_id,
            client=self.client,
            listing=self._listing,
            created_at=self.created_at,
            now=self.now,
            progress=progress,
            fresh=fresh,
            limits=self._limits,
        )
        while True:
            page = reader.next_page()
            self._known[partition.partition_id] = reader.progress
            yield page
            if page.checkpoint.finished or reached(reader.progress.position, self.until):
                return

    def resources(self) -> Sequence[Resource]:
        """The stream with its shards, the table, its former streams, and who consumes it.

        All but the stream itself where we may see it.
        """
        table = _table_of(self.source_arn)
        return (
            Resource(self.source_arn, "describe-stream", self.now(), self._listing.document()),
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
            *where_allowed(lambda: [self._streams(table)]),
            *consumers_of(self.source_arn, self.lambda_client, self.now),
            *self.leases(),
        )

    def close(self) -> None:
        """Nothing was added, so nothing is undone."""

    def _beginning(self, partition: Partition) -> tuple[ShardProgress, bool]:
        """Where a first read begins, and whether that is at the oldest change kept, whatever it is."""
        known = dict(self._known)  # other shards are read by other threads
        inherited = inherited_progress(partition, known)
        if inherited is not None:
            return inherited, False
        horizon = trim_horizon(self.now())
        if known:
            unbegun = unbegun_progress(partition, known)
            begin = unbegun.position.read_to_at
            soon = begin is not None and horizon - begin < _BEGUN_TOGETHER
            return unbegun, soon and not (partition.parents or unbegun.position.since_at)
        listed = self._listing.shards()
        there = {shard.partition_id for shard in listed}
        roots = sum(not there & set(shard.parents) for shard in listed)
        begin = max(self.since or horizon, self.created_at)
        return first_progress(partition, self.since, begin, roots), self.since is None

    def _streams(self, table: str) -> Resource:
        arns = [{"StreamArn": arn} for arn in streams_of(table, self.client)]
        return Resource(
            self.source_arn, "list-streams", self.now(), compact_json({"Streams": arns})
        )


def open_table_stream(
    name: SourceName,
    access: Access,
    *,
    now: Clock,
    since: datetime | None = None,
    until: datetime | None = None,
    lease_table: str | None = None,
    force: bool = False,
) -> TableStream:
    """The connector of a table's latest stream, or of the stream whose ARN was given.

    Args:
        name: The table or its stream.
        access: Whose AWS.
        now: Clock.
        since: Where a first read begins; None: the oldest change kept.
        until: Where reading may end; None: nowhere.
        lease_table: Of a Kinesis Client Library application that reads this stream; None: none.
        force: Read also as the third reader.

    Raises:
        SourceNotFoundError: No such table, or it has no stream.
        OperationRefusedError: Two readers read it already.
        ConnectorError: And its other classes.

    Source: DescribeTable, DescribeStream, ListStreams, ListEventSourceMappings.
    """
    client = access.client("dynamodbstreams", Mode.OBSERVE)
    tables = access.client("dynamodb", Mode.OBSERVE)
    functions = access.client("lambda", Mode.OBSERVE)
    stream_arn = name.arn or _latest_stream(tables, client, name.name)
    wanted = f"the stream {stream_arn}"
    answer = call(wanted, client.describe_stream, StreamArn=stream_arn, Limit=1)
    description = required(answer, "StreamDescription", dict, wanted)
    created_at = description.get("CreationRequestDateTime")
    if not force:
        named = [lease_table] if lease_table else []
        refuse_third_reader(stream_arn, readers_of(stream_arn, functions, named))
    return TableStream(
        source_arn=stream_arn,
        client=client,
        table_client=tables,
        lambda_client=functions,
        created_at=created_at.astimezone(UTC) if created_at else now() - RETENTION,
        now=now,
        since=since,
        until=until,
    )


def _latest_stream(tables: Any, client: Any, table: str) -> str:
    wanted = f"the table {table}"
    answer = call(wanted, tables.describe_table, TableName=table)
    arn = required(answer, "Table", dict, wanted).get("LatestStreamArn")
    if isinstance(arn, str):
        return arn
    try:
        former = streams_of(table, client)
    except AccessDeniedError:
        former = ()
    advice = (
        f"give a former one, still readable: {', '.join(former)}"
        if former
        else ("enable one (NEW_AND_OLD_IMAGES), or give the ARN of a former one")
    )
    raise SourceNotFoundError(f"a stream of the table {table} was wanted, found none; {advice}")


def _table_of(stream_arn: str) -> str:
    return stream_arn.rsplit("/stream/", 1)[0].rsplit("/", 1)[-1]


def _lost(shard_id: str, progress: ShardProgress, finished: bool, horizon: datetime) -> Page:
    position = progress.position
    start = progress.children_after_at if finished else position.read_to_at
    holes = (Span(start, horizon, Cause.TRIMMED),) if start is not None and start < horizon else ()
    settled = encode_progress(replace(progress, settled=True))
    return Page((), Checkpoint(shard_id, settled, finished=True), holes, requests=0)
