"""Reads a Kinesis data stream, shard by shard, from its oldest record or an instant on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any

from connectors.access.clients import Access
from connectors.answers import Clock, compact_json, required
from connectors.errors import CorruptAnswerError, SourceNotFoundError
from connectors.kinesis.calls import (
    StreamCalls,
    as_partition,
    is_closed,
    stream_facts,
)
from connectors.kinesis.cursor import Shared
from connectors.kinesis.holes import is_of_other_stream, oldest_kept_at, overlap, resumption
from connectors.kinesis.pages import keep_raw_body
from connectors.kinesis.shard import ShardReader
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
from connectors.shards import in_lineage_order, uncovered_hash_ranges
from connectors.snapshots import consumers_of, paged, snapshot, where_allowed
from connectors.source import SourceName
from connectors.stream_position import StreamPosition, decode_position, encode_position

_UNLISTED = "hash-keys-"
"""Begins the name of a partition that stands for hash keys which no listed shard takes."""
_LOOKS = 3
"""Listings in a row that must lack a range of hash keys: a reshard in progress lacks one for a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KinesisStream:
    """One Kinesis data stream.

    Its identity is ARN and creation time: a stream that was deleted and made again under its name
    is another one, with the same ARN and the same shard ids. Each position therefore says of which
    stream it is; one of an earlier stream is not resumed, but leaves a hole (`gone`) up to the
    creation of the new one, whose shards are read from their first record. Record ids stay
    `shardId:sequence`, as Lambda has them: a sequence number begins with the second in which its
    shard was made, so two streams of one name do not share any (assumed; AWS documents only that
    it is unique within its shard).

    Permissions: kinesis:DescribeStreamSummary, kinesis:ListShards, kinesis:GetShardIterator,
        kinesis:GetRecords; kinesis:ListStreamConsumers, lambda:ListEventSourceMappings and
        lambda:GetFunctionConfiguration where granted.
    Effect: none on the records. Each GetRecords counts against the 5 calls and 2 MB a second
        that all polling readers of a shard share.
    """

    source_arn: str
    client: Any
    lambda_client: Any
    shared: Shared
    """What was last told of the stream, and what the readers of its shards tell each other."""
    now: Clock
    since: datetime | None = None
    """Nothing older is asked for; an instant of now begins at the tip, also after a restart."""
    until: datetime | None = None
    leases: Callable[[], Sequence[Resource]] = tuple
    """Where production stands, where a lease table was named."""
    service: str = Service.KINESIS

    def partitions(self) -> Sequence[Partition]:
        """All shards that AWS still lists, open and closed, parents before their children.

        Where the open ones leave hash keys to nobody, a partition stands for these keys: reading
        it looks again, and leaves a hole once they stayed without a shard.
        """
        facts = self._calls.facts()
        if facts is not None:
            self.shared.facts = facts
        shards = self._calls.shards()
        unlisted = [
            Partition(f"{_UNLISTED}{start}-{end}", (), str(start), str(end))
            for start, end in _without_shard(shards)
        ]
        return (*in_lineage_order([as_partition(shard) for shard in shards]), *unlisted)

    def resume(self, checkpoints: Mapping[str, Checkpoint]) -> Iterator[Page]:
        """Pages to store before anything is read: what the trace's positions are still worth.

        To be called once, before `partitions` and `read`. Each page is of its checkpoint's
        partition, which later reads go on from.

        Args:
            checkpoints: All that the trace has of this source, by partition.

        Raises:
            CorruptAnswerError: A listing without a shard that is still there.
        """
        of_shards = {i: c for i, c in checkpoints.items() if not i.startswith(_UNLISTED)}
        for unlisted in checkpoints.keys() - of_shards.keys():
            if checkpoints[unlisted].finished:  # each capture looks for itself
                yield Page((), replace(checkpoints[unlisted], finished=False))
        listed = [as_partition(shard) for shard in self._calls.shards()]
        self._check_unlisted(of_shards, {partition.partition_id for partition in listed})
        worth = resumption(of_shards, listed, self.shared.facts, self.now())
        self.shared.ended.update(worth.ended)
        yield from worth.pages

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        """Pages of a shard; ends with the shard, or when all up to `until` was read.

        At the tip pages are empty and `millis_behind_latest` is 0: come again later.

        Raises:
            CorruptAnswerError: An answer that cannot be read; the next try asks for less.
            ThrottledError: Come again much later; production reads this shard too.
            ConnectorError: And its other classes.

        Source: GetShardIterator, GetRecords.
        """
        if partition.partition_id.startswith(_UNLISTED):
            yield from self._look_for(partition)
            return
        if after is not None and after.finished and not self._is_foreign(after):
            return
        reader = ShardReader(
            calls=self._calls,
            shared=self.shared,
            partition=partition,
            now=self.now,
            since=self.since,
            until=self.until,
            service=self.service,
        )
        yield from reader.pages(after)

    def resources(self) -> Sequence[Resource]:
        """The stream's summary, its shards, and who consumes it where we may see that."""
        shards = compact_json({"Shards": self._calls.shards()})
        return (
            snapshot(
                self.source_arn,
                "describe-stream-summary",
                self.now,
                self.client.describe_stream_summary,
                StreamARN=self.source_arn,
            ),
            Resource(self.source_arn, "list-shards", self.now(), shards),
            *where_allowed(self._registered),
            *consumers_of(self.source_arn, self.lambda_client, self.now),
            *self.leases(),
        )

    def close(self) -> None:
        """Nothing was added, so nothing is undone."""

    @property
    def _calls(self) -> StreamCalls:
        return StreamCalls(self.source_arn, self.client)

    def _is_foreign(self, checkpoint: Checkpoint) -> bool:
        return is_of_other_stream(decode_position(checkpoint), self.shared.facts)

    def _check_unlisted(self, checkpoints: Mapping[str, Checkpoint], listed: set[str]) -> None:
        """A shard counts as expired only when AWS does not know it either: a listing may lag."""
        for shard_id, checkpoint in checkpoints.items():
            if shard_id in listed or checkpoint.finished or self._is_foreign(checkpoint):
                continue
            try:
                self._calls.iterator(shard_id, {"ShardIteratorType": "TRIM_HORIZON"})
            except SourceNotFoundError:
                continue
            raise CorruptAnswerError(
                f"shards of {self.source_arn}: {shard_id} was wanted, found a listing without it "
                "although it can be read; start again"
            )

    def _look_for(self, partition: Partition) -> Iterator[Page]:
        """Listings until the hash keys have a shard; from the third without one on, all is a hole."""
        key_range = (int(partition.starting_hash_key or 0), int(partition.ending_hash_key or 0))
        now = self.now()
        oldest_at = oldest_kept_at(StreamPosition(), self.shared.facts, now)
        unread_from_at = self.since or oldest_at or self.shared.facts.created_at
        for look in count(1):
            looked_at = self.now()
            shards = self._calls.shards()
            found = not any(overlap(key_range, missing) for missing in _without_shard(shards))
            holes: tuple[Span, ...] = ()
            if look >= _LOOKS and not found and unread_from_at < looked_at:
                cause = Cause.UNREADABLE if shards else Cause.GONE
                holes, unread_from_at = (Span(unread_from_at, looked_at, cause),), looked_at
            text = encode_position(StreamPosition(read_to_at=looked_at))
            checkpoint = Checkpoint(partition.partition_id, text, finished=found)
            yield Page((), checkpoint, holes, 0 if holes else None)
            if found:
                return

    def _registered(self) -> Sequence[Resource]:
        wanted = f"list-stream-consumers for {self.source_arn}"
        asked = {"StreamARN": self.source_arn}
        pages = paged(wanted, self.client.list_stream_consumers, "NextToken", "NextToken", **asked)
        consumers = [each for page in pages for each in required(page, "Consumers", list, wanted)]
        document = compact_json({"Consumers": consumers})
        return [Resource(self.source_arn, "list-stream-consumers", self.now(), document)]


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
    client.meta.events.register("before-parse.kinesis.GetRecords", keep_raw_body)
    which = {"StreamARN": name.arn} if name.arn else {"StreamName": name.name}
    source_arn, facts = stream_facts(client, **which)
    return KinesisStream(
        source_arn=source_arn,
        client=client,
        lambda_client=access.client("lambda", Mode.OBSERVE),
        shared=Shared(facts, now()),
        now=now,
        since=since,
        until=until,
    )


def _without_shard(shards: Sequence[dict[str, Any]]) -> tuple[tuple[int, int], ...]:
    """The hash keys that no open shard of a listing takes."""
    open_shards = [as_partition(shard) for shard in shards if not is_closed(shard)]
    return uncovered_hash_ranges(open_shards)
