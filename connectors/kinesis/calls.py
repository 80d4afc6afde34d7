"""The four questions that a stream is asked, each answer checked; knows nothing of positions."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.access.failures import call
from connectors.answers import required
from connectors.errors import SourceNotFoundError
from connectors.record import Partition
from connectors.snapshots import paged


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What tells one stream from another of the same name, and what it still keeps."""

    created_at: datetime
    retention_hours: int


@dataclass(frozen=True, slots=True)
class StreamCalls:
    """One stream behind a boto3 client."""

    source_arn: str
    client: Any

    def facts(self) -> StreamFacts | None:
        """How old the stream is and how long it keeps a record; None: it is gone.

        Example:
            >>> calls.facts().retention_hours
            24

        Source: DescribeStreamSummary.
        """
        try:
            return stream_facts(self.client, StreamARN=self.source_arn)[1]
        except SourceNotFoundError:
            return None

    def shards(self) -> list[dict[str, Any]]:
        """Every shard that AWS lists, open and closed; none where the stream is gone.

        Source: ListShards.
        """
        wanted = f"shards of {self.source_arn}"
        pages = paged(wanted, self._list_shards, "NextToken", "NextToken")
        try:
            return [shard for page in pages for shard in required(page, "Shards", list, wanted)]
        except SourceNotFoundError:
            return []

    def iterator(self, shard_id: str, start: dict[str, Any]) -> str:
        """An iterator that lives for five minutes.

        Args:
            shard_id: Which shard.
            start: `ShardIteratorType` and what belongs to it.

        Source: GetShardIterator.
        """
        wanted = f"an iterator for {shard_id} of {self.source_arn}"
        asked = {"StreamARN": self.source_arn, "ShardId": shard_id, **start}
        answer = call(wanted, self.client.get_shard_iterator, **asked)
        return required(answer, "ShardIterator", str, wanted)

    def records(self, wanted: str, iterator: str, limit: int) -> dict[str, Any]:
        """An answer of GetRecords, not looked at yet.

        Source: GetRecords.
        """
        asked = {"ShardIterator": iterator, "Limit": limit, "StreamARN": self.source_arn}
        return call(wanted, self.client.get_records, **asked)

    def _list_shards(self, **token: str) -> Any:
        # AWS refuses a token together with the stream that it already stands for.
        return self.client.list_shards(**(token or {"StreamARN": self.source_arn}))


def stream_facts(client: Any, **which: str) -> tuple[str, StreamFacts]:
    """The ARN of the stream that was named, and its facts.

    Raises:
        SourceNotFoundError: No such stream.

    Example:
        >>> stream_facts(client, StreamName="orders")[0]
        'arn:aws:kinesis:…:stream/orders'

    Source: DescribeStreamSummary.
    """
    wanted = f"the stream {next(iter(which.values()))}"
    answer = call(wanted, client.describe_stream_summary, **which)
    summary = required(answer, "StreamDescriptionSummary", dict, wanted)
    created_at = required(summary, "StreamCreationTimestamp", datetime, wanted).astimezone(UTC)
    hours = required(summary, "RetentionPeriodHours", int, wanted)
    return required(summary, "StreamARN", str, wanted), StreamFacts(created_at, hours)


def as_partition(shard: dict[str, Any]) -> Partition:
    """A listed shard as a partition.

    Example:
        >>> as_partition({"ShardId": "b", "ParentShardId": "a"}).parents
        ('a',)
    """
    hash_keys = shard.get("HashKeyRange", {})
    parents = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
    return Partition(
        required(shard, "ShardId", str, "a shard"),
        tuple(parent for parent in parents if parent),
        hash_keys.get("StartingHashKey"),
        hash_keys.get("EndingHashKey"),
    )


def is_closed(shard: dict[str, Any]) -> bool:
    """Whether a listed shard takes no more records.

    Example:
        >>> is_closed({"SequenceNumberRange": {"StartingSequenceNumber": "1"}})
        False
    """
    return bool(shard.get("SequenceNumberRange", {}).get("EndingSequenceNumber"))
