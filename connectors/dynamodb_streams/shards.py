"""The shards of a table stream as DescribeStream lists them, kept for a while and asked again for proof.

DescribeStream gives ten calls a second to all consumers of an account, so a listing serves for as
many seconds as it has pages: one call a second. Children that a proof found are added at once.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.answers import Clock, compact_json, required, without
from connectors.errors import ConnectorError
from connectors.record import Partition
from connectors.snapshots import paged

_A_PAGE_EVERY = timedelta(seconds=1)
_ENDED_STATUSES = frozenset(("DISABLED", "DISABLING"))


@dataclass(slots=True)
class ShardListing:
    """What is known of the shards of one stream; may be asked by several threads."""

    stream_arn: str
    client: Any
    now: Clock
    _shards: dict[str, Partition] = field(default_factory=dict, repr=False)
    _ended: set[str] = field(default_factory=set, repr=False)
    _description: dict[str, Any] = field(default_factory=dict, repr=False)
    _stale_at: datetime | None = None
    _lock: Any = field(default_factory=threading.RLock, repr=False, compare=False)

    def shards(self, *, ask: bool = False) -> Sequence[Partition]:
        """All shards that AWS lists, as it orders them.

        Args:
            ask: Ask now, however fresh the last listing is.

        Raises:
            ConnectorError: AWS did not answer.

        Source: DescribeStream.
        """
        with self._lock:
            if ask or self._stale_at is None or self._stale_at <= self.now():
                self._list()
            return tuple(self._shards.values())

    def document(self) -> str:
        """DescribeStream's answer with all shards, asked now, as JSON."""
        with self._lock:
            self._list()
            return compact_json({"StreamDescription": self._description})

    def is_listed(self, shard_id: str) -> bool:
        """Whether AWS lists the shard, as far as the last listing knows."""
        return any(shard.partition_id == shard_id for shard in self.shards())

    def may_grow(self, shard_id: str) -> bool:
        """Whether the shard looks open and has no child: where an empty answer may be the tip."""
        shards = self.shards()
        return (
            shard_id not in self._ended
            and not self._is_over()
            and not any(shard_id in shard.parents for shard in shards)
        )

    def proves_end(self, shard_id: str) -> bool:
        """Whether AWS confirms that a shard has ended: by children, an ending number, or its stream.

        Source: DescribeStream with ShardFilter CHILD_SHARDS, then without.
        """
        return (
            self.has_children(shard_id)
            or self._asked_children(shard_id)
            or shard_id in self._ended
            or self._is_over()
        )

    def lacks_children(self, shard_id: str) -> bool:
        """Whether children must still appear: only a stream that is disabled ends without."""
        return not self.has_children(shard_id) and not self._is_over()

    def has_children(self, shard_id: str) -> bool:
        """Whether a child is known."""
        with self._lock:
            return any(shard_id in shard.parents for shard in self._shards.values())

    def _asked_children(self, shard_id: str) -> bool:
        """Ask for the children of one shard; where none is told, list all."""
        wanted = f"the children of {shard_id} of {self.stream_arn}"
        child_shards = {"Type": "CHILD_SHARDS", "ShardId": shard_id}
        with self._lock:
            for page in self._pages(wanted, ShardFilter=child_shards):
                self._add(required(page, "Shards", list, wanted))
            if not self.has_children(shard_id):
                self._list()
            return self.has_children(shard_id)

    def _is_over(self) -> bool:
        return self._description.get("StreamStatus") in _ENDED_STATUSES

    def _list(self) -> None:
        wanted = f"the stream {self.stream_arn}"
        shards: list[Any] = []
        pages = 0
        description: dict[str, Any] = {}
        for page in self._pages(wanted):
            description = page
            pages += 1
            shards += required(page, "Shards", list, wanted)
        self._shards, self._ended = {}, set()
        self._add(shards)
        self._description = without(description, "LastEvaluatedShardId") | {"Shards": shards}
        self._stale_at = self.now() + pages * _A_PAGE_EVERY

    def _add(self, shards: Sequence[dict[str, Any]]) -> None:
        for shard in shards:
            partition = _partition(shard)
            self._shards[partition.partition_id] = partition
            if shard.get("SequenceNumberRange", {}).get("EndingSequenceNumber"):
                self._ended.add(partition.partition_id)

    def _pages(self, wanted: str, **more: Any) -> Any:
        def described(**token: str) -> Any:
            answer = self.client.describe_stream(StreamArn=self.stream_arn, **more, **token)
            return required(answer, "StreamDescription", dict, wanted)

        return paged(wanted, described, "ExclusiveStartShardId", "LastEvaluatedShardId")


def streams_of(table: str, client: Any) -> tuple[str, ...]:
    """The ARNs of all streams of a table that can still be read, former ones included.

    A stream that was disabled stays readable for 24 h; enabling again makes another one.

    Raises:
        ConnectorError: AWS did not answer.

    Source: ListStreams.
    """
    wanted = f"the streams of the table {table}"
    pages = paged(
        wanted,
        client.list_streams,
        "ExclusiveStartStreamArn",
        "LastEvaluatedStreamArn",
        TableName=table,
    )
    listed = [stream for page in pages for stream in required(page, "Streams", list, wanted)]
    return tuple(required(stream, "StreamArn", str, wanted) for stream in listed)


def _partition(shard: Any) -> Partition:
    if not isinstance(shard, dict):
        raise ConnectorError(f"a shard was wanted, found {type(shard).__name__}; list again")
    parent = shard.get("ParentShardId")
    return Partition(required(shard, "ShardId", str, "a shard"), (parent,) if parent else ())
